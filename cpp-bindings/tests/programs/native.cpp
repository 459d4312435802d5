/* The cxx bridge: a run written and read, and its failures, which are exceptions. */
#include "limbeck-cpp/src/bridge.rs.h"
#include "rust/cxx.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace limbeck::native;

static int failures = 0;

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            failures++;                                                            \
            std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
        }                                                                          \
    } while (0)

#define THROWS(part, call)                                                                       \
    do {                                                                                         \
        try {                                                                                    \
            (void)call;                                                                          \
            failures++;                                                                          \
            std::printf("%s:%d: no error: %s\n", __FILE__, __LINE__, #call);                     \
        } catch (const rust::Error& error) {                                                     \
            if (!std::strstr(error.what(), part)) {                                              \
                failures++;                                                                      \
                std::printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, error.what());         \
            }                                                                                    \
        }                                                                                        \
    } while (0)

template <class T>
static rust::Slice<const T> slice(const std::vector<T>& values) {
    return {values.data(), values.size()};
}

int main() {
    const std::size_t ny = 24, nx = 40;
    const std::vector<std::size_t> shape{ny, nx}, origin{0, 0}, one{1, 1};
    const std::vector<Setting> wrong{{"target.rato", "10"}}, settings{{"target.ratio", "10"}, {"workers.threads", "1"}};
    std::vector<double> waves(ny * nx);
    const std::vector<float> level(ny * nx, 4.5f);

    THROWS("target.ratio", open_run("native.lbk", slice(wrong)));
    rust::Box<Run> run = open_run("native.lbk", slice(settings));
    const std::size_t u = run->define("u", true, slice(shape)), v = run->define("v", false, slice(shape));
    run->set_attribute("title", "native");
    run->set_variable_attribute(u, "units", "m");
    THROWS("variable 7", run->set_variable_attribute(7, "units", "m"));
    THROWS("u", run->define("u", true, slice(shape)));
    const std::size_t ub = run->add_block(u, slice(origin), slice(shape)), vb = run->add_block(v, slice(origin), slice(shape));
    run->commit();
    THROWS("no step", run->put_double(ub, slice(waves)));
    for (int step = 0; step < 3; step++) {
        for (std::size_t i = 0; i < waves.size(); i++)
            waves[i] = std::sin(0.3 * static_cast<double>(i % nx) + 0.1 * step) + 0.05 * static_cast<double>(i / nx);
        run->begin(step, 0.5 * step);
        run->put_double(ub, slice(waves));
        THROWS("Float32", run->put_double(vb, slice(waves)));
        run->put_float(vb, slice(level));
        CHECK(run->end().empty());
    }
    run->begin(9, 9.0);
    run->cancel();
    CHECK(run->wait(2, -1.0));
    const Ended ended = close_run(std::move(run));
    CHECK(ended.archive == "native.lbk" && ended.ratio > 5.0 && ended.bytes > 0 && ended.missing.empty());

    THROWS("none.lbk", open_archive("none.lbk"));
    const rust::Box<Reader> reader = open_archive("native.lbk");
    const auto variables = reader->variables();
    CHECK(variables.size() == 2 && variables[0].name == "u" && variables[0].double_precision && variables[1].shape[1] == nx);
    const auto steps = reader->steps();
    CHECK(steps.size() == 3 && steps[2].cycle == 2 && steps[2].time == 1.0);
    const auto values = reader->read_double("u", 2, slice(origin), slice(shape), slice(one));
    double squares = 0.0;
    for (std::size_t i = 0; i < waves.size(); i++) squares += (values[i] - waves[i]) * (values[i] - waves[i]);
    CHECK(values.size() == waves.size() && std::sqrt(squares / static_cast<double>(waves.size())) < 0.1);
    const auto flat = reader->read_float("v", 1, slice(origin), slice(shape), slice(one));
    CHECK(std::vector<float>(flat.begin(), flat.end()) == level);
    const std::vector<double> point{2.0, 3.0, 5.0};
    const auto sampled = reader->sample("u", slice(point));
    CHECK(sampled.size() == 1 && std::fabs(sampled[0] - values[3 * nx + 5]) < 1e-6);
    THROWS("", reader->read_double("u", 3, slice(origin), slice(shape), slice(one)));
    THROWS("u", reader->read_double("w", 0, slice(origin), slice(shape), slice(one)));
    return failures != 0;
}

/* Errors are thrown, or returned with std::nothrow; warnings are returned; the log gets its lines. */
#include "check.hpp"

#include <atomic>
#include <cmath>
#include <vector>

using limbeck::Code;
using limbeck::Config;

static void statuses() {
    const limbeck::Status fine, warning(Code::dropped, "a"), error(Code::io, "b");
    CHECK(fine.ok() && !fine.warned() && !fine.failed() && fine.message().empty());
    CHECK(warning.ok() && warning.warned() && !warning.failed());
    CHECK(!error.ok() && !error.warned() && error.failed() && error.message() == "b");
    CHECK(std::string(limbeck::name(Code::not_finite)) == "LBK_NOT_FINITE");
    CHECK(std::string(limbeck::version()) == LBK_VERSION && limbeck::abi_version() == LBK_ABI_VERSION);
}

static void configs() {
    THROWS(invalid_argument, "target.ratio", Config({{"target.rato", 1000}}));
    THROWS(invalid_argument, "target.ratio", Config().set("target.ratio", "many"));
    RETURNS(invalid_argument, "target.ratio", Config().set("target.ratio", "many", std::nothrow));
    THROWS(io, "none.toml", Config().load("none.toml"));
    Config config{{"target.ratio", 1000}, {"open.mode", "replace"}, {"journal.keep", true}};
    CHECK(config.get("target.ratio") == "1000" && config.get("journal.keep") == "true");
    config.set("target.ratio", 0.5f + 12);
    CHECK(config.get("target.ratio") == "12.5");
    const auto found = config.get("target.ratio", std::nothrow), missing = config.get("target.rato", std::nothrow);
    CHECK(found && *found == "12.5" && found->size() == 4 && !missing && missing.failed());
    Config other = std::move(config);
    CHECK(other.get("target.ratio") == "12.5");
    RETURNS(invalid_handle, "NULL", config.get("target.ratio", std::nothrow));
    bool known = false;
    for (const limbeck::Option& option : limbeck::options())
        known = known || (option.name == "target.ratio" && !option.explanation.empty());
    CHECK(known);
}

/* What a run refuses, thrown and returned. */
static void refusals() {
    THROWS(compatibility, "liblimbeck_mpi", limbeck::Session(0, "errors.lbk"));
    RETURNS(compatibility, "liblimbeck_mpi", limbeck::Session::open(0, "errors.lbk", Config(), std::nothrow));
    THROWS(io, "no", limbeck::Session("no/such/directory/errors.lbk"));

    limbeck::Session session("errors.lbk", Config{{"target.ratio", 10}, {"open.mode", "replace"}});
    THROWS(invalid_argument, "another session", limbeck::Session("errors.lbk", Config{{"open.mode", "replace"}}));
    const auto u = session.define<double>("u", {4, 5, 6}, {{"units", "m s-1"}});
    THROWS(invalid_argument, "u", session.define<double>("u", {4, 5, 6}));
    RETURNS(invalid_argument, "u", session.define<float>("u", {4, 5, 6}, std::nothrow));
    THROWS(invalid_argument, "axes", session.define<float>("v", std::vector<int>{1, 2, 3, 4}));
    THROWS(invalid_argument, "3", u.add_block({0, 0}, {4, 5}));
    THROWS(invalid_argument, "3", u.add_block({0, 0, 0}, limbeck::Layout::ghosted({4, 5, 6}, {1, 1})));
    THROWS(invalid_argument, "", u.add_block({0, 0, 0}, {4, 5, 7}));
    RETURNS(invalid_argument, "", u.add_block({0, 0, 0}, {4, 5, 7}, std::nothrow));
    THROWS(invalid_argument, "", session.set_axis(3, "w", "m", 0.0, 1.0));
    THROWS(invalid_argument, "", u.set_axis(0, "z", "m", std::vector<double>{1.0, 2.0}));
    THROWS(invalid_argument, "", u.set_axis(0, "z", "m", 0.0, 0.0));
    THROWS(invalid_state, "", session.step(0, 0.0));

    const auto block = u.add_block({0, 0, 0}, limbeck::Layout::ghosted({4, 5, 6}, {1, 1, 1}));
    session.commit();
    THROWS(invalid_state, "", session.commit());
    THROWS(invalid_state, "", session.define<double>("w", {4, 5, 6}));
    THROWS(invalid_argument, "", session.step(0, std::nan("")));
    std::vector<double> array(6 * 7 * 8, 1.0), small(4 * 5 * 6, 1.0);
    auto step = session.step(3, 0.0);
    THROWS(invalid_argument, "120", step.put(block, small));
    THROWS(invalid_argument, "NULL", step.put(block, static_cast<const double*>(nullptr)));
    THROWS(invalid_state, "", step.commit());
    array[7 * 8 + 8 + 1] = NAN;
    THROWS(not_finite, "[0, 0, 0]", step.put(block, array));
    RETURNS(not_finite, "[0, 0, 0]", step.put(block, array, std::nothrow));
    array[7 * 8 + 8 + 1] = 1.0;
    CHECK(step.put(block, array).code() == Code::ok);
    THROWS(invalid_state, "", step.put(block, array));
    step.commit();
    THROWS(invalid_argument, "", session.step(3, 0.1));
    session.close();
    RETURNS(invalid_handle, "", session.step(4, 0.0, std::nothrow));
    THROWS(invalid_handle, "", u.set_attribute("a", "b"));
    session.close();
}

/* A full queue drops steps and says so. */
static void warnings() {
    limbeck::Session session("drop.lbk", Config{{"target.ratio", 1000}, {"queue.policy", "drop"}, {"queue.bytes", "3 MiB"},
                                                {"workers.threads", 1}, {"open.mode", "replace"}, {"distil.when", "never"}});
    const auto block = session.define<float>("u", {64, 64, 64}).add_block();
    session.commit();
    std::vector<float> array(64 * 64 * 64);
    int dropped = 0;
    for (int cycle = 0; cycle < 20; cycle++) {
        for (std::size_t i = 0; i < array.size(); i++) array[i] = std::sin(0.01f * static_cast<float>(i) + static_cast<float>(cycle));
        auto step = session.step(cycle, cycle);
        step.put(block, array);
        const limbeck::Status status = step.commit();
        if (status.warned()) {
            CHECK(status.code() == Code::dropped && !status.message().empty());
            dropped++;
        }
    }
    CHECK(dropped > 0 && dropped < 20);
    CHECK(session.close().ok());
}

static void log() {
    static std::atomic<int> lines(0);
    limbeck::set_log(limbeck::Level::debug, [](limbeck::Level level, std::string_view text) {
        if (level >= limbeck::Level::error && level <= limbeck::Level::debug && !text.empty()) lines++;
        throw 1;  // nobody hears it
    });
    limbeck::Session session("log.lbk", Config{{"open.mode", "replace"}});
    const auto block = session.define<float>("u", 100).add_block();
    session.commit();
    auto step = session.step(0, 0.0);
    step.put(block, std::vector<float>(100, 2.0f));
    step.commit();
    session.close();
    CHECK(lines > 0);
    limbeck::set_log(limbeck::Level::debug, nullptr);
    const int before = lines;
    RETURNS(invalid_argument, "", limbeck::Archive::open("none.lbk", std::nothrow));
    CHECK(lines == before);
}

int main() {
    statuses();
    configs();
    refusals();
    warnings();
    log();
    return finish();
}

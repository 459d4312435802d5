/* The life of sessions and steps: what destructors do, what moves, what is durable. */
#include "check.hpp"

#include <cmath>
#include <fstream>
#include <type_traits>
#include <vector>

using limbeck::Config;
using limbeck::Session;

static_assert(!std::is_copy_constructible_v<Session> && std::is_nothrow_move_constructible_v<Session>);
static_assert(!std::is_copy_constructible_v<limbeck::Step> && std::is_nothrow_move_assignable_v<limbeck::Step>);
static_assert(!std::is_copy_assignable_v<limbeck::Archive> && std::is_nothrow_move_constructible_v<limbeck::Archive>);
static_assert(!std::is_copy_constructible_v<Config> && std::is_nothrow_destructible_v<Session>);
static_assert(std::is_copy_constructible_v<limbeck::Block<float>> && std::is_base_of_v<std::runtime_error, limbeck::Error>);

static Config quick() { return Config{{"target.ratio", 4}, {"workers.threads", 1}, {"open.mode", "replace"}}; }

static std::vector<double> wave(int cycle) {
    std::vector<double> values(500);
    for (std::size_t i = 0; i < values.size(); i++) values[i] = std::sin(0.02 * static_cast<double>(i) + 0.1 * cycle);
    return values;
}

static bool exists(const char* path) { return std::ifstream(path).good(); }

/* A step that is not committed never was. */
static void cancelled_steps() {
    Session session("cancelled.lbk", quick());
    const auto block = session.define<double>("u", 500).add_block();
    session.commit();
    CHECK(!session.durable());
    {
        auto step = session.step(0, 0.0);
        step.put(block, wave(0));
    }
    {
        auto step = session.step(1, 0.5);
        step.cancel();
        RETURNS(invalid_handle, "", step.put(block, wave(1), std::nothrow));
    }
    try {
        auto step = session.step(2, 1.0);
        throw 7;
    } catch (int) {
    }
    auto first = session.step(0, 0.25);
    limbeck::Step moved = std::move(first);
    moved.put(block, wave(0));
    moved.commit();
    {
        auto step = session.step(5, 1.25);
        step.put(block, wave(5));
        step.commit();
    }
    CHECK(session.wait(5, std::chrono::minutes(5)) && session.durable() == 5);
    session.wait();
    CHECK(session.metrics().find("\"accepted\":2") != std::string::npos);
    session.close();
    const auto steps = limbeck::Archive("cancelled.lbk").steps();
    CHECK(steps.size() == 2 && steps[0].cycle == 0 && steps[0].time == 0.25 && steps[1].cycle == 5 && steps[1].time == 1.25);
}

/* A worker that has much to do is not waited for. */
static void waiting() {
    Session session("waiting.lbk", {{"target.ratio", 1000}, {"distil.when", "never"}});
    const auto block = session.define<double>("u", {80, 80, 80}).add_block();
    session.commit();
    std::vector<double> values(80 * 80 * 80);
    for (std::size_t i = 0; i < values.size(); i++) values[i] = std::sin(1e-3 * static_cast<double>(i));
    auto step = session.step(0, 0.0);
    step.put(block, values);
    step.commit();
    CHECK(!session.wait(0, std::chrono::seconds(0)));
    const auto result = session.wait(0, std::chrono::milliseconds(1), std::nothrow);
    CHECK(result && !*result);
}

/* A session that goes out of scope, or moves, is closed once, and the archive is there. */
static void scopes() {
    struct Output {  // as in a solver: opened late
        Session session;
        limbeck::Block<double> block;
    } output;
    output.session = Session("scope.lbk", quick());
    output.block = output.session.define<double>("u", 500).add_block();
    Session moved = std::move(output.session);
    moved.commit();
    {
        Session inner = std::move(moved);
        auto step = inner.step(7, 0.0);
        step.put(output.block, std::vector<double>(500, 1.5));
        step.commit();
        CHECK(!exists("scope.lbk"));
    }
    CHECK(exists("scope.lbk"));
    RETURNS(invalid_handle, "", moved.commit(std::nothrow));
    CHECK(limbeck::Archive("scope.lbk").read<double>("u", 0) == std::vector<double>(500, 1.5));
}

int main() {
    cancelled_steps();
    waiting();
    scopes();
    return finish();
}

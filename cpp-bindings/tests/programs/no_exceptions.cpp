/* Compiled with -fno-exceptions: every call returns a Result. */
#include "check.hpp"

#include <optional>
#include <vector>

static_assert(!LIMBECK_EXCEPTIONS);

int main() {
    limbeck::Config config;
    CHECK(config.set("target.ratio", 4) && config.set("open.mode", "replace"));
    RETURNS(invalid_argument, "target.ratio", config.set("target.rato", 4));
    auto opened = limbeck::Session::open({}, "no_exceptions.lbk", config);
    CHECK(opened);
    limbeck::Session session = *std::move(opened);
    const auto u = session.define<float>("u", {10, 20}, {{"units", "m"}});
    CHECK(u && u->set_attribute("a", "b"));
    const auto block = u->add_block();
    CHECK(block && session.commit());
    std::vector<float> values(200, 3.0f);
    {
        auto step = session.step(0, 0.0);
        CHECK(step && step->put(*block, values) && step->commit());
        RETURNS(invalid_state, "", session.commit());
    }
    CHECK(session.wait());
    const auto durable = session.durable();
    CHECK(durable && *durable == 0);
    CHECK(session.metrics());
    CHECK(session.close());
    const auto archive = limbeck::Archive::open("no_exceptions.lbk");
    CHECK(archive && archive->steps()->size() == 1 && archive->variables()->size() == 1);
    const auto read = archive->read<float>("u", 0);
    CHECK(read && *read == values);
    RETURNS(not_found, "", archive->read<float>("u", 1));
    RETURNS(invalid_argument, "", limbeck::Archive::open("none.lbk"));
    return finish();
}

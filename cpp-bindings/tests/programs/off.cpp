/* With LIMBECK_MODE=off, and with the stub instead of the library, everything that writes succeeds and does nothing. */
#include "check.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
    limbeck::Config config{{"target.ratio", 1000}};
    limbeck::Session session(0, "no/such/directory/off.lbk", config);
    session.set_attribute("a", "b");
    const auto u = session.define<float>("u", {4, 4, 4}, {{"units", "m"}});
    const auto block = u.add_block();
    u.set_axis(0, "z", "m", 0.0, 1.0);
    session.commit();
    auto step = session.step(1, 0.0);
    step.put(block, std::vector<float>(64, NAN));
    CHECK(step.commit().code() == limbeck::Code::ok);
    CHECK(session.wait(1, std::chrono::seconds(0)));
    CHECK(session.durable() >= 1);
    CHECK(!session.metrics().empty());
    CHECK(session.close().code() == limbeck::Code::ok);
    CHECK(limbeck::distil("no.lbk.d", "no.lbk").code() == limbeck::Code::ok);
    CHECK(std::fopen("off.lbk", "rb") == nullptr && std::fopen("no.lbk", "rb") == nullptr);
    return finish();
}

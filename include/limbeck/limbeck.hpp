/* limbeck for C++17 and later: RAII over the C interface, header only.
 *
 *     limbeck::Config config{{"target.ratio", 1000}};
 *     limbeck::Session session(comm, "run.lbk", config);                       // collective; without comm: serial
 *     auto density = session.define<double>("density", {nz, ny, nx}, {{"units", "kg m-3"}});
 *     auto block = density.add_block({z0, 0, 0}, limbeck::Layout::ghosted({nz_here, ny, nx}, {2, 2, 2}));
 *     session.commit();                                                        // collective
 *     for (...) {
 *         auto step = session.step(cycle, time);
 *         step.put(block, array);                                              // copied: array is free on return
 *         step.commit();                                                       // else the step is cancelled
 *     }
 *     session.close();                                                         // collective: distils, writes run.lbk
 *
 *     limbeck::Archive archive("run.lbk");
 *     std::vector<float> last = archive.read<float>("density", archive.steps().size() - 1);
 *
 * Axes come in the order of the array's indices, the slowest first: for f[z][y][x] a shape is {nz, ny, nx}.
 *
 * Errors are thrown as limbeck::Error. Every call that can fail also takes std::nothrow as its last argument and returns
 * a limbeck::Result then. Warnings do not throw; they are in the Status that the call returns. Compiled with
 * -fno-exceptions, a call without std::nothrow does what it does with it. (Memory that cannot be had is std::bad_alloc
 * in any case.)
 *
 * Session, Step, Config and Archive own what they stand for: they can be moved and not copied, and their destructors do
 * not throw. Variable and Block are handles: they can be copied, and live as long as their session.
 *
 * Link liblimbeck, or liblimbeck_mpi to pass communicators. With LIMBECK_STUB defined the writing half compiles to
 * nothing and no library is needed.
 */
#ifndef LIMBECK_LIMBECK_HPP
#define LIMBECK_LIMBECK_HPP

#include "cpp/archive.hpp"
#include "cpp/array.hpp"
#include "cpp/config.hpp"
#include "cpp/session.hpp"
#include "cpp/status.hpp"
#include "cpp/variable.hpp"

#endif

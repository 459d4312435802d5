// A ring of dye that a rigid rotation turns around its axis, advected by a second-order scheme; slabs over the ranks,
// each with a layer of ghosts. An outside project that uses an installed limbeck from C++ with MPI.
#include <mpi.h>

#include <limbeck/limbeck.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

constexpr int nz = 12, ny = 32, nx = 32, steps = 8, substeps = 6;

/* The slab of a rank: z from `first`, ghosts in y and x, which the dye never reaches. */
struct Slab {
    int first, count;
    std::vector<double> dye, next;

    Slab(int rank, int size)
        : first(nz * rank / size), count(nz * (rank + 1) / size - first), dye(cells(), 0.0), next(cells(), 0.0) {
        for (int z = 0; z < count; z++)
            for (int y = 0; y < ny; y++)
                for (int x = 0; x < nx; x++) {
                    const double r = std::hypot(y - 15.5, x - 20.0) - 5.0, h = (first + z - 5.5) / 4.0;
                    dye[at(z, y, x)] = std::exp(-0.2 * r * r - h * h);
                }
    }
    std::size_t cells() const { return static_cast<std::size_t>(count) * (ny + 2) * (nx + 2); }
    static std::size_t at(int z, int y, int x) {
        return (static_cast<std::size_t>(z) * (ny + 2) + static_cast<std::size_t>(y + 1)) * (nx + 2) + static_cast<std::size_t>(x + 1);
    }

    void rotate() {
        constexpr double omega = 0.01;
        for (int z = 0; z < count; z++)
            for (int y = 0; y < ny; y++)
                for (int x = 0; x < nx; x++) {
                    const double v = omega * (x - 15.5), u = -omega * (y - 15.5), c = dye[at(z, y, x)];
                    const double l = dye[at(z, y, x - 1)], r = dye[at(z, y, x + 1)];
                    const double b = dye[at(z, y - 1, x)], t = dye[at(z, y + 1, x)];
                    next[at(z, y, x)] = c - 0.5 * u * (r - l) - 0.5 * v * (t - b) + 0.5 * u * u * (r - 2 * c + l) +
                                        0.5 * v * v * (t - 2 * c + b);
                }
        std::swap(dye, next);
    }
};

/* Largest difference between the last step of the archive and the dye of this rank. */
double distance(const Slab& slab) {
    const limbeck::Archive archive("ring.lbk");
    const std::vector<double> decoded = archive.read<double>("dye", static_cast<std::int64_t>(archive.steps().size()) - 1);
    double worst = 0.0;
    for (int z = 0; z < slab.count; z++)
        for (int y = 0; y < ny; y++)
            for (int x = 0; x < nx; x++) {
                const std::size_t i = (static_cast<std::size_t>(slab.first + z) * ny + static_cast<std::size_t>(y)) * nx + static_cast<std::size_t>(x);
                worst = std::max(worst, std::abs(decoded[i] - slab.dye[Slab::at(z, y, x)]));
            }
    return worst;
}

double run(int rank, int size) {
    Slab slab(rank, size);
    limbeck::Config config{{"target.ratio", 40}};
    limbeck::Session session(MPI_Comm_c2f(MPI_COMM_WORLD), "ring.lbk", config);
    auto dye = session.define<double>("dye", {nz, ny, nx}, {{"units", "kg m-3"}});
    auto block = dye.add_block({slab.first, 0, 0}, limbeck::Layout::ghosted({slab.count, ny, nx}, {0, 1, 1}));
    session.commit();
    for (int cycle = 0; cycle < steps; cycle++) {
        for (int i = 0; i < substeps; i++) slab.rotate();
        auto step = session.step(cycle, 0.1 * cycle);
        step.put(block, slab.dye);
        step.commit();
    }
    session.close();

    double worst = distance(slab);
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return worst;
}

}  // namespace

int main(int argc, char** argv) {
    int rank = 0, size = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    double worst = 0.0;
    try {
        worst = run(rank, size);
    } catch (const limbeck::Error& error) {
        std::fprintf(stderr, "rank %d: %s\n", rank, error.what());
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    if (rank == 0) std::printf("limbeck on %d ranks: largest error %.3f of a range of 1\n", size, worst);
    MPI_Finalize();
    return size > 1 && worst < 0.1 ? 0 : 1;
}

/* A blast wave in 3D: the compressible Euler equations on a periodic cube, C++17 and MPI, with limbeck linked in.
 *
 *   euler.hpp    the solver
 *   grid.hpp     the 3D Cartesian decomposition and its ghost layers
 *   output.hpp   limbeck: the class Still, about 20 lines
 *
 * Build with the CMakeLists.txt beside this file, or
 *   mpicxx -std=c++17 -O3 -DEULER_MPI examples/cpp/euler.cpp -o euler $(pkg-config --cflags --libs limbeck_mpi)
 * or for one process
 *   c++ -std=c++17 -O3 examples/cpp/euler.cpp -o euler $(pkg-config --cflags --libs limbeck)
 * or without limbeck, which then does nothing
 *   c++ -std=c++17 -O3 -DLIMBECK_STUB -Iinclude examples/cpp/euler.cpp -o euler
 * Run:
 *   mpirun -n 2 ./euler --size 64 --steps 240 --every 10 --ratio 1000 --out blast.lbk
 */
#include "output.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

struct Options {
    int size = 64, steps = 240, every = 10;
    std::string out = "blast.lbk", raw;
    limbeck::Config config;
};

static bool parse(int argc, char** argv, Options& o) {
    o.config.set("target.ratio", 1000);
    o.config.set("open.mode", "replace");  // an older run goes
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i], value = argv[i + 1];
        const std::size_t equals = value.find('=');
        if (name == "--size") o.size = std::atoi(argv[i + 1]);
        else if (name == "--steps") o.steps = std::atoi(argv[i + 1]);
        else if (name == "--every") o.every = std::atoi(argv[i + 1]);
        else if (name == "--ratio") o.config.set("target.ratio", value);
        else if (name == "--threads") o.config.set("workers.threads", value);
        else if (name == "--out") o.out = value;
        else if (name == "--raw") o.raw = value;
        else if (name == "--set" && equals != value.npos) o.config.set(value.substr(0, equals), value.substr(equals + 1));
        else return false;
    }
    return argc % 2 == 1 && o.size >= 8 && o.size <= 8192 && o.steps >= 0 && o.every >= 1;
}

static void usage(const char* program) {
    std::fprintf(stderr,
                 "usage: %s [--size N] [--steps N] [--every N] [--ratio R] [--out FILE.lbk] [--threads N] [--raw DIR]\n"
                 "       [--set NAME=VALUE]...\n"
                 "  --size     cells along each axis, 8 to 8192\n"
                 "  --steps    time steps; --every: of which every Nth is handed to limbeck\n"
                 "  --ratio    bytes of the data over bytes of the archive\n"
                 "  --threads  worker threads of limbeck, on each rank\n"
                 "  --raw      also keep the original arrays, as DIR/density.npy and so on, float32\n"
                 "  --set      any other option of limbeck; `limbeck options` lists them\n",
                 program);
}

static double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void run(const Decomposition& grid, const Options& o) {
    double solving = 0.0, handing = 0.0;
    Euler euler(grid, o.size);
    Still still(grid, o.size, o.out, o.config);
    std::unique_ptr<Raw> raw;
    const int outputs = o.steps / o.every + 1;
    if (!o.raw.empty()) {
        std::filesystem::create_directories(o.raw);
        raw = std::make_unique<Raw>(grid, o.size, outputs, o.raw);
    }
    const double mass = euler.total(density), total_energy = euler.total(energy);
    for (int cycle = 0; cycle <= o.steps; cycle++) {
        const double start = seconds();
        if (cycle > 0) euler.step();
        const double solved = seconds();
        solving += solved - start;
        if (cycle % o.every != 0) continue;
        still.step(grid, cycle, euler);
        handing += seconds() - solved;
        if (raw) raw->step(grid.box, euler);
    }
    raw.reset();
    const double closing = seconds();
    still.close(grid);
    const double closed = seconds() - closing;

    const double mass_drift = euler.total(density) / mass - 1.0, energy_drift = euler.total(energy) / total_energy - 1.0;
    if (grid.rank == 0) {
        std::printf("%d^3 cells on %d ranks (%d x %d x %d), %d steps to time %.15g, %d handed over\n", o.size, grid.ranks,
                    grid.dims[0], grid.dims[1], grid.dims[2], o.steps, euler.time, outputs);
        std::printf("drift of mass %.1e, of energy %.1e\n", mass_drift, energy_drift);
        std::printf("solver        %8.3f s\n", solving);
        std::printf("limbeck steps %8.3f s, %.2f %% of the solver's time\n", handing, 100.0 * handing / std::max(solving, 1e-9));
        std::printf("limbeck close %8.3f s\n", closed);
    }
    compare(grid, o.out, euler);
}

int main(int argc, char** argv) {
    const Mpi mpi(argc, argv);
    try {
        Options o;
        if (!parse(argc, argv, o)) {
            usage(argv[0]);
            return 2;
        }
        const Decomposition grid(o.size);
        if (!grid.thick_enough()) {
            if (grid.rank == 0) std::fprintf(stderr, "error: --size %d is too small for %d ranks\n", o.size, grid.ranks);
            return 2;
        }
        run(grid, o);
    } catch (const std::exception& e) {  // limbeck::Error among them
        std::fprintf(stderr, "error: %s\n", e.what());
        Mpi::abort();
        return 1;
    }
    return 0;
}

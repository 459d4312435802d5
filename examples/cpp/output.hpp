/* What goes out: steps to limbeck, and on request raw float32 arrays to compare with. */
#ifndef OUTPUT_HPP
#define OUTPUT_HPP

#include "euler.hpp"

#include <fstream>
#include <limbeck/limbeck.hpp>
#include <stdexcept>
#include <string>

constexpr const char* names[variables] = {"density", "velocity_z", "velocity_y", "velocity_x", "pressure"};

/* -------------------------------------------------------------- limbeck -- */

/* The run as limbeck sees it: five variables, of each of which this rank has the inside of an array with ghosts. */
class Still {
public:
    Still(const Decomposition& grid, int cells, const std::string& path, const limbeck::Config& config)
        : session(grid.communicator(), path, config) {
        session.set_attribute("title", "blast wave, compressible Euler equations");
        const auto layout = limbeck::Layout::ghosted(grid.box.count, {ghosts, ghosts, ghosts});
        for (std::size_t q = 0; q < variables; q++) {
            const auto variable = session.define<double>(names[q], {cells, cells, cells});  // z, y, x
            blocks[q] = variable.add_block(grid.box.offset, layout);
        }
        const char* axes[] = {"z", "y", "x"};
        for (int axis = 0; axis < 3; axis++) session.set_axis(axis, axes[axis], "", 0.5 / cells, 1.0 / cells);
        tell(grid, session.commit());
    }

    /* Hands the arrays over as they are; they are free on return. */
    void step(const Decomposition& grid, int cycle, const Euler& euler) {
        auto step = session.step(cycle, euler.time);
        for (std::size_t q = 0; q < variables; q++) step.put(blocks[q], euler.w[q]);
        tell(grid, step.commit());
    }

    /* Distils all steps into one network per variable and writes the archive. */
    void close(const Decomposition& grid) { tell(grid, session.close()); }

private:
    limbeck::Session session;
    std::array<limbeck::Block<double>, variables> blocks;

    /* Errors throw; what a warning says is for the user. */
    static void tell(const Decomposition& grid, const limbeck::Status& status) {
        if (status.warned()) std::fprintf(stderr, "rank %d: %s\n", grid.rank, status.message().c_str());
    }
};

/* Reads the last step back, each rank its own box, and says how good it is; false if there is no archive to read. */
inline bool compare(const Decomposition& grid, const std::string& path, const Euler& euler) {
    grid.barrier();  // rank 0 has written it
    const auto archive = limbeck::Archive::open(path, std::nothrow);
    if (!archive) {  // switched off, a build without limbeck, or distil.when = never
        if (grid.rank == 0) std::printf("no archive to compare with: %s\n", archive.status().message().c_str());
        return false;
    }
    const Box& b = grid.box;
    const auto last = static_cast<std::int64_t>(archive->steps().size()) - 1;
    for (std::size_t q = 0; q < variables; q++) {
        const auto values = archive->read<double>(names[q], last, {b.offset, b.count, {}});
        double low = euler.w[q][static_cast<std::size_t>(b.at(0, 0, 0))], high = low, worst = 0.0, squares = 0.0;
        std::size_t n = 0;
        for (int z = 0; z < b.count[0]; z++)
            for (int y = 0; y < b.count[1]; y++)
                for (int x = 0; x < b.count[2]; x++) {
                    const double truth = euler.w[q][static_cast<std::size_t>(b.at(z, y, x))], error = values[n++] - truth;
                    low = std::min(low, truth);
                    high = std::max(high, truth);
                    worst = std::max(worst, std::fabs(error));
                    squares += error * error;
                }
        low = grid.minimum(low), high = grid.maximum(high), worst = grid.maximum(worst);
        const double mean = grid.sum(squares) / grid.sum(static_cast<double>(n));
        if (grid.rank == 0)
            std::printf("%-10s last step: PSNR %6.2f dB, largest error %.3g, range %.4g to %.4g\n", names[q],
                        20.0 * std::log10(high - low) - 10.0 * std::log10(mean), worst, low, high);
    }
    return true;
}

/* ------------------------------------------------------------- raw data -- */

/* The arrays as they were handed over, as DIR/NAME.npy with the axes t, z, y, x in float32: for `limbeck compare`. Every
 * rank writes its rows to where they belong. */
class Raw {
public:
    Raw(const Decomposition& grid, int cells, int steps, const std::string& directory) : n(cells) {
        for (std::size_t q = 0; q < variables; q++) {
            const std::string path = directory + "/" + names[q] + ".npy";
            if (grid.rank == 0) {
                const std::string m = std::to_string(cells);
                std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(steps) + ", " + m +
                                     ", " + m + ", " + m + "), }";
                header.resize(117, ' ');
                std::ofstream(path, std::ios::binary) << std::string("\x93NUMPY\x01\0\x76\0", 10) << header << '\n';
            }
            grid.barrier();
            files[q].open(path, std::ios::binary | std::ios::in | std::ios::out);
            if (!files[q]) throw std::runtime_error("cannot write " + path);
        }
    }

    void step(const Box& b, const Euler& euler) {
        std::vector<float> row(static_cast<std::size_t>(b.count[2]));
        for (std::size_t q = 0; q < variables; q++)
            for (int z = 0; z < b.count[0]; z++)
                for (int y = 0; y < b.count[1]; y++) {
                    const double* first = euler.w[q].data() + b.at(z, y, 0);
                    std::transform(first, first + row.size(), row.begin(), [](double v) { return static_cast<float>(v); });
                    const std::int64_t before = ((written * n + b.offset[0] + z) * n + b.offset[1] + y) * n + b.offset[2];
                    files[q].seekp(128 + before * 4);
                    files[q].write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size() * 4));
                    if (!files[q]) throw std::runtime_error(std::string("cannot write ") + names[q] + ".npy");
                }
        written++;
    }

private:
    std::int64_t n, written = 0;
    std::array<std::fstream, variables> files;
};

#endif

/* Two ghosted blocks of a field in, an archive out, read back in every way, and compared. */
#include "check.hpp"

#include <array>
#include <cmath>
#include <vector>

constexpr int nz = 24, ny = 20, nx = 32, half = nz / 2, ghosts = 2, steps = 4;

static double field(double step, double z, double y, double x) {
    const double t = 0.1 * step;
    return 300.0 + 40.0 * std::sin(0.30 * x + t) * std::cos(0.25 * y - t) + 15.0 * std::sin(0.2 * z + 2.0 * t);
}

/* Half of the field in z, with ghosts that nobody may read. */
static std::vector<double> half_with_ghosts(int step, int from) {
    const int row = nx + 2 * ghosts, plane = (ny + 2 * ghosts) * row;
    std::vector<double> a(static_cast<std::size_t>((half + 2 * ghosts) * plane), NAN);
    for (int z = 0; z < half; z++)
        for (int y = 0; y < ny; y++)
            for (int x = 0; x < nx; x++)
                a[static_cast<std::size_t>((z + ghosts) * plane + (y + ghosts) * row + x + ghosts)] = field(step, z + from, y, x);
    return a;
}

/* A cell of an array of structs. */
struct Cell {
    float density;
    double energy;
    char flags;
};

static void write() {
    limbeck::Session session("round_trip.lbk", {{"target.ratio", 30}, {"workers.threads", 2}, {"open.mode", "replace"}});
    session.set_attribute("title", "round trip");
    const auto t = session.define<double>("temperature", {nz, ny, nx}, {{"units", "K"}, {"long_name", "temperature"}});
    const auto e = session.define<double>("energy", {ny, nx});
    std::vector<double> heights;
    for (int z = 0; z < nz; z++) heights.push_back(0.5 * z * z);
    session.set_axis(1, "y", "m", -1.0, 0.25);
    t.set_axis(0, "z", "km", heights);
    const auto layout = limbeck::Layout::ghosted({half, ny, nx}, {ghosts, ghosts, ghosts});
    const auto lower = t.add_block({0, 0, 0}, layout), upper = t.add_block({half, 0, 0}, layout);
    const auto cells = e.add_block({0, 0}, limbeck::Layout::strided_bytes({ny, nx}, {nx * sizeof(Cell), sizeof(Cell)}));
    session.commit();

    std::vector<Cell> grid(ny * nx, Cell{-1e30f, 0.0, 'x'});
    for (int n = 0; n < steps; n++) {
        for (int y = 0; y < ny; y++)
            for (int x = 0; x < nx; x++) grid[static_cast<std::size_t>(y * nx + x)].energy = field(n, 0, y, x);
        auto step = session.step(100 + 10 * n, 2.5 * n);
        step.put(upper, half_with_ghosts(n, half));
        if (n % 2 == 0) {
            step.put(lower, half_with_ghosts(n, 0).data());
        } else {  // in an array of another shape
            std::vector<double> whole;
            for (int i = 0; i < nz * ny * nx; i++) whole.push_back(field(n, i / (ny * nx), i / nx % ny, i % nx));
            THROWS(invalid_argument, "", step.put(lower, limbeck::Layout::contiguous({nz, ny, nx}), whole));
            THROWS(invalid_argument, "leads out", step.put(lower, limbeck::Layout::contiguous({half, ny, nx}), limbeck::Values<const double>(whole.data(), 5)));
            step.put(lower, limbeck::Layout::contiguous({half, ny, nx}), whole);
        }
        step.put(cells, &grid[0].energy);
        step.commit();
    }
    CHECK(session.close().code() == limbeck::Code::ok);
}

static double psnr(const std::vector<double>& values, int step) {
    double sum = 0.0, low = INFINITY, high = -INFINITY;
    for (int i = 0; i < nz * ny * nx; i++) {
        const double truth = field(step, i / (ny * nx), i / nx % ny, i % nx), error = values[static_cast<std::size_t>(i)] - truth;
        sum += error * error;
        low = std::fmin(low, truth);
        high = std::fmax(high, truth);
    }
    return 20.0 * std::log10(high - low) - 10.0 * std::log10(sum / (nz * ny * nx));
}

static void read(const char* path) {
    const limbeck::Archive archive(path);
    const auto variables = archive.variables();
    CHECK(variables.size() == 2 && variables[0].name == "temperature" && variables[1].name == "energy");
    CHECK(variables[0].shape == (limbeck::Index{nz, ny, nx}) && variables[0].type == limbeck::Type::float64);
    CHECK(archive.variable("energy").shape == (limbeck::Index{ny, nx}));
    THROWS(invalid_argument, "temperature", archive.variable("temprature"));
    CHECK(archive.steps().size() == steps && archive.steps()[2].cycle == 120 && archive.steps()[2].time == 5.0);
    const auto attributes = archive.attributes();
    CHECK(attributes.size() == 1 && attributes[0].first == "title" && attributes[0].second == "round trip");
    for (const auto& [name, value] : archive.attributes("temperature"))
        CHECK(name == "units" ? value == "K" : name == "long_name" && value == "temperature");
    CHECK(archive.attributes("temperature").size() == 2 && archive.attributes("energy").empty());
    const auto z = archive.axis("temperature", 0), y = archive.axis("energy", 1);
    CHECK(z.name == "z" && z.units == "km" && z.coordinates.size() == nz && z.coordinates[3] == 4.5);
    CHECK(y.name == "y" && y.units == "m" && y.coordinates[4] == 0.0);
    CHECK(archive.info().front() == '{');

    std::vector<double> last;
    for (int n = 0; n < steps; n++) {
        last = archive.read<double>("temperature", n);
        CHECK(last.size() == nz * ny * nx);
        CHECK(psnr(last, n) > 28.0);
    }
    const auto at = [&](int i, int j, int k) { return last[static_cast<std::size_t>((i * ny + j) * nx + k)]; };

    /* A box, every second or third value, as float; the rest of an axis; into memory of ours. */
    const limbeck::Box box{{3, 1, 4}, {7, 9, 10}, {3, 2, 2}};
    const auto part = archive.read<float>("temperature", steps - 1, box);
    CHECK(part.size() == 7 * 9 * 10 && part[(2 * 9 + 3) * 10 + 4] == static_cast<float>(at(9, 7, 12)));
    const auto rest = archive.read<double>("temperature", steps - 1, {{20, 18, 0}, {}, {1, 1, 5}});
    CHECK(rest.size() == 4 * 2 * 7 && rest[(3 * 2 + 1) * 7 + 6] == at(23, 19, 30));
    std::array<float, 7 * 9 * 10 + 1> memory{};
    memory.back() = 77.0f;
    archive.read_into(memory, "temperature", steps - 1, box);
    CHECK(memory[629] == part[629] && memory.back() == 77.0f);
    std::vector<double> ghosted((7 + 2) * (9 + 4) * (10 + 6), -5.0);
    const auto inside = limbeck::Layout::ghosted({7, 9, 10}, {1, 2, 3});
    archive.read_into(ghosted, inside, "temperature", steps - 1, box);
    CHECK(ghosted[((2 + 1) * 13 + 3 + 2) * 16 + 4 + 3] == at(9, 7, 12) && ghosted[(3 * 13 + 5) * 16 + 2] == -5.0);
    THROWS(invalid_argument, "leads out", archive.read_into(limbeck::Values(ghosted.data(), 1000), inside, "temperature", 0, box));
    THROWS(invalid_argument, "number", archive.read_into(ghosted, inside, "temperature", 0, {{}, {7, 9, 9}, {}}));
    THROWS(invalid_argument, "room for 600", archive.read_into(limbeck::Values(memory.data(), 600), "temperature", 0, box));
    THROWS(invalid_argument, "3", archive.read<float>("temperature", 0, {{0, 0}, {1, 1}, {}}));
    THROWS(invalid_argument, "", archive.read<float>("temperature", 0, {{20, 0, 0}, {5, 1, 1}, {}}));
    THROWS(invalid_argument, "axis 2", archive.read<float>("temperature", 0, {{}, {1, 1, nx + 1}, {}}));
    THROWS(invalid_argument, "", archive.read<float>("temperature", 0, {{0, 0, 40}, {}, {}}));
    RETURNS(not_found, "", archive.read<float>("temperature", steps, {}, std::nothrow));

    /* Points: on the grid they are what read() says. */
    const std::vector<double> points{steps - 1, 9, 7, 12, 0, 3.5, 2.25, 8.0};
    const auto samples = archive.sample<double>("temperature", points, limbeck::Coordinates::index);
    CHECK(samples.size() == 2 && std::fabs(samples[0] - at(9, 7, 12)) < 1e-6);
    CHECK(std::fabs(samples[1] - field(0, 3.5, 2.25, 8.0)) < 5.0);
    const auto physical = archive.sample<float>("energy", std::vector<double>{2.5 * (steps - 1), 5, -1.0 + 0.25 * 9}, limbeck::Coordinates::physical);
    CHECK(physical.size() == 1 && std::fabs(physical[0] - field(steps - 1, 0, 5, 9)) < 5.0);
    THROWS(invalid_argument, "rows of 4", archive.sample<double>("temperature", std::vector<double>(7), limbeck::Coordinates::index));
    THROWS(invalid_argument, "", archive.sample<double>("temperature", std::vector<double>(4, 99.0), limbeck::Coordinates::index));
}

int main() {
    write();
    read("round_trip.lbk");
    read("round_trip.lbk.d");
    limbeck::distil("round_trip.lbk.d", "again.lbk", {{"target.ratio", 40}, {"workers.threads", 2}});
    read("again.lbk");
    THROWS(invalid_argument, "none.lbk", limbeck::Archive("none.lbk"));
    return finish();
}

/* The compressible Euler equations of an ideal gas on a periodic cube, in finite volumes:
 *
 *     d/dt (rho, rho v, E) + div (rho v, rho v v + p, (E + p) v) = 0,      E = p / (gamma - 1) + rho v^2 / 2
 *
 * Linear reconstruction of the primitive variables with the minmod limiter, HLLC fluxes (Toro, Spruce, Speares 1994), Heun's
 * method in time: second order where the flow is smooth, and conserving to rounding. */
#ifndef EULER_HPP
#define EULER_HPP

#include "grid.hpp"

#include <algorithm>
#include <cmath>

constexpr double heat_ratio = 1.4;  // gamma, of air

/* Primitive: density, velocity along z, y, x, pressure. Conserved: density, momentum along z, y, x, energy. */
using State = std::array<double, 5>;
enum Variable : std::size_t { density, velocity_z, velocity_y, velocity_x, pressure, variables };
constexpr std::size_t energy = pressure;

inline State conserved(const State& w) {
    const double kinetic = 0.5 * (w[1] * w[1] + w[2] * w[2] + w[3] * w[3]);
    return {w[0], w[0] * w[1], w[0] * w[2], w[0] * w[3], w[4] / (heat_ratio - 1.0) + w[0] * kinetic};
}

inline State primitive(const State& u) {
    const State v{u[0], u[1] / u[0], u[2] / u[0], u[3] / u[0], 0.0};
    const double kinetic = 0.5 * (v[1] * u[1] + v[2] * u[2] + v[3] * u[3]);
    return {u[0], v[1], v[2], v[3], (heat_ratio - 1.0) * (u[energy] - kinetic)};
}

inline double speed_of_sound(const State& w) { return std::sqrt(heat_ratio * w[pressure] / w[density]); }

/* What flows through a face between two primitive states; n: which of their numbers is the velocity across it. */
inline State hllc(const State& left, const State& right, std::size_t n) {
    const double cl = speed_of_sound(left), cr = speed_of_sound(right);
    const double sl = std::min(left[n] - cl, right[n] - cr), sr = std::max(left[n] + cl, right[n] + cr);
    const double ml = left[density] * (sl - left[n]), mr = right[density] * (sr - right[n]);
    const double contact = (right[pressure] - left[pressure] + ml * left[n] - mr * right[n]) / (ml - mr);

    const bool from_left = contact >= 0.0;
    const State& w = from_left ? left : right;
    const double s = from_left ? sl : sr, v = w[n];
    const State u = conserved(w);
    State flux{u[0] * v, u[1] * v, u[2] * v, u[3] * v, (u[energy] + w[pressure]) * v};
    flux[n] += w[pressure];
    if (from_left ? s < 0.0 : s > 0.0) {  // the face lies within the fan: add what the star state changes
        const double star = w[density] * (s - v) / (s - contact);
        State middle{star, star * w[1], star * w[2], star * w[3], 0.0};
        middle[n] = star * contact;
        middle[energy] = star * (u[energy] / w[density] + (contact - v) * (contact + w[pressure] / (w[density] * (s - v))));
        for (std::size_t q = 0; q < variables; q++) flux[q] += s * (middle[q] - u[q]);
    }
    return flux;
}

inline double minmod(double a, double b) { return a * b <= 0.0 ? 0.0 : std::fabs(a) < std::fabs(b) ? a : b; }

class Euler {
public:
    std::array<Field, variables> w;  // primitive, with ghosts
    double time = 0.0;

    /* A cube of the edge length 1, at rest: a hot ball in thin gas, and two dense balls in the way of its blast wave, which
     * comes back through the periodic walls. */
    Euler(const Decomposition& decomposition, int cells) : grid(decomposition), dx(1.0 / cells) {
        for (auto* fields : {&w, &u, &begin, &change})
            for (Field& field : *fields) field.assign(grid.box.size(), 0.0);
        each_cell([&](std::size_t i, double z, double y, double x) {
            const auto within = [&](double cz, double cy, double cx, double radius) {  // smeared over two cells
                const double r = std::hypot(std::hypot(z - cz, y - cy), x - cx);
                return 0.5 - 0.5 * std::tanh((r - radius) / (2.0 * dx));
            };
            const double dense = within(0.50, 0.50, 0.72, 0.11) + within(0.68, 0.30, 0.30, 0.08);
            const State start{1.0 + 3.0 * dense, 0.0, 0.0, 0.0, 0.1 + 9.9 * within(0.45, 0.50, 0.38, 0.10)};
            put(w, i, start);
            put(u, i, conserved(start));
        });
    }

    /* One time step of the length that the Courant number allows. */
    void step(double courant = 0.6) {
        double fastest = 0.0;
        each_cell([&](std::size_t i, double, double, double) {
            const State s = get(w, i);
            fastest = std::max(fastest, std::fabs(s[1]) + std::fabs(s[2]) + std::fabs(s[3]) + 3.0 * speed_of_sound(s));
        });
        const double dt = courant * dx / grid.maximum(fastest);
        begin = u;
        advance(dt, 0.0);
        advance(dt, 0.5);  // Heun: half of where it began, half of two steps on
        time += dt;
    }

    /* The whole of a conserved quantity. */
    double total(std::size_t q) const {
        double mine = 0.0;
        each_cell([&](std::size_t i, double, double, double) { mine += u[q][i]; });
        return grid.sum(mine) * dx * dx * dx;
    }

private:
    using Fields = std::array<Field, variables>;
    const Decomposition& grid;
    double dx;
    Fields u, begin, change;  // conserved: now, at the beginning of the step; and their rate of change times dx

    static State get(const Fields& fields, std::size_t i) {
        return {fields[0][i], fields[1][i], fields[2][i], fields[3][i], fields[4][i]};
    }
    static void put(Fields& fields, std::size_t i, const State& s) {
        for (std::size_t q = 0; q < variables; q++) fields[q][i] = s[q];
    }

    /* Calls work(index, z, y, x) for every cell, with the coordinates of its centre. */
    template <class Work>
    void each_cell(Work work) const {
        const Box& b = grid.box;
        for (int z = 0; z < b.count[0]; z++)
            for (int y = 0; y < b.count[1]; y++)
                for (int x = 0; x < b.count[2]; x++)
                    work(static_cast<std::size_t>(b.at(z, y, x)), (b.offset[0] + z + 0.5) * dx, (b.offset[1] + y + 0.5) * dx,
                         (b.offset[2] + x + 0.5) * dx);
    }

    /* u = old * begin + (1 - old) * (u + dt * rate(u)) */
    void advance(double dt, double old) {
        for (Field& field : w) grid.exchange(field);
        for (Field& field : change) std::fill(field.begin(), field.end(), 0.0);
        for (int axis = 0; axis < 3; axis++) add_fluxes(axis);
        const double rate = dt / dx;
        for (std::size_t q = 0; q < variables; q++)
            each_cell([&](std::size_t i, double, double, double) {
                u[q][i] = old * begin[q][i] + (1.0 - old) * (u[q][i] + rate * change[q][i]);
            });
        each_cell([&](std::size_t i, double, double, double) { put(w, i, primitive(get(u, i))); });
    }

    /* The faces across an axis. Each cell gets its fluxes in the same order on any number of ranks. */
    void add_fluxes(int axis) {
        const Box& b = grid.box;
        const auto s = static_cast<std::size_t>(b.stride(axis)), n = velocity_z + static_cast<std::size_t>(axis);
        Index faces = b.count;
        faces[static_cast<std::size_t>(axis)]++;
        for (int z = 0; z < faces[0]; z++)
            for (int y = 0; y < faces[1]; y++)
                for (int x = 0; x < faces[2]; x++) {
                    const auto i = static_cast<std::size_t>(b.at(z, y, x));  // the cell above the face
                    State left, right;
                    for (std::size_t q = 0; q < variables; q++) {
                        const double a = w[q][i - 2 * s], c = w[q][i - s], d = w[q][i], e = w[q][i + s];
                        left[q] = c + 0.5 * minmod(c - a, d - c);
                        right[q] = d - 0.5 * minmod(d - c, e - d);
                    }
                    const State flux = hllc(left, right, n);
                    for (std::size_t q = 0; q < variables; q++) {
                        change[q][i - s] -= flux[q];
                        change[q][i] += flux[q];
                    }
                }
    }
};

#endif

/* A periodic cube of cells, dealt to the ranks in boxes (3D Cartesian decomposition), and fields on it with ghost layers.
 * Without EULER_MPI there is one rank. Axes are numbered 0, 1, 2 for z, y, x; x is the fastest in memory. */
#ifndef GRID_HPP
#define GRID_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>
#ifdef EULER_MPI
#define OMPI_SKIP_MPICXX 1  // the C++ bindings of MPI-2 are not used
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#endif

constexpr int ghosts = 2;  // layers on every side: what a limited linear reconstruction looks at

using Index = std::array<int, 3>;

/* The cells of this rank. */
struct Box {
    Index offset{}, count{};  // first cell in the whole cube, and how many

    std::ptrdiff_t stride(int axis) const {  // in values
        const std::ptrdiff_t row = count[2] + 2 * ghosts, plane = (count[1] + 2 * ghosts) * row;
        return axis == 0 ? plane : axis == 1 ? row : 1;
    }
    std::size_t size() const { return static_cast<std::size_t>((count[0] + 2 * ghosts) * stride(0)); }  // with ghosts
    std::ptrdiff_t at(int z, int y, int x) const {  // 0 is the first cell that is no ghost
        return (z + ghosts) * stride(0) + (y + ghosts) * stride(1) + x + ghosts;
    }
};

/* One number per cell and ghost. */
using Field = std::vector<double>;

/* MPI from its beginning to its end. */
class Mpi {
public:
    Mpi([[maybe_unused]] int& argc, [[maybe_unused]] char**& argv) {
#ifdef EULER_MPI
        MPI_Init(&argc, &argv);
#endif
    }
    Mpi(const Mpi&) = delete;
    ~Mpi() {
#ifdef EULER_MPI
        MPI_Finalize();
#endif
    }
    /* For an error that the other ranks do not know of. */
    static void abort() {
#ifdef EULER_MPI
        int ranks = 1;
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
        if (ranks > 1) MPI_Abort(MPI_COMM_WORLD, 1);
#endif
    }
};

/* Who has which box, and what goes to and fro between neighbours. */
class Decomposition {
public:
    Box box;
    int rank = 0, ranks = 1;
    Index dims{1, 1, 1};  // boxes along each axis

    explicit Decomposition(int cells) {
        Index place{};
#ifdef EULER_MPI
        const Index periodic{1, 1, 1};
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
        dims = {0, 0, 0};
        MPI_Dims_create(ranks, 3, dims.data());
        MPI_Cart_create(MPI_COMM_WORLD, 3, dims.data(), periodic.data(), 1, &comm);
        MPI_Comm_rank(comm, &rank);
        MPI_Cart_coords(comm, rank, 3, place.data());
#endif
        for (std::size_t a = 0; a < 3; a++) {
            const auto edge = [&](int i) { return static_cast<int>(static_cast<std::int64_t>(cells) * i / dims[a]); };
            box.offset[a] = edge(place[a]);
            box.count[a] = edge(place[a] + 1) - edge(place[a]);
        }
#ifdef EULER_MPI
        for (int a = 0; a < 3; a++) {
            MPI_Cart_shift(comm, a, 1, &lower[a], &upper[a]);
            const int n = box.count[static_cast<std::size_t>(a)];
            layers[a] = {slab(a, 0), slab(a, ghosts), slab(a, n), slab(a, n + ghosts)};
        }
#endif
    }

    Decomposition(const Decomposition&) = delete;
    ~Decomposition() {
#ifdef EULER_MPI
        for (auto& axis : layers)
            for (MPI_Datatype& type : axis) MPI_Type_free(&type);
        MPI_Comm_free(&comm);
#endif
    }

    /* Boxes thinner than the ghosts would need values from further away. */
    bool thick_enough() const {
        return minimum(box.count[0]) >= ghosts && minimum(box.count[1]) >= ghosts && minimum(box.count[2]) >= ghosts;
    }

    /* Fills the ghosts beyond the faces with the neighbours' cells. */
    void exchange(Field& field) const {
#ifdef EULER_MPI
        for (int a = 0; a < 3; a++) {
            const auto& [below, first, last, above] = layers[a];
            MPI_Sendrecv(field.data(), 1, first, lower[a], 0, field.data(), 1, above, upper[a], 0, comm, MPI_STATUS_IGNORE);
            MPI_Sendrecv(field.data(), 1, last, upper[a], 1, field.data(), 1, below, lower[a], 1, comm, MPI_STATUS_IGNORE);
        }
#else
        const auto [nz, ny, nx] = box.count;
        const auto copy = [&](int z, int y, int x) {
            const auto inside = [](int i, int n) { return (i + n) % n; };
            field[static_cast<std::size_t>(box.at(z, y, x))] =
                field[static_cast<std::size_t>(box.at(inside(z, nz), inside(y, ny), inside(x, nx)))];
        };
        for (int g = 1; g <= ghosts; g++) {
            for (int z = 0; z < nz; z++) {
                for (int y = 0; y < ny; y++) copy(z, y, -g), copy(z, y, nx - 1 + g);
                for (int x = 0; x < nx; x++) copy(z, -g, x), copy(z, ny - 1 + g, x);
            }
            for (int y = 0; y < ny; y++)
                for (int x = 0; x < nx; x++) copy(-g, y, x), copy(nz - 1 + g, y, x);
        }
#endif
    }

#ifdef EULER_MPI
    MPI_Comm communicator() const { return comm; }
    double maximum(double mine) const { return reduce(mine, MPI_MAX); }
    double minimum(double mine) const { return reduce(mine, MPI_MIN); }
    double sum(double mine) const { return reduce(mine, MPI_SUM); }
    void barrier() const { MPI_Barrier(comm); }

private:
    MPI_Comm comm = MPI_COMM_NULL;
    int lower[3]{}, upper[3]{};               // neighbours
    std::array<MPI_Datatype, 4> layers[3]{};  // per axis: ghosts below, first cells, last cells, ghosts above

    double reduce(double mine, MPI_Op operation) const {
        double all = 0.0;
        MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, operation, comm);
        return all;
    }

    /* As many layers across an axis as there are ghosts, from a layer on that is counted with the ghosts; along the other
     * axes the cells only. */
    MPI_Datatype slab(int axis, int from) const {
        Index sizes{}, count = box.count, start{ghosts, ghosts, ghosts};
        for (std::size_t a = 0; a < 3; a++) sizes[a] = box.count[a] + 2 * ghosts;
        count[static_cast<std::size_t>(axis)] = ghosts;
        start[static_cast<std::size_t>(axis)] = from;
        MPI_Datatype type = MPI_DATATYPE_NULL;
        MPI_Type_create_subarray(3, sizes.data(), count.data(), start.data(), MPI_ORDER_C, MPI_DOUBLE, &type);
        MPI_Type_commit(&type);
        return type;
    }
#else
    int communicator() const { return -1; }  // LBK_NO_COMM
    double maximum(double mine) const { return mine; }
    double minimum(double mine) const { return mine; }
    double sum(double mine) const { return mine; }
    void barrier() const {}
#endif
};

#endif

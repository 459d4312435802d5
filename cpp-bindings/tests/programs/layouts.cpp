/* Index, Values and Layout: what they are made of, and whether a block lies within an array. */
#include "check.hpp"

#include <array>
#include <vector>

using limbeck::Index;
using limbeck::Layout;

/* What std::mdspan and Kokkos::View have in common; the fastest axis is the first here, as in Fortran. */
struct View {
    static constexpr std::size_t rank() { return 3; }
    std::int64_t extents[3];
    double* values;
    std::int64_t extent(std::size_t axis) const { return extents[axis]; }
    std::int64_t stride(std::size_t axis) const { return axis == 0 ? 1 : axis == 1 ? extents[0] : extents[0] * extents[1]; }
    double* data_handle() const { return values; }
};

/* As old ones of Kokkos: the rank is a number. */
struct Plain {
    enum { rank = 1 };
    int extent(std::size_t) const { return 9; }
    int stride(std::size_t) const { return 4; }
};

static void indices() {
    const std::size_t nz = 4;
    const Index a{nz, 5, 6L}, b = std::array<int, 3>{4, 5, 6}, c = std::vector<unsigned>{4, 5, 6};
    const long numbers[3] = {4, 5, 6};
    const Index d = numbers, one = 7;
    CHECK(a == b && b == c && c == d && a.rank() == 3 && a.product() == 120);
    CHECK(one.rank() == 1 && one[0] == 7 && one != a);
    CHECK(Index().empty() && Index().product() == 1);
    CHECK(Index::all(2, 3) == (Index{3, 3}));
    CHECK(!Index(std::vector<int>{1, 2, 3, 4}).fits());
}

static void values() {
    std::vector<double> v(5);
    const std::vector<double>& constant = v;
    double array[3] = {};
    const limbeck::Values<const double> a(v), b(constant), c(array), d(array, 2), e(&array[0]);
    CHECK(a.data() == v.data() && a.size() == 5 && b.size() == 5 && c.size() == 3 && d.size() == 2);
    CHECK(e.data() == array && e.size() == limbeck::Values<double>::unknown);
}

static void layouts() {
    const Layout whole = Layout::contiguous({4, 5, 6});
    CHECK(whole.strides() == (Index{30, 6, 1}) && whole.first() == 0 && whole.consistent());
    CHECK(whole.byte_strides(8) == (Index{240, 48, 8}));
    CHECK(whole.within(120, 8) && !whole.within(119, 8));

    const Layout ghosted = Layout::ghosted({4, 5, 6}, {1, 2, 3});
    CHECK(ghosted.count() == (Index{4, 5, 6}) && ghosted.strides() == (Index{9 * 12, 12, 1}));
    CHECK(ghosted.first() == 1 * 9 * 12 + 2 * 12 + 3);
    CHECK(ghosted.within(6 * 9 * 12, 4) && !ghosted.within(5 * 9 * 12 - 2 * 12 - 4, 4));

    const Layout uneven = Layout::ghosted({4, 5}, {0, 1}, {3, 2});
    CHECK(uneven.strides() == (Index{8, 1}) && uneven.first() == 1);

    const Layout backwards = Layout::strided({4, 5}, {-5, 1}, 15);
    CHECK(backwards.within(20, 4) && !backwards.within(19, 4));
    CHECK(!Layout::strided({4, 5}, {-5, 1}, 14).within(100, 4));

    const Layout bytes = Layout::strided_bytes({4, 5}, {5 * 24, 24});
    CHECK(bytes.byte_strides(8) == (Index{5 * 24, 24}) && bytes.within(58, 8) && !bytes.within(57, 8));

    CHECK(!Layout::ghosted({4, 5, 6}, {1, 1}).consistent());
    CHECK(!Layout::strided({4, 5}, {1}).consistent());
    CHECK(!Layout::contiguous(std::vector<int>{1, 2, 3, 4}).consistent());
}

static void views() {
    std::vector<double> memory(8 * 7 * 6);
    const View view{{8, 7, 6}, memory.data()};
    const Layout all = Layout::of(view), interior = Layout::of(view, {2, 1, 0});
    CHECK(all.count() == (Index{8, 7, 6}) && all.strides() == (Index{1, 8, 56}) && all.first() == 0);
    CHECK(interior.count() == (Index{4, 5, 6}) && interior.strides() == all.strides() && interior.first() == 2 + 8);
    CHECK(all.within(memory.size(), 8) && !all.within(memory.size() - 1, 8));
    CHECK(!Layout::of(view, {1}).consistent());
    CHECK(Layout::of(Plain()).strides() == Index(4) && Layout::of(Plain()).count() == Index(9));
}

int main() {
    indices();
    values();
    layouts();
    views();
    return finish();
}

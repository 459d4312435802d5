/* std::span, and views with several dimensions, as they come with C++20 and later. */
#include "check.hpp"

#include <span>
#include <vector>

/* As std::mdspan with layout_stride. */
template <class T>
struct View {
    T* values;
    std::size_t extents[2], strides[2];
    static constexpr std::size_t rank() noexcept { return 2; }
    std::size_t extent(std::size_t axis) const { return extents[axis]; }
    std::size_t stride(std::size_t axis) const { return strides[axis]; }
    T* data_handle() const { return values; }
};

int main() {
    constexpr std::size_t ny = 12, nx = 17;
    std::vector<double> memory(2 * (ny + 2) * (nx + 2), 1e300);
    const View<double> view{memory.data(), {ny + 2, nx + 2}, {2 * (nx + 2), 2}};  // every second value
    for (std::size_t y = 1; y <= ny; y++)
        for (std::size_t x = 1; x <= nx; x++) memory[y * view.stride(0) + x * view.stride(1)] = 5.0;

    limbeck::Session session("spans.lbk", {{"target.ratio", 4}, {"open.mode", "replace"}});
    const auto u = session.define<double>("u", {ny, nx});
    const auto v = session.define<float>("v", std::array{ny, nx});
    const auto inside = u.add_block({0, 0}, limbeck::Layout::of(view, {1, 1}));
    const auto whole = v.add_block();
    session.commit();
    std::vector<float> values(ny * nx, 2.5f);
    auto step = session.step(0, 0.0);
    const View<double> other{memory.data(), {ny + 2, nx + 2}, {nx + 2, 1}};
    THROWS(invalid_argument, "strides", step.put(inside, other));
    step.put(inside, view);
    THROWS(invalid_argument, "layout", step.put(whole, std::span(values).first(10)));
    step.put(whole, std::span<const float>(values));
    step.commit();
    session.close();

    const limbeck::Archive archive("spans.lbk");
    std::vector<double> out(ny * nx);
    archive.read_into(std::span(out), "u", 0);
    CHECK(out == std::vector<double>(ny * nx, 5.0));
    CHECK(archive.read<float>("v", 0) == values);
    return finish();
}

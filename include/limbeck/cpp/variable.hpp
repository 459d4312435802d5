/* What a run writes: Variable, Block. Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_VARIABLE_HPP
#define LIMBECK_CPP_VARIABLE_HPP

#include "array.hpp"

#include <initializer_list>

namespace limbeck {

/* Texts by name, as {{"units", "K"}, {"long_name", "temperature"}}. */
using Attributes = std::initializer_list<std::pair<const char*, const char*>>;

/* The type of values: float or double. */
enum class Type : std::int32_t { float32 = LBK_FLOAT32, float64 = LBK_FLOAT64 };

template <class T>
constexpr Type type_of() noexcept {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "values are float or double");
    return sizeof(T) == 4 ? Type::float32 : Type::float64;
}

/* The box of a variable that lies in one array of this process. Lives as long as its session. */
template <class T>
class Block {
public:
    /* No block: for members that are assigned later. */
    Block() noexcept = default;
    Block(lbk_block* handle, const Layout& layout) noexcept : handle_(handle), layout_(layout) {}

    const Layout& layout() const noexcept { return layout_; }
    lbk_block* handle() const noexcept { return handle_; }

private:
    lbk_block* handle_ = nullptr;
    Layout layout_ = Layout::contiguous({});
};

/* A variable of a run with values of type T. Lives as long as its session. Everything here comes before
 * Session::commit, on any thread, and is not collective; of attributes and axes those of rank 0 count. */
template <class T>
class Variable {
public:
    /* No variable: for members that are assigned later. */
    Variable() noexcept = default;
    Variable(lbk_variable* handle, const Index& shape) noexcept : handle_(handle), shape_(shape) {}

    /* The global length of each axis, all ranks together, the slowest axis first. */
    const Index& shape() const noexcept { return shape_; }

    /* Says which box of the variable lies in one array of this process. One or more per rank, or none; where blocks
     * overlap, the lowest (rank, block) owns a value.
     *
     * - offset    global index of the block's first value along each axis, the slowest first
     * - layout    values of the block along each axis, without ghosts, and where in the array they are; an Index alone
     *             for an array that holds nothing else
     *
     * Throws: invalid_argument if the box is empty or not within the shape; invalid_state after commit. */
    template <class E = Errors>
    Outcome<Block<T>, E> add_block(const Index& offset, const Layout& layout, E = E()) const {
        lbk_block* block = nullptr;
        Status status;
        if (!layout.consistent() || offset.rank() != shape_.rank() || layout.rank() != shape_.rank()) {
            status = detail::invalid("add_block: offset, count, strides and ghosts must have as many axes as the variable, " +
                                     std::to_string(shape_.rank()));
        } else {
            const Index strides = layout.byte_strides(sizeof(T));
            status = detail::status(
                lbk_variable_add_block(handle_, offset.data(), layout.count().data(), strides.data(), &block));
        }
        return detail::finish<E>(std::move(status), [&] { return Block<T>(block, layout); });
    }

    template <class E = Errors>
    Outcome<Block<T>, E> add_block(const Index& offset, const Index& count, E errors = E()) const {
        return add_block(offset, Layout::contiguous(count), errors);
    }

    /* The whole variable, in an array that holds nothing else. */
    template <class E = Errors>
    Outcome<Block<T>, E> add_block(E errors = E()) const {
        return add_block(Index::all(shape_.rank(), 0), Layout::contiguous(shape_), errors);
    }

    /* Attaches a text: its units, long name, anything. Setting a name again replaces its value. */
    template <class E = Errors>
    Outcome<void, E> set_attribute(const std::string& name, const std::string& value, E = E()) const {
        return detail::finish<E>(detail::status(lbk_variable_set_attribute(handle_, name.c_str(), value.c_str())));
    }

    /* Says where the grid points lie along an axis: point i at origin + i * spacing.
     *
     * - axis      0 for the slowest one
     * - name      of the axis, say "z"
     * - units     of origin and spacing, say "m"
     * - origin    coordinate of global grid point 0
     * - spacing   distance between neighbours, not 0 */
    template <class E = Errors>
    Outcome<void, E> set_axis(int axis, const std::string& name, const std::string& units, double origin, double spacing,
                              E = E()) const {
        return detail::finish<E>(
            detail::status(lbk_variable_set_axis(handle_, axis, name.c_str(), units.c_str(), origin, spacing)));
    }

    /* The same, point by point: as many coordinates as the axis is long, all ranks together; rising or falling. */
    template <class E = Errors>
    Outcome<void, E> set_axis(int axis, const std::string& name, const std::string& units,
                              Values<const double> coordinates, E = E()) const {
        return detail::finish<E>(
            detail::status(lbk_variable_set_axis_coordinates(handle_, axis, name.c_str(), units.c_str(),
                                                             coordinates.length(), coordinates.data())));
    }

    lbk_variable* handle() const noexcept { return handle_; }

private:
    lbk_variable* handle_ = nullptr;
    Index shape_;
};

}  // namespace limbeck

#endif

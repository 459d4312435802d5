/* How arrays are described: Index, Values, Layout. Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_ARRAY_HPP
#define LIMBECK_CPP_ARRAY_HPP

#include "status.hpp"

#include <array>

namespace limbeck {

/* One number per axis, the slowest axis first: a shape, an offset, a count, strides. Made of up to LBK_MAX_RANK integers
 * of any type, {nz, ny, nx}, or of a container of integers (std::array, std::vector, std::span). */
class Index {
public:
    Index() noexcept = default;  // nothing: 0 axes

    template <class... Integers, std::enable_if_t<(sizeof...(Integers) > 0) && (std::is_integral_v<Integers> && ...), int> = 0>
    Index(Integers... numbers) noexcept : rank_(sizeof...(Integers)), numbers_{static_cast<std::int64_t>(numbers)...} {
        static_assert(sizeof...(Integers) <= LBK_MAX_RANK, "variables have at most LBK_MAX_RANK axes");
    }

    template <class Container, class Number = std::remove_reference_t<decltype(*std::declval<const Container&>().data())>,
              std::enable_if_t<std::is_integral_v<Number>, int> = 0>
    Index(const Container& numbers) noexcept : rank_(numbers.size()) {
        for (std::size_t i = 0; i < rank_ && i < numbers_.size(); i++)
            numbers_[i] = static_cast<std::int64_t>(numbers.data()[i]);
    }

    template <class Integer, std::size_t N, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
    Index(const Integer (&numbers)[N]) noexcept : rank_(N) {
        static_assert(N <= LBK_MAX_RANK, "variables have at most LBK_MAX_RANK axes");
        for (std::size_t i = 0; i < N; i++) numbers_[i] = static_cast<std::int64_t>(numbers[i]);
    }

    /* `rank` times the same number. */
    static Index all(std::size_t rank, std::int64_t number) noexcept {
        Index index;
        index.rank_ = rank;
        for (std::size_t axis = 0; axis < rank && axis < index.numbers_.size(); axis++) index.numbers_[axis] = number;
        return index;
    }

    std::size_t rank() const noexcept { return rank_; }
    std::size_t size() const noexcept { return rank_; }
    bool empty() const noexcept { return rank_ == 0; }
    /* False if it was made of a container that is longer than LBK_MAX_RANK. */
    bool fits() const noexcept { return rank_ <= numbers_.size(); }
    const std::int64_t* data() const noexcept { return numbers_.data(); }
    const std::int64_t* begin() const noexcept { return data(); }
    const std::int64_t* end() const noexcept { return data() + (fits() ? rank_ : numbers_.size()); }
    std::int64_t& operator[](std::size_t axis) noexcept { return numbers_[axis]; }
    std::int64_t operator[](std::size_t axis) const noexcept { return numbers_[axis]; }

    /* The product of all numbers: values in a box of this shape. */
    std::int64_t product() const noexcept {
        std::int64_t result = 1;
        for (const std::int64_t n : *this) result *= n;
        return result;
    }

    friend bool operator==(const Index& a, const Index& b) noexcept { return a.rank_ == b.rank_ && a.numbers_ == b.numbers_; }
    friend bool operator!=(const Index& a, const Index& b) noexcept { return !(a == b); }

private:
    std::size_t rank_ = 0;
    std::array<std::int64_t, LBK_MAX_RANK> numbers_{};
};

/* Values next to each other in memory that belong to someone else. Made of a container with data() and size() (std::vector,
 * std::array, std::span), of an array, of address and number, or of an address alone: then nothing can be checked. */
template <class T>
class Values {
public:
    /* The size of memory that nobody told the size of. */
    static constexpr std::size_t unknown = static_cast<std::size_t>(-1);

    Values(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
    Values(T* data) noexcept : data_(data), size_(unknown) {}
    template <std::size_t N>
    Values(T (&array)[N]) noexcept : data_(array), size_(N) {}
    template <class Container, std::enable_if_t<std::is_convertible_v<decltype(std::declval<Container&>().data()), T*> &&
                                                    std::is_integral_v<decltype(std::declval<Container&>().size())>,
                                                int> = 0>
    Values(Container&& container) noexcept : data_(container.data()), size_(static_cast<std::size_t>(container.size())) {}

    T* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    /* The size as the C interface counts; -1 if nobody told it. */
    std::int64_t length() const noexcept { return static_cast<std::int64_t>(size_); }

private:
    T* data_;
    std::size_t size_;
};

template <class Container>
Values(Container&& container) -> Values<std::remove_pointer_t<decltype(container.data())>>;

/* Where the values of a block lie in an array: how many along each axis, how far apart, and how many values stand before
 * the first. */
class Layout {
public:
    /* An array that holds the block and nothing else, the last axis fastest.
     *
     * - count     values along each axis, the slowest first */
    static Layout contiguous(const Index& count) { return ghosted(count, Index::all(count.rank(), 0)); }

    /* An array that is contiguous with the last axis fastest and has ghost layers around the block.
     *
     * - count     values of the block along each axis, without ghosts, the slowest first
     * - ghosts    layers along each axis, on either side */
    static Layout ghosted(const Index& count, const Index& ghosts) { return ghosted(count, ghosts, ghosts); }

    /* The same with different ghosts at the lower and the upper end of each axis. */
    static Layout ghosted(const Index& count, const Index& lower, const Index& upper) {
        Layout layout;
        layout.count_ = layout.strides_ = count;
        layout.consistent_ = count.fits() && lower.rank() == count.rank() && upper.rank() == count.rank();
        std::int64_t stride = 1;
        for (std::size_t axis = layout.rank(); axis-- > 0;) {
            layout.strides_[axis] = stride;
            layout.first_ += lower[axis] * stride;
            stride *= lower[axis] + count[axis] + upper[axis];
        }
        return layout;
    }

    /* Any array that has constant distances between neighbours.
     *
     * - count     values of the block along each axis, the slowest first
     * - strides   distance between neighbours along each axis, in values; may be negative
     * - first     values from the address that is put to the block's first value */
    static Layout strided(const Index& count, const Index& strides, std::int64_t first = 0) {
        Layout layout;
        layout.count_ = count;
        layout.strides_ = strides;
        layout.first_ = first;
        layout.consistent_ = count.fits() && strides.rank() == count.rank();
        return layout;
    }

    /* The same with distances in bytes: a field of a struct of any size. The address that is put is that of the first
     * value. */
    static Layout strided_bytes(const Index& count, const Index& strides) {
        Layout layout = strided(count, strides);
        layout.in_bytes_ = true;
        return layout;
    }

    /* The array behind a multidimensional view (std::mdspan, Kokkos::View, anything with extent(axis) and stride(axis)),
     * or its interior.
     *
     * - view      with 1 to LBK_MAX_RANK axes, the order of its indices being that of the variable's axes
     * - ghosts    layers along each axis on either side that do not belong to the block; nothing: none
     *
     * The address that is put is that of the view's first value. */
    template <class View>
    static Layout of(const View& view, const Index& ghosts = {}) {
        constexpr std::size_t rank = rank_of<View>();
        static_assert(rank >= 1 && rank <= LBK_MAX_RANK, "variables have 1 to LBK_MAX_RANK axes");
        Layout layout;
        layout.count_ = layout.strides_ = Index::all(rank, 0);
        layout.consistent_ = ghosts.empty() || ghosts.rank() == rank;
        for (std::size_t axis = 0; axis < rank; axis++) {
            const std::int64_t layers = ghosts.empty() ? 0 : ghosts[axis];
            layout.strides_[axis] = static_cast<std::int64_t>(view.stride(axis));
            layout.count_[axis] = static_cast<std::int64_t>(view.extent(axis)) - 2 * layers;
            layout.first_ += layers * layout.strides_[axis];
        }
        return layout;
    }

    const Index& count() const noexcept { return count_; }
    const Index& strides() const noexcept { return strides_; }
    /* Values from the address that is put to the block's first value. */
    std::int64_t first() const noexcept { return first_; }
    std::size_t rank() const noexcept { return count_.fits() ? count_.rank() : 0; }
    /* False if the parts it was made of have different numbers of axes, or too many. */
    bool consistent() const noexcept { return consistent_; }
    /* True if strides() are bytes. */
    bool in_bytes() const noexcept { return in_bytes_; }

    /* The distances in bytes for values of a size. */
    Index byte_strides(std::size_t value) const noexcept {
        Index bytes = strides_;
        for (std::size_t axis = 0; axis < rank() && !in_bytes_; axis++) bytes[axis] *= static_cast<std::int64_t>(value);
        return bytes;
    }

    /* True if an array of `size` values of `value` bytes each, from the address that is put on, has all of the block in
     * it. */
    bool within(std::size_t size, std::size_t value) const noexcept {
        if (size == Values<char>::unknown) return true;
        const Index bytes = byte_strides(value);
        const auto width = static_cast<std::int64_t>(value);
        std::int64_t low = first_ * width, high = low + width;
        for (std::size_t axis = 0; axis < rank(); axis++)
            (bytes[axis] < 0 ? low : high) += (count_[axis] - 1) * bytes[axis];
        return low >= 0 && high <= static_cast<std::int64_t>(size) * width;
    }

private:
    Layout() noexcept = default;

    template <class View, class = void>
    struct has_static_rank : std::false_type {};
    template <class View>
    struct has_static_rank<View, std::void_t<decltype(std::integral_constant<std::size_t, View::rank()>{})>>
        : std::true_type {};

    template <class View>
    static constexpr std::size_t rank_of() {
        if constexpr (has_static_rank<View>::value)
            return View::rank();
        else
            return View::rank;
    }

    Index count_, strides_;
    std::int64_t first_ = 0;
    bool consistent_ = true, in_bytes_ = false;
};

}  // namespace limbeck

#endif

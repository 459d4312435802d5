/* Reading: Archive. Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_ARCHIVE_HPP
#define LIMBECK_CPP_ARCHIVE_HPP

#include "variable.hpp"

#include <utility>
#include <vector>

namespace limbeck {

/* Which values of a variable: `count` along each axis from `start` on, every `every`th; the slowest axis first. An empty
 * start is 0, an empty every is 1, an empty count is all that is there. */
struct Box {
    Index start, count, every;
};

/* What the points of Archive::sample are counted in. */
enum class Coordinates : std::int32_t {
    index = LBK_COORD_INDEX,        // step index and index along each axis, from 0, fractional
    physical = LBK_COORD_PHYSICAL,  // time and coordinate along each axis, as the simulation gave them
};

/* A variable of an archive: its name, the global length of each axis, the slowest first, and the type that was handed in. */
struct VariableInfo {
    std::string name;
    Index shape;
    Type type;
};

/* A step of an archive: the simulation's own number and its physical time. */
struct StepInfo {
    std::int64_t cycle;
    double time;
};

/* An axis of a variable: the coordinate of every grid point; indices if none were set. */
struct Axis {
    std::string name, units;
    std::vector<double> coordinates;
};

/* An archive, or the journal of a run that is not finished. All calls may come from several threads at once, none is
 * collective. For a variable that is not there they throw invalid_argument (the message names the nearest). */
class Archive {
public:
#if LIMBECK_EXCEPTIONS
    /* Opens an archive ("run.lbk") or a run's directory ("run.lbk.d"); as open(). */
    explicit Archive(const std::string& path) : Archive(open(path)) {}
#endif

    /* Throws: invalid_argument if there is nothing of this name; io; corruption, truncated or compatibility if it is
     * damaged, ends early or is of a newer version. */
    template <class E = Errors>
    static Outcome<Archive, E> open(const std::string& path, E = E()) {
        lbk_archive* archive = nullptr;
        const lbk_status status = lbk_archive_open(path.c_str(), &archive);
        return detail::finish<E>(detail::status(status), [&] { return Archive(archive); });
    }

    Archive(Archive&& other) noexcept : archive_(std::exchange(other.archive_, nullptr)) {}
    Archive& operator=(Archive&& other) noexcept {
        std::swap(archive_, other.archive_);
        return *this;
    }
    ~Archive() { lbk_archive_close(&archive_); }

    /* All variables, in the order of definition. */
    template <class E = Errors>
    Outcome<std::vector<VariableInfo>, E> variables(E = E()) const {
        std::vector<VariableInfo> found;
        std::int64_t count = 0;
        lbk_status status = lbk_archive_variables(archive_, &count);
        for (std::int64_t i = 0; i < count && status <= 0; i++) {
            VariableInfo info{};
            status = detail::text(info.name, [&](char* buffer, std::size_t size, std::size_t* needed) {
                return lbk_archive_variable_name(archive_, i, buffer, size, needed);
            });
            if (status <= 0) status = describe(info);
            found.push_back(std::move(info));
        }
        return detail::finish<E>(detail::status(status), [&] { return std::move(found); });
    }

    /* One variable. */
    template <class E = Errors>
    Outcome<VariableInfo, E> variable(const std::string& name, E = E()) const {
        VariableInfo info{name, {}, Type::float32};
        const lbk_status status = describe(info);
        return detail::finish<E>(detail::status(status), [&] { return std::move(info); });
    }

    /* All steps, in the order of time; their index is that of read() and sample(). */
    template <class E = Errors>
    Outcome<std::vector<StepInfo>, E> steps(E = E()) const {
        std::int64_t count = 0;
        lbk_status status = lbk_archive_steps(archive_, 0, nullptr, nullptr, &count);
        std::vector<std::int64_t> cycles(static_cast<std::size_t>(count));
        std::vector<double> times(cycles.size());
        if (status <= 0 && count > 0) status = lbk_archive_steps(archive_, count, cycles.data(), times.data(), nullptr);
        return detail::finish<E>(detail::status(status), [&] {
            std::vector<StepInfo> found;
            found.reserve(cycles.size());
            for (std::size_t i = 0; i < cycles.size(); i++) found.push_back({cycles[i], times[i]});
            return found;
        });
    }

    /* The attributes of the run, as names and texts. */
    template <class E = Errors>
    Outcome<std::vector<std::pair<std::string, std::string>>, E> attributes(E errors = E()) const {
        return attributes_of(nullptr, errors);
    }

    /* Those of a variable. */
    template <class E = Errors>
    Outcome<std::vector<std::pair<std::string, std::string>>, E> attributes(const std::string& variable,
                                                                            E errors = E()) const {
        return attributes_of(variable.c_str(), errors);
    }

    /* Name, units and coordinates of an axis of a variable, 0 for the slowest one. Throws: invalid_argument. */
    template <class E = Errors>
    Outcome<Axis, E> axis(const std::string& variable, int number, E = E()) const {
        Axis found;
        std::int64_t length = 0;
        lbk_status status = lbk_archive_axis(archive_, variable.c_str(), number, 0, nullptr, &length);
        found.coordinates.resize(static_cast<std::size_t>(length));
        if (status <= 0 && length > 0)
            status = lbk_archive_axis(archive_, variable.c_str(), number, length, found.coordinates.data(), nullptr);
        if (status <= 0)
            status = detail::text(found.name, [&](char* buffer, std::size_t size, std::size_t* needed) {
                return lbk_archive_axis_name(archive_, variable.c_str(), number, buffer, size, needed);
            });
        if (status <= 0)
            status = detail::text(found.units, [&](char* buffer, std::size_t size, std::size_t* needed) {
                return lbk_archive_axis_units(archive_, variable.c_str(), number, buffer, size, needed);
            });
        return detail::finish<E>(detail::status(status), [&] { return std::move(found); });
    }

    /* All about the archive, as JSON: versions, bytes, variables, steps, networks, quality as it was measured. */
    template <class E = Errors>
    Outcome<std::string, E> info(E = E()) const {
        std::string json;
        const lbk_status status = detail::text(json, [&](char* buffer, std::size_t size, std::size_t* needed) {
            return lbk_archive_info(archive_, buffer, size, needed);
        });
        return detail::finish<E>(detail::status(status), [&] { return std::move(json); });
    }

    /* Reads a variable at one step, or a box of it.
     *
     * - variable  its name
     * - step      index of the step, from 0
     * - box       which values; nothing: all
     *
     * Gives the values as float or double, whatever was handed in, contiguous, the last axis fastest. Throws:
     * invalid_argument if the box is not within the variable or the step was lost; not_found for a step that is not
     * there; corruption, truncated, compatibility, io. */
    template <class T, class E = Errors>
    Outcome<std::vector<T>, E> read(const std::string& variable, std::int64_t step, const Box& box = {}, E = E()) const {
        std::vector<T> values;
        Box whole = box;
        Status status = complete(variable, whole);
        if (status.ok()) {
            values.resize(static_cast<std::size_t>(whole.count.product()));
            status = read_box(variable, step, whole, Values<T>(values));
        }
        return detail::finish<E>(std::move(status), [&] { return std::move(values); });
    }

    /* The same into memory of the caller's: a container, or Values{address, number}. Throws also invalid_argument if it
     * has less room than there are values. */
    template <class Container, class E = Errors>
    Outcome<void, E> read_into(Container&& out, const std::string& variable, std::int64_t step, const Box& box = {},
                               E = E()) const {
        Box whole = box;
        Status status = complete(variable, whole);
        if (status.ok()) status = read_box(variable, step, whole, Values(out));
        return detail::finish<E>(std::move(status));
    }

    /* The same into an array that is not contiguous: the inside of one with ghosts, say. What is in between stays.
     *
     * - out       the array that the layout describes, its ghosts included
     * - layout    where in it the values belong; as many along each axis as the box has; the box may leave its count
     *             empty */
    template <class Container, class E = Errors>
    Outcome<void, E> read_into(Container&& out, const Layout& layout, const std::string& variable, std::int64_t step,
                               const Box& box = {}, E = E()) const {
        const Values array(out);
        using T = std::remove_pointer_t<decltype(array.data())>;
        Box whole = box;
        if (whole.count.empty()) whole.count = layout.count();
        Status status = complete(variable, whole);
        if (status.ok() && (!layout.consistent() || layout.count() != whole.count || !layout.within(array.size(), sizeof(T))))
            status = detail::invalid("read: the layout has another number of values than the box, or leads out of the array");
        if (status.ok()) {
            const Index strides = layout.byte_strides(sizeof(T));
            status = detail::status(lbk_archive_read_strided(
                archive_, variable.c_str(), step, whole.start.data(), whole.count.data(), whole.every.data(),
                static_cast<lbk_type>(type_of<T>()), static_cast<std::int32_t>(layout.rank()), strides.data(),
                array.data() + layout.first()));
        }
        return detail::finish<E>(std::move(status));
    }

    /* Reads a variable at arbitrary points; between grid points and steps it is what the network says.
     *
     * - points       rows of 1 + rank numbers: time first, then the axes, the slowest first (t, z, y, x)
     * - coordinates  what the points are counted in
     *
     * Gives one value per point. Throws: invalid_argument, also for a point outside; corruption, truncated,
     * compatibility, io. */
    template <class T, class E = Errors>
    Outcome<std::vector<T>, E> sample(const std::string& variable, Values<const double> points, Coordinates coordinates,
                                      E = E()) const {
        std::vector<T> values;
        VariableInfo info{variable, {}, Type::float32};
        Status status = detail::status(describe(info));
        const std::size_t row = 1 + info.shape.rank();
        if (status.ok() && (points.size() == Values<double>::unknown || points.size() % row != 0))
            status = detail::invalid("sample: points are rows of " + std::to_string(row) + " numbers: time, then the axes");
        if (status.ok()) {
            values.resize(points.size() / row);
            status = detail::status(lbk_archive_sample(archive_, variable.c_str(), Values<T>(values).length(),
                                                       points.data(), static_cast<std::int32_t>(coordinates),
                                                       static_cast<lbk_type>(type_of<T>()), values.data()));
        }
        return detail::finish<E>(std::move(status), [&] { return std::move(values); });
    }

    /* For calls of limbeck.h; owned by this object. */
    lbk_archive* handle() const noexcept { return archive_; }

private:
    explicit Archive(lbk_archive* archive) noexcept : archive_(archive) {}

    /* Shape and type of the variable that info names. */
    lbk_status describe(VariableInfo& info) const {
        std::array<std::int64_t, LBK_MAX_RANK> shape{};
        std::int32_t rank = 0;
        lbk_type type = 0;
        const lbk_status status = lbk_archive_shape(archive_, info.name.c_str(), LBK_MAX_RANK, shape.data(), &rank, &type);
        if (status > 0) return status;
        info.shape = Index::all(static_cast<std::size_t>(rank), 0);
        for (std::size_t axis = 0; axis < info.shape.rank(); axis++) info.shape[axis] = shape[axis];
        info.type = static_cast<Type>(type);
        return status;
    }

    /* Puts numbers where a box has none. */
    Status complete(const std::string& variable, Box& box) const {
        VariableInfo info{variable, {}, Type::float32};
        const lbk_status status = describe(info);
        if (status > 0) return detail::status(status);
        const std::size_t rank = info.shape.rank();
        if (box.start.empty()) box.start = Index::all(rank, 0);
        if (box.every.empty()) box.every = Index::all(rank, 1);
        if (box.start.rank() != rank || box.every.rank() != rank || (!box.count.empty() && box.count.rank() != rank))
            return detail::invalid("read: the box must have as many axes as " + variable + ", " + std::to_string(rank));
        if (box.count.empty()) {
            box.count = info.shape;
            for (std::size_t axis = 0; axis < rank; axis++) {
                const std::int64_t every = box.every[axis], left = info.shape[axis] - box.start[axis];
                box.count[axis] = every > 0 && left > 0 ? (left - 1) / every + 1 : 1;
            }
        }
        for (std::size_t axis = 0; axis < rank; axis++)  // before memory is taken for it
            if (box.count[axis] < 0 || box.count[axis] > info.shape[axis])
                return detail::invalid("read: axis " + std::to_string(axis) + " of " + variable + " has " +
                                       std::to_string(info.shape[axis]) + " values, not " + std::to_string(box.count[axis]));
        return {};
    }

    template <class T>
    Status read_box(const std::string& variable, std::int64_t step, const Box& box, Values<T> out) const {
        if (out.size() < static_cast<std::size_t>(box.count.product()))
            return detail::invalid("read: there are " + std::to_string(box.count.product()) + " values, and room for " +
                                   std::to_string(out.size()));
        return detail::status(lbk_archive_read(archive_, variable.c_str(), step, box.start.data(), box.count.data(),
                                               box.every.data(), static_cast<lbk_type>(type_of<T>()), out.data()));
    }

    template <class E>
    Outcome<std::vector<std::pair<std::string, std::string>>, E> attributes_of(const char* variable, E) const {
        std::vector<std::pair<std::string, std::string>> found;
        std::int64_t count = 0;
        lbk_status status = lbk_archive_attributes(archive_, variable, &count);
        for (std::int64_t i = 0; i < count && status <= 0; i++) {
            std::pair<std::string, std::string> attribute;
            status = detail::text(attribute.first, [&](char* buffer, std::size_t size, std::size_t* needed) {
                return lbk_archive_attribute_name(archive_, variable, i, buffer, size, needed);
            });
            if (status <= 0)
                status = detail::text(attribute.second, [&](char* buffer, std::size_t size, std::size_t* needed) {
                    return lbk_archive_attribute(archive_, variable, attribute.first.c_str(), buffer, size, needed);
                });
            found.push_back(std::move(attribute));
        }
        return detail::finish<E>(detail::status(status), [&] { return std::move(found); });
    }

    lbk_archive* archive_ = nullptr;
};

}  // namespace limbeck

#endif

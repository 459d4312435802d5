/* A run that is written: Session, Step, distil(). Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_SESSION_HPP
#define LIMBECK_CPP_SESSION_HPP

#include "config.hpp"
#include "variable.hpp"

#include <chrono>
#include <exception>

namespace limbeck {

/* An MPI communicator, whatever the MPI, or none. It converts from MPI_Comm (with mpi.h included) and from a communicator
 * as a Fortran integer. */
class Communicator {
public:
    /* This process is alone. */
    Communicator() noexcept = default;
    /* From Fortran, or from MPI_Comm_c2f. In MPICH and its relatives an MPI_Comm is this very number. */
    Communicator(std::int32_t fortran) noexcept : fortran_(fortran) {}
    /* Where MPI_Comm is a pointer to a struct, as in Open MPI. */
    template <class Struct, std::enable_if_t<std::is_class_v<Struct>, int> = 0>
    Communicator(Struct* communicator) : fortran_(static_cast<std::int32_t>(MPI_Comm_c2f(communicator))) {}

    std::int32_t fortran() const noexcept { return fortran_; }
    bool none() const noexcept { return fortran_ == LBK_NO_COMM; }

private:
    std::int32_t fortran_ = LBK_NO_COMM;
};

/* A step of a run: every block of this process is put once, then commit() hands the step over. A step that is not
 * committed is cancelled by the destructor, as if it had never begun. Must not outlive its session. */
class Step {
public:
    Step(Step&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
    Step& operator=(Step&& other) noexcept {
        std::swap(session_, other.session_);
        return *this;
    }
    ~Step() { cancel(); }

    /* Hands a block over. The values are copied: the array is free on return.
     *
     * - block     which one
     * - data      the array that the block's layout describes, its ghosts included; if its size is known it is checked
     *
     * Throws: not_finite if there are NaN or infinities and the option "nonfinite" is "error" (the block may be put
     * again); queue_full if the option "queue.policy" is "error"; invalid_state if the block was put already;
     * invalid_argument. Warns: dropped if the policy is "drop" and the queue is full. */
    template <class T, class E = Errors>
    Outcome<void, E> put(const Block<T>& block, Values<const std::common_type_t<T>> data, E = E()) {
        const Layout& layout = block.layout();
        if (data.data() != nullptr && !layout.within(data.size(), sizeof(T)))
            return detail::finish<E>(detail::invalid("put: the array has " + std::to_string(data.size()) +
                                                     " values, and the layout of the block leads out of it"));
        const T* first = data.data() == nullptr ? nullptr : data.data() + layout.first();
        return detail::finish<E>(detail::status(lbk_put(session_, block.handle(), first)));
    }

    /* Hands over a block that lies otherwise in memory than add_block was told: in an array with other ghosts than that
     * of the step before, say.
     *
     * - layout    where the values are in `data`; as many along each axis as the block has
     *
     * Throws as above; invalid_argument also if the number of values is another. */
    template <class T, class E = Errors>
    Outcome<void, E> put(const Block<T>& block, const Layout& layout, Values<const std::common_type_t<T>> data, E = E()) {
        if (!layout.consistent() || (data.data() != nullptr && !layout.within(data.size(), sizeof(T))))
            return detail::finish<E>(detail::invalid("put: the layout contradicts itself or leads out of the array"));
        const Index strides = layout.byte_strides(sizeof(T));
        const T* first = data.data() == nullptr ? nullptr : data.data() + layout.first();
        return detail::finish<E>(detail::status(
            lbk_put_strided(session_, block.handle(), static_cast<lbk_type>(type_of<T>()),
                            static_cast<std::int32_t>(layout.rank()), layout.count().data(), strides.data(), first)));
    }

    /* Hands over a block whose layout was made of such a view (Layout::of). */
    template <class T, class View, class E = Errors, class = decltype(std::declval<const View&>().extent(0))>
    Outcome<void, E> put(const Block<T>& block, const View& view, E errors = E()) {
        const Layout& layout = block.layout();
        for (std::size_t axis = 0; axis < layout.rank(); axis++)
            if (layout.strides()[axis] != static_cast<std::int64_t>(view.stride(axis)))
                return detail::finish<E>(detail::invalid("put: the view's strides are not those of the block's layout"));
        return put(block, Values<const T>(address(view, 0)), errors);
    }

    /* Ends the step: it is accepted, and encoded while the simulation goes on. Waits only if the queue is full and the
     * option "queue.policy" says so.
     *
     * Throws: invalid_state if a block was not put (put it and commit again, or let go); io. Warns: dropped, degraded. */
    template <class E = Errors>
    Outcome<void, E> commit(E = E()) {
        Status status = detail::status(lbk_step_end(session_));
        if (status.ok()) session_ = nullptr;
        return detail::finish<E>(std::move(status));
    }

    /* Gives the step up. */
    void cancel() noexcept {
        if (session_ != nullptr) lbk_step_cancel(std::exchange(session_, nullptr));
    }

private:
    friend class Session;
    explicit Step(lbk_session* session) noexcept : session_(session) {}

    template <class View>
    static auto address(const View& view, int) -> decltype(view.data_handle()) {
        return view.data_handle();  // std::mdspan
    }
    template <class View>
    static auto address(const View& view, long) -> decltype(view.data()) {
        return view.data();  // Kokkos::View
    }

    lbk_session* session_;
};

/* A run that is being written. Its calls may come from any thread, one at a time; constructor, commit and close are
 * collective over the communicator, if there is one. */
class Session {
public:
    /* No run: for members that are assigned later. */
    Session() noexcept = default;

#if LIMBECK_EXCEPTIONS
    /* Opens a run of this process alone; as open(). */
    explicit Session(const std::string& path, const Config& config = Config()) : Session(Communicator(), path, config) {}

    /* Opens a run; as open(). Collective. */
    Session(Communicator communicator, const std::string& path, const Config& config = Config())
        : Session(open(communicator, path, config)) {}
#endif

    /* Opens a run. Variables and blocks are defined next, then comes commit(). Collective.
     *
     * - communicator  is duplicated; none: this process is alone
     * - path          of the archive that close() will write, say "run.lbk"; while the run goes on, its journal is in
     *                 the directory of that name with ".d" behind it (option "journal.dir")
     * - config        is copied
     *
     * Throws: compatibility for a communicator in a library without MPI; io if the directory cannot be written;
     * invalid_argument, also if another session writes this run, or it exists and option "open.mode" is "create". */
    template <class E = Errors>
    static Outcome<Session, E> open(Communicator communicator, const std::string& path, const Config& config, E = E()) {
        lbk_session* session = nullptr;
        const lbk_status status = lbk_session_open(config.handle(), path.c_str(), communicator.fortran(), &session);
        return detail::finish<E>(detail::status(status), [&] {
            Session opened;
            opened.session_ = session;
            opened.collective_ = !communicator.none();
            return opened;
        });
    }

    Session(Session&& other) noexcept { swap(other); }
    Session& operator=(Session&& other) noexcept {
        swap(other);
        return *this;
    }

    /* Closes the run, as close() does, and tells nobody how that went. While an exception passes on a rank of a
     * communicator the others may not be coming: the run is left in its journal then, and `limbeck distill` makes the
     * archive. */
    ~Session() {
        if (session_ == nullptr) return;
        if (collective_ && std::uncaught_exceptions() > exceptions_)
            lbk_session_wait(session_, INT64_MAX, 60.0);
        else
            lbk_session_close(&session_);
    }

    /* Attaches a text to the run: who made it, with what, anything. Before commit; rank 0 counts. */
    template <class E = Errors>
    Outcome<void, E> set_attribute(const std::string& name, const std::string& value, E = E()) {
        return detail::finish<E>(detail::status(lbk_session_set_attribute(session_, name.c_str(), value.c_str())));
    }

    /* Defines a variable with values of type T (float or double); every rank defines the same ones in the same order.
     * Before commit.
     *
     * - name        different from the others, at most 255 bytes
     * - shape       the global length of each axis, all ranks together, the slowest axis first; 1 to LBK_MAX_RANK axes
     * - attributes  its units, long name, anything
     *
     * Throws: invalid_argument; invalid_state after commit. */
    template <class T, class E = Errors>
    Outcome<Variable<T>, E> define(const std::string& name, const Index& shape, Attributes attributes = {}, E = E()) {
        lbk_variable* variable = nullptr;
        lbk_status status = lbk_variable_define(session_, name.c_str(), static_cast<lbk_type>(type_of<T>()),
                                                static_cast<std::int32_t>(shape.rank()), shape.data(), &variable);
        for (const auto& [attribute, value] : attributes)
            if (status <= 0) status = lbk_variable_set_attribute(variable, attribute, value);
        return detail::finish<E>(detail::status(status), [&] { return Variable<T>(variable, shape); });
    }

    template <class T>
    Result<Variable<T>> define(const std::string& name, const Index& shape, std::nothrow_t errors) {
        return define<T>(name, shape, {}, errors);
    }

    /* Variable::set_axis for every variable that is defined by now and has this axis. */
    template <class E = Errors>
    Outcome<void, E> set_axis(int axis, const std::string& name, const std::string& units, double origin, double spacing,
                              E = E()) {
        return detail::finish<E>(
            detail::status(lbk_session_set_axis(session_, axis, name.c_str(), units.c_str(), origin, spacing)));
    }

    template <class E = Errors>
    Outcome<void, E> set_axis(int axis, const std::string& name, const std::string& units,
                              Values<const double> coordinates, E = E()) {
        return detail::finish<E>(detail::status(lbk_session_set_axis_coordinates(
            session_, axis, name.c_str(), units.c_str(), coordinates.length(), coordinates.data())));
    }

    /* Ends the description of the run: from now on steps are taken. Collective.
     *
     * Throws: invalid_argument if variables, blocks or options do not fit together, or ranks disagree; io. */
    template <class E = Errors>
    Outcome<void, E> commit(E = E()) {
        return detail::finish<E>(detail::status(lbk_session_commit(session_)));
    }

    /* Begins a step.
     *
     * - cycle     the simulation's own number of the step; greater than that of the step before
     * - time      physical time; finite
     *
     * Throws: invalid_argument; invalid_state before commit or within a step; or, once, what failed on a worker since
     * the last call (call again to go on). */
    template <class E = Errors>
    Outcome<Step, E> step(std::int64_t cycle, double time, E = E()) {
        return detail::finish<E>(detail::status(lbk_step_begin(session_, cycle, time)), [&] { return Step(session_); });
    }

    /* Up to which cycle every accepted step of this process is in the journal, and thus survives the process; nothing if
     * there is none yet. */
    template <class E = Errors>
    Outcome<std::optional<std::int64_t>, E> durable(E = E()) {
        std::int64_t cycle = LBK_NO_CYCLE;
        return detail::finish<E>(detail::status(lbk_session_durable(session_, &cycle)), [&] {
            return cycle == LBK_NO_CYCLE ? std::nullopt : std::optional<std::int64_t>(cycle);
        });
    }

    /* Waits until every accepted step up to a cycle is durable. Gives false if that took longer than the time given; a
     * negative one waits as long as it takes. Throws, once: what failed on a worker. */
    template <class E = Errors>
    Outcome<bool, E> wait(std::int64_t cycle, std::chrono::duration<double> timeout, E = E()) {
        const lbk_status status = lbk_session_wait(session_, cycle, timeout.count());
        return detail::finish<E>(detail::status(status == LBK_TIMEOUT ? LBK_OK : status),
                                 [&] { return status != LBK_TIMEOUT; });
    }

    /* Waits until every step that was accepted is durable. */
    template <class E = Errors>
    Outcome<void, E> wait(E = E()) {
        return detail::finish<E>(detail::status(lbk_session_wait(session_, INT64_MAX, -1.0)));
    }

    /* What the run has done and cost so far, as JSON. */
    template <class E = Errors>
    Outcome<std::string, E> metrics(E = E()) {
        std::string json;
        const lbk_status status = detail::text(json, [&](char* buffer, std::size_t size, std::size_t* needed) {
            return lbk_session_metrics(session_, buffer, size, needed);
        });
        return detail::finish<E>(detail::status(status), [&] { return std::move(json); });
    }

    /* Ends the run: waits until every accepted step is durable, distils (option "distil.when") and writes the archive.
     * It may take minutes (option "distil.time_limit"). The session is over, whatever comes back; its variables and
     * blocks are gone. Collective; before MPI_Finalize.
     *
     * Throws what failed first and was not told before; the journal is kept then, and `limbeck distill` can finish the
     * run. Warns: dropped or degraded if the archive has less than was asked for. */
    template <class E = Errors>
    Outcome<void, E> close(E = E()) {
        return detail::finish<E>(detail::status(lbk_session_close(&session_)));
    }

    /* For calls of limbeck.h; owned by this object. */
    lbk_session* handle() const noexcept { return session_; }

private:
    void swap(Session& other) noexcept {
        std::swap(session_, other.session_);
        std::swap(collective_, other.collective_);
        std::swap(exceptions_, other.exceptions_);
    }

    lbk_session* session_ = nullptr;
    bool collective_ = false;
    int exceptions_ = std::uncaught_exceptions();
};

/* Distils the journal of a run that was not distilled at close, or that died, into an archive.
 *
 * - run       directory of the run, say "run.lbk.d"
 * - archive   path of the archive to be written
 * - config    the options; targets and what concerns the distillation count, the rest was fixed by the run
 *
 * Throws: io; corruption, truncated or compatibility for a journal that cannot be read; invalid_argument, also if it is
 * being written. Warns: degraded. */
template <class E = Errors>
Outcome<void, E> distil(const std::string& run, const std::string& archive, const Config& config, E = E()) {
    return detail::finish<E>(detail::status(lbk_distil(run.c_str(), archive.c_str(), config.handle())));
}

#if LIMBECK_EXCEPTIONS
inline Status distil(const std::string& run, const std::string& archive) { return distil(run, archive, Config()); }
#endif

}  // namespace limbeck

#endif

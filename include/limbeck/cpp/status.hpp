/* What calls return: Status, Result, Error; log and versions. Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_STATUS_HPP
#define LIMBECK_CPP_STATUS_HPP

#ifdef LIMBECK_STUB
#include "../limbeck_stub.h"
#else
#include "../limbeck.h"
#endif

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace limbeck {

/* The statuses of limbeck.h. A newer library may return others; they keep their number. */
enum class Code : std::int32_t {
    ok = LBK_OK,
    dropped = LBK_DROPPED,
    degraded = LBK_DEGRADED,
    invalid_argument = LBK_INVALID_ARGUMENT,
    invalid_handle = LBK_INVALID_HANDLE,
    invalid_state = LBK_INVALID_STATE,
    compatibility = LBK_COMPATIBILITY,
    corruption = LBK_CORRUPTION,
    truncated = LBK_TRUNCATED,
    io = LBK_IO,
    mpi = LBK_MPI,
    device = LBK_DEVICE,
    internal = LBK_INTERNAL,
    not_finite = LBK_NOT_FINITE,
    queue_full = LBK_QUEUE_FULL,
    timeout = LBK_TIMEOUT,
    buffer_too_small = LBK_BUFFER_TOO_SMALL,
    not_found = LBK_NOT_FOUND,
};

/* The name as it stands in limbeck.h, say "LBK_IO". */
inline const char* name(Code code) noexcept { return lbk_status_name(static_cast<lbk_status>(code)); }

/* How a call ended: well, with a warning (it did its work), or with an error; and the sentence about it. */
class Status {
public:
    Status() noexcept = default;
    Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    Code code() const noexcept { return code_; }
    const std::string& message() const noexcept { return message_; }
    /* The call did its work, warned or not. */
    bool ok() const noexcept { return static_cast<std::int32_t>(code_) <= 0; }
    /* The call did its work, and something about it should be known: steps dropped, fewer samples than asked for. */
    bool warned() const noexcept { return static_cast<std::int32_t>(code_) < 0; }
    bool failed() const noexcept { return static_cast<std::int32_t>(code_) > 0; }

private:
    Code code_ = Code::ok;
    std::string message_;
};

/* A failed call. what() is the message: which call, what was wrong, and what to do. */
class Error : public std::runtime_error {
public:
    explicit Error(const Status& status) : std::runtime_error(status.message()), code_(status.code()) {}

    Code code() const noexcept { return code_; }

private:
    Code code_;
};

/* What a call with std::nothrow gives: the value, or the reason why there is none. */
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value, Status status = {}) : status_(std::move(status)), value_(std::move(value)) {}
    Result(Status failure) : status_(std::move(failure)) {}

    const Status& status() const noexcept { return status_; }
    bool ok() const noexcept { return value_.has_value(); }
    bool failed() const noexcept { return !ok(); }
    explicit operator bool() const noexcept { return ok(); }

    /* Only if ok(). */
    T& operator*() & noexcept { return *value_; }
    const T& operator*() const& noexcept { return *value_; }
    T&& operator*() && noexcept { return *std::move(value_); }
    T* operator->() noexcept { return &*value_; }
    const T* operator->() const noexcept { return &*value_; }

private:
    Status status_;
    std::optional<T> value_;
};

/* What a call with std::nothrow gives that has no value. */
template <>
class [[nodiscard]] Result<void> : public Status {
public:
    Result(Status status) : Status(std::move(status)) {}

    const Status& status() const noexcept { return *this; }
    explicit operator bool() const noexcept { return ok(); }
};

/* How calls report errors unless they are told: they throw. */
struct Throwing {
    explicit Throwing() = default;
};

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define LIMBECK_EXCEPTIONS 1
using Errors = Throwing;
#else
#define LIMBECK_EXCEPTIONS 0
using Errors = std::nothrow_t;
#endif

namespace detail {

template <class T, class E>
struct outcome {};  // nothing: an argument that is no tag belongs to another overload
template <class T>
struct outcome<T, Throwing> : std::conditional<std::is_void_v<T>, Status, T> {};
template <class T>
struct outcome<T, std::nothrow_t> {
    using type = Result<T>;
};

}  // namespace detail

/* What a call gives: its value, or for calls without one a Status that says whether there was a warning. With
 * std::nothrow as last argument: a Result. */
template <class T, class E>
using Outcome = typename detail::outcome<T, E>::type;

namespace detail {

/* A text of the C interface that tells its size first; between the two calls it may grow. */
template <class Call>
lbk_status text(std::string& out, Call call) {
    std::size_t needed = 0;
    lbk_status status = call(nullptr, std::size_t{0}, &needed);
    while (status == LBK_OK || status == LBK_BUFFER_TOO_SMALL) {
        out.resize(needed);
        status = call(out.data(), out.size(), &needed);
        if (status == LBK_OK) {
            out.resize(needed > 0 ? needed - 1 : 0);
            break;
        }
        if (status == LBK_BUFFER_TOO_SMALL && needed <= out.size()) break;
    }
    return status;
}

/* Fetches the sentence that belongs to a status of the calling thread's last call. */
inline Status status(lbk_status number) {
    if (number == LBK_OK) return {};
    std::string message;
    std::size_t needed = 0;
    lbk_last_error(nullptr, 0, &needed);
    message.resize(needed);
    lbk_last_error(message.data(), message.size(), nullptr);
    message.resize(needed > 0 ? needed - 1 : 0);
    return Status(static_cast<Code>(number), std::move(message));
}

inline Status invalid(std::string message) { return Status(Code::invalid_argument, std::move(message)); }

template <class E>
void raise([[maybe_unused]] const Status& status) {
#if LIMBECK_EXCEPTIONS
    if constexpr (!std::is_same_v<E, std::nothrow_t>)
        if (status.failed()) throw Error(status);
#else
    static_assert(std::is_same_v<E, std::nothrow_t>, "without exceptions calls return Result");
#endif
}

/* Ends a call without a value. */
template <class E>
Outcome<void, E> finish(Status status) {
    raise<E>(status);
    return status;
}

/* Ends a call with the value that `make` gives if it went well. */
template <class E, class Make, class T = std::invoke_result_t<Make>>
Outcome<T, E> finish(Status status, Make make) {
    raise<E>(status);
    if constexpr (std::is_same_v<E, std::nothrow_t>) {
        if (status.failed()) return Result<T>(std::move(status));
        return Result<T>(make(), std::move(status));
    } else {
        return make();
    }
}

}  // namespace detail

/* The version of the library that is loaded, say "0.1.0". */
inline const char* version() noexcept { return lbk_version(); }

/* The ABI of the library that is loaded; LBK_ABI_VERSION is that of the header. */
inline int abi_version() noexcept { return lbk_abi_version(); }

/* How important a line of the log is. */
enum class Level : std::int32_t {
    error = LBK_LOG_ERROR,
    warning = LBK_LOG_WARNING,
    info = LBK_LOG_INFO,
    debug = LBK_LOG_DEBUG,
};

/* Sets where limbeck's log goes, for all sessions of the process; without a log it goes nowhere.
 *
 * - level     the least important level that is wanted
 * - log       called as log(Level, std::string_view), the text being valid during the call only. It runs on the thread
 *             that has something to say, on several at once, and must not call limbeck; what it throws is caught and
 *             forgotten. An empty function ends the log. It is kept until the process ends, as a thread may be in it
 *
 * Throws: invalid_state in a host written in Rust that has a subscriber of its own. */
template <class E = Errors>
Outcome<void, E> set_log(Level level, std::function<void(Level, std::string_view)> log, E = E()) {
    using Log = std::function<void(Level, std::string_view)>;
    if (!log) return detail::finish<E>(detail::status(lbk_set_log_callback(nullptr, LBK_LOG_ERROR, nullptr)));
    static std::mutex mutex;
    static std::list<Log>& kept = *new std::list<Log>;  // never freed: workers may log while the process ends
    const std::lock_guard<std::mutex> lock(mutex);
    kept.push_back(std::move(log));
    const lbk_log_callback call = [](std::int32_t number, const char* message, void* user) {
#if LIMBECK_EXCEPTIONS
        try {
            (*static_cast<Log*>(user))(static_cast<Level>(number), message);
        } catch (...) {
        }
#else
        (*static_cast<Log*>(user))(static_cast<Level>(number), message);
#endif
    };
    return detail::finish<E>(detail::status(lbk_set_log_callback(call, static_cast<std::int32_t>(level), &kept.back())));
}

}  // namespace limbeck

#endif

/* limbeck, left out: the calls of limbeck.h as functions that do nothing, for builds without the library.
 *
 * Generated from rust/capi by `cargo run -p limbeck --example header`; not to be edited.
 *
 *     #ifdef HAVE_LIMBECK
 *     #include <limbeck/limbeck.h>
 *     #else
 *     #include <limbeck/limbeck_stub.h>
 *     #endif
 *
 * Calls that write (config, session, variable, block, step, distil) set their outputs and return LBK_OK, as with
 * LIMBECK_MODE=off. Calls that read archives return LBK_COMPATIBILITY. Nothing has to be linked. limbeck.h, included
 * later (limbeck.hpp does so), adds nothing.
 */

#ifndef LIMBECK_STUB_H
#define LIMBECK_STUB_H

#ifdef LIMBECK_LIMBECK_H
#error "include either limbeck.h or limbeck_stub.h"
#endif
#define LIMBECK_LIMBECK_H

#include <stddef.h>
#include <stdint.h>
#include "version.h"

// For the log callback: something failed; a call will return it too.
#define LBK_LOG_ERROR 1

// For the log callback: something went on with less than was asked for.
#define LBK_LOG_WARNING 2

// For the log callback: what a user wants to know about a run.
#define LBK_LOG_INFO 3

// For the log callback: per step and block.
#define LBK_LOG_DEBUG 4

// For lbk_session_open: this process is alone.
#define LBK_NO_COMM (-1)

// Most axes that a variable may have.
#define LBK_MAX_RANK 3

// From lbk_session_durable: no step is durable yet.
#define LBK_NO_CYCLE INT64_MIN

// For lbk_archive_sample: points are (step index, index along each axis), both counted from 0 and fractional.
#define LBK_COORD_INDEX 0

// For lbk_archive_sample: points are (time, coordinate along each axis), as they were given to lbk_step_begin and
// lbk_session_set_axis.
#define LBK_COORD_PHYSICAL 1

// An archive, or the journal of a run that is not finished, opened for reading; from lbk_archive_open to
// lbk_archive_close. All calls on it may come from several threads at once.
typedef struct lbk_archive lbk_archive;

// A block of a variable: the box of it that lies in one array of this process; freed with its session.
typedef struct lbk_block lbk_block;

// The options of a session. Owned by the caller from lbk_config_create to lbk_config_free.
typedef struct lbk_config lbk_config;

// A run that is being written, from lbk_session_open to lbk_session_close, which frees it and everything defined in it.
typedef struct lbk_session lbk_session;

// A variable of a run; freed with its session.
typedef struct lbk_variable lbk_variable;

// Result of a call: 0 is success, a positive number an error, a negative one a warning (the call did its work, and
// something about it should be known). Numbers are explicit, never reused, and only ever added to.
//
// After anything but LBK_OK, lbk_last_error has a sentence about it for the calling thread.
// Since 0.1.
typedef int32_t lbk_status;

// Receives one line of the log: its level (LBK_LOG_ERROR to LBK_LOG_DEBUG), the text without a newline, valid during the
// call only, and the pointer that was given with the callback. It runs on the thread that has something to say, worker
// threads included, and on several at once; it must not call limbeck and must not throw or jump out.
typedef void (*lbk_log_callback)(int32_t level, const char *message, void *user);

// Type of the values of an array.
typedef int32_t lbk_type;

// The call did what it says.
#define LBK_OK 0

// Warning: the step is dropped, as the policy `drop` allows when the queue is full, or since the journal cannot be
// written any more; the simulation goes on as if it were not.
#define LBK_DROPPED (-1)

// Warning: the call did its work with less than was asked for (fewer samples, a worker on the simulation's core).
#define LBK_DEGRADED (-2)

// An argument is NULL, out of range, or contradicts another one; nothing was changed.
#define LBK_INVALID_ARGUMENT 1

// The handle is NULL, was closed or freed, or is of another kind.
#define LBK_INVALID_HANDLE 2

// The call is not allowed now, say a put outside of a step.
#define LBK_INVALID_STATE 3

// Something asked for or found is beyond this build: a communicator, a newer archive format, an unknown method.
#define LBK_COMPATIBILITY 4

// A file contradicts itself.
#define LBK_CORRUPTION 5

// A file ends too early.
#define LBK_TRUNCATED 6

// The operating system refused to read or write; the message has its reason.
#define LBK_IO 7

// MPI failed.
#define LBK_MPI 8

// The compute device failed or is not there.
#define LBK_DEVICE 9

// A defect in limbeck; please report the message.
#define LBK_INTERNAL 10

// The data has NaN or infinities and the policy `nonfinite` is `error`; the block was not taken.
#define LBK_NOT_FINITE 11

// The queue is full and its policy is `error`; the block was not taken, and the step is open still.
#define LBK_QUEUE_FULL 12

// What was waited for did not happen within the given time.
#define LBK_TIMEOUT 13

// The memory handed in for an output is too small; the required size was set, nothing else was written.
#define LBK_BUFFER_TOO_SMALL 14

// No attribute of this name, or no variable, attribute or step of this index.
#define LBK_NOT_FOUND 15

// IEEE 754 single precision, a C float.
#define LBK_FLOAT32 1

// IEEE 754 double precision, a C double.
#define LBK_FLOAT64 2

/* Something for handles to point at that is not NULL. */
static inline void *lbk_stub_handle(void) {
    static char handle;
    return &handle;
}

/* Gives out a text as limbeck does: whole or not at all. */
static inline void lbk_stub_text(const char *text, char *buffer, size_t size, size_t *needed) {
    size_t i = 0, length = 0;
    while (text[length]) length++;
    if (needed) *needed = length + 1;
    if (!buffer || size <= length) return;
    for (i = 0; i <= length; i++) buffer[i] = text[i];
}

static inline const char *lbk_status_name(lbk_status status) {
    switch (status) {
    case LBK_OK: return "LBK_OK";
    case LBK_DROPPED: return "LBK_DROPPED";
    case LBK_DEGRADED: return "LBK_DEGRADED";
    case LBK_INVALID_ARGUMENT: return "LBK_INVALID_ARGUMENT";
    case LBK_INVALID_HANDLE: return "LBK_INVALID_HANDLE";
    case LBK_INVALID_STATE: return "LBK_INVALID_STATE";
    case LBK_COMPATIBILITY: return "LBK_COMPATIBILITY";
    case LBK_CORRUPTION: return "LBK_CORRUPTION";
    case LBK_TRUNCATED: return "LBK_TRUNCATED";
    case LBK_IO: return "LBK_IO";
    case LBK_MPI: return "LBK_MPI";
    case LBK_DEVICE: return "LBK_DEVICE";
    case LBK_INTERNAL: return "LBK_INTERNAL";
    case LBK_NOT_FINITE: return "LBK_NOT_FINITE";
    case LBK_QUEUE_FULL: return "LBK_QUEUE_FULL";
    case LBK_TIMEOUT: return "LBK_TIMEOUT";
    case LBK_BUFFER_TOO_SMALL: return "LBK_BUFFER_TOO_SMALL";
    case LBK_NOT_FOUND: return "LBK_NOT_FOUND";
    default: return "LBK_UNKNOWN";
    }
}

static inline const char *lbk_version(void) {
    return LBK_VERSION;
}

static inline int32_t lbk_abi_version(void) {
    return LBK_ABI_VERSION;
}

static inline lbk_status lbk_last_error(char *buffer,
                          size_t size,
                          size_t *needed) {
    lbk_stub_text("this program was built without limbeck (limbeck_stub.h), so it cannot read archives", buffer, size, needed);
    return LBK_OK;
}

static inline lbk_status lbk_set_log_callback(lbk_log_callback callback,
                                int32_t level,
                                void *user) {
    (void)(callback);
    (void)(level);
    (void)(user);
    return LBK_OK;
}

static inline lbk_status lbk_config_create(lbk_config **config) {
    if (config) *config = (lbk_config *)lbk_stub_handle();
    return LBK_OK;
}

static inline lbk_status lbk_config_set(lbk_config *config,
                          const char *name,
                          const char *value) {
    (void)(config);
    (void)(name);
    (void)(value);
    return LBK_OK;
}

static inline lbk_status lbk_config_load(lbk_config *config,
                           const char *path) {
    (void)(config);
    (void)(path);
    return LBK_OK;
}

static inline lbk_status lbk_config_get(const lbk_config *config,
                          const char *name,
                          char *buffer,
                          size_t size,
                          size_t *needed) {
    (void)(config);
    (void)(name);
    lbk_stub_text("", buffer, size, needed);
    return LBK_OK;
}

static inline lbk_status lbk_config_free(lbk_config *config) {
    (void)(config);
    return LBK_OK;
}

static inline lbk_status lbk_options(char *buffer,
                       size_t size,
                       size_t *needed) {
    lbk_stub_text("", buffer, size, needed);
    return LBK_OK;
}

static inline lbk_status lbk_session_open(const lbk_config *config,
                            const char *path,
                            int32_t communicator,
                            lbk_session **session) {
    (void)(config);
    (void)(path);
    (void)(communicator);
    if (session) *session = (lbk_session *)lbk_stub_handle();
    return LBK_OK;
}

static inline lbk_status lbk_session_set_attribute(lbk_session *session,
                                     const char *name,
                                     const char *value) {
    (void)(session);
    (void)(name);
    (void)(value);
    return LBK_OK;
}

static inline lbk_status lbk_session_commit(lbk_session *session) {
    (void)(session);
    return LBK_OK;
}

static inline lbk_status lbk_session_metrics(lbk_session *session,
                               char *buffer,
                               size_t size,
                               size_t *needed) {
    (void)(session);
    lbk_stub_text("{}", buffer, size, needed);
    return LBK_OK;
}

static inline lbk_status lbk_session_close(lbk_session **session) {
    if (session) *session = NULL;
    return LBK_OK;
}

static inline lbk_status lbk_variable_define(lbk_session *session,
                               const char *name,
                               lbk_type type,
                               int32_t rank,
                               const int64_t *shape,
                               lbk_variable **variable) {
    (void)(session);
    (void)(name);
    (void)(type);
    (void)(rank);
    (void)(shape);
    if (variable) *variable = (lbk_variable *)lbk_stub_handle();
    return LBK_OK;
}

static inline lbk_status lbk_variable_set_attribute(lbk_variable *variable,
                                      const char *name,
                                      const char *value) {
    (void)(variable);
    (void)(name);
    (void)(value);
    return LBK_OK;
}

static inline lbk_status lbk_variable_add_block(lbk_variable *variable,
                                  const int64_t *offset,
                                  const int64_t *count,
                                  const int64_t *strides,
                                  lbk_block **block) {
    (void)(variable);
    (void)(offset);
    (void)(count);
    (void)(strides);
    if (block) *block = (lbk_block *)lbk_stub_handle();
    return LBK_OK;
}

static inline lbk_status lbk_variable_set_axis(lbk_variable *variable,
                                 int32_t axis,
                                 const char *name,
                                 const char *units,
                                 double origin,
                                 double spacing) {
    (void)(variable);
    (void)(axis);
    (void)(name);
    (void)(units);
    (void)(origin);
    (void)(spacing);
    return LBK_OK;
}

static inline lbk_status lbk_variable_set_axis_coordinates(lbk_variable *variable,
                                             int32_t axis,
                                             const char *name,
                                             const char *units,
                                             int64_t length,
                                             const double *coordinates) {
    (void)(variable);
    (void)(axis);
    (void)(name);
    (void)(units);
    (void)(length);
    (void)(coordinates);
    return LBK_OK;
}

static inline lbk_status lbk_session_set_axis(lbk_session *session,
                                int32_t axis,
                                const char *name,
                                const char *units,
                                double origin,
                                double spacing) {
    (void)(session);
    (void)(axis);
    (void)(name);
    (void)(units);
    (void)(origin);
    (void)(spacing);
    return LBK_OK;
}

static inline lbk_status lbk_session_set_axis_coordinates(lbk_session *session,
                                            int32_t axis,
                                            const char *name,
                                            const char *units,
                                            int64_t length,
                                            const double *coordinates) {
    (void)(session);
    (void)(axis);
    (void)(name);
    (void)(units);
    (void)(length);
    (void)(coordinates);
    return LBK_OK;
}

static inline lbk_status lbk_step_begin(lbk_session *session,
                          int64_t cycle,
                          double time) {
    (void)(session);
    (void)(cycle);
    (void)(time);
    return LBK_OK;
}

static inline lbk_status lbk_put(lbk_session *session,
                   const lbk_block *block,
                   const void *data) {
    (void)(session);
    (void)(block);
    (void)(data);
    return LBK_OK;
}

static inline lbk_status lbk_put_strided(lbk_session *session,
                           const lbk_block *block,
                           lbk_type type,
                           int32_t rank,
                           const int64_t *count,
                           const int64_t *strides,
                           const void *data) {
    (void)(session);
    (void)(block);
    (void)(type);
    (void)(rank);
    (void)(count);
    (void)(strides);
    (void)(data);
    return LBK_OK;
}

static inline lbk_status lbk_step_end(lbk_session *session) {
    (void)(session);
    return LBK_OK;
}

static inline lbk_status lbk_step_cancel(lbk_session *session) {
    (void)(session);
    return LBK_OK;
}

static inline lbk_status lbk_session_durable(lbk_session *session,
                               int64_t *cycle) {
    (void)(session);
    if (cycle) *cycle = INT64_MAX;
    return LBK_OK;
}

static inline lbk_status lbk_session_wait(lbk_session *session,
                            int64_t cycle,
                            double timeout) {
    (void)(session);
    (void)(cycle);
    (void)(timeout);
    return LBK_OK;
}

static inline lbk_status lbk_distil(const char *run,
                      const char *archive,
                      const lbk_config *config) {
    (void)(run);
    (void)(archive);
    (void)(config);
    return LBK_OK;
}

static inline lbk_status lbk_archive_open(const char *path,
                            lbk_archive **archive) {
    (void)(path);
    (void)(archive);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_variables(const lbk_archive *archive, int64_t *count) {
    (void)(archive);
    (void)(count);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_variable_name(const lbk_archive *archive,
                                     int64_t index,
                                     char *buffer,
                                     size_t size,
                                     size_t *needed) {
    (void)(archive);
    (void)(index);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_shape(const lbk_archive *archive,
                             const char *variable,
                             int32_t capacity,
                             int64_t *shape,
                             int32_t *rank,
                             lbk_type *type) {
    (void)(archive);
    (void)(variable);
    (void)(capacity);
    (void)(shape);
    (void)(rank);
    (void)(type);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_steps(const lbk_archive *archive,
                             int64_t capacity,
                             int64_t *cycles,
                             double *times,
                             int64_t *count) {
    (void)(archive);
    (void)(capacity);
    (void)(cycles);
    (void)(times);
    (void)(count);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_attributes(const lbk_archive *archive, const char *variable, int64_t *count) {
    (void)(archive);
    (void)(variable);
    (void)(count);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_attribute_name(const lbk_archive *archive,
                                      const char *variable,
                                      int64_t index,
                                      char *buffer,
                                      size_t size,
                                      size_t *needed) {
    (void)(archive);
    (void)(variable);
    (void)(index);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_attribute(const lbk_archive *archive,
                                 const char *variable,
                                 const char *name,
                                 char *buffer,
                                 size_t size,
                                 size_t *needed) {
    (void)(archive);
    (void)(variable);
    (void)(name);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_info(const lbk_archive *archive,
                            char *buffer,
                            size_t size,
                            size_t *needed) {
    (void)(archive);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_close(lbk_archive **archive) {
    if (archive) *archive = NULL;
    return LBK_OK;
}

static inline lbk_status lbk_archive_axis(const lbk_archive *archive,
                            const char *variable,
                            int32_t axis,
                            int64_t capacity,
                            double *coordinates,
                            int64_t *length) {
    (void)(archive);
    (void)(variable);
    (void)(axis);
    (void)(capacity);
    (void)(coordinates);
    (void)(length);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_axis_name(const lbk_archive *archive,
                                 const char *variable,
                                 int32_t axis,
                                 char *buffer,
                                 size_t size,
                                 size_t *needed) {
    (void)(archive);
    (void)(variable);
    (void)(axis);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_axis_units(const lbk_archive *archive,
                                  const char *variable,
                                  int32_t axis,
                                  char *buffer,
                                  size_t size,
                                  size_t *needed) {
    (void)(archive);
    (void)(variable);
    (void)(axis);
    (void)(buffer);
    (void)(size);
    (void)(needed);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_read(const lbk_archive *archive,
                            const char *variable,
                            int64_t step,
                            const int64_t *start,
                            const int64_t *count,
                            const int64_t *every,
                            lbk_type type,
                            void *out) {
    (void)(archive);
    (void)(variable);
    (void)(step);
    (void)(start);
    (void)(count);
    (void)(every);
    (void)(type);
    (void)(out);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_read_strided(const lbk_archive *archive,
                                    const char *variable,
                                    int64_t step,
                                    const int64_t *start,
                                    const int64_t *count,
                                    const int64_t *every,
                                    lbk_type type,
                                    int32_t rank,
                                    const int64_t *strides,
                                    void *out) {
    (void)(archive);
    (void)(variable);
    (void)(step);
    (void)(start);
    (void)(count);
    (void)(every);
    (void)(type);
    (void)(rank);
    (void)(strides);
    (void)(out);
    return LBK_COMPATIBILITY;
}

static inline lbk_status lbk_archive_sample(const lbk_archive *archive,
                              const char *variable,
                              int64_t n,
                              const double *points,
                              int32_t coordinates,
                              lbk_type type,
                              void *out) {
    (void)(archive);
    (void)(variable);
    (void)(n);
    (void)(points);
    (void)(coordinates);
    (void)(type);
    (void)(out);
    return LBK_COMPATIBILITY;
}

#endif /* LIMBECK_STUB_H */

/* limbeck: an in-situ neural compressor for running simulations.
 *
 * Generated from rust/capi by `cargo run -p limbeck --example header`; not to be edited.
 *
 * Every call that can fail returns an lbk_status: 0 is success, above 0 an error, below 0 a warning; lbk_last_error has
 * the sentence that belongs to it. Outputs come last and are written on success only, but for sizes that were asked for.
 * Handles are opaque: NULL, freed or foreign ones are an error. Nothing is printed and no call ends the process.
 *
 * Arrays of sizes, offsets, strides and axes have one entry per axis, the slowest axis first, as in C: for f[z][y][x]
 * they are {z, y, x}, and the values of x are next to each other in memory. Names and texts are UTF-8. The calls of one
 * session may come from any thread, one at a time; those said to be collective must come on every rank of the
 * communicator.
 *
 * With LIMBECK_MODE=off in the environment the calls that write (config, session, variable, step, distil) do nothing,
 * set their outputs and return LBK_OK. With LIMBECK_RECORD=directory what is handed in is recorded there, for `limbeck
 * replay`. docs/abi.md has all calls in one table.
 */

#ifndef LIMBECK_LIMBECK_H
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

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The name of a status as it stands in this header, say "LBK_IO".
//
// Any thread; never fails. Since 0.1.
//
// - status    any number
//
// Returns a string that lives as long as the library; "LBK_UNKNOWN" for a number that no status has.
const char *lbk_status_name(lbk_status status);

// The version of the library that is loaded, say "0.1.0"; LBK_VERSION is that of the header.
//
// Any thread; never fails. Since 0.1.
//
// Returns a string that lives as long as the library.
const char *lbk_version(void);

// The ABI of the library that is loaded; LBK_ABI_VERSION is that of the header.
//
// Any thread; never fails. Since 0.1.
//
// Returns the number.
int32_t lbk_abi_version(void);

// Says what went wrong in the last call of the calling thread that returned anything but LBK_OK. A successful call
// leaves the message alone; so does this one.
//
// Any thread; each has its own message. Since 0.1.
//
// - buffer    receives the message in UTF-8, NUL-terminated, cut short if it does not fit; owned by the caller; may be
//             NULL if size is 0
// - size      bytes in buffer
// - needed    receives the bytes that the whole message needs, its NUL included (1 if there was no message yet); may be
//             NULL
//
// Returns LBK_OK, or LBK_INVALID_ARGUMENT if buffer is NULL and size is not 0.
lbk_status lbk_last_error(char *buffer,
                          size_t size,
                          size_t *needed);

// Sets where limbeck's log goes, for all sessions of the process. Without a callback it goes nowhere.
//
// Any thread. Not collective. After it returned, a call of the previous callback that had begun may still be running.
// Since 0.1.
//
// - callback  called for every line; NULL for none
// - level     the least important level that is wanted, LBK_LOG_ERROR to LBK_LOG_DEBUG
// - user      handed to the callback as it is; not owned by limbeck
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT for an unknown level; LBK_INVALID_STATE in a host written in Rust that has a
// `tracing` subscriber of its own, which gets limbeck's events instead.
lbk_status lbk_set_log_callback(lbk_log_callback callback,
                                int32_t level,
                                void *user);

// Creates a set of options, all at their defaults. Later, for each option: what the environment says
// (`LIMBECK_TARGET_RATIO` for "target.ratio") comes before what a loaded file says, that before what was set here, and
// that before the default.
//
// Any thread. Not collective. Since 0.1.
//
// - config    receives the handle; free it with lbk_config_free
//
// Returns LBK_OK, or LBK_INVALID_ARGUMENT if config is NULL.
lbk_status lbk_config_create(lbk_config **config);

// Sets an option. The names, units, ranges and defaults are what lbk_options lists.
//
// Any thread, one at a time per handle. Not collective. Since 0.1.
//
// - config    the options
// - name      of the option, say "target.ratio"; copied
// - value     as text, say "1000", "true", "512 MiB"; copied
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if there is no such option (the message names the nearest) or the value is not
// one for it (the message says what is); LBK_INVALID_HANDLE.
lbk_status lbk_config_set(lbk_config *config,
                          const char *name,
                          const char *value);

// Reads options from a TOML file. What the file sets wins over lbk_config_set, whichever came first: a job's file
// adjusts what a program has built in.
//
// Any thread, one at a time per handle. Not collective: every rank reads the file. Since 0.1.
//
// - config    the options
// - path      of the file; copied
//
// Returns LBK_OK; LBK_IO if the file cannot be read; LBK_INVALID_ARGUMENT as lbk_config_set, nothing of the file
// being taken then; LBK_INVALID_HANDLE.
lbk_status lbk_config_load(lbk_config *config,
                           const char *path);

// The value that an option has now, environment and loaded files considered.
//
// Any thread. Not collective. Since 0.1.
//
// - config    the options
// - name      of the option
// - buffer    receives the value as text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the value needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT;
// LBK_INVALID_HANDLE.
lbk_status lbk_config_get(const lbk_config *config,
                          const char *name,
                          char *buffer,
                          size_t size,
                          size_t *needed);

// Frees a set of options. Sessions opened with it keep their own copy.
//
// Any thread. Not collective. Since 0.1.
//
// - config    the options; NULL is fine
//
// Returns LBK_OK, or LBK_INVALID_HANDLE if it was freed before or never was a handle.
lbk_status lbk_config_free(lbk_config *config);

// Lists every option: one line each, with tabs between name, unit, range, default and explanation.
//
// Any thread. Not collective. Since 0.1.
//
// - buffer    receives the list, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the list needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT if buffer is NULL and size
// is not 0.
lbk_status lbk_options(char *buffer,
                       size_t size,
                       size_t *needed);

// Opens a run. Variables and blocks are defined next, then comes lbk_session_commit.
//
// Any thread, with MPI one that may call MPI. Collective over the communicator, if there is one: an error on one rank is an
// error on all. Since 0.1.
//
// - config        the options; copied, so that it may be changed or freed afterwards
// - path          of the archive that close will write, say "run.lbk"; copied. While the run goes on, its journal is in
//                 the directory of that name with ".d" behind it (option "journal.dir" puts it elsewhere)
// - communicator  LBK_NO_COMM, or an MPI communicator as a Fortran integer (from MPI_Comm_c2f), which is duplicated. With
//                 MPI, this call, lbk_session_commit and lbk_session_close are made on a thread that may call MPI
// - session       receives the handle; lbk_session_close frees it
//
// Returns LBK_OK; LBK_COMPATIBILITY for a communicator in a library built without MPI, or a journal or archive of a
// newer version or of a run with another number of ranks; LBK_CORRUPTION or LBK_TRUNCATED if what is to be continued is
// damaged; LBK_MPI if MPI is not initialised, was finalised, or does not know the communicator; LBK_DEVICE if option
// "device" asks for one that is not there or does not work; LBK_IO if the directory cannot be written;
// LBK_INVALID_ARGUMENT, also if options contradict each other, if another session writes this run, if the run exists and
// option "open.mode" is "create", or if LIMBECK_MODE is neither "on" nor "off"; LBK_INVALID_HANDLE.
lbk_status lbk_session_open(const lbk_config *config,
                            const char *path,
                            int32_t communicator,
                            lbk_session **session);

// Attaches a text to the run: who made it, with what, anything. It is kept in the archive and handed on by readers.
// Setting a name again replaces its value.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - session   the run
// - name      of the attribute, not empty; copied
// - value     any text; copied
//
// Returns LBK_OK; LBK_INVALID_STATE after commit; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_session_set_attribute(lbk_session *session,
                                     const char *name,
                                     const char *value);

// Ends the description of the run: from now on steps are taken, and variables and blocks are fixed.
//
// Any thread, with MPI one that may call MPI. Collective: all ranks agree on variables and options, and an error on one is an
// error on all. Since 0.1.
//
// - session   the run
//
// Returns LBK_OK; LBK_INVALID_STATE if called twice; LBK_INVALID_ARGUMENT if variables, blocks or options do not fit
// together, or not to the journal that is continued; LBK_IO; LBK_MPI; LBK_INVALID_HANDLE.
lbk_status lbk_session_commit(lbk_session *session);

// What the run has done and cost so far, as JSON: totals, and per step and variable the seconds, PSNR, largest error, bytes
// and queue depth. Names in it are only ever added.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only, which
//             may grow from call to call while workers are busy
// - size      bytes in buffer
// - needed    receives the bytes that the text needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_session_metrics(lbk_session *session,
                               char *buffer,
                               size_t size,
                               size_t *needed);

// Ends the run: waits until every accepted step is encoded and durable, distils (option "distil.when"), writes the
// archive, joins the workers and frees the session with its variables and blocks. A step that is open is given up.
//
// Any thread, with MPI one that may call MPI, before MPI_Finalize; it may take minutes (option "distil.time_limit").
// Collective. Since 0.1.
//
// - session   address of the handle, which is set to NULL, whatever is returned; an address of NULL, or a NULL handle,
//             is fine
//
// Returns LBK_OK; LBK_DROPPED or LBK_DEGRADED if the archive was written but steps were dropped or made with less than was
// asked for; LBK_MPI if MPI was finalised before; LBK_IO if the journal or the archive could not be written; any error of the
// distillation. After all of these errors the journal is kept, so that `limbeck distill` can finish the run.
// LBK_INVALID_HANDLE.
lbk_status lbk_session_close(lbk_session **session);

// Defines a variable of the run.
//
// Any thread, before lbk_session_commit. Not collective, but every rank defines the same variables in the same order.
// Since 0.1.
//
// - session   the run
// - name      of the variable, not empty, at most 255 bytes, different from the others; copied
// - type      of its values: LBK_FLOAT32 or LBK_FLOAT64
// - rank      number of axes, 1 to LBK_MAX_RANK
// - shape     rank numbers: the global length of each axis, all ranks together, the slowest axis first; copied
// - variable  receives the handle, which lives as long as the session
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
lbk_status lbk_variable_define(lbk_session *session,
                               const char *name,
                               lbk_type type,
                               int32_t rank,
                               const int64_t *shape,
                               lbk_variable **variable);

// Attaches a text to a variable: its units, long name, anything. It is kept in the archive and handed on by readers.
// Setting a name again replaces its value.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - variable  the variable
// - name      of the attribute, not empty, say "units"; copied
// - value     any text, say "kg m-3"; copied
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
lbk_status lbk_variable_set_attribute(lbk_variable *variable,
                                      const char *name,
                                      const char *value);

// Says which box of a variable this process holds in one array. One or more per variable and rank, or none. Where blocks
// overlap, the lowest (rank, block) owns a value.
//
// Any thread, before lbk_session_commit. Not collective. Since 0.1.
//
// - variable  the variable
// - offset    one number per axis, the slowest first: global index of the block's first value; copied; NULL for all 0
// - count     one number per axis, the slowest first: values of the block along each axis, without ghosts, at least 1;
//             a process that holds nothing of a variable adds no block; copied
// - strides   one number per axis, the slowest first: distance in bytes in this process's memory between neighbours
//             along that axis, ghosts and other fields in between included; may be negative; copied; NULL for an array
//             that is contiguous with the last axis fastest. {z, y, x} of float f[nz + 2][ny + 2][nx + 2] have
//             {4 (ny + 2) (nx + 2), 4 (nx + 2), 4}
// - block     receives the handle, which lives as long as the session
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if the box is empty or not within the variable's shape, or the strides lead
// further than memory does; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
lbk_status lbk_variable_add_block(lbk_variable *variable,
                                  const int64_t *offset,
                                  const int64_t *count,
                                  const int64_t *strides,
                                  lbk_block **block);

// Says where the grid points lie along one axis of a variable: point i at origin + i * spacing. Without it readers count
// points.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - variable  the variable
// - axis      index of the axis, 0 for the slowest one of the shape
// - name      of the axis, say "z"; copied; may be NULL
// - units     of origin and spacing, say "m"; copied; may be NULL
// - origin    coordinate of global grid point 0; finite
// - spacing   distance between neighbours; finite, not 0, may be negative
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
lbk_status lbk_variable_set_axis(lbk_variable *variable,
                                 int32_t axis,
                                 const char *name,
                                 const char *units,
                                 double origin,
                                 double spacing);

// Says where the grid points lie along one axis of a variable, one by one.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - variable      the variable
// - axis          index of the axis, 0 for the slowest one of the shape
// - name          of the axis, say "z"; copied; may be NULL
// - units         of the coordinates, say "m"; copied; may be NULL
// - length        number of coordinates: the global length of the axis
// - coordinates   length numbers, strictly increasing or strictly decreasing; copied
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
lbk_status lbk_variable_set_axis_coordinates(lbk_variable *variable,
                                             int32_t axis,
                                             const char *name,
                                             const char *units,
                                             int64_t length,
                                             const double *coordinates);

// Does lbk_variable_set_axis for every variable of the run that is defined by now and has this axis.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - session   the run
// - axis      index of the axis, 0 for the slowest one of the shape
// - name      of the axis, say "z"; copied; may be NULL
// - units     of origin and spacing, say "m"; copied; may be NULL
// - origin    coordinate of global grid point 0; finite
// - spacing   distance between neighbours; finite, not 0, may be negative
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT, also if no variable has this axis; LBK_INVALID_STATE after commit;
// LBK_INVALID_HANDLE.
lbk_status lbk_session_set_axis(lbk_session *session,
                                int32_t axis,
                                const char *name,
                                const char *units,
                                double origin,
                                double spacing);

// Does lbk_variable_set_axis_coordinates for every variable of the run that is defined by now and has this axis.
//
// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
//
// - session       the run
// - axis          index of the axis, 0 for the slowest one of the shape
// - name          of the axis, say "z"; copied; may be NULL
// - units         of the coordinates, say "m"; copied; may be NULL
// - length        number of coordinates: the global length of the axis
// - coordinates   length numbers, strictly increasing or strictly decreasing; copied
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT, also if no variable has this axis; LBK_INVALID_STATE after commit;
// LBK_INVALID_HANDLE.
lbk_status lbk_session_set_axis_coordinates(lbk_session *session,
                                            int32_t axis,
                                            const char *name,
                                            const char *units,
                                            int64_t length,
                                            const double *coordinates);

// Begins a step. Every block of this process is put once before lbk_step_end.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - cycle     the simulation's own number of the step; greater than that of the step before
// - time      physical time of the step; finite
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if the cycle does not grow or the time is not finite; LBK_INVALID_STATE before
// commit or within a step (unless its end was refused: then it is given up); LBK_INVALID_HANDLE; or, once, what failed on a worker since the last call (the step is not
// begun then: call again to go on).
lbk_status lbk_step_begin(lbk_session *session,
                          int64_t cycle,
                          double time);

// Hands a block over. The values are copied, and looked at for NaN and infinities: the array is free on return.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - block     which one
// - data      address of the block's first value (behind the ghosts), in the type of the variable; the others lie where
//             the strides of the block say; only read, and only during the call
//
// The first block of a step needs room for all of them; where there is none, option "queue.policy" says what happens:
// spill makes room on the disk, and waits when that is full, block waits, drop and error return at once.
//
// Returns LBK_OK; LBK_DROPPED if the step is dropped (policy drop, or the journal cannot be written any more): go on as if
// it were not, nothing is copied; LBK_QUEUE_FULL if there is no room and the policy is error: the step stays open, put the
// block again or cancel; LBK_NOT_FINITE if there are NaN or infinities and the option "nonfinite" is "error" (the message
// has their number and the first index; the block may be put again); LBK_INVALID_STATE outside of a step or if the block
// was put in this step already; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE, also if the block is another session's; or,
// once, what failed on a worker since the last call.
lbk_status lbk_put(lbk_session *session,
                   const lbk_block *block,
                   const void *data);

// Hands a block over that lies otherwise in memory than lbk_variable_add_block was told: in an array with other padding
// than that of the step before, say, or in one whose layout is known only now, as of an array slice in Fortran.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - block     which one
// - type      of the values in memory: that of the variable
// - rank      number of axes of the array: that of the variable
// - count     rank numbers, the slowest axis first: values of the array along each axis, which are those of the block
// - strides   rank numbers, the slowest axis first: distance in bytes between neighbours along that axis; may be
//             negative; NULL for an array that is contiguous with the last axis fastest
// - data      address of the block's first value; only read, and only during the call
//
// Returns what lbk_put does; LBK_INVALID_ARGUMENT also if type, rank or count are not those of the block (the message says
// which axis has how many), or the strides lead further than memory does.
lbk_status lbk_put_strided(lbk_session *session,
                           const lbk_block *block,
                           lbk_type type,
                           int32_t rank,
                           const int64_t *count,
                           const int64_t *strides,
                           const void *data);

// Ends a step: it is accepted, and encoded while the simulation goes on. Never waits: what there was to wait for, lbk_put
// has waited for.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
//
// Returns LBK_OK; LBK_DROPPED if the step was dropped, as lbk_put has said already; LBK_DEGRADED if the step is accepted,
// and something since the last step went otherwise than asked (the message says what; told once); LBK_INVALID_STATE
// outside of a step or if a block was not put, or refused (the step stays open: put it and end again, or cancel, or just
// begin the next one); LBK_IO, once, if the journal cannot be written; LBK_INVALID_HANDLE.
lbk_status lbk_step_end(lbk_session *session);

// Gives up the step that is open, if there is one, as if it had never begun.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
//
// Returns LBK_OK, also outside of a step; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE.
lbk_status lbk_step_cancel(lbk_session *session);

// Tells up to which cycle every accepted step of this process is in the journal, and thus survives the process (option
// "journal.sync": the machine, too).
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - cycle     receives the cycle, or LBK_NO_CYCLE if there is none yet (with LIMBECK_MODE=off: INT64_MAX)
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if cycle is NULL; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE.
lbk_status lbk_session_durable(lbk_session *session,
                               int64_t *cycle);

// Waits until every accepted step up to a cycle is durable. Other threads may go on with steps meanwhile.
//
// Any thread. Not collective. Since 0.1.
//
// - session   the run
// - cycle     up to which; INT64_MAX for all of them
// - timeout   in seconds; 0 only looks, a negative number waits as long as it takes
//
// Returns LBK_OK; LBK_TIMEOUT; LBK_INVALID_ARGUMENT if timeout is NaN; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE; or, once, what failed on a
// worker.
lbk_status lbk_session_wait(lbk_session *session,
                            int64_t cycle,
                            double timeout);

// Distils the journal of a run that was not distilled at close, or that died, into an archive: what `limbeck distill`
// does. The journal may not be in use by a writer.
//
// Any thread; it may take minutes (option "distil.time_limit"). Not collective. Since 0.1.
//
// - run       directory of the run, say "run.lbk.d"; copied
// - archive   path of the archive to be written, say "run.lbk"; copied
// - config    the options; targets and what concerns the distillation count, the rest was fixed by the run
//
// Returns LBK_OK; LBK_IO; LBK_CORRUPTION, LBK_TRUNCATED or LBK_COMPATIBILITY for a journal that cannot be read;
// LBK_INVALID_ARGUMENT, also if it is being written; LBK_INVALID_HANDLE; LBK_DEGRADED.
lbk_status lbk_distil(const char *run,
                      const char *archive,
                      const lbk_config *config);

// Opens an archive, or a run that is not finished: then there is what its journal holds.
//
// Any thread. Not collective. Since 0.1.
//
// - path      of the archive ("run.lbk") or of a run's directory ("run.lbk.d")
// - archive   receives the handle; lbk_archive_close frees it
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if there is nothing of this name; LBK_IO if it cannot be read; LBK_CORRUPTION, LBK_TRUNCATED or LBK_COMPATIBILITY if it is damaged, ends
// early or is of a newer version.
lbk_status lbk_archive_open(const char *path,
                            lbk_archive **archive);

// Number of variables.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - count     receives the number
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_archive_variables(const lbk_archive *archive, int64_t *count);

// Name of a variable.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - index     of the variable, from 0, in the order of definition
// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the name needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
// LBK_INVALID_HANDLE.
lbk_status lbk_archive_variable_name(const lbk_archive *archive,
                                     int64_t index,
                                     char *buffer,
                                     size_t size,
                                     size_t *needed);

// Shape and type of a variable.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable
// - capacity  numbers that shape has room for; LBK_MAX_RANK is enough for every variable; 0 to ask for rank and type
// - shape     receives rank numbers: the global length of each axis, the slowest first; owned by the caller
// - rank      receives the number of axes; may be NULL
// - type      receives the type of the values that were handed in; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (rank is set, the rest is not);
// LBK_INVALID_ARGUMENT, also for an unknown variable (the message names the nearest); LBK_INVALID_HANDLE.
lbk_status lbk_archive_shape(const lbk_archive *archive,
                             const char *variable,
                             int32_t capacity,
                             int64_t *shape,
                             int32_t *rank,
                             lbk_type *type);

// Cycle and physical time of every step.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - capacity  numbers that cycles and times have room for; 0 to ask for count only
// - cycles    receives the cycle of each step, in the order of the steps; owned by the caller; may be NULL
// - times     receives the physical time of each step; owned by the caller; may be NULL
// - count     receives the number of steps; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (count is set, the rest is not);
// LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_archive_steps(const lbk_archive *archive,
                             int64_t capacity,
                             int64_t *cycles,
                             double *times,
                             int64_t *count);

// Number of attributes of a variable or of the run.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable; NULL for the run
// - count     receives the number
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT, also for an unknown variable; LBK_INVALID_HANDLE.
lbk_status lbk_archive_attributes(const lbk_archive *archive, const char *variable, int64_t *count);

// Name of an attribute.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable; NULL for the run
// - index     of the attribute, from 0
// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the name needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
// LBK_INVALID_HANDLE.
lbk_status lbk_archive_attribute_name(const lbk_archive *archive,
                                      const char *variable,
                                      int64_t index,
                                      char *buffer,
                                      size_t size,
                                      size_t *needed);

// Value of an attribute.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable; NULL for the run
// - name      of the attribute
// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the text needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
// LBK_INVALID_HANDLE.
lbk_status lbk_archive_attribute(const lbk_archive *archive,
                                 const char *variable,
                                 const char *name,
                                 char *buffer,
                                 size_t size,
                                 size_t *needed);

// All about an archive, as JSON: versions, size in bytes, variables, steps, axes, attributes, networks, quality as it
// was measured. Names in it are only ever added.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the text needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_archive_info(const lbk_archive *archive,
                            char *buffer,
                            size_t size,
                            size_t *needed);

// Closes an archive. Calls on it that other threads are in come to their end first.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   address of the handle, which is set to NULL, whatever is returned; an address of NULL, or a NULL handle,
//             is fine
//
// Returns LBK_OK; LBK_INVALID_HANDLE.
lbk_status lbk_archive_close(lbk_archive **archive);

// Coordinates of the grid points along one axis of a variable; their indices if none were set.
//
// Any thread. Not collective. Since 0.1.
//
// - archive       the archive
// - variable      name of the variable
// - axis          index of the axis, 0 for the slowest one of the shape
// - capacity      numbers that coordinates has room for; 0 to ask for length only
// - coordinates   receives length numbers; owned by the caller
// - length        receives the number of grid points along the axis; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (length is set, the rest is not);
// LBK_INVALID_ARGUMENT, also for an unknown variable or axis; LBK_INVALID_HANDLE.
lbk_status lbk_archive_axis(const lbk_archive *archive,
                            const char *variable,
                            int32_t axis,
                            int64_t capacity,
                            double *coordinates,
                            int64_t *length);

// Name of an axis of a variable; empty if none was set.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable
// - axis      index of the axis, 0 for the slowest one of the shape
// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the name needs, its NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_archive_axis_name(const lbk_archive *archive,
                                 const char *variable,
                                 int32_t axis,
                                 char *buffer,
                                 size_t size,
                                 size_t *needed);

// Units of the coordinates along an axis of a variable; empty if none were set.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable
// - axis      index of the axis, 0 for the slowest one of the shape
// - buffer    receives the units, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
// - size      bytes in buffer
// - needed    receives the bytes that the units need, their NUL included; may be NULL
//
// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
lbk_status lbk_archive_axis_units(const lbk_archive *archive,
                                  const char *variable,
                                  int32_t axis,
                                  char *buffer,
                                  size_t size,
                                  size_t *needed);

// Reads a box of a variable at one step, or every nth value of it.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable
// - step      index of the step, from 0; lbk_archive_steps has its cycle and time
// - start     one number per axis, the slowest first: index of the first value; NULL for all 0
// - count     one number per axis: how many values
// - every     one number per axis: distance between them, 1 or more; NULL for all 1
// - type      LBK_FLOAT32 or LBK_FLOAT64: what out shall have, whatever was handed in
// - out       receives the values, as many as the product of count, contiguous, the last axis fastest; owned by the
//             caller
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT if the box is not within the variable, or there is no such variable (the message
// names the nearest), or the step was lost (the message says why); LBK_NOT_FOUND for a step that is not there; LBK_CORRUPTION, LBK_TRUNCATED, LBK_COMPATIBILITY, LBK_IO; LBK_INVALID_HANDLE.
lbk_status lbk_archive_read(const lbk_archive *archive,
                            const char *variable,
                            int64_t step,
                            const int64_t *start,
                            const int64_t *count,
                            const int64_t *every,
                            lbk_type type,
                            void *out);

// Does lbk_archive_read into an array that is not contiguous: the inside of one with ghosts, say.
//
// Any thread. Not collective. Since 0.1.
//
// - archive   the archive
// - variable  name of the variable
// - step      index of the step, from 0; lbk_archive_steps has its cycle and time
// - start     one number per axis, the slowest first: index of the first value; NULL for all 0
// - count     one number per axis: how many values
// - every     one number per axis: distance between them, 1 or more; NULL for all 1
// - type      LBK_FLOAT32 or LBK_FLOAT64: what out shall have, whatever was handed in
// - rank      number of axes of out: that of the variable
// - strides   rank numbers, the slowest axis first: distance in bytes between neighbours in out along that axis; may be
//             negative; NULL for an array that is contiguous with the last axis fastest
// - out       address of the value at start; the others are written where the strides say, and nothing in between; owned
//             by the caller
//
// Returns what lbk_archive_read does; LBK_INVALID_ARGUMENT also if rank is not that of the variable, or the strides lead
// further than memory does.
lbk_status lbk_archive_read_strided(const lbk_archive *archive,
                                    const char *variable,
                                    int64_t step,
                                    const int64_t *start,
                                    const int64_t *count,
                                    const int64_t *every,
                                    lbk_type type,
                                    int32_t rank,
                                    const int64_t *strides,
                                    void *out);

// Reads a variable at arbitrary points in space and time; between grid points and steps it is what the network says.
//
// Any thread. Not collective. Since 0.1.
//
// - archive       the archive
// - variable      name of the variable
// - n             number of points
// - points        n rows of 1 + rank numbers: time first, then the axes, the slowest first (t, z, y, x)
// - coordinates   LBK_COORD_INDEX or LBK_COORD_PHYSICAL: what the points are counted in
// - type          LBK_FLOAT32 or LBK_FLOAT64: what out shall have
// - out           receives n values; owned by the caller
//
// Returns LBK_OK; LBK_INVALID_ARGUMENT, also for a point outside of the variable or the steps;
// LBK_CORRUPTION, LBK_TRUNCATED, LBK_COMPATIBILITY, LBK_IO; LBK_INVALID_HANDLE.
lbk_status lbk_archive_sample(const lbk_archive *archive,
                              const char *variable,
                              int64_t n,
                              const double *points,
                              int32_t coordinates,
                              lbk_type type,
                              void *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIMBECK_LIMBECK_H */

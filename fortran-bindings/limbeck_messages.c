/* Errors of Fortran calls that nobody asked about, and those that the bindings find themselves.
 *
 * A call without ierr keeps its first error here, under the handle it worked on, until the call that ends the handle
 * returns it. What the bindings have to say themselves is kept per thread, as the library does with its messages.
 */
#include <limbeck/limbeck.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 2048 }; /* bytes of a message */

struct kept {
    const void *handle;
    lbk_status status;
    char message[LONGEST];
    struct kept *next;
};

static struct kept *first_kept = NULL;
static atomic_flag busy = ATOMIC_FLAG_INIT; /* held for a few instructions, and only after a failure */

/* The message of the calling thread, if it is not the library's. */
static _Thread_local char own[LONGEST];
static _Thread_local int is_own = 0;
static _Thread_local int is_new = 0; /* own was set within a call whose status is still to be told */

/* For Fortran. */
void limbeck_fortran_failed(const void *handle, lbk_status status, int32_t asked);
void limbeck_fortran_fail(lbk_status status, const char *message, const void *handle, int32_t asked);
lbk_status limbeck_fortran_kept(const void *handle);
lbk_status limbeck_fortran_end(const void *handle, lbk_status status);
void limbeck_fortran_forget(const void *handle);
size_t limbeck_fortran_message(char *buffer, size_t size);
void limbeck_fortran_own_message(const char *message);

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {}
}

static void unlock(void) {
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

static struct kept **find(const void *handle) {
    struct kept **at = &first_kept;
    while (*at && (*at)->handle != handle) at = &(*at)->next;
    return at;
}

/* The message of the last failure of this thread: at most size bytes, NUL-terminated. Returns the bytes of all of it. */
size_t limbeck_fortran_message(char *buffer, size_t size) {
    size_t needed = 0;
    if (!is_own) {
        lbk_last_error(buffer, size, &needed);
        return needed;
    }
    needed = strlen(own) + 1;
    if (size > 0) {
        const size_t length = needed <= size ? needed - 1 : size - 1;
        memcpy(buffer, own, length);
        buffer[length] = 0;
    }
    return needed;
}

static void set_own(const char *message) {
    const size_t length = strlen(message);
    memcpy(own, message, length < LONGEST ? length + 1 : LONGEST - 1);
    own[LONGEST - 1] = 0;
    is_own = 1;
}

/* The calling thread is within a call of the bindings, which will report a failure: this is its message. */
void limbeck_fortran_own_message(const char *message) {
    set_own(message);
    is_new = 1;
}

static void keep(const void *handle, lbk_status status) {
    struct kept *new = malloc(sizeof *new);
    if (!new) return;
    new->handle = handle;
    new->status = status;
    limbeck_fortran_message(new->message, LONGEST);
    lock();
    struct kept **at = find(handle);
    new->next = NULL;
    if (!*at) {
        *at = new;
        new = NULL;
    }
    unlock();
    free(new); /* the first one counts */
}

/* A call of the library on this handle did not return LBK_OK; asked: its caller has an ierr. */
void limbeck_fortran_failed(const void *handle, lbk_status status, int32_t asked) {
    is_own = is_new;
    is_new = 0;
    if (!asked && status > 0) keep(handle, status);
}

/* A call on this handle failed in the bindings. */
void limbeck_fortran_fail(lbk_status status, const char *message, const void *handle, int32_t asked) {
    set_own(message);
    if (!asked) keep(handle, status);
}

/* The error that was kept for a handle, whose message becomes that of this thread; LBK_OK if there is none. */
lbk_status limbeck_fortran_kept(const void *handle) {
    lbk_status status = LBK_OK;
    char message[LONGEST];
    lock();
    const struct kept *found = *find(handle);
    if (found) {
        status = found->status;
        memcpy(message, found->message, LONGEST);
    }
    unlock();
    if (status != LBK_OK) set_own(message);
    return status;
}

void limbeck_fortran_forget(const void *handle) {
    lock();
    struct kept **at = find(handle), *found = *at;
    if (found) *at = found->next;
    unlock();
    free(found);
}

/* What the call that ended a handle returns: its own error, or else the one that was kept. */
lbk_status limbeck_fortran_end(const void *handle, lbk_status status) {
    if (status != LBK_OK) is_own = 0;
    if (status <= 0) {
        const lbk_status before = limbeck_fortran_kept(handle);
        if (before != LBK_OK) status = before;
    }
    limbeck_fortran_forget(handle);
    return status;
}

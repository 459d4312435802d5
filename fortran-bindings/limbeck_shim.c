/* Array descriptors of Fortran, as the user's compiler makes them, to addresses and byte strides of the C interface.
 * A slice arrives as it lies in memory; nothing is copied here.
 */
#include <ISO_Fortran_binding.h>
#include <limbeck/limbeck.h>
#include <stdio.h>

struct array {
    lbk_type type; /* 0 if it is no type that limbeck takes */
    int32_t rank;
    int64_t count[CFI_MAX_RANK], strides[CFI_MAX_RANK]; /* slowest dimension first */
};

void limbeck_fortran_own_message(const char *message);
lbk_status limbeck_fortran_put(lbk_session *session, const lbk_block *block, const CFI_cdesc_t *values);
lbk_status limbeck_fortran_read(const lbk_archive *archive, const char *variable, int64_t step, const int64_t *start,
                                const int64_t *every, const CFI_cdesc_t *values);

static struct array describe(const CFI_cdesc_t *values) {
    struct array a = {0};
    if (values->type == CFI_type_float) a.type = LBK_FLOAT32;
    if (values->type == CFI_type_double) a.type = LBK_FLOAT64;
    a.rank = values->rank;
    for (int i = 0; i < a.rank; i++) {
        a.count[a.rank - 1 - i] = values->dim[i].extent;
        a.strides[a.rank - 1 - i] = values->dim[i].sm;
    }
    return a;
}

/* Says in Fortran's words why the library refused an argument, where it cannot know. */
static lbk_status explain(lbk_status status, const char *call, const struct array *a) {
    char text[160];
    if (status != LBK_INVALID_ARGUMENT) return status;
    if (a->rank == 0) {
        snprintf(text, sizeof text, "%s: the argument is a scalar, not an array", call);
    } else if (a->type == 0) {
        snprintf(text, sizeof text, "%s: the array is neither of real(real32) nor of real(real64)", call);
    } else if (a->count[0] == -1) {
        snprintf(text, sizeof text, "%s: an assumed-size array has no last extent: give its bounds, as in a(1:n)", call);
    } else {
        return status;
    }
    limbeck_fortran_own_message(text);
    return status;
}

lbk_status limbeck_fortran_put(lbk_session *session, const lbk_block *block, const CFI_cdesc_t *values) {
    const struct array a = describe(values);
    return explain(lbk_put_strided(session, block, a.type, a.rank, a.count, a.strides, values->base_addr), "lbk_put", &a);
}

lbk_status limbeck_fortran_read(const lbk_archive *archive, const char *variable, int64_t step, const int64_t *start,
                                const int64_t *every, const CFI_cdesc_t *values) {
    const struct array a = describe(values);
    return explain(lbk_archive_read_strided(archive, variable, step, start, a.count, every, a.type, a.rank, a.strides,
                                            values->base_addr),
                   "lbk_archive_read", &a);
}

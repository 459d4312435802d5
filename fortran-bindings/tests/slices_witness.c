/* Stands between the bindings and the library (linker option --wrap=lbk_put_strided) and notes the arrays that pass. */
#include <limbeck/limbeck.h>

static const void *last_address;
static int32_t last_rank;
static int64_t last_strides[3];

lbk_status __real_lbk_put_strided(lbk_session *session, const lbk_block *block, lbk_type type, int32_t rank,
                                  const int64_t *count, const int64_t *strides, const void *data);
lbk_status __wrap_lbk_put_strided(lbk_session *session, const lbk_block *block, lbk_type type, int32_t rank,
                                  const int64_t *count, const int64_t *strides, const void *data);
void witness(const void **address, int32_t *rank, int64_t *strides);

lbk_status __wrap_lbk_put_strided(lbk_session *session, const lbk_block *block, lbk_type type, int32_t rank,
                                  const int64_t *count, const int64_t *strides, const void *data) {
    last_address = data;
    last_rank = rank;
    for (int i = 0; i < rank && i < 3; i++) last_strides[i] = strides[i];
    return __real_lbk_put_strided(session, block, type, rank, count, strides, data);
}

void witness(const void **address, int32_t *rank, int64_t *strides) {
    *address = last_address;
    *rank = last_rank;
    for (int i = 0; i < 3; i++) strides[i] = last_strides[i];
}

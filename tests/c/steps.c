/* The order of calls, cycles, values that are not finite, durability. */
#include "check.h"
#include <math.h>

enum { N = 8 };
static const int64_t shape[3] = {N, N, N};
static float u[N * N * N], v[N * N * N];

static lbk_session *two_blocks(const char *path, const char *const *options, lbk_block **first, lbk_block **second) {
    lbk_session *s = open_session(path, options);
    lbk_variable *variable = NULL;
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &variable));
    EXPECT(LBK_OK, lbk_variable_add_block(variable, NULL, shape, NULL, first));
    EXPECT(LBK_OK, lbk_variable_define(s, "v", LBK_FLOAT32, 3, shape, &variable));
    EXPECT(LBK_OK, lbk_variable_add_block(variable, NULL, shape, NULL, second));
    return s;
}

static const char *const small[] = {"target.ratio", "2", NULL};

static void order(void) {
    lbk_block *a = NULL, *b = NULL;
    lbk_session *s = two_blocks("order.lbk", small, &a, &b);
    int64_t cycle = 0;
    size_t needed = 0;

    EXPECT(LBK_INVALID_STATE, lbk_step_begin(s, 0, 0.0));
    MESSAGE("commit");
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_session_durable(s, &cycle));
    CHECK(cycle == LBK_NO_CYCLE);
    EXPECT(LBK_INVALID_STATE, lbk_put(s, a, u));
    EXPECT(LBK_INVALID_STATE, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_step_cancel(s));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_step_begin(s, 10, (double)NAN));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_step_begin(s, 10, (double)INFINITY));

    EXPECT(LBK_OK, lbk_step_begin(s, 10, 0.0));
    EXPECT(LBK_INVALID_STATE, lbk_step_begin(s, 11, 0.1));
    EXPECT(LBK_OK, lbk_put(s, a, u));
    EXPECT(LBK_INVALID_STATE, lbk_put(s, a, u));
    EXPECT(LBK_INVALID_STATE, lbk_step_end(s));
    MESSAGE("\"v\"");
    EXPECT(LBK_OK, lbk_put(s, b, v));
    EXPECT(LBK_OK, lbk_step_end(s));

    EXPECT(LBK_INVALID_ARGUMENT, lbk_step_begin(s, 10, 1.0));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_step_begin(s, 9, 1.0));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_step_begin(s, INT64_MIN, 1.0));
    EXPECT(LBK_OK, lbk_step_begin(s, 20, 1.0));
    EXPECT(LBK_OK, lbk_step_cancel(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 20, 1.0));
    EXPECT(LBK_OK, lbk_put(s, b, v));
    EXPECT(LBK_OK, lbk_put(s, a, u));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_session_wait(s, 20, -1.0));
    EXPECT(LBK_OK, lbk_session_durable(s, &cycle));
    CHECK(cycle == 20);
    EXPECT(LBK_OK, lbk_session_metrics(s, NULL, 0, &needed));
    CHECK(needed > 2);
    EXPECT(LBK_OK, lbk_step_begin(s, 30, 2.0)); /* left open: given up at close */
    EXPECT(LBK_OK, lbk_session_close(&s));
}

static void not_finite(void) {
    static const char *const mask[] = {"nonfinite", "mask", "target.ratio", "2", NULL};
    lbk_block *a = NULL, *b = NULL;
    lbk_session *s = two_blocks("error.lbk", small, &a, &b);
    const float old = u[100];

    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 1, 0.0));
    u[100] = NAN;
    EXPECT(LBK_NOT_FINITE, lbk_put(s, a, u));
    MESSAGE("\"u\"");
    u[100] = -INFINITY;
    EXPECT(LBK_NOT_FINITE, lbk_put(s, a, u));
    u[100] = old;
    EXPECT(LBK_OK, lbk_put(s, a, u)); /* once repaired, the step goes on */
    EXPECT(LBK_OK, lbk_put(s, b, v));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_session_close(&s));

    s = two_blocks("mask.lbk", mask, &a, &b);
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 1, 0.0));
    u[100] = NAN;
    u[101] = INFINITY;
    u[102] = -INFINITY;
    EXPECT(LBK_OK, lbk_put(s, a, u));
    EXPECT(LBK_OK, lbk_put(s, b, v));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_session_close(&s));

    lbk_archive *archive = NULL;
    const int64_t start[3] = {0, 0, 0};
    float *out = malloc(sizeof u);
    EXPECT(LBK_OK, lbk_archive_open("mask.lbk", &archive));
    EXPECT(LBK_OK, lbk_archive_read(archive, "u", 0, start, shape, NULL, LBK_FLOAT32, out));
    CHECK(isnan(out[100]) && out[101] == INFINITY && out[102] == -INFINITY && isfinite(out[99]) && isfinite(out[103]));
    EXPECT(LBK_OK, lbk_archive_close(&archive));
    free(out);
}

int main(void) {
    for (int i = 0; i < N * N * N; i++) {
        u[i] = sinf(0.1f * (float)(i % 64));
        v[i] = (float)i;
    }
    order();
    not_finite();
    return finish();
}

/* A host that traps floating-point exceptions, flushes denormals and rounds otherwise: limbeck raises no signal, and the
 * host finds its environment as it was. */
#define _GNU_SOURCE
#include "check.h"
#include <fenv.h>
#include <math.h>

enum { N = 12 };

int main(void) {
    static float values[N][N][N];
    static double out[N * N * N];
    const int64_t shape[3] = {N, N, N};
    const char *const options[] = {"nonfinite", "mask", "effort", "0.01", "target.ratio", "10", NULL};
    lbk_session *s;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    lbk_archive *a = NULL;
    const float nan = NAN, infinite = INFINITY;
    int step, i;
#ifdef __GLIBC__
    CHECK(feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != -1);
    CHECK(fegetexcept() == (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
#endif
    fesetround(FE_UPWARD);
    s = open_session("traps.lbk", options);
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_session_commit(s));
    for (step = 0; step < 3; step++) {
        for (i = 0; i < N * N * N; i++) (&values[0][0][0])[i] = sinf(0.01f * (float)i + (float)step);
        memcpy(&values[1][2][3], &nan, sizeof nan);
        memcpy(&values[1][2][4], &infinite, sizeof infinite);
        EXPECT(LBK_OK, lbk_step_begin(s, step, step));
        EXPECT(LBK_OK, lbk_put(s, b, values));
        EXPECT(LBK_OK, lbk_step_end(s));
    }
    EXPECT(LBK_OK, lbk_session_close(&s));
    EXPECT(LBK_OK, lbk_archive_open("traps.lbk", &a));
    EXPECT(LBK_OK, lbk_archive_read(a, "u", 1, NULL, shape, NULL, LBK_FLOAT64, out));
    EXPECT(LBK_OK, lbk_archive_close(&a));
    CHECK(fegetround() == FE_UPWARD);
#ifdef __GLIBC__
    CHECK(fegetexcept() == (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
    fedisableexcept(FE_ALL_EXCEPT);
#endif
    CHECK(out[(1 * N + 2) * N + 3] != out[(1 * N + 2) * N + 3]);
    return finish();
}

/* Arrays whose layout is told with each call: put from, and read into, strided arrays. */
#include "check.h"

enum { NZ = 5, NY = 6, NX = 7, GHOSTS = 1, ROW = NX + 2 * GHOSTS, PLANE = (NY + 2 * GHOSTS) * ROW };
enum { ALL = (NZ + 2 * GHOSTS) * PLANE, FIRST = GHOSTS * PLANE + GHOSTS * ROW + GHOSTS };

static const int64_t shape[3] = {NZ, NY, NX};
static const int64_t ghosted[3] = {PLANE * 8, ROW * 8, 8}, turned[3] = {8, NZ * 8, NZ * NY * 8};
static const int64_t mirrored[3] = {NY * NX * 8, NX * 8, -8};

static double value(int64_t z, int64_t y, int64_t x) {
    return (double)(100 * z + 10 * y + x);
}

static void write_run(void) {
    static const char *const options[] = {"target.ratio", "2", "distil.when", "never", NULL};
    static const int64_t wrong[3][3] = {{NZ, NY, NX + 1}, {NZ, NY - 1, NX}, {-1, NY, NX}};
    static const int64_t wild[3] = {INT64_MAX, INT64_MAX, 8};
    lbk_session *s = open_session("strided.lbk", options);
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    double inside[ALL], other[NX * NY * NZ], backwards[NZ * NY * NX], plain[NZ * NY * NX];
    for (int i = 0; i < ALL; i++) inside[i] = -1e30;
    for (int z = 0; z < NZ; z++)
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++) {
                inside[FIRST + z * PLANE + y * ROW + x] = value(z, y, x);
                other[(x * NY + y) * NZ + z] = value(z, y, x);
                backwards[(z * NY + y) * NX + NX - 1 - x] = value(z, y, x);
                plain[(z * NY + y) * NX + x] = value(z, y, x);
            }
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT64, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 0, 0.0));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT32, 3, shape, ghosted, inside));
    MESSAGE("Float32");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, 0, 3, shape, ghosted, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 2, shape, ghosted, inside));
    MESSAGE("2 axes");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 4, shape, ghosted, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, wrong[0], ghosted, inside));
    MESSAGE("8 values along its fastest axis, the block 7");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, wrong[1], ghosted, inside));
    MESSAGE("middle");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, wrong[2], ghosted, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, wild, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, NULL, ghosted, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, ghosted, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_put_strided(s, NULL, LBK_FLOAT64, 3, shape, ghosted, inside));
    EXPECT(LBK_INVALID_STATE, lbk_step_end(s)); /* nothing of that was taken */
    EXPECT(LBK_OK, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, ghosted, inside + FIRST));
    EXPECT(LBK_INVALID_STATE, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, ghosted, inside + FIRST));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 1, 1.0));
    EXPECT(LBK_OK, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, turned, other));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 2, 2.0));
    EXPECT(LBK_OK, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, mirrored, backwards + NX - 1));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 3, 3.0));
    EXPECT(LBK_OK, lbk_put_strided(s, b, LBK_FLOAT64, 3, shape, NULL, plain));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_session_close(&s));
}

static void read_back(void) {
    static const int64_t start[3] = {1, 0, 2}, count[3] = {2, 3, 2}, every[3] = {2, 2, 3}, none[3] = {0, NY, NX};
    static const int64_t wild[3] = {INT64_MAX, INT64_MAX, 8}, far[3] = {NZ, NY, NX + 1};
    lbk_archive *a = NULL;
    double plain[NZ][NY][NX], inside[ALL], part[ALL], untouched = -1e30;
    EXPECT(LBK_OK, lbk_archive_open("strided.lbk.d", &a));
    if (!a) exit(1);
    for (int step = 0; step < 4; step++) {
        double worst = 0.0;
        for (int i = 0; i < ALL; i++) inside[i] = part[i] = untouched;
        EXPECT(LBK_OK, lbk_archive_read(a, "u", step, NULL, shape, NULL, LBK_FLOAT64, plain));
        EXPECT(LBK_OK, lbk_archive_read_strided(a, "u", step, NULL, shape, NULL, LBK_FLOAT64, 3, ghosted, inside + FIRST));
        EXPECT(LBK_OK, lbk_archive_read_strided(a, "u", step, start, count, every, LBK_FLOAT64, 3, ghosted, part + FIRST));
        for (int z = -1; z <= NZ; z++)
            for (int y = -1; y <= NY; y++)
                for (int x = -1; x <= NX; x++) {
                    const int ghost = z < 0 || y < 0 || x < 0 || z == NZ || y == NY || x == NX;
                    const double got = inside[FIRST + z * PLANE + y * ROW + x];
                    CHECK(got == (ghost ? untouched : plain[z][y][x]));
                    const int read = !ghost && z < 2 && y < 3 && x < 2;
                    CHECK(part[FIRST + z * PLANE + y * ROW + x] == (read ? plain[1 + 2 * z][2 * y][2 + 3 * x] : untouched));
                    if (!ghost) {
                        const double error = got > value(z, y, x) ? got - value(z, y, x) : value(z, y, x) - got;
                        if (error > worst) worst = error;
                    }
                }
        printf("step %d: largest error %g\n", step, worst);
        CHECK(worst < 1e-3); /* so small a block is kept whole */
    }
    EXPECT(LBK_OK, lbk_archive_read_strided(a, "u", 0, NULL, shape, NULL, LBK_FLOAT64, 3, NULL, inside));
    EXPECT(LBK_OK, lbk_archive_read(a, "u", 0, NULL, shape, NULL, LBK_FLOAT64, plain));
    CHECK(memcmp(inside, plain, sizeof plain) == 0);
    EXPECT(LBK_OK, lbk_archive_read_strided(a, "u", 0, NULL, none, NULL, LBK_FLOAT64, 3, wild, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read_strided(a, "u", 0, NULL, shape, NULL, LBK_FLOAT64, 2, ghosted, inside));
    MESSAGE("2 axes");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read_strided(a, "u", 0, NULL, shape, NULL, LBK_FLOAT64, 3, wild, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read_strided(a, "u", 0, NULL, far, NULL, LBK_FLOAT64, 3, ghosted, inside));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read_strided(a, "u", 0, NULL, shape, NULL, LBK_FLOAT64, 3, ghosted, NULL));
    EXPECT(LBK_NOT_FOUND, lbk_archive_read_strided(a, "u", 9, NULL, shape, NULL, LBK_FLOAT64, 3, ghosted, inside));
    EXPECT(LBK_OK, lbk_archive_close(&a));
}

int main(void) {
    write_run();
    read_back();
    return finish();
}

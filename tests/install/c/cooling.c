/* A hot spot in a box of metal that cools down; an outside project that uses an installed limbeck.
 *
 * Explicit heat conduction on n^3 cells with a layer of ghosts. Writes cooling.lbk, reads its last step back and says how
 * far it is from the arrays of the solver; ends with 1 if that is too far. */
#ifdef WITHOUT_LIMBECK
#include <limbeck/limbeck_stub.h>
#else
#include <limbeck/limbeck.h>
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 24, ROW = N + 2, STEPS = 8, SUBSTEPS = 10 };
typedef double field[ROW][ROW][ROW];
static field now, next;

static void check(lbk_status rc) {
    char message[512];
    if (rc == LBK_OK) return;
    lbk_last_error(message, sizeof message, NULL);
    fprintf(stderr, "%s: %s\n", lbk_status_name(rc), message);
    if (rc > 0) exit(1);
}

/* Isolated walls: the ghosts have what the cells beside them have. */
static void isolate(field t) {
    for (int a = 0; a < ROW; a++)
        for (int b = 0; b < ROW; b++) {
            t[0][a][b] = t[1][a][b], t[ROW - 1][a][b] = t[N][a][b];
            t[a][0][b] = t[a][1][b], t[a][ROW - 1][b] = t[a][N][b];
            t[a][b][0] = t[a][b][1], t[a][b][ROW - 1] = t[a][b][N];
        }
}

static void conduct(void) {
    isolate(now);
    for (int z = 1; z <= N; z++)
        for (int y = 1; y <= N; y++)
            for (int x = 1; x <= N; x++)
                next[z][y][x] = now[z][y][x] + 0.15 * (now[z - 1][y][x] + now[z + 1][y][x] + now[z][y - 1][x] +
                                                       now[z][y + 1][x] + now[z][y][x - 1] + now[z][y][x + 1] -
                                                       6.0 * now[z][y][x]);
    memcpy(now, next, sizeof now);
}

int main(void) {
    static const int64_t shape[3] = {N, N, N};
    static const int64_t strides[3] = {sizeof now[0], sizeof now[0][0], sizeof now[0][0][0]};
    static double decoded[N][N][N];
    lbk_config *config = NULL;
    lbk_session *session = NULL;
    lbk_variable *temperature = NULL;
    lbk_block *block = NULL;
    lbk_archive *archive = NULL;
    double worst = 0.0, low = INFINITY, high = -INFINITY;

    for (int z = 1; z <= N; z++)
        for (int y = 1; y <= N; y++)
            for (int x = 1; x <= N; x++)
                now[z][y][x] = 290.0 + 400.0 * exp(-0.02 * (pow(z - 9.0, 2) + pow(y - 14.0, 2) + pow(x - 12.0, 2)));

    check(lbk_config_create(&config));
    check(lbk_config_set(config, "target.ratio", "50"));
    check(lbk_session_open(config, "cooling.lbk", LBK_NO_COMM, &session));
    check(lbk_config_free(config));
    check(lbk_variable_define(session, "temperature", LBK_FLOAT64, 3, shape, &temperature));
    check(lbk_variable_set_attribute(temperature, "units", "K"));
    check(lbk_variable_add_block(temperature, NULL, shape, strides, &block));
    check(lbk_session_commit(session));
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < SUBSTEPS; i++) conduct();
        check(lbk_step_begin(session, step, 0.1 * step));
        check(lbk_put(session, block, &now[1][1][1]));
        check(lbk_step_end(session));
    }
    check(lbk_session_close(&session));

#ifdef WITHOUT_LIMBECK
    printf("limbeck is left out\n");
    return 0;
#endif
    check(lbk_archive_open("cooling.lbk", &archive));
    check(lbk_archive_read(archive, "temperature", STEPS - 1, NULL, shape, NULL, LBK_FLOAT64, decoded));
    check(lbk_archive_close(&archive));
    for (int z = 0; z < N; z++)
        for (int y = 0; y < N; y++)
            for (int x = 0; x < N; x++) {
                const double truth = now[z + 1][y + 1][x + 1];
                worst = fmax(worst, fabs(decoded[z][y][x] - truth));
                low = fmin(low, truth), high = fmax(high, truth);
            }
    printf("limbeck %s: largest error %.2f K of a range of %.2f K\n", lbk_version(), worst, high - low);
    return worst < 0.1 * (high - low) ? 0 : 1;
}

/* A run in which rank r of n has the blocks r, r + n, r + 2 n, ... of a domain cut into slabs.
 *
 *   run PATH FIRST LAST BLOCKS DEAL [NAME=VALUE]...
 *
 * Phases for MPI_Pcontrol: 2 from commit to close, 3 close, 4 behind it. PATH of the archive; cycles FIRST to LAST - 1; DEAL of the blocks to ranks: "even" as above, "last" all to the last rank,
 * "overlap" evenly, each block with the first layer of the next one; options of limbeck. EXPECT in the environment is the
 * status that close has to return, by name, and other calls may; else it is LBK_OK. */
#include "shared.h"

static int64_t first_layer(int block, int blocks) {
    return NZ * block / blocks;
}

static lbk_status expected(void) {
    const char *name = getenv("EXPECT");
    for (lbk_status s = -16; name && s < 64; s++)
        if (strcmp(lbk_status_name(s), name) == 0) return s;
    return LBK_OK;
}

/* Success, or the warning that is expected, which is printed. */
static void take(lbk_status status, const char *call) {
    char message[1024] = "";
    if (status == LBK_OK) return;
    lbk_last_error(message, sizeof message, NULL);
    printf("rank %d: %s: %s\n", rank, call, message);
    CHECK(status < 0 && status == expected());
}

int main(int argc, char **argv) {
    start(&argc, &argv);
    if (argc < 6) return 2;
    const int first = atoi(argv[2]), last = atoi(argv[3]), blocks = atoi(argv[4]);
    const int to_last = strcmp(argv[5], "last") == 0, overlap = strcmp(argv[5], "overlap") == 0;
    lbk_config *config = options();
    for (int i = 6; i < argc; i++) {
        char name[256];
        const size_t length = strcspn(argv[i], "=");
        memcpy(name, argv[i], length);
        name[length] = 0;
        EXPECT(LBK_OK, lbk_config_set(config, name, argv[i] + length + 1));
    }
    lbk_session *s = NULL;
    lbk_variable *density = NULL, *level = NULL;
    lbk_block *own[MOST_BLOCKS], *surface = NULL;
    int number[MOST_BLOCKS], owned = 0;
    EXPECT(LBK_OK, lbk_session_open(config, argv[1], MPI_Comm_c2f(MPI_COMM_WORLD), &s));
    EXPECT(LBK_OK, lbk_config_free(config));
    if (!s) return end();
    EXPECT(LBK_OK, lbk_variable_define(s, "density", LBK_FLOAT64, 3, SHAPE, &density));
    EXPECT(LBK_OK, lbk_variable_define(s, "level", LBK_FLOAT32, 2, SHAPE + 1, &level));
    if (rank == size / 2) EXPECT(LBK_OK, lbk_variable_add_block(level, NULL, SHAPE + 1, NULL, &surface));
    for (int b = 0; b < blocks; b++) {
        if (rank != (to_last ? size - 1 : b % size)) continue;
        const int64_t below = first_layer(b, blocks), above = first_layer(b + 1, blocks) + (overlap && b + 1 < blocks);
        const int64_t offset[3] = {below, 0, 0}, count[3] = {above - below, NY, NX};
        number[owned] = b;
        EXPECT(LBK_OK, lbk_variable_add_block(density, offset, count, NULL, &own[owned++]));
    }
    EXPECT(LBK_OK, lbk_session_commit(s));
    MPI_Pcontrol(2);
    for (int cycle = first; cycle < last; cycle++) {
        EXPECT(LBK_OK, lbk_step_begin(s, cycle, 0.5 * cycle));
        for (int i = 0; i < owned; i++) {
            static double values[NZ][NY][NX];
            const int64_t below = first_layer(number[i], blocks);
            for (int64_t z = below; z < NZ; z++)
                for (int64_t y = 0; y < NY; y++)
                    for (int64_t x = 0; x < NX; x++) values[z - below][y][x] = field(cycle, z, y, x);
            EXPECT(LBK_OK, lbk_put(s, own[i], values));
        }
        if (surface) {
            static float values[NY][NX];
            for (int64_t y = 0; y < NY; y++)
                for (int64_t x = 0; x < NX; x++) values[y][x] = (float)field(cycle, 0, y, x);
            EXPECT(LBK_OK, lbk_put(s, surface, values));
        }
        take(lbk_step_end(s), "lbk_step_end");
    }
    EXPECT(LBK_OK, lbk_session_wait(s, last - 1, 200.0));
    MPI_Pcontrol(3);
    const lbk_status closed = lbk_session_close(&s);
    take(closed, "lbk_session_close");
    CHECK(closed == expected());
    MPI_Pcontrol(4);
    return end();
}

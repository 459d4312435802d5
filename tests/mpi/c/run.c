/* A run in which rank r of n has the blocks r, r + n, r + 2 n, ... of a domain cut into slabs, or into boxes.
 *
 *   run PATH FIRST LAST BLOCKS DEAL [NAME=VALUE]...
 *
 * Phases for MPI_Pcontrol: 2 from commit to close, 3 close, 4 behind it. PATH of the archive; cycles FIRST to LAST - 1; DEAL of
 * the blocks to ranks: "even" as above, "last" all to the last rank, "overlap" evenly, each block with the first layer of the
 * next one, "boxes" evenly, the domain halved along y and x as well (BLOCKS is a multiple of 4), "backwards" the same with the
 * ranks in reverse; options of limbeck. EXPECT in the environment is the status that close has to return, by name, and other
 * calls may; else it is LBK_OK. */
#include "shared.h"

typedef struct {
    int64_t offset[3], count[3];
} Box;

static int64_t first_layer(int block, int blocks) {
    return NZ * block / blocks;
}

static Box slab(int b, int blocks, int overlap) {
    const int64_t below = first_layer(b, blocks), above = first_layer(b + 1, blocks) + (overlap && b + 1 < blocks);
    const Box box = {{below, 0, 0}, {above - below, NY, NX}};
    return box;
}

/* A quarter of a slab; the halves are not equal. */
static Box quarter(int b, int blocks) {
    Box box = slab(b / 4, blocks / 4, 0);
    const int64_t y = NY / 2 - 1, x = NX / 2 + 1;
    const int north = b / 2 % 2, east = b % 2;
    box.offset[1] = north ? y : 0;
    box.count[1] = north ? NY - y : y;
    box.offset[2] = east ? x : 0;
    box.count[2] = east ? NX - x : x;
    return box;
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
    const int backwards = strcmp(argv[5], "backwards") == 0, boxes = backwards || strcmp(argv[5], "boxes") == 0;
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
    Box place[MOST_BLOCKS];
    int owned = 0;
    EXPECT(LBK_OK, lbk_session_open(config, argv[1], MPI_Comm_c2f(MPI_COMM_WORLD), &s));
    EXPECT(LBK_OK, lbk_config_free(config));
    if (!s) return end();
    EXPECT(LBK_OK, lbk_variable_define(s, "density", LBK_FLOAT64, 3, SHAPE, &density));
    EXPECT(LBK_OK, lbk_variable_define(s, "level", LBK_FLOAT32, 2, SHAPE + 1, &level));
    if (rank == size / 2) EXPECT(LBK_OK, lbk_variable_add_block(level, NULL, SHAPE + 1, NULL, &surface));
    for (int b = 0; b < blocks; b++) {
        if (rank != (to_last ? size - 1 : backwards ? size - 1 - b % size : b % size)) continue;
        const Box *box = &place[owned];
        place[owned] = boxes ? quarter(b, blocks) : slab(b, blocks, overlap);
        EXPECT(LBK_OK, lbk_variable_add_block(density, box->offset, box->count, NULL, &own[owned++]));
    }
    EXPECT(LBK_OK, lbk_session_commit(s));
    MPI_Pcontrol(2);
    for (int cycle = first; cycle < last; cycle++) {
        EXPECT(LBK_OK, lbk_step_begin(s, cycle, 0.5 * cycle));
        for (int i = 0; i < owned; i++) {
            static double values[NZ * NY * NX];
            const int64_t *o = place[i].offset, *n = place[i].count;
            double *value = values;
            for (int64_t z = o[0]; z < o[0] + n[0]; z++)
                for (int64_t y = o[1]; y < o[1] + n[1]; y++)
                    for (int64_t x = o[2]; x < o[2] + n[2]; x++) *value++ = field(cycle, z, y, x);
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

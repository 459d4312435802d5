/* Where one rank fails or says something else than the others, all ranks get the same error with the same text, and
 * nobody waits for anybody. */
#include "shared.h"

/* Opens with one more option on this rank. */
static lbk_status open_status(const char *path, const char *name, const char *value, lbk_session **s) {
    lbk_config *config = options();
    EXPECT(LBK_OK, lbk_config_set(config, name, value));
    const lbk_status status = lbk_session_open(config, path, MPI_Comm_c2f(MPI_COMM_WORLD), s);
    EXPECT(LBK_OK, lbk_config_free(config));
    return status;
}

static void at_open(void) {
    const int last = rank == size - 1;
    const char *const path = "open.lbk";
    lbk_session *s = NULL;
    lbk_config *config = options();
    const MPI_Fint world = MPI_Comm_c2f(MPI_COMM_WORLD);

    SAME_EVERYWHERE(LBK_INVALID_ARGUMENT, "seed", open_status(path, "seed", last ? "5" : "6", &s));
    SAME_EVERYWHERE(LBK_INVALID_ARGUMENT, "path", open_status(last ? "other.lbk" : path, "seed", "1", &s));
    SAME_EVERYWHERE(LBK_IO, "nowhere", open_status("nowhere/open.lbk", "seed", "1", &s));
    /* What only one rank can know: its arguments, and that the directory for its journal is a file. */
    SAME_EVERYWHERE(LBK_INVALID_ARGUMENT, "path", lbk_session_open(config, last ? NULL : path, world, &s));
    SAME_EVERYWHERE(LBK_INVALID_HANDLE, "config", lbk_session_open(last ? NULL : config, path, world, &s));
    SAME_EVERYWHERE(LBK_INVALID_ARGUMENT, "session", lbk_session_open(config, path, world, last ? NULL : &s));
    SAME_EVERYWHERE(LBK_IO, "a_file", open_status(path, "journal.dir", last ? "a_file/journal" : "journal", &s));
    CHECK(s == NULL);
    EXPECT(LBK_OK, lbk_config_free(config));
}

enum { SHAPE_DIFFERS, NAME_DIFFERS, TYPE_DIFFERS, ONE_MORE, HOLE, NOTHING, OUTSIDE, COUNT };

static void at_commit(int what) {
    const int last = rank == size - 1;
    static const int64_t other_shape[3] = {NZ, NY, NX + 1};
    const char *const parts[COUNT] = {"shape", "variables", "32 bits", "variables", "cover", "no variable", "density"};
    char path[32];
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    snprintf(path, sizeof path, "commit%d.lbk", what);
    lbk_session *s = open_on(MPI_COMM_WORLD, path);
    const int64_t first = NZ * rank / size, offset[3] = {first, 0, 0};
    const int64_t count[3] = {NZ * (rank + 1) / size - first - (what == HOLE && last), NY, NX};
    if (what != NOTHING) {
        EXPECT(LBK_OK, lbk_variable_define(s, last && what == NAME_DIFFERS ? "Density" : "density",
                                           last && what == TYPE_DIFFERS ? LBK_FLOAT32 : LBK_FLOAT64, 3,
                                           last && what == SHAPE_DIFFERS ? other_shape : SHAPE, &v));
        EXPECT(LBK_OK, lbk_variable_add_block(v, offset, count, NULL, &b));
    }
    if (what == ONE_MORE && last) {
        EXPECT(LBK_OK, lbk_variable_define(s, "more", LBK_FLOAT64, 3, SHAPE, &v));
        EXPECT(LBK_OK, lbk_variable_add_block(v, offset, count, NULL, &b));
    }
    SAME_EVERYWHERE(LBK_INVALID_ARGUMENT, parts[what], lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_session_close(&s));
}

/* One rank commits a second time while the others do, too. */
static void twice(void) {
    lbk_session *s = open_on(MPI_COMM_WORLD, "twice.lbk");
    define_slab(s, "density", rank, size);
    EXPECT(LBK_OK, lbk_session_commit(s));
    SAME_EVERYWHERE(LBK_INVALID_STATE, "committed", lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_session_close(&s));
}

int main(int argc, char **argv) {
    start(&argc, &argv);
    if (rank == 0) fclose(fopen("a_file", "w"));
    MPI_Barrier(MPI_COMM_WORLD);
    at_open();
    for (int what = 0; what < OUTSIDE; what++) at_commit(what);
    twice();
    return end();
}

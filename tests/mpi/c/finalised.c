/* A session that is closed after MPI_Finalize: everything accepted is in the journals, and close says what it could not
 * do. */
#include "shared.h"

enum { STEPS = 3 };

int main(int argc, char **argv) {
    start(&argc, &argv);
    lbk_session *s = open_on(MPI_COMM_WORLD, "finalised.lbk");
    lbk_session *uncommitted = open_on(MPI_COMM_WORLD, "uncommitted.lbk");
    int64_t durable = LBK_NO_CYCLE;
    lbk_block *b = define_slab(s, "density", rank, size);
    EXPECT(LBK_OK, lbk_session_commit(s));
    for (int step = 0; step < STEPS; step++) put_slab(s, b, step, rank, size);
    int failed = end();
    failures = 0;
    EXPECT(LBK_OK, lbk_session_wait(s, STEPS - 1, 200.0));
    EXPECT(LBK_OK, lbk_session_durable(s, &durable));
    CHECK(durable == STEPS - 1);
    EXPECT(LBK_MPI, lbk_session_close(&s));
    MESSAGE("finalised before the session was closed");
    MESSAGE("limbeck distill finalised.lbk.d");
    CHECK(s == NULL);
    EXPECT(LBK_OK, lbk_session_close(&uncommitted));
    return failed || failures;
}

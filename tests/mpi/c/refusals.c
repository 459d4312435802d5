/* Communicators that are none are errors, before MPI_Init, between, and after MPI_Finalize; no process ends for them, and
 * the host's error handlers are what they were. */
#include "shared.h"

static lbk_status open_with(MPI_Fint communicator, const char *path) {
    lbk_config *config = options();
    lbk_session *s = NULL;
    const lbk_status status = lbk_session_open(config, path, communicator, &s);
    CHECK(s == NULL);
    EXPECT(LBK_OK, lbk_config_free(config));
    return status;
}

static int calls_of_handler;

static void handler(MPI_Comm *communicator, int *code, ...) {
    (void)communicator;
    (void)code;
    calls_of_handler++;
}

/* The communicator's handler is the one above: an error reaches it. */
static void handler_is_there(MPI_Comm communicator) {
    const int before = calls_of_handler;
    MPI_Comm_call_errhandler(communicator, MPI_ERR_OTHER);
    CHECK(calls_of_handler == before + 1);
}

static void intercommunicator(void) {
    MPI_Comm half, inter;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - rank % 2, 7, &inter);
    EXPECT(LBK_MPI, open_with(MPI_Comm_c2f(inter), "inter.lbk"));
    MESSAGE("intercommunicator");
    MPI_Comm_free(&inter);
    MPI_Comm_free(&half);
}

int main(int argc, char **argv) {
    /* 0 and 0x44000000 are what Open MPI and MPICH have for MPI_COMM_WORLD; asking MPI is not allowed yet. */
    EXPECT(LBK_MPI, open_with(0, "early.lbk"));
    MESSAGE("not initialised");
    EXPECT(LBK_MPI, open_with(0x44000000, "early.lbk"));
    MESSAGE("not initialised");

    start(&argc, &argv);
    const MPI_Fint world = MPI_Comm_c2f(MPI_COMM_WORLD);
    MPI_Errhandler own;
    MPI_Comm_create_errhandler(handler, &own);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, own);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, own);

    EXPECT(LBK_MPI, open_with(MPI_Comm_c2f(MPI_COMM_NULL), "null.lbk"));
    MESSAGE("MPI_COMM_NULL");
    const MPI_Fint garbage[] = {-2, -77, 123456, 0x55555555, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        EXPECT(LBK_MPI, open_with(garbage[i], "garbage.lbk"));
        MESSAGE("is not the Fortran handle of a communicator");
    }
    MPI_Comm freed;
    MPI_Comm_dup(MPI_COMM_WORLD, &freed);
    const MPI_Fint stale = MPI_Comm_c2f(freed);
    MPI_Comm_free(&freed);
    EXPECT(LBK_MPI, open_with(stale, "stale.lbk"));
    if (size > 1) intercommunicator();

    CHECK(calls_of_handler == 0);
    handler_is_there(MPI_COMM_WORLD);
    handler_is_there(MPI_COMM_SELF);
    lbk_session *s = open_on(MPI_COMM_WORLD, "good.lbk");
    handler_is_there(MPI_COMM_WORLD);
    EXPECT(LBK_OK, lbk_session_close(&s));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ARE_FATAL);
    MPI_Errhandler_free(&own);

    const int failed = end();
    failures = 0;
    EXPECT(LBK_MPI, open_with(world, "late.lbk"));
    MESSAGE("finalised");
    return failed || failures;
}

/* A communicator reaches the library as a Fortran integer, whatever the MPI; while an exception passes, nothing collective
 * is called. The two MPIs and the library's open and close stand here, so that no MPI is needed. */
#define lbk_session_open counted_open
#define lbk_session_close counted_close
#define lbk_session_wait counted_wait
#include "check.hpp"

/* As in Open MPI: a pointer to a struct. Declared after limbeck.hpp, as a code may have it. */
struct ompi_communicator_t {
    int number;
};
typedef ompi_communicator_t* MPI_Comm;
typedef int MPI_Fint;
static MPI_Fint MPI_Comm_c2f(MPI_Comm comm) { return comm->number; }

static std::int32_t seen = 0;
static int closed = 0, waited = 0;

extern "C" lbk_status counted_open(const lbk_config*, const char*, std::int32_t communicator, lbk_session** session) {
    seen = communicator;
    *session = reinterpret_cast<lbk_session*>(&seen);
    return LBK_OK;
}
extern "C" lbk_status counted_close(lbk_session** session) {
    closed += *session != nullptr;
    *session = nullptr;
    return LBK_OK;
}
extern "C" lbk_status counted_wait(lbk_session*, std::int64_t, double) {
    waited++;
    return LBK_OK;
}

int main() {
    ompi_communicator_t world{42};
    {
        const limbeck::Session session(&world, "run.lbk");
        CHECK(seen == 42);
    }
    CHECK(closed == 1);
    {
        const int mpich_world = 0x44000000;
        const limbeck::Session session(mpich_world, "run.lbk", {{"target.ratio", 100}});
        CHECK(seen == 0x44000000);
    }
    {
        const limbeck::Session session("run.lbk");
        CHECK(seen == LBK_NO_COMM);
    }
    CHECK(closed == 3);

    try {
        const limbeck::Session session("run.lbk");
        throw 1;
    } catch (int) {
        CHECK(closed == 4 && waited == 0);
    }
    try {
        const limbeck::Session session(&world, "run.lbk");
        throw 1;
    } catch (int) {
        CHECK(closed == 4 && waited == 1);
        const limbeck::Session session(&world, "run.lbk");  // opened while one passes: that is not a reason
    }
    CHECK(closed == 5);
    return finish();
}

/* The last rank is killed in the middle of a run, when it has STEPS steps on the disk and the others have two more. mpirun
 * ends the rest. */
#define _POSIX_C_SOURCE 200809L
#include "shared.h"
#include <signal.h>

enum { STEPS = 4 };

int main(int argc, char **argv) {
    start(&argc, &argv);
    const int doomed = rank == size - 1;
    lbk_session *s = open_on(MPI_COMM_WORLD, "killed.lbk");
    lbk_block *b = define_slab(s, "density", rank, size);
    EXPECT(LBK_OK, lbk_session_commit(s));
    const int steps = doomed ? STEPS : STEPS + 2;
    for (int step = 0; step < steps; step++) put_slab(s, b, step, rank, size);
    EXPECT(LBK_OK, lbk_session_wait(s, steps - 1, 200.0));
    if (failures) return 1;
    MPI_Barrier(MPI_COMM_WORLD);
    if (doomed) {
        printf("killed with %d steps\n", STEPS);
        fflush(stdout);
        raise(SIGKILL);
    }
    put_slab(s, b, steps, rank, size); /* on the way when mpirun ends this rank */
    lbk_session_close(&s);
    return 0;
}

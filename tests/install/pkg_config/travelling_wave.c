/* A wave that travels through a periodic box, dealt to the ranks in slabs; an outside project that uses an installed
 * limbeck_mpi. Rank 0 reads the last step back and says how far it is from the truth; ends with 1 if that is too far. */
#include <limbeck/limbeck.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { NZ = 22, NY = 20, NX = 24, STEPS = 8 };

static void check(lbk_status rc) {
    char message[512];
    if (rc == LBK_OK) return;
    lbk_last_error(message, sizeof message, NULL);
    fprintf(stderr, "%s: %s\n", lbk_status_name(rc), message);
    if (rc > 0) MPI_Abort(MPI_COMM_WORLD, 1);
}

static double wave(int step, int z, int y, int x) {
    const double turn = 2.0 * acos(-1.0);
    return 1000.0 + 50.0 * sin(turn * ((double)x / NX - 0.02 * step)) * cos(turn * (double)y / NY) +
           20.0 * cos(turn * ((double)z / NZ + 0.01 * step));
}

int main(int argc, char **argv) {
    static const int64_t shape[3] = {NZ, NY, NX};
    static double pressure[NZ][NY][NX], decoded[NZ][NY][NX];
    int rank, size;
    double worst = 0.0;
    lbk_config *config = NULL;
    lbk_session *session = NULL;
    lbk_variable *variable = NULL;
    lbk_block *block = NULL;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const int first = NZ * rank / size, behind = NZ * (rank + 1) / size;
    const int64_t offset[3] = {first, 0, 0}, count[3] = {behind - first, NY, NX};

    check(lbk_config_create(&config));
    check(lbk_config_set(config, "target.ratio", "40"));
    check(lbk_session_open(config, "wave.lbk", MPI_Comm_c2f(MPI_COMM_WORLD), &session));
    check(lbk_config_free(config));
    check(lbk_variable_define(session, "pressure", LBK_FLOAT64, 3, shape, &variable));
    check(lbk_variable_add_block(variable, offset, count, NULL, &block));
    check(lbk_session_commit(session));
    for (int step = 0; step < STEPS; step++) {
        for (int z = first; z < behind; z++)
            for (int y = 0; y < NY; y++)
                for (int x = 0; x < NX; x++) pressure[z - first][y][x] = wave(step, z, y, x);
        check(lbk_step_begin(session, step, 0.5 * step));
        check(lbk_put(session, block, pressure));
        check(lbk_step_end(session));
    }
    check(lbk_session_close(&session));

    if (rank == 0) {
        lbk_archive *archive = NULL;
        check(lbk_archive_open("wave.lbk", &archive));
        check(lbk_archive_read(archive, "pressure", STEPS - 1, NULL, shape, NULL, LBK_FLOAT64, decoded));
        check(lbk_archive_close(&archive));
        for (int z = 0; z < NZ; z++)
            for (int y = 0; y < NY; y++)
                for (int x = 0; x < NX; x++)
                    worst = fmax(worst, fabs(decoded[z][y][x] - wave(STEPS - 1, z, y, x)));
        printf("limbeck %s on %d ranks: largest error %.2f Pa of a range of 140 Pa\n", lbk_version(), size, worst);
    }
    MPI_Bcast(&worst, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Finalize();
    return size > 1 && worst < 14.0 ? 0 : 1;
}

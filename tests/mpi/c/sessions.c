/* Sessions side by side: two on one communicator, some on parts of it, one per rank, all open at once, their calls
 * interleaved; the host's own messages go on between them. */
#include "shared.h"

enum { STEPS = 3 };

typedef struct {
    lbk_session *session;
    lbk_block *block;
    int part, parts;
} Run;

static Run begin(MPI_Comm communicator, const char *path) {
    Run r = {NULL, NULL, 0, 1};
    MPI_Comm_rank(communicator, &r.part);
    MPI_Comm_size(communicator, &r.parts);
    r.session = open_on(communicator, path);
    r.block = define_slab(r.session, "density", r.part, r.parts);
    EXPECT(LBK_OK, lbk_session_commit(r.session));
    return r;
}

/* A message of the host that is in flight while the library communicates. */
static void message(MPI_Request *request, int *token, int tag) {
    MPI_Irecv(token, 1, MPI_INT, (rank + size - 1) % size, tag, MPI_COMM_WORLD, request);
}

static void answer(MPI_Request *request, const int *token, int tag) {
    MPI_Send(&rank, 1, MPI_INT, (rank + 1) % size, tag, MPI_COMM_WORLD);
    MPI_Wait(request, MPI_STATUS_IGNORE);
    CHECK(*token == (rank + size - 1) % size);
}

int main(int argc, char **argv) {
    start(&argc, &argv);
    char half_path[32], own_path[32];
    MPI_Comm half;
    MPI_Request request;
    int token = -1;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half);
    snprintf(half_path, sizeof half_path, "half%d.lbk", rank % 2);
    snprintf(own_path, sizeof own_path, "own%d.lbk", rank);

    message(&request, &token, 1);
    Run runs[4] = {begin(MPI_COMM_WORLD, "one.lbk"), begin(half, half_path), begin(MPI_COMM_WORLD, "two.lbk"),
                   begin(MPI_COMM_SELF, own_path)};
    MPI_Comm_free(&half); /* the library has a duplicate */
    answer(&request, &token, 1);
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < 4; i++) put_slab(runs[i].session, runs[i].block, step, runs[i].part, runs[i].parts);
    message(&request, &token, 2);
    for (int i = 0; i < 4; i++) EXPECT(LBK_OK, lbk_session_close(&runs[(i + 2) % 4].session));
    answer(&request, &token, 2);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        check_archive("one.lbk", "density", 0, STEPS, 25.0);
        check_archive("two.lbk", "density", 0, STEPS, 25.0);
        for (int h = 0; h < 2 && h < size; h++) {
            snprintf(half_path, sizeof half_path, "half%d.lbk", h);
            check_archive(half_path, "density", 0, STEPS, 25.0);
        }
        for (int r = 0; r < size; r++) {
            snprintf(own_path, sizeof own_path, "own%d.lbk", r);
            check_archive(own_path, "density", 0, STEPS, 25.0);
        }
    }
    return end();
}

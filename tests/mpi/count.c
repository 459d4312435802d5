/* Counts what a program and its libraries ask of MPI: a library to be loaded before them (LD_PRELOAD) or linked ahead of
 * MPI's, that stands between through the profiling interface.
 *
 * The program tells its phases by MPI_Pcontrol(phase), 0 to 7; it begins in phase 0. At MPI_Finalize each rank writes one line
 * of JSON per phase and function to the file LBK_COUNT.<rank>, LBK_COUNT in the environment:
 *
 *   {"rank": 0, "phase": 3, "function": "MPI_Ireduce", "calls": 120, "bytes": 960000, "largest": 8000}
 *
 * with the bytes of this rank's own data in all calls and in the largest one (what it hands in or is given, not how many
 * messages MPI makes of it). */
#define _POSIX_C_SOURCE 200809L
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { PHASES = 8, FUNCTIONS = 64 };

typedef struct {
    const char *name;
    long long calls, bytes, largest;
} Count;

static Count counts[PHASES][FUNCTIONS];
static int phase;

static void add(const char *name, long long bytes) {
    for (int i = 0; i < FUNCTIONS; i++) {
        Count *c = &counts[phase][i];
        if (!c->name) c->name = name;
        if (c->name != name) continue;
        c->calls++;
        c->bytes += bytes;
        if (bytes > c->largest) c->largest = bytes;
        return;
    }
}

static long long bytes_of(long long count, MPI_Datatype type) {
    int size = 0;
    PMPI_Type_size(type, &size);
    return count * size;
}

int MPI_Pcontrol(const int level, ...) {
    if (level >= 0 && level < PHASES) phase = level;
    return MPI_SUCCESS;
}

/* Queries and calls that move no data of the caller. */
#define LOCAL(name, parameters, arguments) \
    int name parameters {                  \
        add(#name, 0);                     \
        return P##name arguments;          \
    }

LOCAL(MPI_Initialized, (int *flag), (flag))
LOCAL(MPI_Finalized, (int *flag), (flag))
LOCAL(MPI_Query_thread, (int *level), (level))
LOCAL(MPI_Is_thread_main, (int *flag), (flag))
LOCAL(MPI_Error_string, (int code, char *text, int *length), (code, text, length))
LOCAL(MPI_Comm_rank, (MPI_Comm comm, int *rank), (comm, rank))
LOCAL(MPI_Comm_size, (MPI_Comm comm, int *size), (comm, size))
LOCAL(MPI_Comm_test_inter, (MPI_Comm comm, int *flag), (comm, flag))
LOCAL(MPI_Comm_get_errhandler, (MPI_Comm comm, MPI_Errhandler *handler), (comm, handler))
LOCAL(MPI_Comm_set_errhandler, (MPI_Comm comm, MPI_Errhandler handler), (comm, handler))
LOCAL(MPI_Errhandler_free, (MPI_Errhandler *handler), (handler))
LOCAL(MPI_Comm_dup, (MPI_Comm comm, MPI_Comm *copy), (comm, copy))
LOCAL(MPI_Comm_free, (MPI_Comm *comm), (comm))
LOCAL(MPI_Comm_split, (MPI_Comm comm, int colour, int key, MPI_Comm *part), (comm, colour, key, part))
LOCAL(MPI_Comm_split_type, (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part),
      (comm, type, key, info, part))
LOCAL(MPI_Probe, (int source, int tag, MPI_Comm comm, MPI_Status *status), (source, tag, comm, status))
LOCAL(MPI_Iprobe, (int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status),
      (source, tag, comm, flag, status))

/* Calls that move so many values of the caller: point to point, then collective. */
#define MOVING(name, parameters, arguments, count, type) \
    int name parameters {                                \
        add(#name, bytes_of(count, type));               \
        return P##name arguments;                        \
    }

MOVING(MPI_Send, (const void *a, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm), (a, n, t, to, tag, comm), n, t)
MOVING(MPI_Isend, (const void *a, int n, MPI_Datatype t, int to, int tag, MPI_Comm comm, MPI_Request *r),
       (a, n, t, to, tag, comm, r), n, t)
MOVING(MPI_Recv, (void *a, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm, MPI_Status *status),
       (a, n, t, from, tag, comm, status), n, t)
MOVING(MPI_Irecv, (void *a, int n, MPI_Datatype t, int from, int tag, MPI_Comm comm, MPI_Request *r),
       (a, n, t, from, tag, comm, r), n, t)
MOVING(MPI_Sendrecv,
       (const void *a, int n, MPI_Datatype t, int to, int tag, void *b, int m, MPI_Datatype u, int from, int tag2,
        MPI_Comm comm, MPI_Status *status),
       (a, n, t, to, tag, b, m, u, from, tag2, comm, status), n, t)

MOVING(MPI_Barrier, (MPI_Comm comm), (comm), 0, MPI_BYTE)
MOVING(MPI_Bcast, (void *a, int n, MPI_Datatype t, int root, MPI_Comm comm), (a, n, t, root, comm), n, t)
MOVING(MPI_Reduce, (const void *a, void *b, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm comm),
       (a, b, n, t, op, root, comm), n, t)
MOVING(MPI_Allreduce, (const void *a, void *b, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm),
       (a, b, n, t, op, comm), n, t)
MOVING(MPI_Gather,
       (const void *a, int n, MPI_Datatype t, void *b, int m, MPI_Datatype u, int root, MPI_Comm comm),
       (a, n, t, b, m, u, root, comm), n, t)
MOVING(MPI_Gatherv,
       (const void *a, int n, MPI_Datatype t, void *b, const int *m, const int *d, MPI_Datatype u, int root,
        MPI_Comm comm),
       (a, n, t, b, m, d, u, root, comm), n, t)
MOVING(MPI_Allgather, (const void *a, int n, MPI_Datatype t, void *b, int m, MPI_Datatype u, MPI_Comm comm),
       (a, n, t, b, m, u, comm), n, t)
MOVING(MPI_Alltoall, (const void *a, int n, MPI_Datatype t, void *b, int m, MPI_Datatype u, MPI_Comm comm),
       (a, n, t, b, m, u, comm), n, t)
MOVING(MPI_Ibarrier, (MPI_Comm comm, MPI_Request *r), (comm, r), 0, MPI_BYTE)
MOVING(MPI_Ibcast, (void *a, int n, MPI_Datatype t, int root, MPI_Comm comm, MPI_Request *r),
       (a, n, t, root, comm, r), n, t)
MOVING(MPI_Ireduce,
       (const void *a, void *b, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm comm, MPI_Request *r),
       (a, b, n, t, op, root, comm, r), n, t)
MOVING(MPI_Iallreduce,
       (const void *a, void *b, int n, MPI_Datatype t, MPI_Op op, MPI_Comm comm, MPI_Request *r),
       (a, b, n, t, op, comm, r), n, t)
MOVING(MPI_Igather,
       (const void *a, int n, MPI_Datatype t, void *b, int m, MPI_Datatype u, int root, MPI_Comm comm,
        MPI_Request *r),
       (a, n, t, b, m, u, root, comm, r), n, t)
MOVING(MPI_Igatherv,
       (const void *a, int n, MPI_Datatype t, void *b, const int *m, const int *d, MPI_Datatype u, int root,
        MPI_Comm comm, MPI_Request *r),
       (a, n, t, b, m, d, u, root, comm, r), n, t)

/* Ends of what was begun. Asking is counted once it has the answer: how often one asks says nothing. */
int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status) {
    const int code = PMPI_Test(request, flag, status);
    if (*flag) add("MPI_Test", 0);
    return code;
}

int MPI_Wait(MPI_Request *request, MPI_Status *status) {
    add("MPI_Wait", 0);
    return PMPI_Wait(request, status);
}

int MPI_Waitall(int n, MPI_Request *requests, MPI_Status *statuses) {
    add("MPI_Waitall", 0);
    return PMPI_Waitall(n, requests, statuses);
}

static void write_counts(FILE *out, int rank) {
    for (int p = 0; p < PHASES; p++) {
        if (!counts[p][0].name) continue; /* nothing was called */
        for (int i = 0; i < FUNCTIONS && counts[p][i].name; i++) {
            const Count *c = &counts[p][i];
            fprintf(out,
                    "{\"rank\": %d, \"phase\": %d, \"function\": \"%s\", \"calls\": %lld, \"bytes\": %lld, "
                    "\"largest\": %lld}\n",
                    rank, p, c->name, c->calls, c->bytes, c->largest);
        }
    }
}

int MPI_Finalize(void) {
    const char *where = getenv("LBK_COUNT");
    char path[4096];
    int rank = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (where && snprintf(path, sizeof path, "%s.%d", where, rank) < (int)sizeof path) {
        FILE *out = fopen(path, "w");
        if (out) {
            write_counts(out, rank);
            fclose(out);
        }
    }
    return PMPI_Finalize();
}

/* What the programs under mpirun share: checks, the field that they compress, and the ends of a run. */
#ifndef SHARED_H
#define SHARED_H
#include "../../c/check.h"
#include <math.h>
#include <mpi.h>
#include <stdint.h>

enum { NZ = 32, NY = 10, NX = 12, MOST_BLOCKS = 64 };

static const int64_t SHAPE[3] = {NZ, NY, NX};

static int rank, size;

/* Smooth, moving, of physical size. */
static inline double field(int64_t cycle, int64_t z, int64_t y, int64_t x) {
    const double t = 0.1 * (double)cycle;
    return 300.0 + 40.0 * sin(0.3 * (double)x + t) * cos(0.25 * (double)y - t) + 15.0 * sin(0.2 * (double)z + 2.0 * t);
}

static inline void start(int *argc, char ***argv) {
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
}

/* Failures of all ranks; ends MPI. What every program returns. */
static inline int end(void) {
    int all = 0;
    MPI_Allreduce(&failures, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (failures) printf("%d checks failed on rank %d\n", failures, rank);
    MPI_Finalize();
    return all != 0;
}

/* The options of a test: few samples, and cores named, so that there is no warning where ranks outnumber cores. */
static inline lbk_config *options(void) {
    lbk_config *config = NULL;
    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_OK, lbk_config_set(config, "target.ratio", "20"));
    EXPECT(LBK_OK, lbk_config_set(config, "effort", "0.3"));
    EXPECT(LBK_OK, lbk_config_set(config, "workers.cores", "0,1"));
    EXPECT(LBK_OK, lbk_config_set(config, "workers.threads", "1"));
    return config;
}

static inline lbk_session *open_on(MPI_Comm communicator, const char *path) {
    lbk_session *session = NULL;
    lbk_config *config = options();
    EXPECT(LBK_OK, lbk_session_open(config, path, MPI_Comm_c2f(communicator), &session));
    EXPECT(LBK_OK, lbk_config_free(config));
    return session;
}

/* A variable of the whole shape, of which this rank adds a slab in z, even if it is the only one: part of so many. */
static inline lbk_block *define_slab(lbk_session *s, const char *name, int part, int parts) {
    const int64_t first = NZ * part / parts, last = NZ * (part + 1) / parts;
    const int64_t offset[3] = {first, 0, 0}, count[3] = {last - first, NY, NX};
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    EXPECT(LBK_OK, lbk_variable_define(s, name, LBK_FLOAT64, 3, SHAPE, &v));
    EXPECT(LBK_OK, lbk_variable_add_block(v, offset, count, NULL, &b));
    return b;
}

/* Hands over the slab at a cycle. */
static inline void put_slab(lbk_session *s, lbk_block *b, int64_t cycle, int part, int parts) {
    static double values[NZ][NY][NX];
    const int64_t first = NZ * part / parts, last = NZ * (part + 1) / parts;
    for (int64_t z = first; z < last; z++)
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++) values[z - first][y][x] = field(cycle, z, y, x);
    EXPECT(LBK_OK, lbk_step_begin(s, cycle, 0.5 * (double)cycle));
    EXPECT(LBK_OK, lbk_put(s, b, values));
    EXPECT(LBK_OK, lbk_step_end(s));
}

/* PSNR in dB of a step as the archive has it. */
static inline double psnr_of(lbk_archive *a, const char *variable, int64_t step, int64_t cycle) {
    static double values[NZ][NY][NX];
    double sum = 0.0, low = INFINITY, high = -INFINITY;
    EXPECT(LBK_OK, lbk_archive_read(a, variable, step, NULL, SHAPE, NULL, LBK_FLOAT64, values));
    for (int64_t z = 0; z < NZ; z++)
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++) {
                const double truth = field(cycle, z, y, x), error = values[z][y][x] - truth;
                sum += error * error;
                low = fmin(low, truth);
                high = fmax(high, truth);
            }
    return 20.0 * log10(high - low) - 10.0 * log10(sum / (NZ * NY * NX));
}

/* On rank 0 of WORLD: the archive holds these cycles of the variable, each as good as this. */
static inline void check_archive(const char *path, const char *variable, int64_t first, int64_t steps, double least) {
    lbk_archive *a = NULL;
    int64_t cycles[64] = {0}, count = 0;
    EXPECT(LBK_OK, lbk_archive_open(path, &a));
    if (!a) return;
    EXPECT(LBK_OK, lbk_archive_steps(a, 64, cycles, NULL, &count));
    CHECK(count == steps);
    for (int64_t i = 0; i < count; i++) {
        const double psnr = psnr_of(a, variable, i, first + i);
        CHECK(cycles[i] == first + i);
        if (!(psnr >= least)) {
            failures++;
            printf("%s: %s at cycle %d has %.2f dB\n", path, variable, (int)cycles[i], psnr);
        }
    }
    EXPECT(LBK_OK, lbk_archive_close(&a));
}

/* The call returned this status on all ranks, and the same message, which has this in it. Collective over WORLD. */
static inline void same_everywhere(lbk_status wanted, lbk_status got, const char *part, const char *file, int line) {
    enum { LENGTH = 2048 };
    char mine[LENGTH] = "", first[LENGTH];
    lbk_last_error(mine, LENGTH, NULL);
    memcpy(first, mine, LENGTH);
    MPI_Bcast(first, LENGTH, MPI_CHAR, 0, MPI_COMM_WORLD);
    if (got == wanted && strcmp(mine, first) == 0 && strstr(mine, part)) return;
    failures++;
    printf("%s:%d: rank %d: %s instead of %s, without \"%s\" or not that of rank 0: %s\n", file, line, rank,
           lbk_status_name(got), lbk_status_name(wanted), part, mine);
}

#define SAME_EVERYWHERE(status, part, call) same_everywhere(status, call, part, __FILE__, __LINE__)

#endif

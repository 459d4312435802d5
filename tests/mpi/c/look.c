/* Reads an archive back, in a program with MPI in it that never starts it, and prints what it found.
 *
 *   look PATH FIRST STEPS LEAST
 *
 * The archive has the cycles FIRST to FIRST + STEPS - 1, and "density" has at least LEAST dB in each; so has "level", if
 * there is one. Prints the mean PSNR of density. */
#include "shared.h"

static void check_level(lbk_archive *a, int first, int steps, double least) {
    static float values[NY][NX];
    for (int i = 0; i < steps; i++) {
        double sum = 0.0, low = INFINITY, high = -INFINITY;
        EXPECT(LBK_OK, lbk_archive_read(a, "level", i, NULL, SHAPE + 1, NULL, LBK_FLOAT32, values));
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++) {
                const double truth = field(first + i, 0, y, x);
                sum += pow(values[y][x] - truth, 2.0);
                low = fmin(low, truth);
                high = fmax(high, truth);
            }
        CHECK(20.0 * log10(high - low) - 10.0 * log10(sum / (NY * NX)) >= least);
    }
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    const int first = atoi(argv[2]), steps = atoi(argv[3]);
    const double least = atof(argv[4]);
    lbk_archive *a = NULL;
    int64_t variables = 0;
    double density = 0.0;
    check_archive(argv[1], "density", first, steps, least);
    EXPECT(LBK_OK, lbk_archive_open(argv[1], &a));
    if (!a) return 1;
    EXPECT(LBK_OK, lbk_archive_variables(a, &variables));
    if (variables > 1) check_level(a, first, steps, least);
    for (int i = 0; i < steps; i++) density += psnr_of(a, "density", i, first + i) / steps;
    printf("density %.3f dB\n", density);
    EXPECT(LBK_OK, lbk_archive_close(&a));
    return finish();
}

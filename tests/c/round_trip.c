/* Ghosted float64 blocks of a 3D field in, an archive out, read back in every way, and compared. */
#include "check.h"
#include <math.h>

enum { NZ = 24, NY = 20, NX = 32, GHOSTS = 2, STEPS = 5 };
enum { ROW = NX + 2 * GHOSTS, PLANE = (NY + 2 * GHOSTS) * ROW, HALF = NZ / 2 };

/* The field: smooth, moving, of physical size. */
static double field(int step, double z, double y, double x) {
    const double t = 0.1 * step;
    return 300.0 + 40.0 * sin(0.30 * x + t) * cos(0.25 * y - t) + 15.0 * sin(0.2 * z + 2.0 * t);
}

/* The lower or upper half in z, with ghosts that nobody may read. */
static double *half_with_ghosts(int step, int upper) {
    double *a = malloc((HALF + 2 * GHOSTS) * PLANE * sizeof(double));
    for (int i = 0; i < (HALF + 2 * GHOSTS) * PLANE; i++) a[i] = NAN;
    for (int z = 0; z < HALF; z++)
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++)
                a[(z + GHOSTS) * PLANE + (y + GHOSTS) * ROW + x + GHOSTS] = field(step, z + upper * HALF, y, x);
    return a;
}

static void write_run(void) {
    static const char *const options[] = {"target.ratio", "30", "workers.threads", "2", NULL};
    static const int64_t shape[3] = {NZ, NY, NX}, count[3] = {HALF, NY, NX}, above[3] = {HALF, 0, 0};
    static const int64_t strides[3] = {PLANE * sizeof(double), ROW * sizeof(double), sizeof(double)};
    double heights[NZ];
    lbk_session *s = open_session("round_trip.lbk", options);
    lbk_variable *v = NULL;
    lbk_block *lower = NULL, *upper = NULL;
    size_t needed = 0;
    for (int z = 0; z < NZ; z++) heights[z] = 0.5 * z * z;

    EXPECT(LBK_OK, lbk_session_set_attribute(s, "title", "round trip"));
    EXPECT(LBK_OK, lbk_variable_define(s, "temperature", LBK_FLOAT64, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_set_attribute(v, "units", "K"));
    EXPECT(LBK_OK, lbk_session_set_axis(s, 2, "x", "m", -1.0, 0.25));
    EXPECT(LBK_OK, lbk_variable_set_axis_coordinates(v, 0, "z", "km", NZ, heights));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, count, strides, &lower));
    EXPECT(LBK_OK, lbk_variable_add_block(v, above, count, strides, &upper));
    EXPECT(LBK_OK, lbk_session_commit(s));
    for (int step = 0; step < STEPS; step++) {
        double *low = half_with_ghosts(step, 0), *high = half_with_ghosts(step, 1);
        const int first = GHOSTS * PLANE + GHOSTS * ROW + GHOSTS;
        EXPECT(LBK_OK, lbk_step_begin(s, 100 + 10 * step, 2.5 * step));
        EXPECT(LBK_OK, lbk_put(s, upper, high + first)); /* any order */
        EXPECT(LBK_OK, lbk_put(s, lower, low + first));
        memset(low, 0xff, (HALF + 2 * GHOSTS) * PLANE * sizeof(double)); /* the arrays are free on return */
        free(low);
        free(high);
        EXPECT(LBK_OK, lbk_step_end(s));
    }
    EXPECT(LBK_OK, lbk_session_wait(s, 100 + 10 * (STEPS - 1), 300.0));
    EXPECT(LBK_OK, lbk_session_metrics(s, NULL, 0, &needed));
    char *metrics = malloc(needed + 4096);
    EXPECT(LBK_OK, lbk_session_metrics(s, metrics, needed + 4096, NULL));
    CHECK(strstr(metrics, "\"accepted\":5") && strstr(metrics, "\"durable\":5"));
    free(metrics);
    EXPECT(LBK_OK, lbk_session_close(&s));
}

static double psnr(double (*value)[NY][NX], int step) {
    double sum = 0.0, low = INFINITY, high = -INFINITY;
    for (int z = 0; z < NZ; z++)
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++) {
                const double truth = field(step, z, y, x), error = value[z][y][x] - truth;
                sum += error * error;
                low = fmin(low, truth);
                high = fmax(high, truth);
            }
    return 20.0 * log10(high - low) - 10.0 * log10(sum / (NZ * NY * NX));
}

static void describe(lbk_archive *a) {
    int64_t count = 0, cycles[STEPS] = {0}, shape[3] = {0};
    double times[STEPS] = {0}, z[NZ], x[NX];
    int32_t rank = 0;
    lbk_type type = 0;
    char text[32] = "";
    size_t needed = 0;

    EXPECT(LBK_OK, lbk_archive_variables(a, &count));
    CHECK(count == 1);
    EXPECT(LBK_OK, lbk_archive_variable_name(a, 0, text, sizeof text, &needed));
    CHECK(strcmp(text, "temperature") == 0 && needed == 12);
    EXPECT(LBK_NOT_FOUND, lbk_archive_variable_name(a, 1, text, sizeof text, NULL));
    EXPECT(LBK_NOT_FOUND, lbk_archive_variable_name(a, -1, text, sizeof text, NULL));
    EXPECT(LBK_OK, lbk_archive_shape(a, "temperature", 3, shape, &rank, &type));
    CHECK(rank == 3 && type == LBK_FLOAT64 && shape[0] == NZ && shape[1] == NY && shape[2] == NX);
    rank = 0;
    EXPECT(LBK_BUFFER_TOO_SMALL, lbk_archive_shape(a, "temperature", 2, shape, &rank, NULL));
    CHECK(rank == 3);
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_shape(a, "temprature", 3, shape, &rank, NULL));
    MESSAGE("temperature");

    EXPECT(LBK_OK, lbk_archive_steps(a, 0, NULL, NULL, &count));
    CHECK(count == STEPS);
    EXPECT(LBK_BUFFER_TOO_SMALL, lbk_archive_steps(a, 2, cycles, times, &count));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_steps(a, -2, cycles, times, &count));
    EXPECT(LBK_OK, lbk_archive_steps(a, STEPS, cycles, times, NULL));
    for (int i = 0; i < STEPS; i++) CHECK(cycles[i] == 100 + 10 * i && times[i] == 2.5 * i);

    EXPECT(LBK_OK, lbk_archive_attributes(a, NULL, &count));
    CHECK(count == 1);
    EXPECT(LBK_OK, lbk_archive_attribute_name(a, NULL, 0, text, sizeof text, NULL));
    CHECK(strcmp(text, "title") == 0);
    EXPECT(LBK_OK, lbk_archive_attribute(a, NULL, "title", text, sizeof text, NULL));
    CHECK(strcmp(text, "round trip") == 0);
    EXPECT(LBK_OK, lbk_archive_attribute(a, "temperature", "units", text, sizeof text, NULL));
    CHECK(strcmp(text, "K") == 0);
    EXPECT(LBK_NOT_FOUND, lbk_archive_attribute(a, "temperature", "title", text, sizeof text, NULL));

    EXPECT(LBK_OK, lbk_archive_axis(a, "temperature", 0, NZ, z, &count));
    CHECK(count == NZ && z[0] == 0.0 && z[3] == 4.5);
    EXPECT(LBK_OK, lbk_archive_axis(a, "temperature", 2, NX, x, NULL));
    CHECK(x[0] == -1.0 && x[4] == 0.0);
    EXPECT(LBK_OK, lbk_archive_axis_units(a, "temperature", 0, text, sizeof text, NULL));
    CHECK(strcmp(text, "km") == 0);
    EXPECT(LBK_OK, lbk_archive_axis_name(a, "temperature", 1, text, sizeof text, NULL));
    CHECK(strcmp(text, "") == 0);
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_axis(a, "temperature", 3, 0, NULL, NULL));

    EXPECT(LBK_OK, lbk_archive_info(a, NULL, 0, &needed));
    char *info = malloc(needed);
    EXPECT(LBK_OK, lbk_archive_info(a, info, needed, NULL));
    CHECK(info[0] == '{' && strstr(info, "\"file_bytes\":") && strstr(info, "temperature"));
    free(info);
}

static void read_back(const char *path, double at_least) {
    static const int64_t whole[3] = {NZ, NY, NX}, start[3] = {3, 1, 4}, count[3] = {7, 9, 10}, every[3] = {3, 2, 2};
    static const int64_t outside[3] = {NZ, NY, NX + 1}, zero[3] = {0, 1, 1};
    lbk_archive *a = NULL, *stale = NULL;
    double(*all)[NY][NX] = malloc(sizeof(double[NZ][NY][NX]));
    float part[7][9][10];

    EXPECT(LBK_OK, lbk_archive_open(path, &a));
    stale = a;
    if (!a) exit(1);
    describe(a);
    for (int step = 0; step < STEPS; step++) {
        EXPECT(LBK_OK, lbk_archive_read(a, "temperature", step, NULL, whole, NULL, LBK_FLOAT64, all));
        const double reached = psnr(all, step);
        printf("%s: step %d: %.2f dB\n", path, step, reached);
        CHECK(reached >= at_least);
    }
    /* The same values, whatever is read: a part, every nth, single precision, single points. */
    EXPECT(LBK_OK, lbk_archive_read(a, "temperature", STEPS - 1, start, count, every, LBK_FLOAT32, part));
    for (int z = 0; z < 7; z++)
        for (int y = 0; y < 9; y++)
            for (int x = 0; x < 10; x++) CHECK(part[z][y][x] == (float)all[3 + 3 * z][1 + 2 * y][4 + 2 * x]);
    const double points[3][4] = {{STEPS - 1, 3, 1, 4}, {STEPS - 1, 23, 19, 31}, {STEPS - 1.5, 3.5, 1.5, 4.5}};
    const double physical[4] = {2.5 * (STEPS - 1), 4.5, 1, -1.0 + 0.25 * 4};
    double values[3] = {0}, value = 0;
    EXPECT(LBK_OK, lbk_archive_sample(a, "temperature", 3, &points[0][0], LBK_COORD_INDEX, LBK_FLOAT64, values));
    CHECK(fabs(values[0] - all[3][1][4]) < 1e-3 && fabs(values[1] - all[23][19][31]) < 1e-3);
    CHECK(fabs(values[2] - field(STEPS - 1, 3.5, 1.5, 4.5)) < 30.0);
    EXPECT(LBK_OK, lbk_archive_sample(a, "temperature", 1, physical, LBK_COORD_PHYSICAL, LBK_FLOAT64, &value));
    CHECK(fabs(value - values[0]) < 1e-3);

    EXPECT(LBK_NOT_FOUND, lbk_archive_read(a, "temperature", STEPS, NULL, whole, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_NOT_FOUND, lbk_archive_read(a, "temperature", -1, NULL, whole, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "pressure", 0, NULL, whole, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, NULL, outside, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, start, whole, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, NULL, whole, zero, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, NULL, NULL, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, NULL, whole, NULL, 3, all));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_read(a, "temperature", 0, NULL, whole, NULL, LBK_FLOAT64, NULL));
    EXPECT(LBK_OK, lbk_archive_read(a, "temperature", 0, NULL, zero, NULL, LBK_FLOAT64, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_sample(a, "temperature", -1, NULL, LBK_COORD_INDEX, LBK_FLOAT64, values));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_sample(a, "temperature", 1, &points[0][0], 9, LBK_FLOAT64, values));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_sample(a, "temperature", INT64_MAX, &points[0][0], 0, LBK_FLOAT64, values));
    EXPECT(LBK_OK, lbk_archive_close(&a));
    CHECK(!a);
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_read(stale, "temperature", 0, NULL, whole, NULL, LBK_FLOAT64, all));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_close(&stale));
    free(all);
}

/* The journal of a finished run still opens, and the batch job makes an archive of it. */
static void distil_again(void) {
    lbk_config *config = NULL;
    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_OK, lbk_config_set(config, "target.ratio", "30"));
    EXPECT(LBK_OK, lbk_distil("round_trip.lbk.d", "again.lbk", config));
    EXPECT(LBK_OK, lbk_config_free(config));
}

static void not_archives(void) {
    lbk_archive *a = NULL;
    FILE *f = fopen("text.lbk", "wb");
    fputs("this is not an archive, and long enough to be looked at for a header", f);
    fclose(f);
    f = fopen("empty.lbk", "wb");
    fclose(f);
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_open("none.lbk", &a));
    CHECK(lbk_archive_open("text.lbk", &a) > 0);
    CHECK(lbk_archive_open("empty.lbk", &a) > 0);
    CHECK(!a);
}

int main(void) {
    write_run();
    read_back("round_trip.lbk", 28.0);
    read_back("round_trip.lbk.d", 28.0);
    distil_again();
    read_back("again.lbk", 28.0);
    not_archives();
    return finish();
}

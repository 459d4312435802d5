/* A 3D Gray-Scott reaction-diffusion simulation with limbeck linked in.
 *
 * Two substances react and diffuse in a periodic box; from a few seeds grow sheets and tubes that fold and fill it:
 *
 *     du/dt = Du lap(u) - u v^2 + F (1 - u)
 *     dv/dt = Dv lap(v) + u v^2 - (F + k) v
 *
 * Explicit Euler, 19-point Laplacian, float32 arrays with one layer of ghosts. limbeck needs about 20 lines of it; they
 * stand in the section "limbeck" below, and main() calls them. Everything else is an ordinary solver.
 *
 * Build, after `cargo build --release -p limbeck` (or use the CMakeLists.txt beside this file):
 *   cc -std=c99 -O3 -Iinclude examples/c/gray_scott.c -o gray_scott target/release/liblimbeck.a -lpthread -ldl -lm
 * Run:
 *   ./gray_scott --size 96 --steps 2400 --every 80 --ratio 1000 --out gray_scott.lbk
 */
#define _POSIX_C_SOURCE 200112L /* clock_gettime, mkdir */
#include <errno.h>
#include <limbeck/limbeck.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Diffusion (cells squared per unit of time), feed and kill rates, and the time step. */
static const float DU = 0.2f, DV = 0.1f, FEED = 0.035f, KILL = 0.060f, DT = 1.0f;

enum { LARGEST = 2048 }; /* cells along an axis */

typedef struct {
    int64_t size, steps, every;
    const char *ratio, *threads, *out, *raw;
    const char *set[64]; /* further options of limbeck, "name=value" */
    int sets;
} options;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---------------------------------------------------------------- solver -- */

/* n^3 cells and one layer of ghosts on every side; x is the fastest axis. */
typedef struct {
    int64_t n;
    float *u, *v, *next_u, *next_v;
} grid;

static int64_t at(int64_t n, int64_t z, int64_t y, int64_t x) { /* -1 <= z, y, x <= n */
    return ((z + 1) * (n + 2) + (y + 1)) * (n + 2) + (x + 1);
}

static int grid_create(grid *g, int64_t n) {
    const size_t cells = (size_t)((n + 2) * (n + 2) * (n + 2));
    g->n = n;
    g->u = malloc(cells * sizeof(float));
    g->v = malloc(cells * sizeof(float));
    g->next_u = malloc(cells * sizeof(float));
    g->next_v = malloc(cells * sizeof(float));
    if (!g->u || !g->v || !g->next_u || !g->next_v) return 0;
    for (size_t i = 0; i < cells; i++) {
        g->u[i] = g->next_u[i] = 1.0f;
        g->v[i] = g->next_v[i] = 0.0f;
    }
    return 1;
}

static void grid_free(grid *g) {
    free(g->u);
    free(g->v);
    free(g->next_u);
    free(g->next_v);
}

/* A fixed set of balls of the second substance: the same run every time. */
static void grid_seed(grid *g) {
    const int64_t n = g->n;
    const int balls = 14;
    uint32_t random = 12345;
    for (int b = 0; b < balls; b++) {
        int64_t where[4];
        for (int i = 0; i < 4; i++) {
            random = random * 1664525u + 1013904223u;
            where[i] = (int64_t)(random >> 8);
        }
        const int64_t r = 3 + where[3] % 4;
        for (int64_t z = -r; z <= r; z++)
            for (int64_t y = -r; y <= r; y++)
                for (int64_t x = -r; x <= r; x++)
                    if (z * z + y * y + x * x <= r * r) {
                        const int64_t i = at(n, (where[0] % n + z + n) % n, (where[1] % n + y + n) % n,
                                             (where[2] % n + x + n) % n);
                        g->u[i] = 0.3f;
                        g->v[i] = 0.35f;
                    }
    }
}

/* Copies the cells of the far side into the ghosts: the box is periodic. */
static void fill_ghosts(float *f, int64_t n) {
    const size_t row = (size_t)(n + 2) * sizeof(float), plane = (size_t)(n + 2) * row;
    for (int64_t z = 0; z < n; z++) {
        for (int64_t y = 0; y < n; y++) {
            f[at(n, z, y, -1)] = f[at(n, z, y, n - 1)];
            f[at(n, z, y, n)] = f[at(n, z, y, 0)];
        }
        memcpy(f + at(n, z, -1, -1), f + at(n, z, n - 1, -1), row);
        memcpy(f + at(n, z, n, -1), f + at(n, z, 0, -1), row);
    }
    memcpy(f + at(n, -1, -1, -1), f + at(n, n - 1, -1, -1), plane);
    memcpy(f + at(n, n, -1, -1), f + at(n, 0, -1, -1), plane);
}

/* The 19-point Laplacian, which has no preferred direction, for one row along x. `row` and `plane` are the distances to
 * the neighbours in y and z. */
static void laplacian(int64_t n, int64_t row, int64_t plane, const float *restrict f, float *restrict out) {
    const float *s = f - row, *t = f + row, *d = f - plane, *u = f + plane;
    const float *ds = d - row, *dt = d + row, *us = u - row, *ut = u + row;
    for (int64_t x = 0; x < n; x++) {
        const float faces = f[x - 1] + f[x + 1] + s[x] + t[x] + d[x] + u[x];
        const float edges = s[x - 1] + s[x + 1] + t[x - 1] + t[x + 1] + d[x - 1] + d[x + 1] + u[x - 1] + u[x + 1] +
                            ds[x] + dt[x] + us[x] + ut[x];
        out[x] = (1.0f / 3.0f) * faces + (1.0f / 6.0f) * edges - 4.0f * f[x];
    }
}

/* One time step. */
static void grid_step(grid *g) {
    const int64_t n = g->n, row = n + 2, plane = row * row;
    float lap_u[LARGEST], lap_v[LARGEST];
    fill_ghosts(g->u, n);
    fill_ghosts(g->v, n);
    for (int64_t z = 0; z < n; z++)
        for (int64_t y = 0; y < n; y++) {
            const int64_t i = at(n, z, y, 0);
            const float *u = g->u + i, *v = g->v + i;
            float *next_u = g->next_u + i, *next_v = g->next_v + i;
            laplacian(n, row, plane, u, lap_u);
            laplacian(n, row, plane, v, lap_v);
            for (int64_t x = 0; x < n; x++) {
                const float reaction = u[x] * v[x] * v[x];
                next_u[x] = u[x] + DT * (DU * lap_u[x] - reaction + FEED * (1.0f - u[x]));
                next_v[x] = v[x] + DT * (DV * lap_v[x] + reaction - (FEED + KILL) * v[x]);
            }
        }
    float *swap = g->u;
    g->u = g->next_u;
    g->next_u = swap;
    swap = g->v;
    g->v = g->next_v;
    g->next_v = swap;
}

/* --------------------------------------------------------------- limbeck -- */

typedef struct {
    lbk_session *session;
    lbk_block *u, *v;
} still;

/* Every call returns a status: 0 is success, below 0 a warning, above 0 an error. */
static int check(lbk_status status, const char *what) {
    char message[1024] = "";
    if (status == LBK_OK) return 1;
    lbk_last_error(message, sizeof message, NULL);
    fprintf(stderr, "%s: %s: %s\n", status < 0 ? "warning" : "error", what, message);
    return status < 0;
}

/* Before the first step: options, session, variables, and which part of them this process holds. */
static int still_open(still *l, const options *o) {
    lbk_config *config = NULL;
    lbk_variable *u = NULL, *v = NULL;
    const int64_t n = o->size, row = (n + 2) * (int64_t)sizeof(float);
    const int64_t shape[3] = {n, n, n};                                 /* z, y, x: the slowest axis first */
    const int64_t offset[3] = {0, 0, 0};                                /* one block, which is everything */
    const int64_t strides[3] = {(n + 2) * row, row, sizeof(float)};     /* in bytes: steps over the ghosts */

    int ok = check(lbk_config_create(&config), "defaults") &&
             check(lbk_config_set(config, "target.ratio", o->ratio), "--ratio") &&
             check(lbk_config_set(config, "open.mode", "replace"), "mode") && /* an older run goes */
             (!o->threads || check(lbk_config_set(config, "workers.threads", o->threads), "--threads"));
    for (int i = 0; ok && i < o->sets; i++) {
        char name[128];
        const char *equals = strchr(o->set[i], '=');
        snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - o->set[i]) : 0, o->set[i]);
        ok = check(lbk_config_set(config, name, equals ? equals + 1 : ""), "--set");
    }
    ok = ok && check(lbk_session_open(config, o->out, LBK_NO_COMM, &l->session), "open") &&
         check(lbk_variable_define(l->session, "u", LBK_FLOAT32, 3, shape, &u), "define u") &&
         check(lbk_variable_define(l->session, "v", LBK_FLOAT32, 3, shape, &v), "define v") &&
         check(lbk_variable_set_attribute(v, "long_name", "concentration of the activator"), "attribute") &&
         check(lbk_variable_add_block(u, offset, shape, strides, &l->u), "block of u") &&
         check(lbk_variable_add_block(v, offset, shape, strides, &l->v), "block of v") &&
         check(lbk_session_commit(l->session), "commit");
    lbk_config_free(config); /* the session has its own copy */
    return ok;
}

/* A step: hand over the arrays where they are. They are copied, so that the solver may go on at once. */
static int still_step(still *l, const grid *g, int64_t cycle) {
    const int64_t first = at(g->n, 0, 0, 0); /* behind the ghosts */
    return check(lbk_step_begin(l->session, cycle, (double)cycle * DT), "step") &&
           check(lbk_put(l->session, l->u, g->u + first), "put u") &&
           check(lbk_put(l->session, l->v, g->v + first), "put v") && check(lbk_step_end(l->session), "step end");
}

/* After the last step: waits for the training, distils, writes the archive. */
static int still_close(still *l) { return check(lbk_session_close(&l->session), "close"); }

/* -------------------------------------------------- looking at the result -- */

/* Reads one variable of the newest step back and compares it with the array that is still in memory. */
static int compare_last(lbk_archive *a, const char *name, const grid *g, const float *original, int64_t step) {
    const int64_t n = g->n, start[3] = {0, 0, 0}, count[3] = {n, n, n};
    float *decoded = malloc((size_t)(n * n * n) * sizeof(float));
    double sum = 0.0, low = INFINITY, high = -INFINITY;
    if (!decoded || !check(lbk_archive_read(a, name, step, start, count, NULL, LBK_FLOAT32, decoded), "read")) {
        free(decoded);
        return 0;
    }
    for (int64_t z = 0; z < n; z++)
        for (int64_t y = 0; y < n; y++)
            for (int64_t x = 0; x < n; x++) {
                const double truth = original[at(n, z, y, x)];
                const double error = decoded[(z * n + y) * n + x] - truth;
                sum += error * error;
                low = fmin(low, truth);
                high = fmax(high, truth);
            }
    free(decoded);
    printf("%s at the last step: %.2f dB, range %.3f to %.3f\n", name,
           20.0 * log10(high - low) - 10.0 * log10(sum / (double)(n * n * n)), low, high);
    return 1;
}

static int report(const options *o, const grid *g) {
    lbk_archive *archive = NULL;
    int64_t steps = 0;
    FILE *file = fopen(o->out, "rb");
    if (!file) { /* distil.when = never */
        printf("there is no %s yet: limbeck distill makes it of the run's journal\n", o->out);
        return 1;
    }
    fclose(file);
    int ok = check(lbk_archive_open(o->out, &archive), "open the archive") &&
             check(lbk_archive_steps(archive, 0, NULL, NULL, &steps), "steps") && steps > 0 &&
             compare_last(archive, "u", g, g->u, steps - 1) && compare_last(archive, "v", g, g->v, steps - 1);
    lbk_archive_close(&archive);
    return ok;
}

/* The arrays as they were handed over, as DIR/NAME.npy with the axes t, z, y, x: for `limbeck compare`. */
static FILE *raw_create(const char *directory, const char *name, int64_t steps, int64_t n) {
    char path[4096], header[128];
    const unsigned char magic[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0}; /* 118 bytes of header follow */
    snprintf(path, sizeof path, "%s/%s.npy", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file) {
        fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %lld, %lld, %lld), }",
             (long long)steps, (long long)n, (long long)n, (long long)n);
    fwrite(magic, 1, sizeof magic, file);
    fprintf(file, "%-117s\n", header);
    return file;
}

static int raw_write(FILE *file, const float *field, int64_t n) {
    for (int64_t z = 0; z < n; z++)
        for (int64_t y = 0; y < n; y++)
            if (fwrite(field + at(n, z, y, 0), sizeof(float), (size_t)n, file) != (size_t)n) {
                fprintf(stderr, "error: --raw: %s\n", strerror(errno));
                return 0;
            }
    return 1;
}

/* ------------------------------------------------------------------ main -- */

static int parse(int argc, char **argv, options *o) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--size")) o->size = atoll(value);
        else if (!strcmp(name, "--steps")) o->steps = atoll(value);
        else if (!strcmp(name, "--every")) o->every = atoll(value);
        else if (!strcmp(name, "--ratio")) o->ratio = value;
        else if (!strcmp(name, "--threads")) o->threads = value;
        else if (!strcmp(name, "--out")) o->out = value;
        else if (!strcmp(name, "--raw")) o->raw = value;
        else if (!strcmp(name, "--set") && o->sets < 64) o->set[o->sets++] = value;
        else return 0;
    }
    return argc % 2 == 1 && o->size >= 16 && o->size <= LARGEST && o->steps >= 0 && o->every >= 1;
}

int main(int argc, char **argv) {
    options o = {.size = 96, .steps = 2400, .every = 80, .ratio = "1000", .out = "gray_scott.lbk"};
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: %s [--size N] [--steps N] [--every N] [--ratio R] [--out FILE.lbk] [--threads N]\n"
                        "       [--raw DIR] [--set NAME=VALUE]...\n"
                        "  --size     cells along each axis, 16 to 2048\n"
                        "  --steps    time steps; --every: of which every Nth is handed to limbeck\n"
                        "  --ratio    bytes of the data over bytes of the archive\n"
                        "  --threads  worker threads of limbeck\n"
                        "  --raw      also keep the original arrays, as DIR/u.npy and DIR/v.npy\n"
                        "  --set      any other option of limbeck; `limbeck options` lists them\n", argv[0]);
        return 2;
    }
    grid g = {0};
    still l = {0};
    FILE *raw_u = NULL, *raw_v = NULL;
    const int64_t outputs = o.steps / o.every + 1;
    double solving = 0.0, handing = 0.0;

    int ok = grid_create(&g, o.size);
    if (!ok) fprintf(stderr, "error: not enough memory for --size %lld\n", (long long)o.size);
    if (ok && o.raw) {
        if (mkdir(o.raw, 0777) != 0 && errno != EEXIST) fprintf(stderr, "error: %s: %s\n", o.raw, strerror(errno));
        raw_u = raw_create(o.raw, "u", outputs, o.size);
        raw_v = raw_create(o.raw, "v", outputs, o.size);
        ok = raw_u && raw_v;
    }
    ok = ok && still_open(&l, &o);
    if (ok) grid_seed(&g);
    for (int64_t cycle = 0; ok && cycle <= o.steps; cycle++) {
        const double begin = seconds();
        if (cycle > 0) grid_step(&g);
        const double solved = seconds();
        solving += solved - begin;
        if (cycle % o.every == 0) {
            ok = still_step(&l, &g, cycle);
            handing += seconds() - solved;
            if (ok && o.raw) ok = raw_write(raw_u, g.u, o.size) && raw_write(raw_v, g.v, o.size);
        }
    }
    const double closing = seconds();
    ok = still_close(&l) && ok;
    const double closed = seconds() - closing;
    if (raw_u && fclose(raw_u) != 0) ok = 0;
    if (raw_v && fclose(raw_v) != 0) ok = 0;
    if (ok) {
        printf("%lld^3 cells, %lld steps, %lld handed over\n", (long long)o.size, (long long)o.steps,
               (long long)outputs);
        printf("solver        %8.3f s\n", solving);
        printf("limbeck steps %8.3f s, %.2f %% of the solver's time\n", handing, 100.0 * handing / fmax(solving, 1e-9));
        printf("limbeck close %8.3f s\n", closed);
        const char *mode = getenv("LIMBECK_MODE");
        if (!mode || strcmp(mode, "off") != 0) ok = report(&o, &g);
    }
    grid_free(&g);
    return ok ? 0 : 1;
}

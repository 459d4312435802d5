/* With LIMBECK_MODE=off every call that writes succeeds, sets its outputs and does nothing; those that read do as ever.
 * The same with limbeck_stub.h, which cannot read. Every call of the header is made here. */
#include "check.h"
#include <math.h>

#ifdef LIMBECK_STUB_H
enum { NO_FILE = LBK_COMPATIBILITY, NO_HANDLE = LBK_COMPATIBILITY };
#else
enum { NO_FILE = LBK_INVALID_ARGUMENT, NO_HANDLE = LBK_INVALID_HANDLE };
#endif

static void on_log(int32_t level, const char *message, void *user) {
    (void)level, (void)message, (void)user;
}

static void writing(void) {
    static const int64_t shape[3] = {4, 4, 4};
    static const double points[4] = {0, 1, 2, 3};
    lbk_config *config = NULL;
    lbk_session *s = NULL;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    int64_t cycle = 7;
    char text[64] = "#";
    size_t needed = 0;
    float values[64];
    int i;
    for (i = 0; i < 64; i++) values[i] = (float)NAN;

    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_OK, lbk_config_set(config, "no.such.option", "1"));
    EXPECT(LBK_OK, lbk_config_load(config, "no such file.toml"));
    EXPECT(LBK_OK, lbk_session_open(config, "no/such/directory/off.lbk", 0, &s));
    EXPECT(LBK_OK, lbk_session_set_attribute(s, "a", "b"));
    EXPECT(LBK_OK, lbk_session_set_axis(s, 0, "z", "m", 0.0, 0.0));
    EXPECT(LBK_OK, lbk_session_set_axis_coordinates(s, 0, "z", "m", 4, points));
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_set_attribute(v, "a", "b"));
    EXPECT(LBK_OK, lbk_variable_set_axis(v, 9, NULL, NULL, 0.0, 0.0));
    EXPECT(LBK_OK, lbk_variable_set_axis_coordinates(v, 9, NULL, NULL, -1, NULL));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    CHECK(config && s && v && b);
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 1, 0.0));
    EXPECT(LBK_OK, lbk_put(s, b, values));
    EXPECT(LBK_OK, lbk_put_strided(s, b, LBK_FLOAT64, 2, NULL, NULL, NULL));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_step_cancel(s));
    EXPECT(LBK_OK, lbk_session_wait(s, 1, -1.0));
    EXPECT(LBK_OK, lbk_session_durable(s, &cycle));
    CHECK(cycle == INT64_MAX);
    EXPECT(LBK_OK, lbk_session_durable(s, NULL));
    EXPECT(LBK_OK, lbk_session_metrics(s, text, sizeof text, &needed));
    CHECK(strcmp(text, "{}") == 0 && needed == 3);
    EXPECT(LBK_OK, lbk_session_metrics(s, NULL, 0, &needed));
    EXPECT(LBK_OK, lbk_session_close(&s));
    CHECK(!s);
    EXPECT(LBK_OK, lbk_session_close(&s));
    EXPECT(LBK_OK, lbk_session_close(NULL));
    EXPECT(LBK_OK, lbk_distil("no.lbk.d", "no.lbk", config));
    EXPECT(LBK_OK, lbk_config_get(config, "target.ratio", text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    EXPECT(LBK_OK, lbk_config_free(config));
    EXPECT(LBK_OK, lbk_config_create(NULL));
    CHECK(fopen("off.lbk", "rb") == NULL && fopen("no.lbk", "rb") == NULL);
}

static void about_the_library(void) {
    size_t needed = 0;
    CHECK(strcmp(lbk_version(), LBK_VERSION) == 0 && lbk_abi_version() == LBK_ABI_VERSION);
    CHECK(strcmp(lbk_status_name(LBK_TIMEOUT), "LBK_TIMEOUT") == 0);
    CHECK(strcmp(lbk_status_name(LBK_DROPPED), "LBK_DROPPED") == 0);
    CHECK(strcmp(lbk_status_name(LBK_OK), "LBK_OK") == 0 && strcmp(lbk_status_name(LBK_NOT_FOUND), "LBK_NOT_FOUND") == 0);
    CHECK(strcmp(lbk_status_name(99), "LBK_UNKNOWN") == 0);
    EXPECT(LBK_OK, lbk_set_log_callback(on_log, LBK_LOG_INFO, NULL));
    EXPECT(LBK_OK, lbk_set_log_callback(NULL, 0, NULL));
    EXPECT(LBK_OK, lbk_options(NULL, 0, &needed));
    CHECK(needed > 0);
}

static void reading(void) {
    lbk_archive *a = NULL;
    int64_t n = 0;
    int32_t rank = 0;
    lbk_type type = 0;
    size_t needed = 0;
    const int64_t count[1] = {1};
    const double point[2] = {0, 0};
    float value = 5;
    EXPECT(NO_FILE, lbk_archive_open("no such archive.lbk", &a));
    CHECK(!a);
    EXPECT(NO_HANDLE, lbk_archive_variables(a, &n));
    EXPECT(NO_HANDLE, lbk_archive_variable_name(a, 0, NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_shape(a, "u", 0, NULL, &rank, &type));
    EXPECT(NO_HANDLE, lbk_archive_steps(a, 0, NULL, NULL, &n));
    EXPECT(NO_HANDLE, lbk_archive_attributes(a, NULL, &n));
    EXPECT(NO_HANDLE, lbk_archive_attribute_name(a, NULL, 0, NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_attribute(a, NULL, "a", NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_info(a, NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_axis(a, "u", 0, 0, NULL, &n));
    EXPECT(NO_HANDLE, lbk_archive_axis_name(a, "u", 0, NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_axis_units(a, "u", 0, NULL, 0, &needed));
    EXPECT(NO_HANDLE, lbk_archive_read(a, "u", 0, NULL, count, NULL, LBK_FLOAT32, &value));
    EXPECT(NO_HANDLE, lbk_archive_read_strided(a, "u", 0, NULL, count, NULL, LBK_FLOAT32, 1, NULL, &value));
    EXPECT(NO_HANDLE, lbk_archive_sample(a, "u", 1, point, LBK_COORD_INDEX, LBK_FLOAT32, &value));
    CHECK(value == 5 && n == 0 && rank == 0 && type == 0 && needed == 0);
    EXPECT(LBK_OK, lbk_archive_close(&a));
    EXPECT(LBK_OK, lbk_archive_close(NULL));
    CHECK(!a);
#ifdef LIMBECK_STUB_H
    MESSAGE("built without limbeck");
#endif
}

int main(void) {
    writing();
    about_the_library();
    reading();
    return finish();
}

/* NULL, foreign, freed and garbage arguments of every call are errors, and outputs stay as they were. */
#include "check.h"
#include <math.h>

static const int64_t shape[3] = {4, 4, 4};

static void nulls(void) {
    lbk_config *config = NULL;
    lbk_session *s = NULL;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    lbk_archive *a = NULL;
    int64_t number = 7;
    float values[64] = {0};

    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_create(NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_config_set(NULL, "target.ratio", "10"));
    EXPECT(LBK_INVALID_HANDLE, lbk_config_load(NULL, "x.toml"));
    EXPECT(LBK_INVALID_HANDLE, lbk_config_get(NULL, "target.ratio", NULL, 0, NULL));
    EXPECT(LBK_OK, lbk_config_free(NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_open(NULL, "x.lbk", LBK_NO_COMM, &s));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_set_attribute(NULL, "a", "b"));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_set_axis(NULL, 0, "z", NULL, 0.0, 1.0));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit(NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_metrics(NULL, NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_durable(NULL, &number));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_wait(NULL, 0, 0.0));
    EXPECT(LBK_OK, lbk_session_close(NULL));
    EXPECT(LBK_OK, lbk_session_close(&s));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_define(NULL, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_set_attribute(NULL, "a", "b"));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_set_axis(NULL, 0, "z", NULL, 0.0, 1.0));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_set_axis_coordinates(NULL, 0, "z", NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_set_axis_coordinates(NULL, 0, "z", NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_add_block(NULL, shape, shape, NULL, &b));
    EXPECT(LBK_INVALID_HANDLE, lbk_step_begin(NULL, 0, 0.0));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(NULL, NULL, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_step_end(NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_step_cancel(NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_distil(NULL, "x.lbk", NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_distil("x.lbk.d", NULL, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_distil("x.lbk.d", "x.lbk", NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_open(NULL, &a));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_archive_open("x.lbk", NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_variables(NULL, &number));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_variable_name(NULL, 0, NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_shape(NULL, "u", 0, NULL, NULL, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_steps(NULL, 0, NULL, NULL, &number));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_attributes(NULL, NULL, &number));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_attribute_name(NULL, NULL, 0, NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_attribute(NULL, NULL, "a", NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_read(NULL, "u", 0, shape, shape, NULL, LBK_FLOAT32, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_sample(NULL, "u", 0, NULL, LBK_COORD_INDEX, LBK_FLOAT32, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_axis(NULL, "u", 0, 0, NULL, &number));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_axis_name(NULL, "u", 0, NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_axis_units(NULL, "u", 0, NULL, 0, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_archive_info(NULL, NULL, 0, NULL));
    EXPECT(LBK_OK, lbk_archive_close(NULL));
    EXPECT(LBK_OK, lbk_archive_close(&a));
    EXPECT(LBK_OK, lbk_set_log_callback(NULL, LBK_LOG_INFO, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_last_error(NULL, 8, NULL));
    CHECK(!config && !s && !v && !b && !a && number == 7);
}

static void null_arguments_of_live_handles(void) {
    lbk_config *config = NULL;
    lbk_session *s = NULL;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    static const double ordered[4] = {0.0, 1.0, 2.0, 4.0}, unordered[4] = {0.0, 1.0, 1.0, 2.0};
    char small[2] = "#";
    size_t needed = 0;

    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_set(config, NULL, "1"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_set(config, "target.ratio", NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_load(config, NULL));
    EXPECT(LBK_IO, lbk_config_load(config, "there is no such file.toml"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_get(config, NULL, NULL, 0, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_get(config, "target.ratio", NULL, 5, NULL));
    EXPECT(LBK_BUFFER_TOO_SMALL, lbk_config_get(config, "target.ratio", small, sizeof small, &needed));
    CHECK(small[0] == '#' && needed >= 5);
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_open(config, NULL, LBK_NO_COMM, &s));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_open(config, "", LBK_NO_COMM, &s));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_open(config, "x.lbk", LBK_NO_COMM, NULL));
    EXPECT(LBK_COMPATIBILITY, lbk_session_open(config, "x.lbk", 0, &s));
    EXPECT(LBK_IO, lbk_session_open(config, "no/such/directory/x.lbk", LBK_NO_COMM, &s));
    EXPECT(LBK_OK, lbk_config_set(config, "device", "no such device"));
    EXPECT(LBK_DEVICE, lbk_session_open(config, "x.lbk", LBK_NO_COMM, &s));
    EXPECT(LBK_OK, lbk_config_set(config, "device", "cpu"));
    CHECK(!s);

    EXPECT(LBK_OK, lbk_session_open(config, "arguments.lbk", LBK_NO_COMM, &s));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_attribute(s, NULL, "x"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_attribute(s, "x", NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_attribute(s, "x", "\xff\xfe"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_axis(s, 0, "z", "m", 0.0, 0.1)); /* no variable yet */
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_durable(s, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_wait(s, 0, (double)NAN));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, NULL, LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 3, NULL, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, NULL));
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_axis(s, -1, "z", "m", 0.0, 0.1));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_axis(s, 3, "z", "m", 0.0, 0.1));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_axis(v, 0, "z", "m", (double)NAN, 0.1));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_axis(v, 0, "z", "m", 0.0, 0.0));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_axis_coordinates(v, 0, "z", "m", 4, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_axis_coordinates(v, 0, "z", "m", -4, ordered));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_axis_coordinates(v, 0, "z", "m", 3, ordered));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_set_axis_coordinates(s, 0, "z", "m", 4, unordered));
    EXPECT(LBK_OK, lbk_session_set_axis_coordinates(s, 0, NULL, NULL, 4, ordered));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_attribute(v, NULL, "x"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_attribute(v, "x", NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, NULL, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, shape, NULL, NULL));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 0, 0.0));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_put(s, b, NULL));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(s, NULL, shape));
    EXPECT(LBK_OK, lbk_step_cancel(s));
    EXPECT(LBK_OK, lbk_session_close(&s));
    CHECK(!s);
    EXPECT(LBK_OK, lbk_config_free(config));
}

static void stale_and_foreign_handles(void) {
    lbk_config *config = NULL;
    lbk_variable *v = NULL, *other = NULL;
    lbk_block *b = NULL, *others = NULL;
    lbk_session *first = open_session("first.lbk", NULL), *second = open_session("second.lbk", NULL), *stale = first;
    float values[64] = {0};
    int on_the_stack = 0;

    EXPECT(LBK_OK, lbk_variable_define(first, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_session_commit(first));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_commit(second)); /* without a variable */
    EXPECT(LBK_OK, lbk_variable_define(second, "u", LBK_FLOAT32, 3, shape, &other));
    EXPECT(LBK_OK, lbk_variable_add_block(other, NULL, shape, NULL, &others));
    EXPECT(LBK_OK, lbk_session_commit(second));
    EXPECT(LBK_OK, lbk_step_begin(second, 0, 0.0));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(second, b, values));
    MESSAGE("another session");

    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit((lbk_session *)(void *)v));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(first, (lbk_block *)(void *)v, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit((lbk_session *)(void *)&on_the_stack));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit((lbk_session *)(uintptr_t)1));

    EXPECT(LBK_OK, lbk_session_close(&first));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit(stale));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(stale, b, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_variable_set_attribute(v, "a", "b"));
    EXPECT(LBK_INVALID_HANDLE, lbk_put(second, b, values));
    EXPECT(LBK_INVALID_HANDLE, lbk_session_close(&stale));
    CHECK(!stale);
    EXPECT(LBK_OK, lbk_session_close(&second));

    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_OK, lbk_config_free(config));
    EXPECT(LBK_INVALID_HANDLE, lbk_config_free(config));
    EXPECT(LBK_INVALID_HANDLE, lbk_config_set(config, "target.ratio", "10"));
    MESSAGE("freed");
}

int main(void) {
    nulls();
    null_arguments_of_live_handles();
    stale_and_foreign_handles();
    return finish();
}

/* What may be defined, and what is refused: names, types, shapes, boxes, strides, options. */
#include "check.h"

static void options(void) {
    lbk_config *config = NULL;
    char value[64] = "", list[65536];
    size_t needed = 0;

    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_set(config, "target.ration", "10"));
    MESSAGE("target.ratio");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_get(config, "target.ration", value, sizeof value, NULL));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_set(config, "target.ratio", "many"));
    MESSAGE("target.ratio");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_config_set(config, "target.ratio", "-3"));
    EXPECT(LBK_OK, lbk_config_set(config, "target.ratio", "250"));
    EXPECT(LBK_OK, lbk_config_get(config, "target.ratio", value, sizeof value, &needed));
    CHECK(strcmp(value, "250") == 0 && needed == 4);
    EXPECT(LBK_OK, lbk_config_free(config));

    EXPECT(LBK_OK, lbk_options(NULL, 0, &needed));
    CHECK(needed > 100 && needed <= sizeof list);
    EXPECT(LBK_OK, lbk_options(list, sizeof list, NULL));
    CHECK(strlen(list) + 1 == needed && strstr(list, "target.ratio\t"));
}

static void variables(void) {
    static const int64_t shape[4] = {8, 8, 8, 8}, zero[3] = {8, 0, 8}, negative[3] = {8, -8, 8};
    static const int64_t huge[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
    lbk_session *s = open_session("variables.lbk", NULL);
    lbk_variable *v = NULL, *w = NULL;
    char *name = malloc(10241);
    memset(name, 'n', 10240);
    name[10240] = 0;

    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, name, LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "\xc3\x28", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", 0, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", 77, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 0, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, -1, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 4, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 3, zero, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT32, 3, negative, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT64, 3, huge, &v));
    CHECK(!v);
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_define(s, "u", LBK_FLOAT64, 2, shape, &w));
    MESSAGE("\"u\"");
    EXPECT(LBK_OK, lbk_variable_define(s, "w", LBK_FLOAT64, 1, shape, &w));
    CHECK(v && w && v != w);
    EXPECT(LBK_OK, lbk_variable_set_attribute(v, "units", "m s-1"));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_set_attribute(v, "", "m s-1"));
    EXPECT(LBK_OK, lbk_session_close(&s));
    free(name);
}

static void blocks(void) {
    static const int64_t shape[3] = {8, 8, 8}, far[3] = {0, 0, 5}, half[3] = {8, 8, 4}, negative[3] = {-1, 0, 0};
    static const int64_t empty[3] = {8, 0, 8}, huge[3] = {INT64_MAX, 1, 1};
    static const int64_t backwards[3] = {256, 32, -4}, wild[3] = {INT64_MAX, INT64_MAX, INT64_MIN};
    static const char *const ratio[] = {"target.ratio", "1", NULL};
    lbk_session *s = open_session("blocks.lbk", ratio);
    lbk_variable *v = NULL, *late = NULL;
    lbk_block *b = NULL, *mirrored = NULL;
    float values[8 * 8 * 8];
    for (int i = 0; i < 512; i++) values[i] = (float)i;

    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, far, half, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, negative, half, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, negative, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, huge, half, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, huge, NULL, &b));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, empty, NULL, &b));
    MESSAGE("axis 1");
    EXPECT(LBK_INVALID_ARGUMENT, lbk_variable_add_block(v, NULL, half, wild, &b));
    CHECK(!b);
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, backwards, &mirrored));
    EXPECT(LBK_OK, lbk_session_commit(s));

    EXPECT(LBK_INVALID_STATE, lbk_session_commit(s));
    EXPECT(LBK_INVALID_STATE, lbk_variable_define(s, "late", LBK_FLOAT32, 3, shape, &late));
    EXPECT(LBK_INVALID_STATE, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_step_begin(s, 0, 0.0));
    EXPECT(LBK_OK, lbk_put(s, mirrored, values + 7)); /* x runs downwards */
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_OK, lbk_session_close(&s));
}

int main(void) {
    options();
    variables();
    blocks();
    return finish();
}

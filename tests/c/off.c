/* With LIMBECK_MODE=off every call that writes succeeds, sets its outputs and does nothing. */
#include "check.h"
#include <math.h>

int main(void) {
    static const int64_t shape[3] = {4, 4, 4};
    lbk_config *config = NULL;
    lbk_session *s = NULL;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    int64_t cycle = 7;
    char text[64] = "#";
    size_t needed = 0;
    float values[64];
    for (int i = 0; i < 64; i++) values[i] = NAN;

    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_OK, lbk_config_set(config, "no.such.option", "1"));
    EXPECT(LBK_OK, lbk_config_load(config, "no such file.toml"));
    EXPECT(LBK_OK, lbk_session_open(config, "no/such/directory/off.lbk", 0, &s));
    EXPECT(LBK_OK, lbk_session_set_attribute(s, "a", "b"));
    EXPECT(LBK_OK, lbk_session_set_axis(s, 0, "z", "m", 0.0, 0.0));
    EXPECT(LBK_OK, lbk_variable_define(s, "u", LBK_FLOAT32, 3, shape, &v));
    EXPECT(LBK_OK, lbk_variable_set_attribute(v, "a", "b"));
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
    CHECK(cycle >= 1);
    EXPECT(LBK_OK, lbk_session_metrics(s, text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    EXPECT(LBK_OK, lbk_session_close(&s));
    CHECK(!s);
    EXPECT(LBK_OK, lbk_distil("no.lbk.d", "no.lbk", config));
    EXPECT(LBK_OK, lbk_config_get(config, "target.ratio", text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    EXPECT(LBK_OK, lbk_config_free(config));
    CHECK(fopen("off.lbk", "rb") == NULL && fopen("no.lbk", "rb") == NULL);
    return finish();
}

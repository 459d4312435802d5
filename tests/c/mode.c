/* LIMBECK_MODE is neither on nor off: told by the first call of a run, which does not begin. */
#include "check.h"

int main(void) {
    lbk_config *config = NULL;
    lbk_session *s = NULL;
    EXPECT(LBK_OK, lbk_config_create(&config));
    EXPECT(LBK_INVALID_ARGUMENT, lbk_session_open(config, "mode.lbk", LBK_NO_COMM, &s));
    MESSAGE("LIMBECK_MODE is \"of\"");
    MESSAGE("\"on\"");
    MESSAGE("\"off\"");
    CHECK(!s && fopen("mode.lbk.d/lock", "rb") == NULL);
    EXPECT(LBK_OK, lbk_config_free(config));
    return finish();
}

/* Messages: their size, one per thread, names of statuses, the log, versions. */
#define _POSIX_C_SOURCE 200112L
#include "check.h"
#include <pthread.h>

static void sizes(void) {
    char whole[512], part[8], untouched[4] = "abc";
    size_t needed = 0, again = 0;

    EXPECT(LBK_OK, lbk_last_error(NULL, 0, &needed));
    CHECK(needed == 1);
    memset(whole, '#', sizeof whole);
    EXPECT(LBK_OK, lbk_last_error(whole, sizeof whole, NULL));
    CHECK(whole[0] == 0);

    EXPECT(LBK_INVALID_HANDLE, lbk_session_commit(NULL));
    EXPECT(LBK_OK, lbk_last_error(NULL, 0, &needed));
    EXPECT(LBK_OK, lbk_last_error(whole, sizeof whole, &again));
    CHECK(needed == strlen(whole) + 1 && again == needed);
    CHECK(strncmp(whole, "lbk_session_commit: ", 20) == 0);
    EXPECT(LBK_OK, lbk_last_error(part, sizeof part, &again));
    CHECK(strcmp(part, "lbk_ses") == 0 && again == needed);
    EXPECT(LBK_OK, lbk_last_error(untouched, 0, &again));
    CHECK(strcmp(untouched, "abc") == 0 && again == needed);
    EXPECT(LBK_OK, lbk_last_error(whole, needed, NULL));
    CHECK(strlen(whole) + 1 == needed);
    EXPECT(LBK_OK, lbk_config_free(NULL)); /* a success leaves the message alone */
    MESSAGE("lbk_session_commit");
}

/* Every thread fails in a way of its own, many times, and sees its own message. */
static void *fail_often(void *argument) {
    const long number = *(const long *)argument;
    char name[64], message[512];
    lbk_config *config = NULL;
    long wrong = lbk_config_create(&config) != LBK_OK;
    snprintf(name, sizeof name, "no.such.option.%ld", number);
    for (int i = 0; i < 500; i++) {
        wrong += lbk_config_set(config, name, "1") != LBK_INVALID_ARGUMENT;
        wrong += lbk_last_error(message, sizeof message, NULL) != LBK_OK || !strstr(message, name);
    }
    wrong += lbk_config_free(config) != LBK_OK;
    *(long *)argument = wrong;
    return NULL;
}

static void threads(void) {
    pthread_t thread[4];
    long state[4];
    for (long i = 0; i < 4; i++) {
        state[i] = i;
        CHECK(pthread_create(&thread[i], NULL, fail_often, &state[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        CHECK(state[i] == 0);
    }
    MESSAGE("lbk_session_commit"); /* still this thread's */
}

static void names(void) {
    CHECK(strcmp(lbk_status_name(LBK_OK), "LBK_OK") == 0);
    CHECK(strcmp(lbk_status_name(LBK_DROPPED), "LBK_DROPPED") == 0);
    CHECK(strcmp(lbk_status_name(LBK_IO), "LBK_IO") == 0);
    CHECK(strcmp(lbk_status_name(12345), "LBK_UNKNOWN") == 0);
    CHECK(strcmp(lbk_version(), LBK_VERSION) == 0);
    CHECK(lbk_abi_version() == LBK_ABI_VERSION);
    for (lbk_status s = 1; s <= LBK_NOT_FOUND; s++) CHECK(strcmp(lbk_status_name(s), "LBK_UNKNOWN") != 0);
}

typedef struct {
    pthread_mutex_t lock;
    long lines, bad;
} counter;

static void count(int32_t level, const char *message, void *user) {
    counter *c = user;
    pthread_mutex_lock(&c->lock);
    c->lines++;
    c->bad += level < LBK_LOG_ERROR || level > LBK_LOG_DEBUG || !message || !message[0];
    pthread_mutex_unlock(&c->lock);
}

static void log_callback(void) {
    static const int64_t shape[1] = {32};
    counter c = {PTHREAD_MUTEX_INITIALIZER, 0, 0};
    lbk_session *s = NULL;
    lbk_variable *v = NULL;
    lbk_block *b = NULL;
    double line[32];
    for (int i = 0; i < 32; i++) line[i] = i;

    EXPECT(LBK_INVALID_ARGUMENT, lbk_set_log_callback(count, 99, &c));
    EXPECT(LBK_OK, lbk_set_log_callback(count, LBK_LOG_DEBUG, &c));
    s = open_session("log.lbk", NULL);
    EXPECT(LBK_OK, lbk_variable_define(s, "line", LBK_FLOAT64, 1, shape, &v));
    EXPECT(LBK_OK, lbk_variable_add_block(v, NULL, shape, NULL, &b));
    EXPECT(LBK_OK, lbk_session_commit(s));
    EXPECT(LBK_OK, lbk_step_begin(s, 0, 0.0));
    EXPECT(LBK_OK, lbk_put(s, b, line));
    EXPECT(LBK_OK, lbk_step_end(s));
    EXPECT(LBK_DEGRADED, lbk_session_close(&s)); /* no archive is a thousandth of 128 bytes */
    MESSAGE("lbk_session_close: ");
    EXPECT(LBK_OK, lbk_set_log_callback(NULL, LBK_LOG_INFO, NULL));
    CHECK(c.lines > 0 && c.bad == 0);
    const long before = c.lines;
    s = open_session("quiet.lbk", NULL);
    EXPECT(LBK_OK, lbk_session_close(&s));
    CHECK(c.lines == before);
}

int main(void) {
    sizes();
    threads();
    names();
    log_callback();
    return finish();
}

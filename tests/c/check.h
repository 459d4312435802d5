/* Checks for the C tests: each failure is printed with its place, and main returns how many there were. */
#ifndef CHECK_H
#define CHECK_H
#include <limbeck/limbeck.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            failures++;                                                               \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);            \
        }                                                                             \
    } while (0)

/* The call returns this status, and a failure leaves a message. */
#define EXPECT(status, call) expect(status, call, #call, __FILE__, __LINE__)

/* The last message of this thread has this in it. */
#define MESSAGE(part) message_has(part, __FILE__, __LINE__)

static inline void expect(lbk_status wanted, lbk_status got, const char *call, const char *file, int line) {
    char message[1024] = "";
    if (got != LBK_OK) lbk_last_error(message, sizeof message, NULL);
    if (got == wanted && (got == LBK_OK || message[0])) return;
    failures++;
    printf("%s:%d: %s: %s instead of %s: %s\n", file, line, call, lbk_status_name(got), lbk_status_name(wanted), message);
}

static inline void message_has(const char *part, const char *file, int line) {
    char message[2048] = "";
    lbk_last_error(message, sizeof message, NULL);
    if (strstr(message, part)) return;
    failures++;
    printf("%s:%d: no \"%s\" in the message: %s\n", file, line, part, message);
}

/* A session on PATH with further options, a NULL-terminated list of name, value. */
static inline lbk_session *open_session(const char *path, const char *const *options) {
    lbk_config *config = NULL;
    lbk_session *session = NULL;
    EXPECT(LBK_OK, lbk_config_create(&config));
    for (; options && options[0]; options += 2) EXPECT(LBK_OK, lbk_config_set(config, options[0], options[1]));
    EXPECT(LBK_OK, lbk_session_open(config, path, LBK_NO_COMM, &session));
    EXPECT(LBK_OK, lbk_config_free(config));
    if (!session) exit(1);
    return session;
}

static inline int finish(void) {
    if (failures) printf("%d checks failed\n", failures);
    return failures != 0;
}

#endif

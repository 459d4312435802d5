/* Checks for the C++ tests: each failure is printed with its place, and main returns whether there was one. */
#ifndef CHECK_HPP
#define CHECK_HPP
#include <limbeck/limbeck.hpp>

#include <cstdio>
#include <string>

inline int failures = 0;

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            failures++;                                                            \
            std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
        }                                                                          \
    } while (0)

inline void complain(const char* file, int line, const char* call, const char* got, const std::string& message) {
    failures++;
    std::printf("%s:%d: %s: %s: %s\n", file, line, call, got, message.c_str());
}

#if LIMBECK_EXCEPTIONS
/* The call throws an Error of this code whose text has this in it. */
#define THROWS(wanted, part, call)                                                                 \
    do {                                                                                           \
        try {                                                                                      \
            call;                                                                                  \
            complain(__FILE__, __LINE__, #call, "no error", "");                                   \
        } catch (const limbeck::Error& error) {                                                        \
            if (error.code() != limbeck::Code::wanted || !std::strstr(error.what(), part))                 \
                complain(__FILE__, __LINE__, #call, limbeck::name(error.code()), error.what());            \
        }                                                                                          \
    } while (0)
#endif

/* The call gives a Result of this code whose text has this in it. */
#define RETURNS(wanted, part, call)                                                                          \
    do {                                                                                                     \
        const auto result = call;                                                                            \
        const limbeck::Status& status = result.status();                                                     \
        if (status.code() != limbeck::Code::wanted || status.message().find(part) == std::string::npos)      \
            complain(__FILE__, __LINE__, #call, limbeck::name(status.code()), status.message());             \
    } while (0)

inline int finish() {
    if (failures) std::printf("%d checks failed\n", failures);
    return failures != 0;
}

#include <cstring>
#endif

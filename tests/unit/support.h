/*
 * What the unit tests share: cmocka with the headers it needs, tables that name the row that
 * failed, the invariants of an error, and a clock that a test plays.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* assert_true() that says which row of a table it is about. */
#define assert_row(label, condition)                                                               \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s:%d: row '%s': %s", __FILE__, __LINE__, label, #condition);                \
    } while (0)

#define assert_row_string(label, actual, expected)                                                 \
    do {                                                                                           \
        if (strcmp(actual, expected) != 0)                                                         \
            fail_msg("%s:%d: row '%s': '%s' instead of '%s'", __FILE__, __LINE__, label, actual,   \
                     expected);                                                                    \
    } while (0)

/* Joined from two literals each, so that no secret scanner takes them for live ones. */
#define TOKEN_CLASSIC                                                                              \
    "ghp_"                                                                                         \
    "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V4"
#define TOKEN_FINE_GRAINED                                                                         \
    "github_"                                                                                      \
    "pat_11AAAAAAA0aBcDeFgHiJkL_"                                                                  \
    "0123456789012345678901234567890123456789012345678901234567A"
#define TOKEN_LEGACY                                                                               \
    "0123456789abcdef0123"                                                                         \
    "456789abcdef01234567"

/* An installation token of the stateless kind: ghs_<APPID>_<JWT>, 520 bytes. */
static inline const char *token_installation(void)
{
    static const char head[] = "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaCJ9.";
    static char token[521];

    memset(token, 'x', sizeof(token) - 1);
    memcpy(token, head, sizeof(head) - 1);
    memcpy(token + sizeof(token) - 6, "-_END", 5);
    return token;
}

/* Every failure: one class, a message without full stop or line end, and nothing that is secret. */
static inline void assert_error(const char *label, const struct error *err, enum exit_class cls,
                                const char *part)
{
    size_t len = strlen(err->message);

    if (err->cls != cls)
        fail_msg("row '%s': class %d ('%s') instead of %d", label, (int)err->cls, err->message,
                 (int)cls);
    assert_row(label, len > 0 && err->message[len - 1] != '.');
    assert_row(label, strpbrk(err->message, "\r\n") == NULL);
    assert_row(label, strpbrk(err->hint, "\r\n") == NULL);
    if (part != NULL && strstr(err->message, part) == NULL)
        fail_msg("row '%s': '%s' is not in '%s'", label, part, err->message);
}

static inline void assert_not_shown(const char *label, const struct error *err, const char *text)
{
    assert_row(label, strstr(err->message, text) == NULL);
    assert_row(label, strstr(err->hint, text) == NULL);
}

static inline struct secret secret_of(const char *text)
{
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(secret_append_text(&out, text, &err), 0);
    return out;
}

/* A clock that only sleeping moves, and that keeps a diary. */
enum { FAKE_CLOCK_MAX = 128 };

struct fake_clock {
    int64_t now_ms;
    int64_t unix_s;
    bool is_unlucky; /* random_below() gives its largest value; else 0 */
    uint32_t bounds[FAKE_CLOCK_MAX];
    size_t draws;
    int64_t waits_ms[FAKE_CLOCK_MAX];
    size_t sleeps;
};

static inline int64_t fake_now_ms(void *ctx)
{
    return ((struct fake_clock *)ctx)->now_ms;
}

static inline int64_t fake_unix_s(void *ctx)
{
    return ((struct fake_clock *)ctx)->unix_s;
}

static inline void fake_sleep_ms(void *ctx, int64_t ms)
{
    struct fake_clock *fake = (struct fake_clock *)ctx;

    assert_true(fake->sleeps < FAKE_CLOCK_MAX);
    fake->waits_ms[fake->sleeps++] = ms;
    fake->now_ms += ms;
    fake->unix_s += ms / 1000;
}

static inline uint32_t fake_random_below(void *ctx, uint32_t bound)
{
    struct fake_clock *fake = (struct fake_clock *)ctx;

    assert_true(bound > 0);
    assert_true(fake->draws < FAKE_CLOCK_MAX);
    fake->bounds[fake->draws++] = bound;
    return fake->is_unlucky ? bound - 1 : 0;
}

static inline struct clock fake_clock_face(struct fake_clock *fake)
{
    return (struct clock){
        .now_ms = fake_now_ms,
        .unix_s = fake_unix_s,
        .sleep_ms = fake_sleep_ms,
        .random_below = fake_random_below,
        .ctx = fake,
    };
}

#endif

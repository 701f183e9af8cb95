/*
 * What the fuzz targets share. Each hands any bytes to a room, as its callers would, and aborts
 * where a promise of the room's header is broken; fuzz_NAME.c begins with those promises.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool condition)
{
    if (!condition)
        abort();
}

static inline struct secret secret_of(const void *data, size_t len)
{
    struct error err = ERROR_INIT;
    struct secret out = SECRET_INIT;

    must(secret_append(&out, data, len, SIZE_MAX - 1, &err) == 0);
    return out;
}

/* The bytes of one run, taken from the front. */
struct feed {
    const char *p;
    size_t left;
};

static inline struct feed feed_of(const uint8_t *data, size_t size)
{
    return (struct feed){.p = (const char *)data, .left = size};
}

/*
 * What stands before the next `mark`, which is dropped, or all that is left; a block of its own, so
 * that a read past its end is seen. To be freed.
 */
static inline char *take_until(struct feed *in, const char *mark, size_t *len)
{
    size_t mark_len = strlen(mark);
    const char *found = in->left > 0 ? memmem(in->p, in->left, mark, mark_len) : NULL;
    char *taken;

    *len = found != NULL ? (size_t)(found - in->p) : in->left;
    taken = malloc(*len + 1);
    must(taken != NULL);
    if (*len > 0)
        memcpy(taken, in->p, *len);
    taken[*len] = '\0';
    in->p += *len + (found != NULL ? mark_len : 0);
    in->left -= *len + (found != NULL ? mark_len : 0);
    return taken;
}

/* The next line, as text. */
static inline char *take_line(struct feed *in)
{
    size_t len;

    return take_until(in, "\n", &len);
}

/* Whether it is no more than one line end. */
static inline bool is_line_end(const char *text, size_t len)
{
    return len == 0 || (len == 1 && (*text == '\n' || *text == '\r')) ||
           (len == 2 && memcmp(text, "\r\n", 2) == 0);
}

/* Whether a terminal shows a text and does not obey it. */
static inline bool is_shown(const char *text)
{
    size_t size = strlen(text) + 8;
    char *again = malloc(size);
    bool is_same;

    must(again != NULL);
    is_same = strcmp(text_printable(again, size, text, strlen(text)), text) == 0;
    free(again);
    return is_same;
}

/* distribution/reference's grammar of a repository's name. */
#define COMPONENT  "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
#define REPOSITORY COMPONENT "(/" COMPONENT ")*"

/* Whether a text is what `pattern`, which has a group, stands for; *regex is zeroed at first. */
static inline bool matches(regex_t *regex, const char *pattern, const char *text)
{
    must(regex->re_nsub > 0 || regcomp(regex, pattern, REG_EXTENDED) == 0);
    return regexec(regex, text, 0, NULL, 0) == 0;
}

/* An error of one class, with words. */
static inline void check_error(const struct error *err, enum exit_class cls)
{
    must(err->cls == cls);
    must(err->message[0] != '\0' && memchr(err->message, '\0', sizeof(err->message)) != NULL);
    must(memchr(err->hint, '\0', sizeof(err->hint)) != NULL);
}

#endif

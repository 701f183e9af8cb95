/*
 * Things worth saying that are no reason to fail: collected on the way, printed at the end.
 * As of errors: no secrets, and text from outside only through text_printable().
 */
#ifndef BASE_WARNING_H
#define BASE_WARNING_H

#include <stddef.h>

enum { WARNINGS_MAX = 16, WARNING_LEN_MAX = 511 };

struct warnings {
    char items[WARNINGS_MAX][WARNING_LEN_MAX + 1];
    size_t count;
};

/* Add one; past WARNINGS_MAX they are dropped. */
void warnings_add(struct warnings *warnings, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/*
 * One error, filled once where it happens and wrapped on the way up; and warnings: what is worth
 * saying but no reason to fail, collected on the way and printed at the end.
 *
 * A function that can fail returns 0, or -1 with *err filled; nothing else is said by its
 * return value. The first error wins: filling a filled error changes nothing. All text lives
 * inside the struct, so that "out of memory" can be reported without memory.
 *
 * No secret ever goes into either. Text that came from outside goes through text_printable().
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The kind of failure, which becomes the exit status of the program. */
enum exit_class {
    CLASS_NONE = 0,
    CLASS_INTERNAL = 1,
    CLASS_USAGE = 2,
    CLASS_CREDENTIAL = 3,
    CLASS_REJECTED = 4,
    CLASS_UNREACHABLE = 5,
    CLASS_UNPROVED = 6,
    CLASS_FORBIDDEN = 7,
    CLASS_AUTHFILE = 8,
    CLASS_HELPER = 9,
    CLASS_EXPIRING = 10,
};

struct error {
    enum exit_class cls; /* CLASS_NONE: no error yet */
    char message[1024];  /* what failed: lower-case start, no full stop */
    char hint[512];      /* what to do about it; may be empty */
};

#define ERROR_INIT ((struct error){.cls = CLASS_NONE})

/* Fill an empty *err. Always returns -1, so that callers can `return error_set(…)`. */
int error_set(struct error *err, enum exit_class cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same, and what to do about it: `hint` is text as it stands, no format; "" says nothing. A
 * hint with values in it is error_hint()'s.
 */
int error_set_hint(struct error *err, enum exit_class cls, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Like error_set(), with ": " and the text of `errnum` after the message. */
int error_set_errno(struct error *err, enum exit_class cls, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* CLASS_INTERNAL, "out of memory". */
int error_no_memory(struct error *err);

/* Set the hint of *err, unless it has one already. Returns -1. */
int error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put the larger picture in front: "FMT: message". Returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append to the message of a filled *err; what does not fit is cut off. Returns -1. */
int error_append(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum { WARNINGS_MAX = 16, WARNING_LEN_MAX = 511 };

struct warnings {
    char items[WARNINGS_MAX][WARNING_LEN_MAX + 1];
    size_t count;
};

/* Add one, unless it is there already; past WARNINGS_MAX they are dropped. */
void warnings_add(struct warnings *warnings, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The name of a class in --json output, a constant: "rejected"; "none" for CLASS_NONE. */
const char *exit_class_name(enum exit_class cls);

/*
 * Whether a run in which both went wrong ends with the status of `a`: 1 and 2 come first, then what
 * keeps credentials from being read (8, 9), what was said of them (4, 7), what was not (5, 6), what
 * will happen (10), and what is not there (3).
 */
bool exit_class_is_worse(enum exit_class a, enum exit_class b);

#endif

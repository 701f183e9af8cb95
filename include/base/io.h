/*
 * Reading and writing whole things through descriptors, with a limit from the start.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

/* For fcntl(2): a lock of the open file, or of the process on a system that has no such locks. */
#if defined(F_OFD_SETLK)
#define IO_SETLK F_OFD_SETLK
#else
#define IO_SETLK F_SETLK
#endif

/* Something to read to its end, and how an error speaks of it. */
struct io_input {
    const char *name;          /* in messages: "standard input", "'/path'" */
    enum exit_class cls;       /* of every error that comes from it */
    size_t max;                /* bytes; one more is an error */
    size_t line_end;           /* bytes that may come on top of that */
    const struct clock *clock; /* NULL: wait for ever */
    int64_t deadline_ms;       /* of that clock */
};

/*
 * Read `fd` to its end. Returns 0 and replaces *out (release with secret_clear()), or -1 with *err
 * set and *out untouched.
 */
int io_read_all(struct secret *out, int fd, const struct io_input *input, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Open and read a regular file, a pipe or the like (links are followed). A missing file is an
 * error like any other; *errnum (may be NULL) tells which: ENOENT.
 */
int io_read_path(struct secret *out, const char *path, const struct io_input *input, int *errnum,
                 struct error *err) __attribute__((warn_unused_result));

/* Write all bytes. Returns 0, or -1 with errno set. */
int io_write_all(int fd, const char *data, size_t len) __attribute__((warn_unused_result));

#endif

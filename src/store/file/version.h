/*
 * A file as it was read, to be told from what becomes of it.
 */
#ifndef STORE_FILE_VERSION_H
#define STORE_FILE_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/secret.h"

struct version {
    int fd;         /* keeps its inode from being used again; -1: there was no file */
    struct stat st; /* of fd */
    struct secret text;
};

#define VERSION_INIT ((struct version){.fd = -1})

/*
 * Read the file `name` of the directory open as `dir_fd`, at most `max` bytes, again and again
 * where it is written to meanwhile. It may be absent; a link, a directory or the like is an error.
 * `path` is for messages. Returns 0 and replaces *out (release with version_clear()), or -1 with
 * *err set (CLASS_AUTHFILE).
 */
int version_read(struct version *out, int dir_fd, const char *name, const char *path, size_t max,
                 struct error *err) __attribute__((warn_unused_result));

/* Whether two looks saw the same file, of the same length and time. */
bool version_is_same_file(const struct stat *a, const struct stat *b);

/* And of the same owner and mode. */
bool version_is_same_status(const struct stat *a, const struct stat *b);

/*
 * Whether the file that was read, whatever its name by now, has still the same text: 1 or 0, or -1
 * with errno set. To compare the status is not enough: two writes within one tick of the file
 * system's clock leave the same time.
 */
int version_has_same_text(const struct version *version);

void version_clear(struct version *version);

#endif

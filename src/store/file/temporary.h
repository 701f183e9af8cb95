/*
 * The file that is written beside another, to take its place: ".NAME.ghcr-login.XXXXXX" in the
 * directory open as `dir_fd`.
 */
#ifndef STORE_FILE_TEMPORARY_H
#define STORE_FILE_TEMPORARY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/secret.h"

/* The file that it is to replace. */
struct temporary_old {
    int fd; /* -1: there is none */
    const struct stat *st;
};

/*
 * Make a new file beside `path` with this text and the old one's owner and attributes, else with
 * mode 0600, and sync it. Its name goes into temporary[NAME_MAX + 1]: it is the caller's to put in
 * place or to remove, also after an error; temporary[0] is '\0' where there is none.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int temporary_write(char temporary[NAME_MAX + 1], int dir_fd, const char *path,
                    const struct temporary_old *old, const struct secret *text, struct error *err)
    __attribute__((warn_unused_result));

/* Whether there is room for such a name beside one as long as `name`. */
bool temporary_has_room(const char *name);

/* Remove those of `name` that killed runs left. Under lock only: nobody else's are there then. */
void temporary_remove_leftovers(int dir_fd, const char *name);

#endif

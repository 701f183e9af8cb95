/*
 * Writing through a file that cannot be replaced because it is a mount of its own, as a single
 * file given to a container is.
 *
 * This cannot be done in one step, and whoever reads the file meanwhile finds a text that begins
 * with a NUL byte. So a whole, synced copy of the old text stands beside the file until the new one
 * is written and synced: ".NAME.ghcr-login-copy-INODE". It is that file's alone: what is mounted at
 * the same place at another time has another inode, and neither takes nor removes it. Whoever finds
 * a damaged file reads the copy instead.
 *
 * "Beside" is where the mount is seen: in a container, in the container.
 */
#ifndef STORE_IN_PLACE_H
#define STORE_IN_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

/* Such a file. */
struct in_place {
    int dir_fd;            /* its directory; all is done in there, wherever that is moved */
    const char *path;      /* its last component is the name in there; all of it is for messages */
    const struct stat *st; /* of the file */
    char *left;            /* [NAME_MAX + 1] for a copy that could not be removed; may be NULL */
};

/* Set *err: it cannot be replaced (CLASS_AUTHFILE), and what can be done. Returns -1. */
int in_place_refuse(const char *path, struct error *err);

/*
 * Whether a text is one that a writer is at, or died at: it begins with a NUL byte, which no valid
 * text does and no reader takes for one.
 */
bool in_place_is_half_written(const struct secret *text);

/*
 * Wait until nobody writes through the file open as `fd`.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE) when `deadline_ms` has come.
 */
int in_place_wait(const struct in_place *file, int fd, const struct clock *clock,
                  int64_t deadline_ms, struct error *err) __attribute__((warn_unused_result));

/*
 * The copy's text, at most `max` bytes, in place of the file's half-written one. Only a copy that
 * this user or the file's owner made is taken, and only where nobody could write to it who may not
 * write to the file. Returns 0 and replaces *text, or -1 with *err set (CLASS_AUTHFILE).
 */
int in_place_recover(struct secret *text, const struct in_place *file, size_t max,
                     struct error *err) __attribute__((warn_unused_result));

/* Remove the file's copy, if there is one: the file itself was found whole. Under lock only. */
void in_place_drop_copy(const struct in_place *file);

/*
 * Open the file for reading and writing, and wait until `deadline_ms` for the lock on the file
 * itself: it may stand in several directories, each with a lock of its own. Closing it ends that.
 * Returns the descriptor, or -1 with *err set (CLASS_AUTHFILE).
 */
int in_place_open(const struct in_place *file, const struct clock *clock, int64_t deadline_ms,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * Write `text` through the file open as `fd`; its owner, mode and inode stay. `is_damaged`: it is
 * half written, and its whole text is in the copy that is there already. Where writing fails the
 * old text is put back; where that cannot be done the copy stays, and the error names it.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int in_place_write(const struct in_place *file, int fd, bool is_damaged, const struct secret *text,
                   struct error *err) __attribute__((warn_unused_result));

#endif

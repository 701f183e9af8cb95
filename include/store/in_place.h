/*
 * Writing through a file that cannot be replaced because it is a mount of its own, as a single
 * file given to a container is.
 *
 * This cannot be done in one step. So a whole, synced copy of the old text stands beside the file
 * until the new one is written and synced: in_place_copy_path() names it, and whoever finds a
 * damaged file reads the copy instead.
 */
#ifndef STORE_IN_PLACE_H
#define STORE_IN_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/secret.h"

/* Say of an error about such a file what can be done. Returns -1. */
int in_place_hint(struct error *err);

/* The copy's path, into copy[PATH_MAX]. Returns 0, or -1 with *err set. */
int in_place_copy_path(char copy[PATH_MAX], const char *path, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Whether a text is one that a writer is at, or died at: it begins with a NUL byte, which no valid
 * text does and no reader takes for one.
 */
bool in_place_is_half_written(const struct secret *text);

/*
 * The copy's text, at most `max` bytes, in place of the half-written text of `path`, whose status
 * is *file. Only a copy that this user or the file's owner made is taken, and only where nobody
 * could write to it who may not write to the file. Returns 0 and replaces *text, or -1 with *err
 * set (CLASS_AUTHFILE).
 */
int in_place_recover(struct secret *text, const char *path, const struct stat *file, size_t max,
                     struct error *err) __attribute__((warn_unused_result));

/* Remove a copy, if there is one: the file itself was found whole. Under lock only. */
void in_place_drop_copy(const char *path);

/*
 * Write `text` into the file `path`, whose whole text is `old`; its owner, mode and inode stay.
 * `has_copy`: a copy that holds `old` is there already, for the file itself is damaged. Where
 * writing fails the old text is put back; where that fails too the copy stays, and the error names
 * it. Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int in_place_write(const char *path, const struct secret *old, bool has_copy,
                   const struct secret *text, struct error *err)
    __attribute__((warn_unused_result));

#endif

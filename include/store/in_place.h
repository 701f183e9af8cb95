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

#include "base/error.h"
#include "base/secret.h"

/* Say of an error about such a file what can be done. Returns -1. */
int in_place_hint(struct error *err);

/* The copy's path, into copy[PATH_MAX]. Returns 0, or -1 with *err set. */
int in_place_copy_path(char copy[PATH_MAX], const char *path, struct error *err)
    __attribute__((warn_unused_result));

/* Whether there is one. */
bool in_place_has_copy(const char *copy);

/*
 * Write `text` into the file `path`, which holds `old`; its owner, mode and inode stay. Where
 * writing fails the old text is put back; where that fails too the copy stays, and the error names
 * it. Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int in_place_write(const char *path, const struct secret *old, const struct secret *text,
                   struct error *err) __attribute__((warn_unused_result));

#endif

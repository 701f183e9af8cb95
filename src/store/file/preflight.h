/*
 * Check, before the network is used, whether the file at a path could be replaced. Each step is
 * tried on a file that never has a name, or, if the file system does not support that, loses it at
 * once; the auth file itself is only read.
 */
#ifndef STORE_FILE_PREFLIGHT_H
#define STORE_FILE_PREFLIGHT_H

#include "base/error.h"

/*
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE) and what to do: for a directory that cannot be
 * written (or made) or was removed, a read-only file system or one that is full, a file whose owner
 * or mode could not be kept, a file that is itself a mount point.
 */
int preflight_check(const char *path, struct error *err) __attribute__((warn_unused_result));

/* Hints for errors that are set already: what keeps this user from a file, and what to do. */

/* Set *err: the file is a mount point, which cannot be replaced (CLASS_AUTHFILE). Returns -1. */
int obstacle_refuse_mount(const char *path, struct error *err);

/* The file at `path` may not be read or written, for `errnum`; a link is followed. */
void obstacle_hint(const char *path, int errnum, struct error *err);

/* The same if it could not be read, or its content is unusable: the reason is looked up. */
void obstacle_hint_unread(const char *path, struct error *err);

/* The same if it is known what is to blame for that: `culprit`, the file or what is above it. */
void obstacle_hint_at(const char *culprit, const char *path, int errnum, struct error *err);

/* Warn if others than its owner may read the file at `path`, or write to it. */
void obstacle_warn_of_readers(const char *path, struct warnings *warnings);

#endif

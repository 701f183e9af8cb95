/*
 * What keeps this user from an auth file, and what to do about it: hints for errors that are set
 * already.
 */
#ifndef STORE_FILE_OBSTACLE_H
#define STORE_FILE_OBSTACLE_H

#include "base/error.h"

/* Set *err: the file is a mount point, which cannot be replaced (CLASS_AUTHFILE). Returns -1. */
int obstacle_refuse_mount(const char *path, struct error *err);

/* The file at `path` may not be read or written, for `errnum`; a link is followed. */
void obstacle_hint(const char *path, int errnum, struct error *err);

/* The same where it could not be read, or what was read is no good: the reason is looked up. */
void obstacle_hint_unread(const char *path, struct error *err);

/* The same where it is known what is to blame for that: `culprit`, the file or what is above it. */
void obstacle_hint_at(const char *culprit, const char *path, int errnum, struct error *err);

#endif

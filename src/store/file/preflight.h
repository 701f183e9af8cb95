/*
 * Before any network: could the file at a path be replaced? Looks, and changes nothing.
 */
#ifndef STORE_FILE_PREFLIGHT_H
#define STORE_FILE_PREFLIGHT_H

#include "base/error.h"

/*
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE) and what to do: for a directory that cannot be
 * written (or made) or was removed, a read-only file system, a file whose owner could not be kept,
 * a file that is a mount point of its own.
 */
int preflight_check(const char *path, struct error *err) __attribute__((warn_unused_result));

#endif

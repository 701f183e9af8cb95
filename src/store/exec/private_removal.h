/*
 * The removal of a private directory with all that is in it, and of nothing else: links are not
 * followed, and mounts are not entered, be they made while it goes on.
 *
 * Its cost grows with the number of entries, whatever their depth, and whether they can be removed.
 * It takes a few descriptors: what is deeper than there are any for is moved to the top.
 */
#ifndef STORE_EXEC_PRIVATE_REMOVAL_H
#define STORE_EXEC_PRIVATE_REMOVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Open a directory, and no link to one. Returns a descriptor, or -1 with errno set. */
int private_removal_open(int parent_fd, const char *name);

/* Returns 1 when that name leads to `fd`, 0 when to something else or nothing, -1 with errno set.
 */
int private_removal_is_named(int parent_fd, const char *name, int fd);

/* Whether rmdir(2) said so: there are two errnos for it. */
bool private_removal_is_not_empty(int errnum);

/*
 * Remove what the directory `fd` holds, the login's own files first and its entry `last` at the
 * end, and its name if that leads to it. What others add in the meantime is removed too, within
 * reason. From `deadline_ms` of the clock on no more is done than to remove the login. Returns 0,
 * or an errno: ETIME when time is up, otherwise why the first entry that is left could not be
 * removed. Then `last` is left too.
 */
int private_removal_run(int parent_fd, const char *name, int fd, const char *last,
                        const struct clock *clock, int64_t deadline_ms);

#endif

/*
 * The lock that lets one run of this program at a time change the files of a directory.
 *
 * It is flock(2) on the directory itself: no litter, and nothing stale after a crash. Where a file
 * system refuses that (NFS wants a file opened for writing), it is an open file description lock
 * on a file beside the one that is changed, which is removed again.
 */
#ifndef STORE_FILE_LOCK_H
#define STORE_FILE_LOCK_H

#include <limits.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct lock {
    int fd;                  /* of the directory; -1: not held */
    int side_fd;             /* of the side file; -1: the directory itself is locked */
    char name[NAME_MAX + 1]; /* of the side file */
};

#define LOCK_INIT ((struct lock){.fd = -1, .side_fd = -1})

/*
 * Wait for the lock of the directory open as `dir_fd` until `deadline_ms`. `dir` is its path, for
 * messages, and `name` that of the file that will be changed. Returns 0 (release with
 * lock_release()), or -1 with *err set (CLASS_AUTHFILE).
 */
int lock_acquire(struct lock *lock, int dir_fd, const char *dir, const char *name,
                 const struct clock *clock, int64_t deadline_ms, struct error *err)
    __attribute__((warn_unused_result));

/* Accepts one that is not held. */
void lock_release(struct lock *lock);

#endif

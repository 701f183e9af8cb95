/*
 * The lock with which one run of this program at a time changes the files of a directory.
 *
 * It is flock(2) on the directory itself, which leaves no file and nothing stale after a crash. But
 * a network file system keeps that lock to the host, or refuses it. So, unless the file system is
 * known to be local, a record lock (fcntl(2)) is taken too, on a file beside the one that is
 * changed, which such a file system passes to its server. That file stays there: a run that waits
 * for it on another host may not notice its removal for seconds, and would then hold a lock that
 * nobody else tries to take.
 *
 * Anyone who may read a directory can hold its flock(2) indefinitely. If others may read it and
 * not write to it, and the file system is local, the side file alone serves, which only its owner
 * can open, and is removed again.
 *
 * If nothing can be locked there is no error: lock_warn() says which protection is missing.
 */
#ifndef STORE_FILE_LOCK_H
#define STORE_FILE_LOCK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct lock {
    int fd;                  /* of the directory; -1: nothing is held */
    int side_fd;             /* of the side file; -1: that is not locked */
    char name[NAME_MAX + 1]; /* of the side file */
    bool is_local;           /* no other host can have the directory */
    bool has_directory;      /* the directory itself is locked */
    bool is_litter;          /* the side file is to be removed again */
    int errnum; /* why others are not kept out, or only those of this host; 0: all are */
};

#define LOCK_INIT ((struct lock){.fd = -1, .side_fd = -1})

/*
 * Wait for the lock of the directory open as `dir_fd` until `deadline_ms`. `dir` is its path, for
 * messages, and `name` that of the file that will be changed. Returns 0 (release with
 * lock_release()), or -1 with *err set (CLASS_AUTHFILE): somebody else holds it all the time, or
 * the directory cannot be opened.
 */
int lock_acquire(struct lock *lock, int dir_fd, const char *dir, const char *name,
                 const struct clock *clock, int64_t deadline_ms, struct error *err)
    __attribute__((warn_unused_result));

/* Whether no other run, on whatever host, can be at work in the directory. */
bool lock_is_alone(const struct lock *lock);

/* Warn of who is not kept out, if anybody; `dir` as above. */
void lock_warn(const struct lock *lock, const char *dir, struct warnings *warnings);

/* Accepts one that is not held. */
void lock_release(struct lock *lock);

#endif

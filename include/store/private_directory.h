/*
 * A private directory for one run, removed when the run ends.
 *
 * It is locked until its removal, twice: from its creation by flock(2) on itself, and from
 * private_directory_hold() by an open file description lock on a marker file in it, which network
 * file systems pass on to their server. The locks end with the process, so that a sweep can tell a
 * directory that a killed run left from one in use.
 *
 * A sweep removes a directory only if all of this holds: it has our name and belongs to this user;
 * it stands in a directory where nobody else can have given it that name, which is this user's or
 * root's, and sticky if others may write to it; it has the marker; nobody holds a lock. On a file
 * system that is not known to be local it must also be a day old, for not every one of these passes
 * locks on. What is removed is what was looked at: the name goes only if it still leads there.
 *
 * Order: private_directory_sweep() while signals may still end this process; make; hold;
 * remove.
 */
#ifndef STORE_PRIVATE_DIRECTORY_H
#define STORE_PRIVATE_DIRECTORY_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

#define PRIVATE_DIRECTORY_PREFIX "ghcr-login-exec."
#define PRIVATE_DIRECTORY_MARKER "ghcr-login-exec.lock"

enum { PRIVATE_PLACES_MAX = 5 };

/* Directories to make it in, the best first. */
struct private_places {
    char items[PRIVATE_PLACES_MAX][PATH_MAX];
    size_t count;
};

/* What there must be room for, beside it and its marker. */
struct private_room {
    size_t bytes;
    size_t files; /* and directories */
    size_t links; /* symbolic ones */
};

struct private_directory {
    char path[PATH_MAX]; /* absolute */
    int fd;              /* of it; both hold a lock, and are closed on exec */
    int marker_fd;       /* -1 until private_directory_hold() */
};

#define PRIVATE_DIRECTORY_INIT ((struct private_directory){.fd = -1, .marker_fd = -1})

/*
 * The places of this user, as far as they are there: $XDG_RUNTIME_DIR and /run/user/UID where they
 * are the user's own, /dev/shm if it is in memory, $TMPDIR, /tmp. `environment` is as getenv().
 */
void private_directory_places(struct private_places *out,
                              const char *(*environment)(const char *name));

/*
 * Remove from all places what killed runs have left, until `deadline_ms` of the clock. What cannot
 * be removed is left to the next one.
 */
void private_directory_sweep(const struct private_places *places, const struct clock *clock,
                             int64_t deadline_ms);

/*
 * Make a directory, mode 0700, in the first place that lets one be made and has `room`. A place
 * where others could give it another name, and another directory its name, comes after all that are
 * safe from that. Returns 0 and fills *out, or -1 with *err set (CLASS_AUTHFILE).
 */
int private_directory_make(struct private_directory *out, const struct private_places *places,
                           const struct private_room *room, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Lock the marker, where the file system has such locks. Call in the process that stays, when it
 * has forked: on some file systems (FUSE) the lock ends as soon as a child closes its copy.
 */
void private_directory_hold(struct private_directory *directory);

/*
 * Remove it with all that is in it, the login first; links are not followed, and mounts are not
 * entered. What others add in the meantime is removed too, within reason. Returns 0, or -1 with
 * *err set (CLASS_AUTHFILE) where something is left, as little as can be, by `deadline_ms` at the
 * latest. In either case the locks end.
 */
int private_directory_remove(struct private_directory *directory, const struct clock *clock,
                             int64_t deadline_ms, struct error *err)
    __attribute__((warn_unused_result));

#endif

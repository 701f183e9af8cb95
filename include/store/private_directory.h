/*
 * A directory for one run that nobody else looks into, and that does not outlast it.
 *
 * It is locked from birth until it is removed. The lock ends with the process, so a directory that
 * a killed run left can be told from one in use: each new one is preceded by a sweep that removes
 * those of this user whose lock nobody holds.
 */
#ifndef STORE_PRIVATE_DIRECTORY_H
#define STORE_PRIVATE_DIRECTORY_H

#include <limits.h>
#include <stddef.h>

#include "base/error.h"

#define PRIVATE_DIRECTORY_PREFIX "ghcr-login-exec."

enum { PRIVATE_PLACES_MAX = 5 };

/* Directories to make it in, the best first. */
struct private_places {
    char items[PRIVATE_PLACES_MAX][PATH_MAX];
    size_t count;
};

struct private_directory {
    char path[PATH_MAX]; /* absolute */
    int fd;              /* holds the lock; closed on exec */
};

#define PRIVATE_DIRECTORY_INIT ((struct private_directory){.fd = -1})

/*
 * The places of this user, as far as they are there: $XDG_RUNTIME_DIR and /run/user/UID where they
 * are the user's own, /dev/shm where it is in memory, $TMPDIR, /tmp. `environment` is as getenv().
 */
void private_directory_places(struct private_places *out,
                              const char *(*environment)(const char *name));

/*
 * Sweep all places, and make a directory, mode 0700, in the first that lets one be made.
 * Returns 0 and fills *out, or -1 with *err set (CLASS_AUTHFILE).
 */
int private_directory_make(struct private_directory *out, const struct private_places *places,
                           struct error *err) __attribute__((warn_unused_result));

/*
 * Remove it with all that is in it; links in it are not followed. Returns 0, or -1 with *err set
 * (CLASS_AUTHFILE) where something is left: as little as can be. In either case the lock ends.
 */
int private_directory_remove(struct private_directory *directory, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * What the command of `exec` sees: copies of the user's auth files and links to the rest of
 * Docker's configuration, in a private directory, and an environment that leads there.
 *
 * Order: view_make(), while the environment is still the user's; view_enter(); then a login, which
 * stores in the copies.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <limits.h>

#include "base/error.h"
#include "cli/run.h"
#include "cli/targets.h"
#include "registry/reference.h"
#include "store/private_directory.h"

struct view_copy {
    char path[PATH_MAX];
    char original[PATH_MAX]; /* "": there is none */
};

struct view {
    char docker_dir[PATH_MAX]; /* of the whole configuration */
    struct view_copy docker;
    struct view_copy podman;
};

/* What it may take at most, while the copies are written too. */
void view_room(struct private_room *out, const struct run *run);

/*
 * Show in `directory` what docker and podman find at the run's places; where these have nothing,
 * nor a home to have it in, nothing is shown. A file that is being written to is waited for.
 * Returns 0 and fills *out, or -1 with *err set (CLASS_AUTHFILE).
 */
int view_make(struct view *out, const char *directory, const struct run *run, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Lead the environment of this process there: DOCKER_CONFIG and REGISTRY_AUTH_FILE; what
 * DOCKER_AUTH_CONFIG has for `registry`, which docker would take first, goes.
 * Returns 0, or -1 with *err set (no memory).
 */
int view_enter(const struct view *view, const struct reference *registry, struct error *err)
    __attribute__((warn_unused_result));

/* Make warnings about a copy name the original, which the user knows; `view` is borrowed.
 */
void view_name_originals(const struct view *view, struct targets *targets);

#endif

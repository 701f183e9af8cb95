/*
 * The auth files that one run is about: Docker's, Podman's, or both.
 */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/warning.h"
#include "cli/options.h"
#include "registry/reference.h"
#include "store/auth_file.h"
#include "store/location.h"

enum { TARGETS_MAX = 2 };

struct target {
    struct location location;
    char key[REFERENCE_KEY_MAX + 1];
    const char *host; /* what helpers are named by */
    bool changed;
};

struct targets {
    struct target items[TARGETS_MAX];
    size_t count;
};

/*
 * Find them, from the options and the environment. `registry` must outlive *out.
 * Returns 0, or -1 with *err set: CLASS_USAGE where the file cannot hold an entry for a namespace,
 * CLASS_AUTHFILE where there is no place for it.
 */
int targets_find(struct targets *out, const struct options *options,
                 const struct reference *registry, struct error *err)
    __attribute__((warn_unused_result));

/* auth_file_check() of each. */
int targets_check(const struct targets *targets, const struct options *options,
                  const struct secret *auth, struct error *err) __attribute__((warn_unused_result));

/*
 * auth_file_store() in each, and warnings of what readers would take first. Stops at the first that
 * fails; each target tells whether it was changed.
 */
int targets_store(struct targets *targets, const struct options *options, const struct secret *auth,
                  const struct clock *clock, int64_t deadline_ms, struct warnings *warnings,
                  struct error *err) __attribute__((warn_unused_result));

#endif

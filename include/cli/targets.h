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
#include "cli/person.h"
#include "credential/source.h"
#include "registry/reference.h"
#include "store/auth_file.h"
#include "store/location.h"

enum { TARGETS_MAX = 2 };

struct target {
    struct location location;
    char key[REFERENCE_KEY_MAX + 1];
    const char *host; /* what helpers are named by */
    struct auth_file_result result;
    bool is_podmans; /* podman alone will read it there */
    bool is_due;     /* storing would change it */

    /* For targets_remove(). */
    bool is_spared;                  /* it is left alone */
    const char *only_username;       /* only an entry of theirs goes; NULL: anybody's */
    const struct secret *only_token; /* only one with that; NULL: any */
    const char *kept;                /* why the entry stays; NULL: it does not, or is not there */
};

struct targets {
    struct target items[TARGETS_MAX];
    size_t count;
};

/* What is done to them; all of it borrowed. */
struct targets_job {
    const struct options *options;
    const struct clock *clock;
    int64_t deadline_ms;
    const struct credential *credential; /* to be stored; NULL for targets_remove() */
    const struct secret *auth;           /* base64 of user:token */
};

/* How the places of a run are found: options, environment, and whose they are. */
struct location_request targets_location_request(const struct options *options,
                                                 const struct person *person);

/*
 * Find the files, where `request` has them. `registry` must outlive *out.
 * Returns 0, or -1 with *err set: CLASS_USAGE where the file cannot hold an entry for a namespace,
 * CLASS_AUTHFILE where there is no place for it.
 */
int targets_find(struct targets *out, const struct options *options,
                 const struct location_request *request, const struct reference *registry,
                 struct error *err) __attribute__((warn_unused_result));

/* auth_file_check() of each, which then knows whether it is due. */
int targets_check(struct targets *targets, const struct targets_job *job, struct error *err)
    __attribute__((warn_unused_result));

/*
 * auth_file_store() in each, and warnings of what readers would take first; with --dry-run only
 * tell what was found due. Stops at the first that fails; each target tells what became of it.
 */
int targets_store(struct targets *targets, const struct targets_job *job,
                  const struct location_request *request, struct warnings *warnings,
                  struct error *err) __attribute__((warn_unused_result));

/* auth_file_remove() from each; with --dry-run only tells. As targets_store(). */
int targets_remove(struct targets *targets, const struct targets_job *job,
                   struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

#endif

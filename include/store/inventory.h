/*
 * What docker, or podman, may log in to: every key that is worth a look-up (lookup.h). That one is
 * named does not mean that anything is found for it; one may be named more than once, in several
 * spellings.
 */
#ifndef STORE_INVENTORY_H
#define STORE_INVENTORY_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/reader.h"
#include "store/snapshot.h"

/* Callbacks; `ctx` is passed to both. */
struct inventory_visitor {
    /* "ghcr.io", "https://index.docker.io/v1/", "quay.io/owner". Returns 0, or -1 with *err set. */
    int (*on_key)(void *ctx, const char *key, struct error *err);
    /* What can be asked for no keys: a file (CLASS_AUTHFILE), or the helper that it names. */
    void (*on_fault)(void *ctx, const char *path, const struct error *fault);
    void *ctx;
};

/* All of it borrowed. */
struct inventory_request {
    const struct reader *reader;
    const struct location_request *places;
    struct snapshot *snapshot; /* for the look-ups of these keys, too */
    const struct clock *clock;
    int64_t deadline_ms; /* for a helper */
};

/*
 * The keys of $DOCKER_AUTH_CONFIG, if its reader takes that, of "auths" and "credHelpers" in each
 * of the reader's files, and what the helper of "credsStore" lists, as far as the reader obeys
 * these. Returns 0, or -1 with *err set: by on_key(), for want of memory, or (CLASS_AUTHFILE) if
 * there is no place for a file.
 */
int inventory_of_reader(const struct inventory_request *request,
                        const struct inventory_visitor *visitor, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The registries of the record of --at-pull (record.h), which no file may name. Returns 0, or -1
 * with *err set.
 */
int inventory_of_record(const struct location_request *places,
                        const struct inventory_visitor *visitor, struct error *err)
    __attribute__((warn_unused_result));

#endif

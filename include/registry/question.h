/*
 * What a registry is asked: whether it takes this credential, and gives these images for it; and
 * within which bounds. Filled once, when the command line is known, and passed down unchanged.
 */
#ifndef REGISTRY_QUESTION_H
#define REGISTRY_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/secret.h"
#include "registry/image.h"
#include "registry/realm.h"
#include "registry/reference.h"
#include "registry/trust.h"

struct question_limits {
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock, for all requests together */
    int64_t timeout_ms;  /* how long that was when it began: --timeout */
    int64_t connect_timeout_ms;
    int64_t wait_ms; /* a refused token is asked about again for so long: --wait-for-token */
    unsigned retries;
};

/* All of it borrowed. */
struct question {
    const struct reference *registry;
    const char *username;
    const struct secret *token; /* NULL: no credential; only anonymous pulls are proved */
    const struct secret *auth;  /* base64 of username:token; NULL: not made yet */
    struct image *images;       /* to be pulled with it; each learns whether it can be */
    size_t image_count;
    bool asks_for_each; /* one that may not be pulled does not keep the next from being tried */
    void (*on_image)(void *ctx, size_t done); /* after each of them; NULL: nobody wants to know */
    void *on_image_ctx;
    struct realm_policy realms; /* of the registry's API */
    struct trust_request trust;
    struct question_limits limits;
};

#endif

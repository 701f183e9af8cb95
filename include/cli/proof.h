/*
 * Asking the registry whether a credential is good, as the options say: with what trust, for how
 * long, aloud or not, and again where a new token is waited for. For inquiry.h, which has it
 * done in a sandbox.
 */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/options.h"
#include "registry/image.h"
#include "registry/outcome.h"
#include "registry/reference.h"

/* What is asked; all of it borrowed. */
struct proof {
    const struct reference *registry;
    const char *username;
    const struct secret *token;
    const struct secret *ca_text; /* as trust.h has it; NULL: --cacert, if given, can be read */
    struct image *images;         /* to be pulled with it; each learns whether it can be */
    size_t image_count;
    struct warnings *warnings; /* --insecure is warned of, once */
    const struct clock *clock;
    int64_t wait_ms;        /* a refused token is asked about again for so long: --wait-for-token */
    int64_t deadline_ms;    /* moved by what --wait-for-token takes, which is not --timeout's */
    struct outcome outcome; /* what happened; set */
};

/* As handshake_prove(), whose errors it gives. */
int proof_ask(struct proof *proof, const struct options *options, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * All that one credential has servers asked: the registry (proof.h), and with --diagnose, where
 * that took or refused it, GitHub (diagnosis.h). It is done in a sandbox (sandbox.h), and nothing
 * else in the program talks to a server.
 *
 * What comes back is believed as far as a verdict can be, but not in its form: where one text has
 * no end, or a number is none that this could be, all of it is refused.
 */
#ifndef CLI_INQUIRY_H
#define CLI_INQUIRY_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/diagnosis.h"
#include "cli/options.h"
#include "cli/proof.h"

struct inquiry {
    struct proof *proof;          /* its images, warnings, deadline and outcome are updated */
    struct diagnosis *diagnosis;  /* filled in where one was made; NULL: none is wanted */
    bool is_diagnosed;            /* set: the options want it, and the registry has answered */
    void (*forget)(void *holder); /* wipe what *holder has of secrets: in the sandbox, at its end */
    void *holder;
};

/*
 * As proof_ask(), or as sandbox_run(), or CLASS_INTERNAL where nonsense was handed back. Returns
 * two seconds after the proof's deadline (and its wait) at the latest.
 */
int inquiry_make(struct inquiry *inquiry, const struct options *options, struct error *err)
    __attribute__((warn_unused_result));

#endif

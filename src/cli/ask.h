/*
 * Ask the servers about one credential: the registry, and with --diagnose, once that accepted or
 * refused it, GitHub (diagnosis.h). It is done in a sandbox (sandbox.h), and nothing else in the
 * program talks to a server.
 *
 * What comes back is believed as far as a verdict can be, but not in its form: if a text is not
 * terminated, or a number is out of range, all of it is refused.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/diagnosis.h"
#include "cli/options.h"
#include "registry/outcome.h"
#include "registry/question.h"

struct ask {
    struct question question;      /* its images and deadline are updated: waiting is not asking */
    const struct options *options; /* how verbose, and whether GitHub is asked too */
    struct warnings *warnings;     /* --insecure is warned of, once */
    struct diagnosis *diagnosis;   /* filled in where one was made; NULL: none is wanted */
    void (*forget)(void *holder); /* wipe what *holder has of secrets: in the sandbox, at its end */
    void *holder;
    bool is_one_of_many; /* others are asked too: what keeps this one waiting is not said */
    bool tells_progress; /* of its images, where these take long */

    /* Set. */
    struct outcome outcome;
    bool is_diagnosed; /* the options want it, and the registry has answered */
};

/*
 * As handshake_prove(), or as sandbox_run(), or CLASS_INTERNAL if a malformed result came back.
 * Returns two seconds after the question's deadline (and its wait) at the latest.
 */
int ask_registry(struct ask *ask, struct error *err) __attribute__((warn_unused_result));

/*
 * Ask the registries of many credentials, several at a time, each in its own sandbox. A slow one
 * uses up its own share of the time, not that of the others.
 */
struct ask_many {
    struct ask *asks;
    struct error *errs; /* one for each: CLASS_NONE where ask_registry() would return 0 */
    size_t count;
    const struct clock *clock;
    int64_t deadline_ms; /* of all together */
    /* In the sandbox of one of them: wipe what the holder has of the others. */
    void (*isolate)(void *holder, const struct ask *ask);
    void (*on_wait)(void *holder, size_t done); /* every second at least; NULL: nobody waits */
    void *holder;
};

/* Returns 0 with errs[] filled, or -1 with *err set (CLASS_INTERNAL): no memory. */
int ask_registries(struct ask_many *many, struct error *err) __attribute__((warn_unused_result));

#endif

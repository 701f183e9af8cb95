/*
 * --diagnose: what GitHub's API says of the token, for a report, for warnings and for hints.
 * It never fails: where the API does not answer, that is said.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/warning.h"
#include "cli/options.h"
#include "registry/github.h"
#include "registry/image.h"
#include "registry/reference.h"

/* Who is asked about; all of it borrowed. */
struct diagnosis_request {
    const struct reference *registry;
    const char *username;
    const struct secret *token;
    const struct image *images; /* the organisation of the first is asked about, too */
    size_t image_count;
    const struct clock *clock;
    int64_t deadline_ms; /* half of what is left of it is taken at most, and never 10 s */
};

struct diagnosis {
    bool is_made; /* the API was asked */
    struct github_findings findings;
    char expires_at[32]; /* "2026-11-28T08:00:00Z"; "": it does not expire, or not said */
    int64_t days_left;   /* until then */
};

/*
 * Ask. Warnings tell where the API did not answer, where the token is another's than `username`'s,
 * and where the registry is none of GitHub's, so that nothing is asked.
 */
void diagnosis_ask(struct diagnosis *out, const struct diagnosis_request *request,
                   const struct options *options, struct warnings *warnings);

/* What else is worth saying of a token that the registry took. */
void diagnosis_warn(const struct diagnosis *diagnosis, struct warnings *warnings);

#endif

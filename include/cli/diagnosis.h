/*
 * --diagnose: what GitHub's API says of the token, for a report, for warnings and for hints.
 * It never fails: where the API does not answer, that is said.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/proof.h"
#include "registry/github.h"

struct diagnosis {
    bool is_made; /* the API was asked */
    struct github_findings findings;
    char expires_at[32]; /* "2026-11-28T08:00:00Z"; "": it does not expire, or not said */
    int64_t days_left;   /* until then */
};

/*
 * Ask about the token that `proof` is about, and about the organisation of its first image. Half of
 * the time that is left is taken at most, and never more than 10 s. proof->warnings tell where the
 * API did not answer, where the token is another's than the user's, and where nothing is asked, as
 * the registry is none of GitHub's, or may be but is given no token of GitHub's form.
 */
void diagnosis_ask(struct diagnosis *out, const struct proof *proof, const struct options *options);

/* What else is worth saying of a token that the registry took. */
void diagnosis_warn(const struct diagnosis *diagnosis, struct warnings *warnings);

#endif

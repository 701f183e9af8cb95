/*
 * --diagnose: what GitHub's API says of the token, for a report, for warnings and for hints.
 * It never fails: where the API does not answer, that is said.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "registry/github.h"
#include "registry/question.h"

struct diagnosis {
    bool is_made; /* the API was asked */
    struct github_findings findings;
    char expires_at[32]; /* "2026-11-28T08:00:00Z"; "": it does not expire, or not said */
    int64_t days_left;   /* until then */
};

/*
 * Before GitHub is asked: whether it can be. Warned of where it cannot, as the registry is none of
 * GitHub's, or may be but is given no token of GitHub's form.
 */
bool diagnosis_begin(struct diagnosis *out, const struct question *question,
                     struct warnings *warnings);

/* The organisation to ask about: of the first image, or of the namespace. NULL: there is none. */
const char *diagnosis_organisation(const struct question *question, char name[GITHUB_NAME_MAX + 1]);

/*
 * After that, with the findings filled in: read them, and warn where the API did not answer, or
 * where the token is another's than the user's.
 */
void diagnosis_end(struct diagnosis *diagnosis, const struct question *question,
                   struct warnings *warnings);

/* What else is worth saying of a token that the registry took. */
void diagnosis_warn(const struct diagnosis *diagnosis, struct warnings *warnings);

#endif

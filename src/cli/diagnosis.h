/*
 * What GitHub's API says of the token: with --diagnose for a report, for warnings and for hints,
 * with --expires-within for its end. --diagnose never fails: if the API does not answer, that is
 * said.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/options.h"
#include "registry/github.h"
#include "registry/question.h"

enum diagnosis_expiry {
    EXPIRY_UNKNOWN, /* the API was not asked, or says nothing of such a token's end */
    EXPIRY_NONE,
    EXPIRY_KNOWN,
};

struct diagnosis {
    bool is_made; /* the API was asked */
    enum diagnosis_expiry expiry;
    struct github_findings findings;
    char expires_at[32]; /* "2026-11-28T08:00:00Z"; "": it does not expire, or not said */
    int64_t days_left;   /* until then */
};

/* Whether GitHub is to be asked. */
bool diagnosis_is_wanted(const struct options *options);

/*
 * Before GitHub is asked: whether it can be. --diagnose warns if it cannot, because the registry
 * is not GitHub's, or only may be and the token does not look like GitHub's.
 */
bool diagnosis_begin(struct diagnosis *out, const struct question *question,
                     const struct options *options, struct warnings *warnings);

/* The organisation to ask about: of the first image, or of the namespace. NULL: there is none. */
const char *diagnosis_organisation(const struct question *question, char name[GITHUB_NAME_MAX + 1]);

/*
 * After that, with the findings filled in: read them; --diagnose warns where the API did not
 * answer, or where the token is another's than the user's.
 */
void diagnosis_end(struct diagnosis *diagnosis, const struct question *question,
                   const struct options *options, struct warnings *warnings);

/* The expiry for --json, a constant: "known", "none" or "unknown"; NULL is unknown. */
const char *diagnosis_expiry_name(const struct diagnosis *diagnosis);

/* What else is worth saying of a token that the registry took. */
void diagnosis_warn(const struct diagnosis *diagnosis, struct warnings *warnings);

/*
 * --expires-within, of a token that `host` took. Returns 0 if it lasts as long, or its end is
 * not known, or nobody asked; or -1 with *err set: CLASS_EXPIRING if it does not,
 * CLASS_UNREACHABLE where GitHub's API did not say.
 */
int diagnosis_check_expiry(const struct diagnosis *diagnosis, const struct options *options,
                           const char *host, const struct clock *clock, struct error *err);

#endif

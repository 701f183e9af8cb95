/*
 * What is worth saying of a token at a registry, at a place: before it is sent, when it is stored,
 * and what to do next where it was refused. All of it is decided by facts: the token's kind, the
 * place, what the registry answered (outcome.h), and what GitHub's API found.
 */
#ifndef CLI_ADVICE_H
#define CLI_ADVICE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/place.h"
#include "base/secret.h"
#include "registry/github.h"
#include "registry/outcome.h"
#include "registry/reference.h"

/* All of it borrowed. */
struct situation {
    const struct reference *registry;
    const struct secret *token;
    enum place place;
    const struct github_findings *findings; /* zeroed where GitHub's API was not asked */
    bool can_wait; /* it may be too new, and --wait-for-token is there to be tried */
};

/*
 * Whether what is known of GitHub applies: at its own registries, and where one whose name only
 * looks like GitHub Enterprise Server's is given a token of GitHub's form.
 */
bool advice_is_for_github(const struct situation *situation);

/* The token's kind for --json, a constant; NULL where nothing can be said. */
const char *advice_kind_name(const struct situation *situation);

/* What is odd about the token itself; before it is sent. */
void advice_on_token(const struct situation *situation, struct warnings *warnings);

/*
 * Whether a refusal of the token may pass when it is waited for. Where it does not,
 * advice_on_token() has said what is wrong.
 */
bool advice_is_worth_a_wait(const struct situation *situation);

/* What storing this token will come to. */
void advice_on_storing(const struct situation *situation, struct warnings *warnings);

/*
 * Make the hint of a refusal (CLASS_REJECTED, CLASS_FORBIDDEN) the one that fits best: one table,
 * in advice.c. The message is not looked at.
 */
void advice_on_refusal(const struct situation *situation, const struct outcome *outcome,
                       struct error *err);

#endif

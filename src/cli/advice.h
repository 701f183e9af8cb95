/*
 * Advice about a token: before it is sent, when it is stored, and what to do next if it was
 * refused. All of it is decided by facts: the token's kind, the place, what the registry answered
 * (outcome.h), and what GitHub's API found.
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
 * Whether GitHub's rules apply: at its own registries, and at one whose name only looks like GitHub
 * Enterprise Server's if the token looks like GitHub's.
 */
bool advice_is_for_github(const struct situation *situation);

/* The token's kind for --json, a constant; NULL if nothing can be said. */
const char *advice_kind_name(const struct situation *situation);

/* Warn of what is odd about the token itself, before it is sent. */
void advice_on_token(const struct situation *situation, struct warnings *warnings);

/*
 * Whether a refusal of the token may pass when it is waited for. If it does not,
 * advice_on_token() has said what is wrong.
 */
bool advice_is_worth_a_wait(const struct situation *situation);

/* Warn of what storing this token will lead to. */
void advice_on_storing(const struct situation *situation, struct warnings *warnings);

/*
 * Set the hint of a refusal (CLASS_REJECTED, CLASS_FORBIDDEN) to the one that fits best: one table,
 * in advice.c. The message is not read.
 */
void advice_on_refusal(const struct situation *situation, const struct outcome *outcome,
                       struct error *err);

#endif

/*
 * A token at a registry, at a place: what advice depends on.
 */
#ifndef CLI_SITUATION_H
#define CLI_SITUATION_H

#include <stdbool.h>

#include "base/place.h"
#include "base/secret.h"
#include "cli/diagnosis.h"
#include "credential/github_token.h"
#include "registry/reference.h"

/* All of it borrowed. */
struct situation {
    const struct reference *registry;
    const struct secret *token;
    enum place place;
    const struct diagnosis *diagnosis; /* zeroed where there is none */
    bool can_wait; /* it may be too new, and --wait-for-token is there to be tried */
};

enum github_token_kind situation_kind(const struct situation *situation);

/* As github_token_oddity(). */
const char *situation_oddity(const struct situation *situation);

/*
 * Whether what is known of GitHub applies: at its own registries, and where one whose name only
 * looks like GitHub Enterprise Server's is given a token of GitHub's form.
 */
bool situation_is_at_github(const struct situation *situation);

#endif

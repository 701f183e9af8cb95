#include "cli/advice.h"

#include "credential/mistake.h"

const char *advice_kind_name(const struct situation *situation)
{
    return situation_is_at_github(situation) ? github_token_kind_name(situation_kind(situation))
                                             : NULL;
}

/* containers.HOST may be GitHub's, so that what is no token is sent, but not silently. */
static const struct mistake *find_mistake(const struct situation *situation)
{
    return situation->token->len > 0 && reference_may_be_github(situation->registry) &&
                   !situation_is_at_github(situation)
               ? mistake_find_anywhere(situation->token)
               : NULL;
}

static void advise_on_mistake(const struct situation *situation, struct warnings *warnings)
{
    const struct mistake *mistake = find_mistake(situation);

    if (mistake != NULL)
        warnings_add(warnings, "the token %s: it is sent all the same, for '%s' may take passwords",
                     mistake->what, situation->registry->host);
}

void advice_on_token(const struct situation *situation, struct warnings *warnings)
{
    enum github_token_kind kind = situation_kind(situation);
    const char *oddity = situation_oddity(situation);

    if (!situation_is_at_github(situation)) {
        advise_on_mistake(situation, warnings);
        return;
    }
    if (oddity != NULL)
        warnings_add(warnings, "the token %s: it may be mistyped or cut", oddity);
    if (kind == GITHUB_TOKEN_FINE_GRAINED)
        warnings_add(warnings, "the token is a fine-grained one, and GitHub documents that its "
                               "container registry takes classic ones only");
    if (kind == GITHUB_TOKEN_REFRESH)
        warnings_add(warnings, "the token is a refresh token, which is no password: the access "
                               "token that came with it is");
}

bool advice_is_worth_a_wait(const struct situation *situation)
{
    enum github_token_kind kind = situation_kind(situation);

    return situation_is_at_github(situation)
               ? kind != GITHUB_TOKEN_FINE_GRAINED && kind != GITHUB_TOKEN_REFRESH
               : find_mistake(situation) == NULL;
}

void advice_on_storing(const struct situation *situation, struct warnings *warnings)
{
    /* On a runner the token lives as long as the job that needs it. */
    if (situation_is_at_github(situation) &&
        situation_kind(situation) == GITHUB_TOKEN_INSTALLATION && situation->place != PLACE_ACTIONS)
        warnings_add(warnings, "the token is an installation token (GITHUB_TOKEN), which ends with "
                               "its job or after an hour, and what is stored with it: a host that "
                               "stays needs a classic token with read:packages");
}

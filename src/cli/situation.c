#include "cli/situation.h"

enum github_token_kind situation_kind(const struct situation *situation)
{
    return github_token_kind(secret_text(situation->token), situation->token->len);
}

const char *situation_oddity(const struct situation *situation)
{
    return github_token_oddity(secret_text(situation->token), situation->token->len);
}

bool situation_is_at_github(const struct situation *situation)
{
    return reference_is_github(situation->registry) ||
           (reference_may_be_github(situation->registry) &&
            situation_kind(situation) != GITHUB_TOKEN_UNKNOWN);
}

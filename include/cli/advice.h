/*
 * What is worth saying of a token that is no reason to fail.
 */
#ifndef CLI_ADVICE_H
#define CLI_ADVICE_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/situation.h"

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

#endif

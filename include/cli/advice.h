/*
 * What is worth saying of a token that is no reason to fail.
 */
#ifndef CLI_ADVICE_H
#define CLI_ADVICE_H

#include "base/warning.h"
#include "cli/situation.h"

/* The token's kind for --json, a constant; NULL where nothing can be said. */
const char *advice_kind_name(const struct situation *situation);

/* What is odd about the token itself; before it is sent. */
void advice_on_token(const struct situation *situation, struct warnings *warnings);

/* What storing this token will come to. */
void advice_on_storing(const struct situation *situation, struct warnings *warnings);

#endif

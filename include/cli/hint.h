/*
 * After a refusal: the next thing to do, right for the token and for where the program runs.
 * One table, in hint.c.
 */
#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "base/error.h"
#include "cli/situation.h"

/* Make the hint of a refusal (CLASS_REJECTED, CLASS_FORBIDDEN) the one that fits best. */
void hint_at_refusal(const struct situation *situation, struct error *err);

#endif

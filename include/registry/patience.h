/*
 * Asking again with a credential that was refused, because it is new: GitHub may refuse a fresh
 * token for minutes. Slowly, for GitHub answers many bad logins by refusing the good ones too:
 * waits of 5, 10, 20, 40 and then 60 seconds, the last one cut to end at the limit.
 */
#ifndef REGISTRY_PATIENCE_H
#define REGISTRY_PATIENCE_H

#include <stdint.h>

#include "base/clock.h"

struct patience {
    const struct clock *clock;
    int64_t limit_ms; /* of the whole wait; 0: none */
    int64_t began_ms; /* set by the first patience_next() */
    unsigned waits;   /* how many it has given */
};

/* How long to wait now before asking again: milliseconds, 0 when the limit is reached. */
int64_t patience_next(struct patience *patience);

/* What is left of the limit. */
int64_t patience_left(const struct patience *patience);

#endif

/*
 * For tests that link a call through themselves (ld's --wrap), to let the N-th of its calls fail:
 *
 *     for (unsigned n = 1; nth_arm(n), act(), nth_disarm(); n++)
 *         ...
 */
#ifndef TESTS_UNIT_NTH_H
#define TESTS_UNIT_NTH_H

#include <stdbool.h>

static struct {
    unsigned wanted; /* 0: none */
    unsigned count;
} nth;

static inline void nth_arm(unsigned wanted)
{
    nth.count = 0;
    nth.wanted = wanted;
}

/* Back to normal; returns whether there was such a call. */
static inline bool nth_disarm(void)
{
    bool struck = nth.count >= nth.wanted;

    nth.wanted = 0;
    return struck;
}

/* For the wrapper to ask, once in each call. */
static inline bool nth_strikes(void)
{
    return nth.wanted != 0 && ++nth.count == nth.wanted;
}

#endif

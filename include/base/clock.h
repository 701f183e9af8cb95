/*
 * Time and randomness, passed to the code that waits or retries, so that tests can replace them.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(void *ctx); /* monotonic, from any origin */
    int64_t (*unix_s)(void *ctx); /* seconds since 1970, as the machine believes */
    void (*sleep_ms)(void *ctx, int64_t ms);
    uint32_t (*random_below)(void *ctx, uint32_t bound); /* 0 <= r < bound; bound > 0 */
    void *ctx;
};

/* The machine's own. */
const struct clock *clock_system(void);

static inline int64_t clock_now(const struct clock *c)
{
    return c->now_ms(c->ctx);
}

/* Milliseconds until `deadline_ms` of the monotonic clock; 0 when it has passed. */
static inline int64_t clock_left(const struct clock *c, int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_now(c);

    return left > 0 ? left : 0;
}

#endif

#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Waits and deadlines must not jump when somebody sets the time. */
static int64_t system_now_ms(void *ctx)
{
    struct timespec now = {0};

    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_unix_s(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static void system_sleep_ms(void *ctx, int64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)ctx;
    /* A signal that does not end us cuts no wait short. */
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static uint32_t system_random_below(void *ctx, uint32_t bound)
{
    uint32_t value;

    /* Only spreads waits over time: the slight bias of % is harmless, and so is the fallback. */
    if (getentropy(&value, sizeof(value)) < 0)
        value = (uint32_t)system_now_ms(ctx) * 2654435761U ^ (uint32_t)getpid();
    return value % bound;
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {
        .now_ms = system_now_ms,
        .unix_s = system_unix_s,
        .sleep_ms = system_sleep_ms,
        .random_below = system_random_below,
    };

    return &system_clock;
}

#include "registry/patience.h"

enum { WAIT_FIRST_MS = 5000, WAIT_MAX_MS = 60000 };

int64_t patience_left(const struct patience *patience)
{
    int64_t end = patience->began_ms + patience->limit_ms;

    return patience->waits == 0 ? patience->limit_ms : clock_left(patience->clock, end);
}

int64_t patience_next(struct patience *patience)
{
    int64_t wait_ms = WAIT_FIRST_MS;
    int64_t left_ms;

    if (patience->waits == 0)
        patience->began_ms = clock_now(patience->clock);
    left_ms = patience_left(patience);
    for (unsigned i = 0; i < patience->waits && wait_ms < WAIT_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > WAIT_MAX_MS)
        wait_ms = WAIT_MAX_MS;
    patience->waits++;
    return wait_ms < left_ms ? wait_ms : left_ms;
}

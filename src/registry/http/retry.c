#include "registry/retry.h"

#include "registry/http/response.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 30000 };

/* An answer that is no failure: a busy registry says when, or at least that, to come back. */
static bool is_put_off(const struct http_response *response, int64_t asked_ms)
{
    return response->status == 429 || (response->status == 503 && asked_ms > 0);
}

/*
 * A wait up to twice as long each time, but not so long that the deadline cuts most of it off.
 * Full jitter, any time up to the limit: of many that were turned away together the fewest meet
 * again (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
static int64_t backoff_ms(const struct retry *retry, unsigned tries, int64_t left_ms)
{
    uint32_t limit = BACKOFF_FIRST_MS;

    while (tries-- > 0 && limit < BACKOFF_MAX_MS)
        limit *= 2;
    if (limit > BACKOFF_MAX_MS)
        limit = BACKOFF_MAX_MS;
    if (limit > BACKOFF_FIRST_MS && limit > left_ms)
        limit = left_ms > BACKOFF_FIRST_MS ? (uint32_t)left_ms : BACKOFF_FIRST_MS;
    return retry->clock->random_below(retry->clock->ctx, limit);
}

int retry_send(const struct retry *retry, const struct http_request *request,
               struct http_response *response, struct error *err)
{
    unsigned failures = 0;

    for (unsigned tries = 0;; tries++) {
        /* One for each try: an error that is filled stays as it is, and the last one counts. */
        struct error fault = ERROR_INIT;
        int ret = retry->send(retry->send_ctx, request, response, &fault);
        /* What the registry asks for is waited for in full, the random part on top of it. */
        int64_t asked_ms = http_retry_after_ms(response, retry->clock->unix_s(retry->clock->ctx));
        int64_t left_ms = clock_left(retry->clock, retry->deadline_ms) - asked_ms;
        int64_t wait_ms = backoff_ms(retry, tries, left_ms);
        bool is_transient;

        response->is_locked_out = http_says_locked_out(response);
        is_transient = ret < 0
                           ? response->is_transient
                           : http_status_is_transient(response->status) && !response->is_locked_out;
        /* Else a burst at a busy registry would use up what is there for a broken one. */
        failures += retry->is_impatient || !is_put_off(response, asked_ms);
        if (!is_transient || failures > retry->retries || retry->retries == 0 ||
            wait_ms >= left_ms) {
            if (ret < 0)
                *err = fault;
            return ret;
        }
        if (retry->on_wait != NULL)
            retry->on_wait(retry->on_wait_ctx, response, &fault, left_ms + asked_ms);
        retry->clock->sleep_ms(retry->clock->ctx, asked_ms + wait_ms);
    }
}

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

    /* The wait begins with the first refusal, not with the login. */
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

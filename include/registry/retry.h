/*
 * Asking again when waiting can mend it. Never anything that speaks of the credential.
 *
 * What fails (no connection, no address, no answer in time, 500, 502, 503, 504) is asked again
 * `retries` times. An answer that puts us off (429; 503 with Retry-After) is no failure: it is not
 * counted, and asked again until the deadline, so that a whole fleet gets through a registry that
 * can bear a part of it at a time. Only if `retries` is 0 nothing is asked again.
 *
 * The n-th wait is random between 0 and min(2^n, 30) seconds (exponential, full jitter: the more
 * there are, the less each asks, and they do not come back in waves), on top of what the registry
 * asks for: Retry-After in seconds or as a date (RFC 9110 section 10.2.3), or GHCR's "retry-after:
 * 880.092µs" in the body. Near the deadline the limit is the time that is left, so that there is a
 * last try; a wait that would pass the deadline is not begun.
 */
#ifndef REGISTRY_RETRY_H
#define REGISTRY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "registry/message.h"

/* Told before each wait: what was no good, and what is left until the deadline. */
typedef void retry_wait_fn(void *ctx, const struct http_response *response,
                           const struct error *fault, int64_t left_ms);

struct retry {
    http_send_fn *send;
    void *send_ctx;
    const struct clock *clock;
    int64_t deadline_ms;    /* of that clock */
    unsigned retries;       /* how many failures of one request to ask again after; 0: none */
    retry_wait_fn *on_wait; /* NULL: nobody is told */
    void *on_wait_ctx;
    bool is_impatient; /* being put off counts as a failure: the answer is not worth the wait */
};

/* Returns as http_send_fn does, of the last try. */
int retry_send(const struct retry *retry, const struct http_request *request,
               struct http_response *response, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Asking again with a credential that was refused, because it is new: GitHub may refuse a fresh
 * token for minutes. Slowly, for GitHub answers many bad logins by refusing the good ones too:
 * waits of 5, 10, 20, 40 and then 60 seconds, the last one cut to end at the limit.
 */
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

#include "registry/retry.h"

#include <string.h>

enum {
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 30000,
    BODY_SEARCHED_MAX = 1024,
    RETRY_AFTER_MAX_S = 86400, /* far past any deadline; keeps the arithmetic small */
};

bool retry_is_transient_status(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* Microseconds in one unit of a Go duration (time.Duration.String); 0: no unit. */
static uint64_t scan_unit_us(struct scan *s)
{
    static const struct {
        const char *text;
        uint64_t us;
    } units[] = {{"us", 1},      {"\xc2\xb5s", 1}, {"\xce\xbcs", 1},  {"ms", 1000},
                 {"s", 1000000}, {"m", 60000000},  {"h", 3600000000U}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t len = strlen(units[i].text);

        if ((size_t)(s->end - s->p) >= len && memcmp(s->p, units[i].text, len) == 0) {
            s->p += len;
            return units[i].us;
        }
    }
    return 0;
}

/* Past digits; a number that is larger than the maximum stands for the maximum. */
static bool scan_capped(struct scan *s, uint64_t *number)
{
    struct span digits;
    struct scan again;

    if (!scan_run(s, "0123456789", &digits))
        return false;
    again = scan_over(digits.data, digits.len);
    if (!scan_number(&again, RETRY_AFTER_MAX_S, number))
        *number = RETRY_AFTER_MAX_S;
    return true;
}

/* A Go duration such as "1m0.5s", rounded up to milliseconds; 0 where it is none. */
static int64_t parse_go_duration(const char *text, size_t len)
{
    struct scan s = scan_over(text, len);
    uint64_t total_us = 0;
    uint64_t number;

    while (scan_capped(&s, &number)) {
        struct span fraction = {.len = 0};
        uint64_t unit_us;
        uint64_t scale;

        if (scan_char(&s, '.') && !scan_run(&s, "0123456789", &fraction))
            return 0;
        unit_us = scale = scan_unit_us(&s);
        total_us += number * unit_us;
        for (size_t i = 0; i < fraction.len && scale > 0; i++) {
            scale /= 10;
            total_us += (uint64_t)(fraction.data[i] - '0') * scale;
        }
        if (unit_us == 0)
            return 0;
        if (total_us > RETRY_AFTER_MAX_S * 1000000ULL)
            total_us = RETRY_AFTER_MAX_S * 1000000ULL;
    }
    return (int64_t)((total_us + 999) / 1000);
}

/* "retry-after: 880.092µs" in the first part of a body: GHCR, status 429. */
static int64_t retry_after_in_body(const struct secret *body)
{
    static const char label[] = "retry-after: ";
    size_t len = body->len < BODY_SEARCHED_MAX ? body->len : BODY_SEARCHED_MAX;
    const char *found = body->len > 0 ? memmem(body->data, len, label, strlen(label)) : NULL;

    if (found == NULL)
        return 0;
    found += strlen(label);
    return parse_go_duration(found, len - (size_t)(found - body->data));
}

static int64_t parse_retry_after(struct span value, int64_t unix_s)
{
    struct scan s = scan_over(value.data, value.len);
    uint64_t seconds;
    int64_t date;
    char text[64];

    if (scan_capped(&s, &seconds) && scan_is_at_end(&s))
        return (int64_t)seconds * 1000;
    if (!span_copy(value, text, sizeof(text)) || value.len == 0 ||
        (text[0] >= '0' && text[0] <= '9'))
        return parse_go_duration(value.data, value.len);
    date = http_parse_date(text);
    if (date <= unix_s)
        return 0;
    return (date - unix_s < RETRY_AFTER_MAX_S ? date - unix_s : RETRY_AFTER_MAX_S) * 1000;
}

/* The registry's own time, for its date means that; the machine's clock may be wrong. */
static int64_t time_of(const struct http_response *response, int64_t unix_s)
{
    struct span value;
    char text[64];
    int64_t date = -1;

    if (http_response_header(response, "Date", 0, &value) && span_copy(value, text, sizeof(text)))
        date = http_parse_date(text);
    return date >= 0 ? date : unix_s;
}

int64_t retry_after_ms(const struct http_response *response, int64_t unix_s)
{
    struct span value;

    if (http_response_header(response, "Retry-After", 0, &value))
        return parse_retry_after(value, time_of(response, unix_s));
    return response->status == 429 ? retry_after_in_body(&response->body) : 0;
}

/* An answer that is no failure: a busy registry says when, or at least that, to come back. */
static bool is_put_off(const struct http_response *response, int64_t asked_ms)
{
    return response->status == 429 || (response->status == 503 && asked_ms > 0);
}

/* A wait up to twice as long each time, but not so long that the deadline cuts most of it off. */
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
        struct error fault = ERROR_INIT;
        int ret = retry->send(retry->send_ctx, request, response, &fault);
        bool is_transient =
            ret < 0 ? response->is_transient : retry_is_transient_status(response->status);
        int64_t asked_ms = retry_after_ms(response, retry->clock->unix_s(retry->clock->ctx));
        int64_t left_ms = clock_left(retry->clock, retry->deadline_ms) - asked_ms;
        int64_t wait_ms = backoff_ms(retry, tries, left_ms);

        failures += retry->is_impatient || !is_put_off(response, asked_ms);
        if (!is_transient || failures > retry->retries || retry->retries == 0 ||
            wait_ms >= left_ms) {
            if (ret < 0)
                *err = fault;
            return ret;
        }
        retry->clock->sleep_ms(retry->clock->ctx, asked_ms + wait_ms);
    }
}

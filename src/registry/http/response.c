#include "registry/http/response.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

void http_response_clear(struct http_response *response)
{
    secret_clear(&response->headers);
    secret_clear(&response->body);
    *response = HTTP_RESPONSE_INIT;
}

/*
 * libcurl hands over line by line, and interim answers (1xx, RFC 9110 section 15.2) before the one
 * that counts.
 */
static const char status_line[] = "HTTP/"; /* how it begins */

static bool scan_digits(struct scan *s, size_t count)
{
    struct span digits;

    return scan_run(s, "0123456789", &digits) && digits.len == count;
}

/*
 * Whether what begins so is one (RFC 9112 section 4). To libcurl it is, case aside, and of status
 * 200 if no number is found.
 */
static bool is_status_line(const char *line, size_t len)
{
    struct scan s = scan_over(line + strlen(status_line), len - strlen(status_line));

    return scan_digits(&s, 1) && scan_char(&s, '.') && scan_digits(&s, 1) && scan_char(&s, ' ') &&
           !scan_is_at(&s, '0') && scan_digits(&s, 3) &&
           (scan_is_at(&s, ' ') || scan_is_at(&s, '\r') || scan_is_at(&s, '\n'));
}

bool http_response_add_line(struct http_response *response, const char *line, size_t len)
{
    struct secret *headers = &response->headers;
    struct error no_memory = ERROR_INIT;
    bool is_first =
        len >= strlen(status_line) && strncasecmp(line, status_line, strlen(status_line)) == 0;

    if (is_first)
        secret_clear(headers);
    response->is_header_bad = headers->len + len > HTTP_HEADER_MAX || len == 0 ||
                              line[len - 1] != '\n' || (is_first && !is_status_line(line, len));
    if (response->is_header_bad)
        return false;
    /* RFC 9112 section 5.2: a line that begins with a blank goes on with the last. */
    while ((line[0] == ' ' || line[0] == '\t') && headers->len > 0 &&
           strchr("\r\n", headers->data[headers->len - 1]) != NULL)
        headers->len--;
    return secret_append(headers, line, len, HTTP_HEADER_MAX, &no_memory) == 0;
}

bool http_response_add_body(struct http_response *response, const char *data, size_t len)
{
    struct secret *body = &response->body;
    struct error no_memory = ERROR_INIT;
    size_t room = HTTP_BODY_MAX - body->len;

    /*
     * Cut, not refused: what is looked for in an error stands at its beginning. answer_token()
     * takes no part of a body.
     */
    response->is_body_cut = len > room;
    if (response->is_body_cut)
        len = room;
    return secret_append(body, data, len, HTTP_BODY_MAX, &no_memory) == 0 && !response->is_body_cut;
}

bool http_response_header(const struct http_response *response, const char *name, size_t nth,
                          struct span *value)
{
    struct scan s = scan_over(secret_text(&response->headers), response->headers.len);

    while (!scan_is_at_end(&s)) {
        const char *line_end = memchr(s.p, '\n', (size_t)(s.end - s.p));
        struct scan line = {.p = s.p, .end = line_end != NULL ? line_end : s.end};
        struct span found;

        s.p = line_end != NULL ? line_end + 1 : s.end;
        if (!scan_token(&line, &found) || !span_is(found, name) || !scan_char(&line, ':'))
            continue;
        if (nth-- > 0)
            continue;
        /* White space round a value is no part of it (RFC 9110 section 5.5). */
        (void)scan_blanks(&line);
        while (line.end > line.p && strchr(" \t\r", line.end[-1]) != NULL)
            line.end--;
        *value = (struct span){.data = line.p, .len = (size_t)(line.end - line.p)};
        return true;
    }
    return false;
}

enum {
    BODY_SEARCHED_MAX = 1024,  /* GHCR's text is the whole of a short body */
    RETRY_AFTER_MAX_S = 86400, /* far past any deadline; keeps the arithmetic small */
};

bool http_says_locked_out(const struct http_response *response)
{
    static const char *const words[] = {
        "login attempts", /* Docker Hub */
        "failed login",
        "login failures",
        "failed authentication",
        "authentication attempts",
        "authentication failures",
        "temporarily locked",
    };
    /* By words alone: registries use the status of a limit for it, or that of a refusal. */
    const char *body = secret_text(&response->body);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasestr(body, words[i]) != NULL)
            return true;
    }
    return false;
}

/* 500 as well: GHCR has had spells of it (docker/login-action #750, #803). */
bool http_status_is_transient(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* Microseconds in one unit of a Go duration (time.Duration.String); 0: no unit. */
static uint64_t scan_unit_us(struct scan *s)
{
    /* Both micro signs, U+00B5 and U+03BC, as Go's time.ParseDuration() takes them. */
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

/* A Go duration such as "1m0.5s", rounded up to milliseconds; 0 if it is none. */
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
        /* A number without a unit is no duration to Go. */
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

/* Seconds since 1970 of an HTTP-date (RFC 9110 section 5.6.7), or -1. */
int64_t http_parse_date(const char *text)
{
    return (int64_t)curl_getdate(text, NULL);
}

static int64_t parse_retry_after(struct span value, int64_t unix_s)
{
    struct scan s = scan_over(value.data, value.len);
    uint64_t seconds;
    int64_t date;
    char text[64];

    /* A number of seconds, else a date, else what a server in Go makes of its own limit. */
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

int64_t http_retry_after_ms(const struct http_response *response, int64_t unix_s)
{
    struct span value;

    if (http_response_header(response, "Retry-After", 0, &value))
        return parse_retry_after(value, time_of(response, unix_s));
    return response->status == 429 ? retry_after_in_body(&response->body) : 0;
}

/*
 * Any bytes as an answer: every value of its header lies inside one line without blanks round it;
 * what it asks to wait is what Retry-After says, and no longer than a day.
 */
#include "wire.h"

#include <time.h>

#include "registry/http/response.h"

enum { NOW = 1700000000, DAY_MS = 86400000 };

static void check_fields(const struct http_response *response, const char *name)
{
    const char *from = secret_text(&response->headers);
    struct span value;
    size_t nth = 0;

    for (; http_response_header(response, name, nth, &value); nth++) {
        must(value.data > from &&
             value.data + value.len <= response->headers.data + response->headers.len);
        must(value.len == 0 || memchr(value.data, '\n', value.len) == NULL);
        must(value.len == 0 || (strchr(" \t", value.data[0]) == NULL || value.data[0] == '\0'));
        must(value.len == 0 || value.data[value.len - 1] != ' ');
        from = value.data + value.len; /* the next one stands behind it */
    }
    must(!http_response_header(response, name, nth + 1, &value));
}

/* Whole seconds, and dates as RFC 9110 has them, checked by other means. */
static void check_wait(const struct http_response *response)
{
    int64_t wait_ms = http_retry_after_ms(response, NOW);
    struct span value;
    char text[16];

    must(wait_ms >= 0 && wait_ms <= DAY_MS && wait_ms == http_retry_after_ms(response, NOW));
    if (!http_response_header(response, "Retry-After", 0, &value)) {
        must(response->status == 429 || wait_ms == 0);
        return;
    }
    if (span_copy(value, text, sizeof(text)) && value.len > 0 &&
        strspn(text, "0123456789") == value.len) {
        long long seconds = atoll(text);

        must(wait_ms == (seconds < DAY_MS / 1000 ? seconds * 1000 : DAY_MS));
    }
}

static void check_date(const struct http_response *response)
{
    static const char format[] = "%a, %d %b %Y %H:%M:%S GMT";
    struct span value;
    char text[64];
    struct tm tm;
    time_t date;

    if (!http_response_header(response, "Date", 0, &value) || !span_copy(value, text, sizeof(text)))
        return;
    date = (time_t)http_parse_date(text);
    if (date < 0 || date > INT64_C(253402300799)) /* the end of the year 9999 */
        return;
    must(gmtime_r(&date, &tm) != NULL && strftime(text, sizeof(text), format, &tm) > 0);
    must(http_parse_date(text) == date);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    struct http_response response = response_of(&in);

    check_fields(&response, "Retry-After");
    check_fields(&response, "Date");
    check_wait(&response);
    check_date(&response);
    http_response_clear(&response);
    must(response.headers.data == NULL && response.status == 0);
    return 0;
}

#include "registry/github_field.h"

#include <string.h>
#include <time.h>

static bool scan_part(struct scan *s, size_t digits, uint64_t max, int *out)
{
    struct span span;
    struct scan number;
    uint64_t value;

    if (!scan_run(s, "0123456789", &span) || span.len != digits)
        return false;
    number = scan_over(span.data, span.len);
    if (!scan_number(&number, max, &value))
        return false;
    *out = (int)value;
    return true;
}

/* " UTC" or " -0700" in seconds. */
static bool scan_zone(struct scan *s, int64_t *offset_s)
{
    struct span name;
    bool west;
    int hhmm;

    *offset_s = 0;
    if (scan_blanks(s) == 0)
        return false;
    west = scan_char(s, '-');
    if (west || scan_char(s, '+')) {
        if (!scan_part(s, 4, 2359, &hhmm))
            return false;
        *offset_s = (int64_t)(hhmm / 100 * 60 + hhmm % 100) * (west ? -60 : 60);
        return true;
    }
    return scan_token(s, &name) && span_is(name, "UTC");
}

int64_t github_parse_expiry(struct span text)
{
    struct scan s = scan_over(text.data, text.len);
    struct tm tm = {.tm_isdst = 0};
    int64_t offset_s;

    if (!scan_part(&s, 4, 9999, &tm.tm_year) || !scan_char(&s, '-') ||
        !scan_part(&s, 2, 12, &tm.tm_mon) || !scan_char(&s, '-') ||
        !scan_part(&s, 2, 31, &tm.tm_mday) || scan_blanks(&s) == 0 ||
        !scan_part(&s, 2, 23, &tm.tm_hour) || !scan_char(&s, ':') ||
        !scan_part(&s, 2, 59, &tm.tm_min) || !scan_char(&s, ':') ||
        !scan_part(&s, 2, 60, &tm.tm_sec) || !scan_zone(&s, &offset_s) || !scan_is_at_end(&s) ||
        tm.tm_year < 1970 || tm.tm_mon == 0 || tm.tm_mday == 0)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) - offset_s;
}

bool github_scopes_can_pull(const char *scopes)
{
    struct scan s = scan_over(scopes, strlen(scopes));
    struct span scope;
    struct span between;

    while (!scan_is_at_end(&s)) {
        if (scan_run(&s, GITHUB_SCOPE_BYTES, &scope) &&
            (span_is(scope, "read:packages") || span_is(scope, "write:packages")))
            return true;
        if (!scan_run(&s, ", ", &between))
            break;
    }
    return false;
}

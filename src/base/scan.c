#include "base/scan.h"

#include <string.h>
#include <strings.h>

/* "tchar" of RFC 9110 section 5.6.2. */
static const char token_bytes[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct scan scan_over(const char *text, size_t len)
{
    return (struct scan){.p = text, .end = len > 0 ? text + len : text}; /* text may be NULL */
}

bool scan_is_at_end(const struct scan *s)
{
    return s->p == s->end;
}

bool scan_is_at(const struct scan *s, char c)
{
    return s->p < s->end && *s->p == c;
}

bool scan_char(struct scan *s, char c)
{
    if (!scan_is_at(s, c))
        return false;
    s->p++;
    return true;
}

size_t scan_blanks(struct scan *s)
{
    const char *start = s->p;

    while (scan_is_at(s, ' ') || scan_is_at(s, '\t'))
        s->p++;
    return (size_t)(s->p - start);
}

bool scan_run(struct scan *s, const char *set, struct span *out)
{
    const char *start = s->p;

    /* strchr() finds the NUL that ends any set. */
    while (s->p < s->end && *s->p != '\0' && strchr(set, *s->p) != NULL)
        s->p++;
    *out = (struct span){.data = start, .len = (size_t)(s->p - start)};
    return out->len > 0;
}

/* Names of schemes, parameters and header fields. */
bool scan_token(struct scan *s, struct span *out)
{
    return scan_run(s, token_bytes, out);
}

/* "quoted-string" of RFC 9110 section 5.6.4. The cursor moves only where all of it is there. */
bool scan_quoted(struct scan *s, char *dst, size_t dst_size)
{
    struct scan ahead = *s;
    size_t used = 0;

    if (dst_size == 0 || !scan_char(&ahead, '"'))
        return false;
    while (!scan_is_at(&ahead, '"')) {
        (void)scan_char(&ahead, '\\'); /* a quoted pair stands for its second byte */
        if (scan_is_at_end(&ahead) || used + 1 >= dst_size)
            return false;
        unsigned char c = (unsigned char)*ahead.p++;
        /* No control characters but the tab, which "qdtext" allows. */
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        dst[used++] = (char)c;
    }
    dst[used] = '\0';
    ahead.p++;
    *s = ahead;
    return true;
}

bool scan_number(struct scan *s, uint64_t max, uint64_t *out)
{
    const char *p = s->p;
    uint64_t value = 0;

    for (; p < s->end && *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        /* Before the product is made, so that it cannot wrap round. */
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (p == s->p)
        return false;
    s->p = p;
    *out = value;
    return true;
}

bool span_is(struct span span, const char *text)
{
    /* Names of fields, schemes and parameters have no case (RFC 9110 sections 5.1, 11.1). */
    return span.len == strlen(text) && strncasecmp(span.data, text, span.len) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_trim(struct span span)
{
    while (span.len > 0 && is_space(span.data[0])) {
        span.data++;
        span.len--;
    }
    while (span.len > 0 && is_space(span.data[span.len - 1]))
        span.len--;
    return span;
}

bool span_copy(struct span span, char *dst, size_t dst_size)
{
    if (span.len >= dst_size)
        return false;
    memcpy(dst, span.data, span.len);
    dst[span.len] = '\0';
    return true;
}

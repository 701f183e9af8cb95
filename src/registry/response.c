#include "registry/response.h"

#include <string.h>
#include <strings.h>

void http_response_clear(struct http_response *response)
{
    secret_clear(&response->headers);
    secret_clear(&response->body);
    *response = HTTP_RESPONSE_INIT;
}

static const char status_line[] = "HTTP/"; /* how it begins */

static bool scan_digits(struct scan *s, size_t count)
{
    struct span digits;

    return scan_run(s, "0123456789", &digits) && digits.len == count;
}

/*
 * Whether what begins so is one (RFC 9112 section 4). To libcurl it is, case aside, and of status
 * 200 where no number is found.
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
        (void)scan_blanks(&line);
        while (line.end > line.p && strchr(" \t\r", line.end[-1]) != NULL)
            line.end--;
        *value = (struct span){.data = line.p, .len = (size_t)(line.end - line.p)};
        return true;
    }
    return false;
}

#include "registry/response.h"

#include <string.h>

void http_response_clear(struct http_response *response)
{
    secret_clear(&response->headers);
    secret_clear(&response->body);
    *response = HTTP_RESPONSE_INIT;
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

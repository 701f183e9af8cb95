#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * The length of the well-formed UTF-8 character at `p` (RFC 3629: no overlong forms, surrogates
 * or code points past U+10FFFF) and its code point, or 0.
 */
static size_t utf8_char(const unsigned char *p, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc0 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf8 ? 4
                               : 0;

    if (len == 0 || len > left)
        return 0;
    *code = len == 1 ? p[0] : p[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (p[i] & 0x3f);
    }
    if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return len;
}

size_t text_utf8_len(const char *text, size_t left)
{
    uint32_t ignored;

    return utf8_char((const unsigned char *)text, left, &ignored);
}

bool text_is_utf8(const char *text, size_t len)
{
    for (size_t n; len > 0; text += n, len -= n) {
        n = text_utf8_len(text, len);
        if (n == 0)
            return false;
    }
    return true;
}

/*
 * What a terminal would obey, what would break the line, and what could make a text read as another
 * (Trojan Source, CVE-2021-42574).
 */
static bool is_shown_as_is(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool line_end = code == 0x2028 || code == 0x2029;
    bool direction = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                     code == 0x200e || code == 0x200f;

    return !control && !line_end && !direction;
}

/* Whether '[' at `p` would end what begins a command to a runner, or a runner's agent. */
static bool is_command(const unsigned char *p, const char *shown, size_t used)
{
    static const char *const begins[] = {"##", "##vso"};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        size_t len = strlen(begins[i]);

        if (*p == '[' && used >= len && strncasecmp(shown + used - len, begins[i], len) == 0)
            return true;
    }
    return false;
}

char *text_printable(char *dst, size_t dst_size, const char *src, size_t len)
{
    const unsigned char *p = (const unsigned char *)src;
    size_t used = 0;

    while (len > 0) {
        uint32_t code = 0;
        size_t n = utf8_char(p, len, &code);
        size_t step = n > 0 ? n : 1;

        /* Room for the three dots is kept only once the rest may not fit. */
        if (used + len >= dst_size && used + step + sizeof("...") > dst_size) {
            memcpy(dst + used, "...", 3);
            used += 3;
            break;
        }
        if (n > 0 && is_shown_as_is(code) && !is_command(p, dst, used)) {
            memcpy(dst + used, p, n);
            used += n;
        } else {
            dst[used++] = '?';
        }
        p += step;
        len -= step;
    }
    dst[used] = '\0';
    return dst;
}

struct span text_password(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *user = scheme != NULL ? scheme + 3 : url;
    const char *at = strrchr(user, '@');
    const char *colon = at != NULL ? memchr(user, ':', (size_t)(at - user)) : NULL;

    return colon != NULL ? (struct span){.data = colon + 1, .len = (size_t)(at - colon - 1)}
                         : (struct span){.data = NULL};
}

struct text_shown text_shown(const char *src)
{
    struct text_shown shown = {.text = ""};
    char hidden[sizeof(shown.text)];
    struct span password = text_password(src);
    const char *behind = password.data != NULL ? password.data + password.len : "";

    /* What follows the tag of an image may be its digest. */
    if (password.data != NULL && strncmp(behind, "@sha", 4) != 0) {
        (void)snprintf(hidden, sizeof(hidden), "%.*s***%s", (int)(password.data - src), src,
                       behind);
        src = hidden;
    }
    (void)text_printable(shown.text, sizeof(shown.text), src, strlen(src));
    return shown;
}

bool text_has_suffix(const char *text, const char *suffix)
{
    size_t text_len = strlen(text);
    size_t suffix_len = strlen(suffix);

    return text_len >= suffix_len && strcmp(text + text_len - suffix_len, suffix) == 0;
}

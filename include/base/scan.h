/*
 * A cursor over bytes that came from outside. Every function looks at what stands at the cursor,
 * and moves it only past what it accepted. Nothing is copied and nothing is changed; a span points
 * into the scanned text, and lives as long as that does.
 *
 * Token and quoted-string are those of RFC 9110 section 5.6.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const char *p;
    const char *end;
};

struct span {
    const char *data;
    size_t len;
};

struct scan scan_over(const char *text, size_t len);

bool scan_is_at_end(const struct scan *s);

/* Whether the next byte is `c`; does not move. */
bool scan_is_at(const struct scan *s, char c);

/* Past one byte `c`. */
bool scan_char(struct scan *s, char c);

/* Past spaces and tabs; returns how many there were. */
size_t scan_blanks(struct scan *s);

/* Past the longest run of one or more bytes of `set`. */
bool scan_run(struct scan *s, const char *set, struct span *out);

/* Past one token: 1*tchar. */
bool scan_token(struct scan *s, struct span *out);

/*
 * Past one quoted-string, whose value, with quoted pairs undone and a NUL after it, goes to
 * dst[dst_size]. False, not moved, if it is no quoted-string, holds a control byte, does not
 * end, or does not fit.
 */
bool scan_quoted(struct scan *s, char *dst, size_t dst_size);

/* Past one or more digits, whose value is at most `max`. False, not moved, where it is larger. */
bool scan_number(struct scan *s, uint64_t max, uint64_t *out);

/* Whether a span is `text`, case of ASCII letters aside. */
bool span_is(struct span span, const char *text);

/* Without the white space at both ends, as Go and C have it. */
struct span span_trim(struct span span);

/* Copy a span as text. False if it does not fit. */
bool span_copy(struct span span, char *dst, size_t dst_size);

#endif

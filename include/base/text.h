/*
 * Text that came from outside, made fit to be shown.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scan.h"

/*
 * Copy `len` bytes of `src` into dst[dst_size], as valid UTF-8 that a terminal shows and does not
 * obey: control characters (C0, DEL, C1), bidirectional overrides and bytes that are no UTF-8
 * each become '?'; so does the bracket of "##[" and "##vso[", which anywhere in a line begin a
 * command to the runner of GitHub Actions (actions/runner, ActionCommand.cs) and to the agent of
 * Azure Pipelines (azure-pipelines-agent, Command.cs). What does not fit is cut at a character and
 * ends in "...". `dst_size` must be at least 8. Returns dst.
 */
char *text_printable(char *dst, size_t dst_size, const char *src, size_t len);

/*
 * The password of a URL, "https://octocat:PASSWORD@ghcr.io" with a scheme or without: up to the
 * last
 * '@', for one may stand in it as it is. `data` is NULL if there is none.
 */
struct span text_password(const char *url);

/*
 * A name from outside within a message: text_printable() as a value, good to the end of a call. The
 * password of a URL becomes "***".
 */
struct text_shown {
    char text[400]; /* the longest name of an image whole, and two of them in one message */
};

struct text_shown text_shown(const char *src);

/*
 * Bytes of the well-formed UTF-8 character (RFC 3629) that `text` begins with, of which `left`
 * bytes are there, at least one; 0 if there is none.
 */
size_t text_utf8_len(const char *text, size_t left);

/* Whether it is well-formed UTF-8 (RFC 3629), which is all that JSON can hold. */
bool text_is_utf8(const char *text, size_t len);

/* Whether `text` ends in `suffix`. */
bool text_has_suffix(const char *text, const char *suffix);

#endif

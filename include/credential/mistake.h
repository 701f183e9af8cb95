/*
 * Recognise common mistakes: text that was passed in place of a GitHub token. Pure.
 *
 * Only what can never be a token is a mistake here; what merely looks odd is
 * github_token_oddity()'s. A GitHub token has at least 40 bytes, letters, digits, '_', '-' and '.'
 * alone, and, but for the oldest, a prefix.
 */
#ifndef CREDENTIAL_MISTAKE_H
#define CREDENTIAL_MISTAKE_H

#include <stdbool.h>

#include "base/secret.h"

struct mistake {
    const char *what; /* "is masked": follows "the token from X" */
    const char *hint;
};

/* The mistake that `token` (one line of text without control bytes) comes from, or NULL. */
const struct mistake *mistake_find(const struct secret *token);

/* The same without what is wrong only at GitHub: other registries have passwords. */
const struct mistake *mistake_find_anywhere(const struct secret *token);

/* Those of them that another registry's secret may come from as well; what it takes may be like it.
 */
const struct mistake *mistake_find_elsewhere(const struct secret *secret);

/* That of a token in base64, which may be wrapped into several lines; NULL if it is not one. */
const struct mistake *mistake_encoded(const struct secret *token);

/*
 * What is wrong with the bytes of a value: a constant that follows "the token from X", or NULL. The
 * first asks what no secret of any registry can have, the second also what neither a name nor a
 * GitHub token can.
 */
const char *mistake_in_bytes_anywhere(const struct secret *value);
const char *mistake_in_bytes(const struct secret *value);

/*
 * What docker would send, though somebody may not have meant it: a constant that follows "it", or
 * NULL. `value` is not empty; `had_empty_line`: one was cut off its end.
 */
const char *mistake_oddity(const struct secret *value, bool had_empty_line);

#endif

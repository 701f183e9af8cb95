/*
 * What can be told from the form of a GitHub token. Pure.
 *
 * Sources: docs.github.com "About authentication to GitHub" (prefixes), GitHub's blog of 2021-04-05
 * "Behind GitHub's new authentication token formats" (checksum), its changelog of 2026-04-24
 * (stateless installation tokens: ghs_APPID_JWT, about 520 characters, with dots).
 */
#ifndef CREDENTIAL_GITHUB_TOKEN_H
#define CREDENTIAL_GITHUB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { GITHUB_TOKEN_LEN_MIN = 40 }; /* of any kind */

enum github_token_kind {
    GITHUB_TOKEN_UNKNOWN,
    GITHUB_TOKEN_CLASSIC,      /* ghp_, or 40 hexadecimal digits */
    GITHUB_TOKEN_FINE_GRAINED, /* github_pat_ */
    GITHUB_TOKEN_OAUTH,        /* gho_ */
    GITHUB_TOKEN_APP_USER,     /* ghu_ */
    GITHUB_TOKEN_INSTALLATION, /* ghs_, the GITHUB_TOKEN of Actions among them */
    GITHUB_TOKEN_REFRESH,      /* ghr_ */
};

/* The kind by prefix, or by shape for the oldest tokens, which have none. */
enum github_token_kind github_token_kind(const char *text, size_t len);

/* Where in a text the first prefix of a token stands, or NULL. */
const char *github_token_begin(const char *text);

/*
 * Whether a text tells a token, or most of one, in any spelling that base/redact.h knows: to be
 * shown to nobody. What only has the letters of a prefix in it, such as the path of a file, does
 * not; a tag of 40 digits after an image's name does not.
 */
bool github_token_is_told(const char *text);

/* Whether a text is of a known kind from end to end: no byte in it but those of tokens. */
bool github_token_is_whole(const char *text, size_t len);

/*
 * Why a token looks mistyped or cut, a constant that follows "it": "has an invalid checksum"; NULL
 * if it does not. GitHub may change what its tokens look like: to warn, not to refuse.
 */
const char *github_token_oddity(const char *text, size_t len);

/* The kind's name in --json output, a constant: "fine-grained". */
const char *github_token_kind_name(enum github_token_kind kind);

/* Whether `c` can stand in a GitHub token of any kind. */
bool github_token_is_byte(char c);

#endif

/*
 * What a GitHub token tells by its looks. Pure.
 *
 * Sources: docs.github.com "About authentication to GitHub" (prefixes), GitHub's changelog of
 * 2026-04-24 (stateless installation tokens: about 520 characters, with dots).
 */
#ifndef CREDENTIAL_GITHUB_TOKEN_H
#define CREDENTIAL_GITHUB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

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

/* Whether a text holds what looks like the beginning of a token, or is one. */
bool github_token_is_inside(const char *text);

/* The kind's name in --json output, a constant: "fine-grained". */
const char *github_token_kind_name(enum github_token_kind kind);

/* Whether `c` can stand in a GitHub token of any kind. */
bool github_token_is_byte(char c);

#endif

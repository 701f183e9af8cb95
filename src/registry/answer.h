/*
 * Read the body of an answer: a token, or the registry's own words about a refusal. Pure.
 */
#ifndef REGISTRY_ANSWER_H
#define REGISTRY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/redact.h"
#include "base/secret.h"
#include "registry/message.h"
#include "registry/outcome.h"

enum { ANSWER_WORDS_MAX = 320 };

/*
 * The bearer in a token answer: "token", or "access_token" if that is missing or empty.
 * distribution's token.md calls them equivalent and the choice between two undefined: podman takes
 * "token" as well, docker "access_token". Every token that the answer holds, also those that nobody
 * asked for, is added to *redact. Returns 0 and replaces *bearer, or -1 with *err set
 * (CLASS_UNPROVED, CLASS_INTERNAL) and *bearer untouched.
 */
int answer_token(struct secret *bearer, struct redact *redact, const struct http_response *response,
                 struct error *err) __attribute__((warn_unused_result));

/*
 * Whether the body is a web page, of a portal or a proxy and not of a registry. Content-Type says
 * nothing about that: Quay sends its "true" as text/html.
 */
bool answer_is_web_page(const struct http_response *response);

/* Whether the body has these words, case of ASCII letters aside. */
bool answer_says(const struct http_response *response, const char *words);

/*
 * Note status, error code and phrases of an answer; all of them 0 if none came. A phrase that
 * the user's name or the URL contains is ignored, because the answer may repeat them: the name of
 * an image may be 'openldap'.
 */
void answer_note(struct outcome *outcome, const struct http_response *response,
                 const char *username, const char *url);

/* Whether the code refuses the credential: DENIED, UNAUTHORIZED. */
bool answer_denies(enum outcome_code code);

/*
 * The registry's words in an error answer, fit to be shown: "denied: denied" as docker renders
 * {"errors":[{"code":"DENIED","message":"denied"}]}, or what stands in "details", "detail",
 * "message" or "error", or a short text body, or a web page's title. "" if there are none. Words
 * that repeat a secret of `redact` (may be NULL) are not shown. Fills words[ANSWER_WORDS_MAX] and
 * returns it.
 */
const char *answer_words(char words[ANSWER_WORDS_MAX], const struct http_response *response,
                         const struct redact *redact);

#endif

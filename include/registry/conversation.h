/*
 * A registry being asked on behalf of one credential: what the steps of the handshake share.
 * Requests are retried, redirects never followed, and no word of the registry that repeats a secret
 * gets into an error.
 */
#ifndef REGISTRY_CONVERSATION_H
#define REGISTRY_CONVERSATION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "registry/answer.h"
#include "registry/challenge.h"
#include "registry/handshake.h"

struct conversation {
    const struct handshake *handshake;
    struct challenge challenge; /* zeroed until the registry has named one */
    struct secret bearer;
    struct secret encoded_token;   /* base64, to know it where a registry repeats it */
    struct http_response response; /* to the last request */
    struct outcome *outcome;       /* of that, borrowed */
    char words[ANSWER_WORDS_MAX + sizeof(" ()")];
};

/* Returns 0, or -1 with *err set; to be released with conversation_clear() in either case. */
int conversation_start(struct conversation *c, const struct handshake *handshake,
                       struct outcome *outcome, struct error *err)
    __attribute__((warn_unused_result));

void conversation_clear(struct conversation *c);

/* The URL of `path` ("/v2/") at the registry's API, into url[URL_MAX]. False where it is too long.
 */
bool conversation_url(const struct conversation *c, char *url, const char *path);

/*
 * Send, as a part of that phase; the answer is in c->response, its facts in *c->outcome. Returns 0
 * when there is one, -1 with *err set.
 */
int conversation_ask(struct conversation *c, enum outcome_phase phase,
                     const struct http_request *request, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Ask the challenge's realm for a bearer, for `scope` ("repository:NAME:pull") or for none (NULL).
 * The realm is checked first. Returns 0 with c->bearer set; 1 when the answer is no 200 of a
 * registry and the caller has to judge it; -1 with *err set.
 */
int conversation_fetch_bearer(struct conversation *c, const char *scope, struct error *err)
    __attribute__((warn_unused_result));

/* A request to the registry itself with what the challenge asks for: the bearer, or Basic. */
struct http_request conversation_authorized(const struct conversation *c, const char *url);

/* " (denied: denied)", or "" when the registry had nothing to say; lives in *c. */
const char *conversation_words(struct conversation *c);

/* Whether a text, which an answer names, holds one of its secrets. */
bool conversation_repeats_secret(const struct conversation *c, const char *text);

#endif

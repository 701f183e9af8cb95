/*
 * A registry being asked on behalf of one credential: what the steps of the handshake share, and
 * what it means that one of them was not answered as it should be. Requests are retried, redirects
 * followed only within an origin, and no word of the registry that repeats a secret gets into an
 * error.
 */
#ifndef REGISTRY_SESSION_H
#define REGISTRY_SESSION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/redact.h"
#include "base/secret.h"
#include "registry/answer.h"
#include "registry/challenge.h"
#include "registry/http/url.h"
#include "registry/message.h"
#include "registry/outcome.h"
#include "registry/question.h"
#include "registry/retry.h"

struct session {
    const struct question *question;
    const struct retry *retry;
    bool turned_plain;          /* see session_turns_plain() */
    struct challenge challenge; /* zeroed until the registry has named one */
    struct secret bearer;
    struct redact redact;          /* the credential, and every bearer there was */
    struct http_response response; /* to the last request */
    struct outcome *outcome;       /* of that, borrowed */
    char words[ANSWER_WORDS_MAX + sizeof(" ()")];
};

/* Returns 0, or -1 with *err set; to be released with session_clear() in either case. */
int session_start(struct session *s, const struct question *question, const struct retry *retry,
                  struct outcome *outcome, struct error *err) __attribute__((warn_unused_result));

void session_clear(struct session *s);

/* The URL of `path` ("/v2/") at the registry's API, into url[URL_MAX]. False if it is too long.
 */
bool session_url(const struct session *s, char *url, const char *path);

/*
 * After a request without an answer: whether the registry is on this machine and speaks plain http,
 * which nobody had asked for. Then it is asked so from now on, as docker does: nothing leaves the
 * machine. Never if --cacert says that TLS is wanted.
 */
bool session_turns_plain(struct session *s);

/*
 * Send, as a part of that phase; the answer is in s->response, its facts in *s->outcome. Returns 0
 * when there is one, -1 with *err set.
 */
int session_ask(struct session *s, enum outcome_phase phase, const struct http_request *request,
                struct error *err) __attribute__((warn_unused_result));

/*
 * The same for `url`; one redirect within its scheme, host and port is followed, as docker does,
 * and then `url` is where it led. The credential never leaves that origin.
 */
int session_ask_following(struct session *s, enum outcome_phase phase, struct http_request *request,
                          char url[URL_MAX], struct error *err) __attribute__((warn_unused_result));

/*
 * Ask the challenge's realm for a bearer, for `scope` ("repository:NAME:pull") or for none (NULL).
 * The realm is checked first. Returns 1 with s->bearer set; 0 when the answer is no success of
 * a registry and the caller has to judge it; -1 with *err set.
 */
int session_fetch_bearer(struct session *s, const char *scope, struct error *err)
    __attribute__((warn_unused_result));

/* A request to the registry itself with what the challenge asks for: the bearer, or Basic. */
struct http_request session_authorized(const struct session *s, const char *url);

/* " (denied: denied)", or "" when the registry had nothing to say; lives in *s. */
const char *session_words(struct session *s);

/* Whether a text, which an answer names, holds one of its secrets. */
bool session_repeats_secret(const struct session *s, const char *text);

/*
 * Whether the last answer refuses the credential, and explicitly: 401, or 403 with a code that says
 * so (GHCR, GitLab), in both cases no web page, and without words about something else. Anything
 * less may be the word of a firewall or a proxy.
 */
bool session_is_refused(const struct session *s);

/*
 * The same of a credential that is proved, and of an image: 401 or 403, as registries differ in how
 * they say it. 403 without a registry's code or words is a firewall's; with Retry-After a limit's.
 */
bool session_is_forbidden(const struct session *s);

/*
 * What any step makes of a status that it does not expect: redirects and unexpected answers prove
 * nothing, limits and 5xx are the registry's trouble. `what` was asked: "the token request of 'X'".
 * Returns -1 with *err set.
 */
int session_explain(struct session *s, const char *what, struct error *err);

#endif

#include "registry/conversation.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "registry/url.h"

void conversation_clear(struct conversation *c)
{
    http_response_clear(&c->response);
    secret_clear(&c->bearer);
    secret_clear(&c->encoded_token);
}

int conversation_start(struct conversation *c, const struct handshake *handshake,
                       struct outcome *outcome, struct error *err)
{
    *c = (struct conversation){.handshake = handshake, .outcome = outcome};
    return base64_encode(&c->encoded_token, handshake->token, err);
}

bool conversation_url(const struct conversation *c, char *url, const char *path)
{
    return snprintf(url, URL_MAX, "%s://%s%s",
                    c->handshake->realms.allow_plain_http ? "http" : "https",
                    c->handshake->registry->api_host, path) < URL_MAX;
}

int conversation_ask(struct conversation *c, enum outcome_phase phase,
                     const struct http_request *request, struct error *err)
{
    int ret = retry_send(&c->handshake->retry, request, &c->response, err);

    c->outcome->phase = phase;
    answer_note(c->outcome, &c->response);
    return ret;
}

/* What no word of the registry's may repeat. */
struct hidden {
    const struct secret *items[4];
};

enum { HIDDEN_COUNT = sizeof(struct hidden) / sizeof(const struct secret *) };

static struct hidden hidden_in(const struct conversation *c)
{
    return (struct hidden){
        {c->handshake->token, c->handshake->auth, &c->bearer, &c->encoded_token}};
}

const char *conversation_words(struct conversation *c)
{
    struct hidden hidden = hidden_in(c);
    char words[ANSWER_WORDS_MAX];

    (void)answer_words(words, &c->response, hidden.items, HIDDEN_COUNT);
    (void)snprintf(c->words, sizeof(c->words), words[0] != '\0' ? " (%s)" : "%s", words);
    return c->words;
}

bool conversation_repeats_secret(const struct conversation *c, const char *text)
{
    struct hidden hidden = hidden_in(c);

    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        if (secret_is_inside(hidden.items[i], text, strlen(text)))
            return true;
    }
    return false;
}

struct http_request conversation_authorized(const struct conversation *c, const char *url)
{
    bool bearer = c->challenge.scheme == CHALLENGE_BEARER;

    return (struct http_request){
        .url = url,
        .auth = bearer ? HTTP_AUTH_BEARER : HTTP_AUTH_BASIC,
        .username = c->handshake->username,
        .secret = bearer ? &c->bearer : c->handshake->token,
    };
}

/*
 * It would be shown with the realm. A word of a few letters may stand there by chance, and what is
 * a part of the registry's name stands there by right.
 */
static int refuse_repetition(const struct conversation *c, struct error *err)
{
    enum { CHANCE_MAX = 7 };
    const struct secret *token = c->handshake->token;
    const char *host = c->handshake->registry->api_host;

    if (token->len <= CHANCE_MAX || secret_is_inside(token, host, strlen(host)) ||
        !conversation_repeats_secret(c, c->challenge.realm))
        return 0;
    (void)error_set(err, CLASS_UNPROVED, "the realm that '%s' names repeats the credential",
                    c->handshake->registry->host);
    return error_hint(err, "nothing was sent there; but somebody knows the token: revoke it");
}

static int build_token_url(struct conversation *c, char url[URL_MAX], const char *scope,
                           struct error *err)
{
    const struct challenge *challenge = &c->challenge;

    if (challenge->realm[0] == '\0')
        return error_set(err, CLASS_UNPROVED, "the Bearer challenge of '%s' names no realm",
                         c->handshake->registry->host);
    if (refuse_repetition(c, err) < 0 ||
        realm_check(&c->handshake->realms, challenge->realm, err) < 0)
        return -1;
    (void)snprintf(url, URL_MAX, "%s", challenge->realm);
    if (challenge->service[0] != '\0' &&
        url_add_query(url, url, "service", challenge->service, err) < 0)
        return -1;
    if (url_add_query(url, url, "account", c->handshake->username, err) < 0)
        return -1;
    if (url_add_query(url, url, "client_id", "ghcr-login", err) < 0)
        return -1;
    return scope != NULL ? url_add_query(url, url, "scope", scope, err) : 0;
}

int conversation_fetch_bearer(struct conversation *c, const char *scope, struct error *err)
{
    struct http_request request = {
        .accept = "application/json",
        .auth = HTTP_AUTH_BASIC,
        .username = c->handshake->username,
        .secret = c->handshake->token,
    };
    char url[URL_MAX];

    if (build_token_url(c, url, scope, err) < 0)
        return -1;
    request.url = url;
    if (conversation_ask(c, scope != NULL ? OUTCOME_SCOPE_TOKEN : OUTCOME_TOKEN, &request, err) < 0)
        return -1;
    if (c->response.status != 200 || answer_is_web_page(&c->response))
        return 1;
    if (answer_token(&c->bearer, &c->response, err) == 0)
        return 0;
    (void)error_wrap(err, "cannot use the token answer of '%s'", c->handshake->registry->host);
    return error_hint(err, "that says nothing about the credential: the registry's token server is "
                           "out of order, or something else answers in its place");
}

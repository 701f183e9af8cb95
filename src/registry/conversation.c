#include "registry/conversation.h"

#include <stdint.h>
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

int conversation_start(struct conversation *c, const struct handshake *handshake, struct error *err)
{
    *c = (struct conversation){.handshake = handshake};
    return base64_encode(&c->encoded_token, handshake->token, err);
}

bool conversation_url(const struct conversation *c, char *url, const char *path)
{
    return snprintf(url, URL_MAX, "%s://%s%s",
                    c->handshake->realms.allow_plain_http ? "http" : "https",
                    c->handshake->registry->api_host, path) < URL_MAX;
}

int conversation_ask(struct conversation *c, const struct http_request *request, struct error *err)
{
    return retry_send(&c->handshake->retry, request, &c->response, err);
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

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool repeats_secret(const struct conversation *c, const char *text)
{
    struct hidden hidden = hidden_in(c);

    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        if (secret_is_inside(hidden.items[i], text, strlen(text)))
            return true;
    }
    return false;
}

static int refuse_redirect(struct conversation *c, const char *what, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct url target = {.host = ""};
    struct span location;
    char text[URL_MAX];

    if (!http_response_header(&c->response, "Location", 0, &location) ||
        !span_copy(location, text, sizeof(text)) || url_parse(&target, text, &ignored) < 0 ||
        repeats_secret(c, target.host)) {
        (void)error_set(err, CLASS_UNPROVED, "%s is redirected (HTTP %d)", what,
                        c->response.status);
        return error_hint(err, "a page where people sign in may stand before the registry");
    }
    (void)error_set(err, CLASS_UNPROVED, "%s is redirected to '%s://%s'", what, target.scheme,
                    url_place(&target).text);
    if (c->handshake->realms.allow_plain_http && strcmp(target.scheme, "https") == 0)
        (void)error_hint(err, "if that is the registry, it wants TLS: leave --plain-http out");
    return error_hint(err, "redirects are not followed, for they could lead a credential astray; "
                           "if that host is the registry, log in to it by name");
}

/* What servers say in words only. */
static const struct {
    const char *says;
    const char *hint;
} word_hints[] = {
    {"SSL certificate", "the registry wants a client certificate: put NAME.cert and NAME.key into "
                        "its certs.d directory, or name that with --cert-dir"}, /* nginx */
    {"HTTPS port", "this port speaks TLS: leave --plain-http out"},             /* nginx */
    {"HTTPS server", "this port speaks TLS: leave --plain-http out"},           /* Go */
};

static int refuse_odd_answer(struct conversation *c, const char *what, struct error *err)
{
    /* 511 is a portal's by RFC 6585, whatever it shows. */
    bool is_page = answer_is_web_page(&c->response) || c->response.status == 511;
    const char *words = conversation_words(c);

    (void)error_set(err, CLASS_UNPROVED, "%s is answered with %sHTTP %d%s", what,
                    is_page ? "a web page, not as a registry does: " : "", c->response.status,
                    words);
    for (size_t i = 0; i < sizeof(word_hints) / sizeof(word_hints[0]); i++) {
        if (strstr(words, word_hints[i].says) != NULL)
            return error_hint(err, "%s", word_hints[i].hint);
    }
    if (is_page)
        return error_hint(err, "a captive portal or a proxy may stand in the way, or the host "
                               "serves no registry under this name");
    if (c->response.status == 403) /* with a credential that is a refusal, and not odd */
        return error_hint(err, "no credential was sent yet: it may be this machine's address that "
                               "is not let in");
    return error_hint(err, "no registry answers so: check host and port, and what stands before "
                           "it");
}

static int64_t asked_wait_s(const struct conversation *c)
{
    const struct clock *clock = c->handshake->retry.clock;

    return retry_after_ms(&c->response, clock->unix_s(clock->ctx)) / 1000;
}

/*
 * 403 is no word about the credential where it says when to come back, as GitHub's API does (RFC
 * 9110 section 15.5.4; docs.github.com, "Rate limits for the REST API"). Web caches say that of
 * their own pages, too.
 */
static bool is_limited(const struct conversation *c)
{
    return c->response.status == 429 ||
           (c->response.status == 403 && asked_wait_s(c) > 0 && !answer_is_web_page(&c->response));
}

/* The registry's own trouble, or its wish to be left alone for longer than there is time. */
static int refuse_trouble(struct conversation *c, const char *what, struct error *err)
{
    int64_t asked_s = asked_wait_s(c);
    bool is_asked_again = c->response.status != 403;

    (void)error_set(err, CLASS_UNREACHABLE, "%s %s: HTTP %d%s", what,
                    is_limited(c) ? "is rate limited" : "fails at the registry", c->response.status,
                    conversation_words(c));
    if (asked_s > 0)
        return error_hint(err,
                          "this says nothing about the credential; the registry asks to wait %jd "
                          "s: %stry again then",
                          (intmax_t)asked_s, is_asked_again ? "raise --timeout, or " : "");
    return error_hint(err, "this says nothing about the credential; try again %s",
                      is_limited(c) ? "in a minute, or raise --timeout: it is asked again as long "
                                      "as that lasts"
                                    : "later");
}

int conversation_refuse_status(struct conversation *c, const char *what, struct error *err)
{
    int status = c->response.status;

    if (is_redirect(status))
        return refuse_redirect(c, what, err);
    if (status == 407) {
        (void)error_set(err, CLASS_UNREACHABLE, "%s is answered by a proxy%s%s (HTTP 407)", what,
                        c->response.peer[0] != '\0' ? " at " : "", c->response.peer);
        return error_hint(err, "the proxy wants a login of its own: "
                               "http_proxy=http://USER:PASSWORD@PROXY:PORT");
    }
    if (is_limited(c) || (status >= 500 && status < 600 && status != 511))
        return refuse_trouble(c, what, err);
    return refuse_odd_answer(c, what, err);
}

bool conversation_is_refused(const struct conversation *c)
{
    return c->response.status == 401 ||
           (c->response.status == 403 && !answer_is_web_page(&c->response) && !is_limited(c));
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

static int build_token_url(struct conversation *c, char url[URL_MAX], const char *scope,
                           struct error *err)
{
    const struct challenge *challenge = &c->challenge;

    if (challenge->realm[0] == '\0')
        return error_set(err, CLASS_UNPROVED, "the Bearer challenge of '%s' names no realm",
                         c->handshake->registry->host);
    if (realm_check(&c->handshake->realms, challenge->realm, err) < 0)
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
    if (conversation_ask(c, &request, err) < 0)
        return -1;
    if (c->response.status != 200 || answer_is_web_page(&c->response))
        return 1;
    if (answer_token(&c->bearer, &c->response, err) == 0)
        return 0;
    (void)error_wrap(err, "cannot use the token answer of '%s'", c->handshake->registry->host);
    return error_hint(err, "that says nothing about the credential: the registry's token server is "
                           "out of order, or something else answers in its place");
}

#include "registry/handshake.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "registry/answer.h"
#include "registry/challenge.h"
#include "registry/url.h"

/* One handshake under way. */
struct conversation {
    const struct handshake *handshake;
    char ping_url[REFERENCE_HOST_MAX + sizeof("https:///v2/")];
    struct challenge challenge;
    struct secret bearer;
    struct http_response response; /* the last one */
    char words[ANSWER_WORDS_MAX];
};

/* " (denied: denied)", or "" when the registry had nothing to say. */
static const char *words_of(struct conversation *c)
{
    const struct secret *hidden[] = {c->handshake->token, c->handshake->auth, &c->bearer};
    char words[ANSWER_WORDS_MAX];

    (void)answer_words(words, &c->response, hidden, 3);
    (void)snprintf(c->words, sizeof(c->words), words[0] != '\0' ? " (%.*s)" : "%.*s",
                   ANSWER_WORDS_MAX - 4, words);
    return c->words;
}

static int refuse_redirect(struct conversation *c, const char *what, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct url target = {.host = ""};
    struct span location;
    char text[URL_MAX];

    if (http_response_header(&c->response, "Location", 0, &location) &&
        span_copy(location, text, sizeof(text)) && url_parse(&target, text, &ignored) == 0) {
        (void)error_set(err, CLASS_UNPROVED, "%s is redirected to '%s://%s:%u'", what,
                        target.scheme, target.host, target.port);
        return error_hint(err, "redirects are not followed, for they could lead a credential "
                               "astray; if that host is the registry, log in to it by name");
    }
    return error_set(err, CLASS_UNPROVED, "%s is redirected (HTTP %d)", what, c->response.status);
}

/* What any step makes of a status that is none of its own. */
static int refuse_status(struct conversation *c, const char *what, struct error *err)
{
    int status = c->response.status;

    if (status >= 300 && status < 400)
        return refuse_redirect(c, what, err);
    if (status == 429) {
        (void)error_set(err, CLASS_UNREACHABLE, "%s is rate limited (HTTP 429)%s", what,
                        words_of(c));
        return error_hint(err, "this says nothing about the credential; try again in a minute, or "
                               "raise --timeout and --retries");
    }
    if (status >= 500) {
        (void)error_set(err, CLASS_UNREACHABLE, "%s fails at the registry (HTTP %d)%s", what,
                        status, words_of(c));
        return error_hint(err, "this says nothing about the credential; try again later");
    }
    return error_set(err, CLASS_UNPROVED, "%s is answered with HTTP %d%s", what, status,
                     words_of(c));
}

static int send_request(struct conversation *c, const struct http_request *request,
                        struct error *err)
{
    return retry_send(&c->handshake->retry, request, &c->response, err);
}

static int read_challenge(struct conversation *c, struct error *err)
{
    const char *host = c->handshake->registry->host;
    struct span field;
    size_t count = 0;

    for (; http_response_header(&c->response, "WWW-Authenticate", count, &field); count++) {
        if (challenge_add_field(&c->challenge, field.data, field.len, err) < 0)
            return -1;
    }
    if (count == 0)
        return error_set(err, CLASS_UNPROVED,
                         "'%s' answers 401 without a challenge (WWW-Authenticate), so that it "
                         "cannot be asked",
                         host);
    if (c->challenge.scheme == CHALLENGE_NONE)
        return error_set(err, CLASS_UNPROVED, "'%s' offers neither Bearer nor Basic authentication",
                         host);
    return 0;
}

static int ping_without_credential(struct conversation *c, struct error *err)
{
    struct http_request request = {.url = c->ping_url, .auth = HTTP_AUTH_NONE};
    const char *host = c->handshake->registry->host;
    char what[REFERENCE_HOST_MAX + 32];

    if (send_request(c, &request, err) < 0)
        return -1;
    if (c->response.status == 401)
        return read_challenge(c, err);
    if (c->response.status == 200) {
        (void)error_set(err, CLASS_UNPROVED,
                        "'%s' asks for no authentication (HTTP 200), so that nothing can be proved",
                        host);
        return error_hint(err, "it serves anybody; a login is not needed there");
    }
    if (c->response.status == 404) {
        (void)error_set(err, CLASS_UNPROVED, "'%s' is not a registry: it has no /v2/ (HTTP 404)",
                        host);
        return error_hint(err, "give the registry's own host name and port");
    }
    (void)snprintf(what, sizeof(what), "'%s'", c->ping_url);
    return refuse_status(c, what, err);
}

static int build_token_url(struct conversation *c, char url[URL_MAX], struct error *err)
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
    return url_add_query(url, url, "client_id", "ghcr-login", err);
}

static int refuse_credential(struct conversation *c, struct error *err)
{
    char user[128];

    (void)text_printable(user, sizeof(user), c->handshake->username,
                         strlen(c->handshake->username));
    return error_set(err, CLASS_REJECTED, "'%s' refused the credential of user '%s': HTTP %d%s",
                     c->handshake->registry->host, user, c->response.status, words_of(c));
}

static bool is_refusal(int status)
{
    return status == 401 || status == 403;
}

static int ask_for_token(struct conversation *c, struct error *err)
{
    struct http_request request = {
        .accept = "application/json",
        .auth = HTTP_AUTH_BASIC,
        .username = c->handshake->username,
        .secret = c->handshake->token,
    };
    const char *host = c->handshake->registry->host;
    char what[REFERENCE_HOST_MAX + 64];
    char url[URL_MAX];

    (void)snprintf(what, sizeof(what), "the token request of '%s'", host);
    if (build_token_url(c, url, err) < 0)
        return -1;
    request.url = url;
    if (send_request(c, &request, err) < 0)
        return -1;
    if (is_refusal(c->response.status))
        return refuse_credential(c, err);
    if (c->response.status != 200)
        return refuse_status(c, what, err);
    if (answer_token(&c->bearer, &c->response, err) < 0)
        return error_wrap(err, "cannot use the token answer of '%s'", host);
    return 0;
}

static int ping_with_credential(struct conversation *c, struct error *err)
{
    bool bearer = c->challenge.scheme == CHALLENGE_BEARER;
    struct http_request request = {
        .url = c->ping_url,
        .auth = bearer ? HTTP_AUTH_BEARER : HTTP_AUTH_BASIC,
        .username = c->handshake->username,
        .secret = bearer ? &c->bearer : c->handshake->token,
    };
    char what[REFERENCE_HOST_MAX + 64];

    if (send_request(c, &request, err) < 0)
        return -1;
    if (c->response.status == 200)
        return 0;
    if (is_refusal(c->response.status))
        return refuse_credential(c, err);
    (void)snprintf(what, sizeof(what), "the authenticated /v2/ of '%s'",
                   c->handshake->registry->host);
    return refuse_status(c, what, err);
}

int handshake_prove(const struct handshake *handshake, struct error *err)
{
    struct conversation c = {.handshake = handshake};
    int ret = -1;

    (void)snprintf(c.ping_url, sizeof(c.ping_url), "%s://%s/v2/",
                   handshake->realms.allow_plain_http ? "http" : "https",
                   handshake->registry->api_host);
    if (ping_without_credential(&c, err) < 0)
        goto out;
    if (c.challenge.scheme == CHALLENGE_BEARER && ask_for_token(&c, err) < 0)
        goto out;
    ret = ping_with_credential(&c, err);
out:
    http_response_clear(&c.response);
    secret_clear(&c.bearer);
    return ret;
}

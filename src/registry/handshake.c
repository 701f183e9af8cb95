#include "registry/handshake.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "registry/conversation.h"
#include "registry/pull.h"
#include "registry/refusal.h"
#include "registry/url.h"

static int read_challenge(struct conversation *c, struct error *err)
{
    const char *host = c->handshake->registry->host;
    struct span field;
    size_t count = 0;

    for (; http_response_header(&c->response, "WWW-Authenticate", count, &field); count++) {
        if (challenge_add_field(&c->challenge, field.data, field.len, err) < 0)
            return -1;
    }
    if (count == 0) {
        (void)error_set(err, CLASS_UNPROVED,
                        "'%s' answers 401 without a challenge (WWW-Authenticate), so that it "
                        "cannot be asked",
                        host);
        return error_hint(err, "what stands before the registry may drop that header, or the host "
                               "serves no registry under this name");
    }
    if (c->challenge.scheme == CHALLENGE_NONE) {
        (void)error_set(err, CLASS_UNPROVED, "'%s' offers neither Bearer nor Basic authentication",
                        host);
        return error_hint(err, "registry clients speak no other: ask who runs it for one of them");
    }
    return 0;
}

static int ping_without_credential(struct conversation *c, const char *ping_url, struct error *err)
{
    struct http_request request = {.url = ping_url, .auth = HTTP_AUTH_NONE};
    const char *host = c->handshake->registry->host;
    char what[URL_MAX + 2];

    if (conversation_ask(c, OUTCOME_PING, &request, err) < 0)
        return -1;
    if (c->response.status == 401)
        return read_challenge(c, err);
    if (c->response.status == 200 && !answer_is_web_page(&c->response)) {
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
    (void)snprintf(what, sizeof(what), "'%s'", ping_url);
    return refusal_explain(c, what, err);
}

static int refuse_credential(struct conversation *c, const char *when, struct error *err)
{
    char user[128];

    (void)text_printable(user, sizeof(user), c->handshake->username,
                         strlen(c->handshake->username));
    return error_set(err, CLASS_REJECTED, "'%s' refused the credential of user '%s'%s: HTTP %d%s",
                     c->handshake->registry->host, user, when, c->response.status,
                     conversation_words(c));
}

static int get_token(struct conversation *c, struct error *err)
{
    char what[REFERENCE_HOST_MAX + 64];
    int ret = conversation_fetch_bearer(c, NULL, err);

    if (ret <= 0)
        return ret;
    if (refusal_is_of_credential(c))
        return refuse_credential(c, "", err);
    (void)snprintf(what, sizeof(what), "the token request of '%s'", c->handshake->registry->host);
    return refusal_explain(c, what, err);
}

static int ping_with_credential(struct conversation *c, const char *ping_url, struct error *err)
{
    struct http_request request = conversation_authorized(c, ping_url);
    enum outcome_phase phase =
        request.auth == HTTP_AUTH_BEARER ? OUTCOME_PING_WITH_TOKEN : OUTCOME_BASIC;
    char what[REFERENCE_HOST_MAX + 64];

    if (conversation_ask(c, phase, &request, err) < 0)
        return -1;
    if (c->response.status == 200 && !answer_is_web_page(&c->response))
        return 0;
    if (refusal_is_of_credential(c) && request.auth == HTTP_AUTH_BEARER) {
        (void)refuse_credential(c, " after giving a token for it", err);
        return error_hint(err, "user name and token were taken at first: try again; a robot "
                               "account (Harbor) may be good for its own repositories only");
    }
    if (refusal_is_of_credential(c))
        return refuse_credential(c, "", err);
    (void)snprintf(what, sizeof(what), "the authenticated /v2/ of '%s'",
                   c->handshake->registry->host);
    return refusal_explain(c, what, err);
}

int handshake_prove(const struct handshake *handshake, struct outcome *outcome, struct error *err)
{
    struct conversation c;
    char ping_url[URL_MAX];
    int ret = -1;

    *outcome = (struct outcome){.phase = OUTCOME_NOT_ASKED};
    if (conversation_start(&c, handshake, outcome, err) < 0)
        goto out;
    (void)conversation_url(&c, ping_url, "/v2/"); /* a host is far shorter than a URL may be */
    if (ping_without_credential(&c, ping_url, err) < 0 ||
        (c.challenge.scheme == CHALLENGE_BEARER && get_token(&c, err) < 0) ||
        ping_with_credential(&c, ping_url, err) < 0)
        goto out;
    ret = 0;
    outcome->is_good = true;
    for (size_t i = 0; ret == 0 && i < handshake->image_count; i++)
        ret = pull_check(&c, &handshake->images[i], err);
out:
    conversation_clear(&c);
    return ret;
}

#include "registry/refusal.h"

#include <stdint.h>
#include <string.h>

#include "registry/url.h"

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int refuse_redirect(struct conversation *c, const char *what, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct url target = {.host = ""};
    struct span location;
    char text[URL_MAX];

    if (!http_response_header(&c->response, "Location", 0, &location) ||
        !span_copy(location, text, sizeof(text)) || url_parse(&target, text, &ignored) < 0 ||
        conversation_repeats_secret(c, target.host)) {
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
    enum outcome_phrase says;
    const char *hint;
} word_hints[] = {
    {OUTCOME_SAYS_CLIENT_CERTIFICATE,
     "the registry wants a client certificate: put NAME.cert and NAME.key into its certs.d "
     "directory, or name that with --cert-dir"},
    {OUTCOME_SAYS_TLS_PORT, "this port speaks TLS: leave --plain-http out"},
};

static int refuse_odd_answer(struct conversation *c, const char *what, struct error *err)
{
    /* 511 is a portal's by RFC 6585, whatever it shows. */
    bool is_page = answer_is_web_page(&c->response) || c->response.status == 511;

    (void)error_set(err, CLASS_UNPROVED, "%s is answered with %sHTTP %d%s", what,
                    is_page ? "a web page, not as a registry does: " : "", c->response.status,
                    conversation_words(c));
    for (size_t i = 0; i < sizeof(word_hints) / sizeof(word_hints[0]); i++) {
        if ((c->outcome->phrases & word_hints[i].says) != 0)
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
 * 403 is no word about the credential where it says when to come back and not that it is denied, as
 * GitHub's API does (RFC 9110 section 15.5.4; docs.github.com, "Rate limits for the REST API"). Web
 * caches say that of their own pages, too.
 */
static bool is_limited(const struct conversation *c)
{
    return c->response.status == 429 ||
           (c->response.status == 403 && asked_wait_s(c) > 0 && !answer_is_web_page(&c->response) &&
            !answer_denies(c->outcome->code));
}

/* The registry's own trouble, or its wish to be left alone for longer than there is time. */
static int refuse_trouble(struct conversation *c, const char *what, struct error *err)
{
    int64_t asked_s = asked_wait_s(c);
    bool is_asked_again = c->response.status != 403 && c->handshake->retry.retries > 0;

    (void)error_set(err, CLASS_UNREACHABLE, "%s %s: HTTP %d%s", what,
                    is_limited(c) ? "is rate limited" : "fails at the registry", c->response.status,
                    conversation_words(c));
    if (asked_s > 0)
        return error_hint(err,
                          "this says nothing about the credential; the registry asks to wait %jd "
                          "s: %stry again then",
                          (intmax_t)asked_s, is_asked_again ? "raise --timeout, or " : "");
    return error_hint(err, "this says nothing about the credential; try again %s%s",
                      is_limited(c) ? "in a minute" : "later",
                      is_limited(c) && is_asked_again
                          ? ", or raise --timeout: it is asked again as long as that lasts"
                          : "");
}

int refusal_explain(struct conversation *c, const char *what, struct error *err)
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

bool refusal_is_of_credential(const struct conversation *c)
{
    return c->response.status == 401 ||
           (c->response.status == 403 && !answer_is_web_page(&c->response) && !is_limited(c));
}

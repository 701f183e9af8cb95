#include "registry/session.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "registry/http.h"
#include "registry/http/response.h"
#include "registry/http/url.h"

void session_clear(struct session *s)
{
    http_response_clear(&s->response);
    secret_clear(&s->bearer);
    redact_clear(&s->redact);
}

int session_start(struct session *s, const struct question *question, const struct retry *retry,
                  struct outcome *outcome, struct error *err)
{
    *s = (struct session){.question = question, .retry = retry, .outcome = outcome};
    if (http_hide_proxy(&s->redact, err) < 0)
        return -1;
    if (question->token == NULL)
        return 0;
    return redact_add(&s->redact, question->token, err);
}

static bool session_is_plain(const struct session *s)
{
    return s->question->realms.allow_plain_http || s->turned_plain;
}

bool session_url(const struct session *s, char *url, const char *path)
{
    return snprintf(url, URL_MAX, "%s://%s%s", session_is_plain(s) ? "http" : "https",
                    s->question->registry->api_host, path) < URL_MAX;
}

bool session_turns_plain(struct session *s)
{
    char url[URL_MAX];

    if (!s->response.is_not_tls || session_is_plain(s) || s->question->trust.ca_file != NULL)
        return false;
    /* Tried on, to see where that would lead; plain http goes no further than this machine. */
    s->turned_plain = true;
    (void)session_url(s, url, "/v2/"); /* a host is far shorter than a URL may be */
    s->turned_plain = url_stays_here(url);
    return s->turned_plain;
}

int session_ask(struct session *s, enum outcome_phase phase, const struct http_request *request,
                struct error *err)
{
    int ret = retry_send(s->retry, request, &s->response, err);

    /* Also if no answer came: what an earlier one said must not be taken for this one's. */
    s->outcome->phase = phase;
    answer_note(s->outcome, &s->response, s->question->username, request->url);
    return ret;
}

const char *session_words(struct session *s)
{
    char words[ANSWER_WORDS_MAX];

    (void)answer_words(words, &s->response, &s->redact);
    (void)snprintf(s->words, sizeof(s->words), words[0] != '\0' ? " (%s)" : "%s", words);
    return s->words;
}

bool session_repeats_secret(const struct session *s, const char *text)
{
    return redact_finds(&s->redact, text, strlen(text));
}

struct http_request session_authorized(const struct session *s, const char *url)
{
    bool bearer = s->challenge.scheme == CHALLENGE_BEARER;

    return (struct http_request){
        .url = url,
        .auth = bearer                       ? HTTP_AUTH_BEARER
                : s->question->token != NULL ? HTTP_AUTH_BASIC
                                             : HTTP_AUTH_NONE,
        .username = s->question->username,
        .secret = bearer ? &s->bearer : s->question->token,
    };
}

/*
 * It would be shown with the realm. A word of a few letters may stand there by chance, and what is
 * a part of the registry's name stands there by right.
 */
static int refuse_repetition(const struct session *s, struct error *err)
{
    enum { CHANCE_MAX = 7 };
    const struct secret *token = s->question->token;
    const char *host = s->question->registry->api_host;

    if (token == NULL || token->len <= CHANCE_MAX || redact_finds(&s->redact, host, strlen(host)) ||
        !session_repeats_secret(s, s->challenge.realm))
        return 0;
    return error_set_hint(
        err, CLASS_UNPROVED, "nothing was sent there, but the token is known to others: revoke it",
        "the realm that '%s' names contains the credential", s->question->registry->host);
}

static int build_token_url(struct session *s, char url[URL_MAX], const char *scope,
                           struct error *err)
{
    const struct challenge *challenge = &s->challenge;
    struct realm_policy realms = s->question->realms;

    realms.allow_plain_http = session_is_plain(s);
    if (challenge->realm[0] == '\0')
        return error_set(err, CLASS_UNPROVED, "the Bearer challenge of '%s' names no realm",
                         s->question->registry->host);
    if (refuse_repetition(s, err) < 0 || realm_check(&realms, challenge->realm, url, err) < 0)
        return -1;
    /* The scope of the challenge is left out: at GHCR it is a placeholder. */
    if (challenge->service[0] != '\0' &&
        url_add_query(url, url, "service", challenge->service, err) < 0)
        return -1;
    if (s->question->token != NULL &&
        url_add_query(url, url, "account", s->question->username, err) < 0)
        return -1;
    if (url_add_query(url, url, "client_id", "ghcr-login", err) < 0)
        return -1;
    return scope != NULL ? url_add_query(url, url, "scope", scope, err) : 0;
}

/* 300, 304, 305 and 306 lead nowhere by themselves (RFC 9110 section 15.4). */
static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where the answer to `asked` leads on at the same scheme, host and port. */
static bool find_redirect(const struct session *s, const char *asked, char url[URL_MAX])
{
    struct error ignored = ERROR_INIT;
    char reference[URL_MAX];
    struct span location;
    struct url from;
    struct url to;

    return is_redirect(s->response.status) &&
           http_response_header(&s->response, "Location", 0, &location) &&
           span_copy(location, reference, sizeof(reference)) &&
           url_resolve(url, asked, reference, &ignored) == 0 &&
           url_parse(&from, asked, &ignored) == 0 && url_parse(&to, url, &ignored) == 0 &&
           !to.has_userinfo && url_is_same_origin(&from, &to) && !session_repeats_secret(s, url);
}

int session_ask_following(struct session *s, enum outcome_phase phase, struct http_request *request,
                          char url[URL_MAX], struct error *err)
{
    char next[URL_MAX];

    request->url = url;
    if (session_ask(s, phase, request, err) < 0)
        return -1;
    /* Once: a second redirect is judged as any status that is no success. */
    if (!find_redirect(s, url, next))
        return 0;
    memcpy(url, next, strlen(next) + 1);
    return session_ask(s, phase, request, err);
}

/* As docker has it (SuccessStatus() of distribution's client), if the answer has a body. */
static bool is_success(const struct http_response *response)
{
    return response->status >= 200 && response->status < 300 && response->status != 204 &&
           !answer_is_web_page(response);
}

/*
 * With GET: GHCR answers the OAuth2 POST with 405. No refresh token is asked for, since none is to
 * be kept.
 */
int session_fetch_bearer(struct session *s, const char *scope, struct error *err)
{
    struct http_request request = {
        .accept = "application/json",
        .auth = s->question->token != NULL ? HTTP_AUTH_BASIC : HTTP_AUTH_NONE,
        .username = s->question->username,
        .secret = s->question->token,
    };
    enum outcome_phase phase = scope != NULL ? OUTCOME_SCOPE_TOKEN : OUTCOME_TOKEN;
    char url[URL_MAX];

    if (build_token_url(s, url, scope, err) < 0 ||
        session_ask_following(s, phase, &request, url, err) < 0)
        return -1;
    if (!is_success(&s->response))
        return 0;
    if (answer_token(&s->bearer, &s->redact, &s->response, err) == 0)
        return 1;
    (void)error_wrap(err, "cannot use the token answer of '%s'", s->question->registry->host);
    return error_hint(err, "that says nothing about the credential: the registry's token server is "
                           "out of order, or something else answers in its place");
}

static int refuse_redirect(struct session *s, const char *what, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct url target = {.host = ""};
    struct span location;
    char text[URL_MAX];

    if (!http_response_header(&s->response, "Location", 0, &location) ||
        !span_copy(location, text, sizeof(text)) || url_parse(&target, text, &ignored) < 0 ||
        session_repeats_secret(s, target.host)) {
        return error_set_hint(err, CLASS_UNPROVED, "a sign-in page may be in front of the registry",
                              "%s is redirected (HTTP %d)", what, s->response.status);
    }
    (void)error_set(err, CLASS_UNPROVED, "%s is redirected to '%s://%s'", what, target.scheme,
                    url_place(&target).text);
    if (session_is_plain(s) && strcmp(target.scheme, "https") == 0)
        (void)error_hint(err, "if that is the registry, it requires TLS: omit --plain-http");
    return error_hint(err, "redirects are not followed, because they could send the credential "
                           "elsewhere; if that host is the registry, log in to it by name");
}

/* What servers say in words only. */
static const struct {
    enum outcome_phrase says;
    const char *hint;
} word_hints[] = {
    {OUTCOME_SAYS_CLIENT_CERTIFICATE,
     "the registry requires a client certificate: put NAME.cert and NAME.key into its certs.d "
     "directory, or name their directory with --cert-dir"},
    {OUTCOME_SAYS_TLS_PORT, "this port speaks TLS: omit --plain-http"},
};

enum { SERVER_MAX = 64 };

/* Who seems to have answered: " from 'cloudflare'" by the Server field (RFC 9110 10.2.4), or "". */
static const char *name_server(const struct session *s, char *text, size_t size)
{
    char name[SERVER_MAX];
    char shown[SERVER_MAX];
    struct span server;

    text[0] = '\0';
    if (http_response_header(&s->response, "Server", 0, &server) && server.len > 0 &&
        span_copy(server, name, sizeof(name)) && !session_repeats_secret(s, name))
        (void)snprintf(text, size, " from '%s'",
                       text_printable(shown, sizeof(shown), name, strlen(name)));
    return text;
}

/* For an answer to the credential that reads like a refusal but is not one. */
static int hint_at_stranger(const struct session *s, bool is_page, struct error *err)
{
    if ((s->outcome->phrases & OUTCOME_SAYS_ADDRESS) != 0)
        return error_hint(err, "the registry or a firewall in front of it blocks this machine's "
                               "address; that says nothing about the credential");
    if ((s->outcome->phrases & OUTCOME_SAYS_DIRECTORY) != 0)
        return error_hint(err,
                          "the registry's directory service (LDAP), or a service that it uses, is "
                          "out of order; that says nothing about the credential: try again later");
    if (is_page && s->response.status == 401)
        return error_hint(err, "a web server or proxy in front of the registry asks for a login; "
                               "its page does not say whether the registry saw the credential: "
                               "check the user name and the token, and what is in front of it");
    if (!is_page && s->outcome->code != OUTCOME_CODE_NONE &&
        (s->outcome->phrases & OUTCOME_SAYS_GATEWAY) == 0)
        return error_hint(err, "the registry forbids it, but does not say that the credential is "
                               "wrong: check what this account is allowed to do");
    return error_hint(err, "a firewall, a proxy or a captive portal seems to have answered in the "
                           "registry's place; that says nothing about the credential");
}

static int refuse_odd_answer(struct session *s, const char *what, struct error *err)
{
    /* 511 is a portal's by RFC 6585, whatever it shows. */
    bool is_page = answer_is_web_page(&s->response) || s->response.status == 511;
    bool has_shown_credential = s->outcome->phase > OUTCOME_PING;
    bool is_like_refusal =
        has_shown_credential && (s->response.status == 401 || s->response.status == 403);
    char server[SERVER_MAX + sizeof(" from ''")];

    (void)error_set(err, CLASS_UNPROVED, "%s is answered with %sHTTP %d%s%s%s", what,
                    is_page ? "a web page, unlike a registry: " : "", s->response.status,
                    session_words(s),
                    is_like_refusal || is_page ? name_server(s, server, sizeof(server)) : "",
                    is_like_refusal && !is_page ? ", which is not how a registry refuses" : "");
    for (size_t i = 0; i < sizeof(word_hints) / sizeof(word_hints[0]); i++) {
        if ((s->outcome->phrases & word_hints[i].says) != 0)
            return error_hint(err, "%s", word_hints[i].hint);
    }
    if (is_like_refusal)
        return hint_at_stranger(s, is_page, err);
    if (is_page)
        return error_hint(
            err, "a captive portal or a proxy may be in the way, or this host is not a registry");
    if (s->response.status == 403)
        return error_hint(err, "no credential was sent yet: this machine's address may be blocked");
    return error_hint(err, "this does not look like a registry: check the host, the port and any "
                           "proxy in front of it");
}

static int64_t asked_wait_s(const struct session *s)
{
    const struct clock *clock = s->retry->clock;

    return http_retry_after_ms(&s->response, clock->unix_s(clock->ctx)) / 1000;
}

/*
 * A 403 says nothing about the credential if it tells when to try again and does not say "denied",
 * as GitHub's API does (RFC 9110 section 15.5.4; docs.github.com, "Rate limits for the REST API").
 * Web caches answer like that for their own pages, too.
 */
static bool is_limited(const struct session *s)
{
    return s->response.status == 429 || s->outcome->code == OUTCOME_CODE_TOO_MANY_REQUESTS ||
           (s->outcome->phrases & OUTCOME_SAYS_LOCKED_OUT) != 0 ||
           (s->response.status == 403 && asked_wait_s(s) > 0 && !answer_is_web_page(&s->response) &&
            !answer_denies(s->outcome->code));
}

/* The registry's own trouble, or its wish to be left alone for longer than there is time. */
static int refuse_trouble(struct session *s, const char *what, struct error *err)
{
    int64_t asked_s = asked_wait_s(s);
    bool is_asked_again = s->response.status != 403 && s->retry->retries > 0;

    (void)error_set(err, CLASS_UNREACHABLE, "%s %s: HTTP %d%s", what,
                    is_limited(s) ? "is rate limited" : "fails at the registry", s->response.status,
                    session_words(s));
    /* First of all: to try again, as the other hints say, is what prolongs it. */
    if ((s->outcome->phrases & OUTCOME_SAYS_LOCKED_OUT) != 0)
        return error_hint(err, "too many failed logins: valid credentials are refused too for a "
                               "while, and trying again prolongs it; wait some minutes");
    if (asked_s > 0)
        return error_hint(err,
                          "this says nothing about the credential; the registry asks to wait %jd "
                          "s: %stry again then",
                          (intmax_t)asked_s, is_asked_again ? "raise --timeout, or " : "");
    return error_hint(err, "this says nothing about the credential; try again %s%s",
                      is_limited(s) ? "in a minute" : "later",
                      is_limited(s) && is_asked_again
                          ? ", or raise --timeout: ghcr-login retries until then"
                          : "");
}

int session_explain(struct session *s, const char *what, struct error *err)
{
    int status = s->response.status;

    if (is_redirect(status))
        return refuse_redirect(s, what, err);
    /* Plain http through a proxy: the proxy answers in the registry's place. */
    if (status == 407) {
        return error_set_hint(
            err, CLASS_UNREACHABLE,
            "the proxy requires a login: http_proxy=http://USER:PASSWORD@PROXY:PORT",
            "%s is answered by a proxy%s%s (HTTP 407)", what,
            s->response.peer[0] != '\0' ? " at " : "", s->response.peer);
    }
    /* 511 is a portal's (RFC 6585 section 6), not the registry's trouble. */
    if ((status >= 400 && is_limited(s)) || (status >= 500 && status < 600 && status != 511))
        return refuse_trouble(s, what, err);
    return refuse_odd_answer(s, what, err);
}

static bool says_no_verdict(const struct session *s)
{
    return (s->outcome->phrases & OUTCOME_SAYS_NO_VERDICT) != 0 ||
           s->outcome->code == OUTCOME_CODE_TOO_MANY_REQUESTS;
}

bool session_is_refused(const struct session *s)
{
    return !answer_is_web_page(&s->response) && !says_no_verdict(s) &&
           (s->response.status == 401 ||
            (s->response.status == 403 && answer_denies(s->outcome->code)));
}

/* What a firewall's 403 has not: a code of the registry API, or words that registries are known by.
 */
static bool is_forbidden_by_registry(const struct session *s)
{
    return !answer_is_web_page(&s->response) && !is_limited(s) &&
           (s->outcome->code != OUTCOME_CODE_NONE ||
            (s->outcome->phrases & OUTCOME_SAYS_FORBIDDEN) != 0);
}

bool session_is_forbidden(const struct session *s)
{
    return !says_no_verdict(s) && (s->response.status == 401 ||
                                   (s->response.status == 403 && is_forbidden_by_registry(s)));
}

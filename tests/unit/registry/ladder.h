/*
 * A registry that is a script: each rung names the one request that must come next, and its answer.
 */
#ifndef TESTS_UNIT_REGISTRY_LADDER_H
#define TESTS_UNIT_REGISTRY_LADDER_H

#include "../support.h"

#include <strings.h>

#include "registry/handshake.h"
#include "registry/http/response.h"

#define PING  "https://ghcr.io/v2/"
#define TOKEN "https://ghcr.io/token?service=ghcr.io&account=octocat&client_id=ghcr-login"
#define BEARER                                                                                     \
    "WWW-Authenticate: Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","                \
    "scope=\"repository:user/image:pull\"\r\n"
#define BASIC   "WWW-Authenticate: Basic realm=\"Registry Realm\"\r\n"
#define GRANTED "{\"token\":\"bearer-1\"}\n"
#define DENIED  "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"denied\"}]}\n"

enum { RUNGS_MAX = 8 };

/* One rung: the request that must come, and what is answered. */
/* As octocat with TOKEN_CLASSIC sends it with Basic. */
#define AUTH_OCTOCAT                                                                               \
    "b2N0b2NhdDpnaHBfTTdINGp4VUREV0hQNGta"                                                         \
    "NkE0ZHhsUVlzUUlXSnVxMTFUNFY0"

struct rung {
    const char *url; /* NULL: no more */
    enum http_auth auth;
    int status; /* 0: no answer */
    const char *headers;
    const char *body;
};

struct ladder {
    struct rung rungs[RUNGS_MAX];
    enum exit_class cls; /* the verdict */
    const char *part;
    const char *registry; /* NULL: ghcr.io */
    const char *user;     /* NULL: octocat */
    const char *token;    /* NULL: TOKEN_CLASSIC */
    const char *allowed;
    bool plain_http;
    unsigned retries;
};

struct play {
    const struct ladder *ladder;
    const struct question *question;
    size_t at;
};

/* A secret goes where its kind belongs and into no URL. */
static inline void check_request(const struct play *play, const struct http_request *request)
{
    const struct rung *rung = &play->ladder->rungs[play->at];
    const char *token = secret_text(play->question->token);

    if (play->at >= RUNGS_MAX || rung->url == NULL)
        fail_msg("one request too many: '%s'", request->url);
    if (strcasecmp(request->url, rung->url) != 0) /* the hex digits of %2B have no case */
        assert_row_string(rung->url, request->url, rung->url);
    assert_row(rung->url, request->auth == rung->auth);
    assert_row(rung->url, strstr(request->url, token) == NULL);
    switch (request->auth) {
    case HTTP_AUTH_NONE:
        assert_row(rung->url, request->secret == NULL || request->secret->len == 0);
        break;
    case HTTP_AUTH_BASIC:
        assert_row_string(rung->url, secret_text(request->secret), token);
        assert_row_string(rung->url, request->username, play->question->username);
        break;
    case HTTP_AUTH_BEARER:
        assert_row_string(rung->url, secret_text(request->secret), "bearer-1");
        break;
    }
}

static inline int climb(void *ctx, const struct http_request *request,
                        struct http_response *response, struct error *err)
{
    struct play *play = ctx;
    const struct rung *rung = &play->ladder->rungs[play->at];

    check_request(play, request);
    play->at++;
    http_response_clear(response);
    if (rung->status == 0)
        return error_set(err, CLASS_UNREACHABLE, "cannot ask");
    response->status = rung->status;
    response->headers = secret_of(rung->headers != NULL ? rung->headers : "");
    response->body = secret_of(rung->body != NULL ? rung->body : "");
    return 0;
}

/* The error is filled, the words are fit to be shown and hold no secret. */
static inline void check_verdict(const char *label, const struct ladder *ladder,
                                 const struct question *question, const struct error *err)
{
    assert_error(label, err, ladder->cls, ladder->part);
    assert_not_shown(label, err, secret_text(question->token));
    assert_not_shown(label, err, AUTH_OCTOCAT);
    assert_not_shown(label, err, "bearer-1");
    assert_not_shown(label, err, "\x1b");
}

static inline void climb_ladder(const struct ladder *ladder)
{
    struct fake_clock fake = {.unix_s = 1700000000};
    struct clock clock = fake_clock_face(&fake);
    struct secret token = secret_of(ladder->token != NULL ? ladder->token : TOKEN_CLASSIC);
    struct reference registry;
    struct error err = ERROR_INIT;
    struct play play = {.ladder = ladder};
    struct outcome outcome;
    struct question question = {
        .registry = &registry,
        .username = ladder->user != NULL ? ladder->user : "octocat",
        .token = &token,
        .realms = {.registry = registry.api_host,
                   .allow_plain_http = ladder->plain_http,
                   .allowed = &ladder->allowed,
                   .allowed_count = ladder->allowed != NULL},
    };
    struct retry retry = {.send = climb,
                          .send_ctx = &play,
                          .clock = &clock,
                          .deadline_ms = 60000,
                          .retries = ladder->retries};
    const char *name = ladder->registry != NULL ? ladder->registry : "ghcr.io";
    char label[512];
    size_t expected = 0;
    int ret;

    play.question = &question;
    assert_int_equal(reference_parse(&registry, name, &err), 0);
    ret = handshake_prove(&question, &retry, &outcome, &err);
    while (expected < RUNGS_MAX && ladder->rungs[expected].url != NULL)
        expected++;
    (void)snprintf(label, sizeof(label), "%s, %zu rungs, '%.200s'", name, expected,
                   ladder->part != NULL ? ladder->part : "");
    if (ladder->cls == CLASS_NONE && ret != 0)
        fail_msg("row '%s': %s", label, err.message);
    assert_row(label, play.at == expected);
    assert_row(label, ret == (ladder->cls == CLASS_NONE ? 0 : -1));
    assert_row(label, outcome.is_good == (ret == 0));
    if (ret != 0)
        check_verdict(label, ladder, &question, &err);
    secret_clear(&token);
}

static inline void climb_all(const struct ladder *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        climb_ladder(&rows[i]);
}

/* Shorthand for the usual rungs, */
#define FIRST(s, h, b)                                                                             \
    {                                                                                              \
        PING, HTTP_AUTH_NONE, s, h, b                                                              \
    }
#define ASK(headers) FIRST(401, headers, NULL)
#define ASK_FOR(s, b)                                                                              \
    {                                                                                              \
        TOKEN, HTTP_AUTH_BASIC, s, NULL, b                                                         \
    }
#define SHOW(s, b)                                                                                 \
    {                                                                                              \
        PING, HTTP_AUTH_BEARER, s, NULL, b                                                         \
    }
#define SHOW_BASIC(s, h, b)                                                                        \
    {                                                                                              \
        PING, HTTP_AUTH_BASIC, s, h, b                                                             \
    }
/* and for verdicts; what speaks of the credential or proves nothing is never asked again. */
#define REJECTED(words, ...)                                                                       \
    {                                                                                              \
        .cls = CLASS_REJECTED, .retries = 4, .part = words, .rungs = { __VA_ARGS__ }               \
    }
#define UNPROVED(words, ...)                                                                       \
    {                                                                                              \
        .cls = CLASS_UNPROVED, .retries = 4, .part = words, .rungs = { __VA_ARGS__ }               \
    }
#define UNREACHABLE(words, ...)                                                                    \
    {                                                                                              \
        .cls = CLASS_UNREACHABLE, .part = words, .rungs = { __VA_ARGS__ }                          \
    }

#endif

/*
 * Any answers of a registry to a whole login. The secret goes only where the realm's rules let it,
 * and is in no error; a credential counts as proved only where the last answers were 200; and every
 * verdict is one of those that the header names.
 */
#include "wire.h"

#include "base/redact.h"
#include "registry/handshake.h"
#include "registry/http/url.h"

#define TOKEN "ghp_s3cretS3cretS3cretS3cretS3cret0123456"

struct asked {
    const struct question *question;
    const struct server *server;
    const char *first_answer;
    const struct redact *redact;
    bool has_sent_secret;
    bool knew_secret; /* a registry that wrote it down before it was sent may have it shown */
    bool has_proof;   /* a secret was sent to the registry itself */
};

static void note_secret(struct asked *asked)
{
    size_t heard = (size_t)(asked->server->in.p - asked->first_answer);

    if (!asked->has_sent_secret)
        asked->knew_secret = redact_finds(asked->redact, asked->first_answer, heard);
    asked->has_sent_secret = true;
}

static void check_request(const struct http_request *request, void *ctx)
{
    struct asked *asked = ctx;
    const struct realm_policy *realms = &asked->question->realms;
    struct error err = ERROR_INIT;
    char ignored[URL_MAX];
    struct url url;

    must(strlen(request->url) < URL_MAX);
    must(url_parse(&url, request->url, &err) == 0 && !url.has_userinfo);
    if (request->auth == HTTP_AUTH_NONE) {
        must(request->secret == NULL);
        return;
    }
    note_secret(asked);
    must(asked->knew_secret || strstr(request->url, TOKEN) == NULL);
    must(request->secret->len > 0);
    must(memchr(request->secret->data, '\n', request->secret->len) == NULL);
    must(realm_check(realms, request->url, ignored, &err) == 0);
    must(request->auth == HTTP_AUTH_BASIC || strcmp(url.host, realms->registry) == 0);
    asked->has_proof = asked->has_proof || strcmp(url.host, realms->registry) == 0;
}

static void check_verdict(int ret, const struct error *err, const struct server *server,
                          const struct image *image)
{
    const struct asked *asked = server->ctx;

    if (ret == 0) {
        must(asked->has_proof && server->last_status == 200 && image->can_pull);
        must(err->cls == CLASS_NONE);
        return;
    }
    must(!image->can_pull);
    must(err->cls >= CLASS_REJECTED && err->cls <= CLASS_FORBIDDEN);
    must(err->cls != CLASS_FORBIDDEN || asked->has_proof);
    must(is_shown(err->message) && is_shown(err->hint));
    if (asked->knew_secret || !asked->has_sent_secret)
        return;
    must(!redact_finds(asked->redact, err->message, strlen(err->message)));
    must(!redact_finds(asked->redact, err->hint, strlen(err->hint)));
}

static void prove(struct feed answers, const char *host, bool plain_http)
{
    struct secret token = secret_of(TOKEN, strlen(TOKEN));
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    struct reference registry;
    struct image image = {.given = "owner/image:1", .name = "owner/image", .version = "1"};
    struct outcome outcome;
    int ret;
    struct asked asked = {.first_answer = answers.p};
    struct server server = {.in = answers, .check = check_request, .ctx = &asked};
    struct clock clock = server_clock(&server);
    struct question question = {
        .registry = &registry,
        .username = "octocat",
        .token = &token,
        .realms = {.registry = host, .allow_plain_http = plain_http},
        .images = &image,
        .image_count = 1,
    };
    struct retry retry = {.send = server_send,
                          .send_ctx = &server,
                          .clock = &clock,
                          .deadline_ms = 60000,
                          .retries = 2};

    must(reference_parse(&registry, host, &err) == 0);
    must(redact_add(&redact, &token, &err) == 0);
    asked.redact = &redact;
    asked.question = &question;
    asked.server = &server;
    ret = handshake_prove(&question, &retry, &outcome, &err);
    must(!outcome.is_good || asked.has_proof);
    must(outcome.is_good || (ret < 0 && err.cls != CLASS_FORBIDDEN));
    check_verdict(ret, &err, &server, &image);
    secret_clear(&token);
    redact_clear(&redact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prove(feed_of(data, size), "ghcr.io", false);
    prove(feed_of(data, size), "registry.example.com", true);
    return 0;
}

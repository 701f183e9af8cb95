#include "cli/proof.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/environment.h"
#include "credential/github_token.h"
#include "registry/handshake.h"
#include "registry/trust.h"

/* An http_send_fn round http_send(), for --verbose. Queries are left out: they are long. */
static int send_aloud(void *http, const struct http_request *request,
                      struct http_response *response, struct error *err)
{
    char shown[1024];
    int ret = http_send(http, request, response, err);

    (void)text_printable(shown, sizeof(shown), request->url, strcspn(request->url, "?"));
    (void)fprintf(stderr, "ghcr-login: %s %s -> ", request->is_head ? "HEAD" : "GET", shown);
    if (ret == 0)
        (void)fprintf(stderr, "%d\n", response->status);
    else
        (void)fprintf(stderr, "%s\n",
                      text_printable(shown, sizeof(shown), err->message, strlen(err->message)));
    return ret;
}

static int prove(const struct proof *proof, const struct options *options, struct http *http,
                 struct error *err)
{
    struct handshake handshake = {
        .registry = proof->registry,
        .username = proof->username,
        .token = proof->token,
        .auth = proof->auth,
        .realms =
            {
                .registry = proof->registry->api_host,
                .allow_plain_http = options->plain_http,
                .allowed = options->allowed_realms.items,
                .allowed_count = options->allowed_realms.count,
            },
        .retry =
            {
                .send = options->verbose ? send_aloud : http_send,
                .send_ctx = http,
                .clock = proof->clock,
                .deadline_ms = proof->deadline_ms,
                .retries = options->retries,
            },
        .images = proof->images,
        .image_count = proof->image_count,
    };

    return handshake_prove(&handshake, err);
}

/* What a refused token itself tells. */
static void hint_at_cause(const struct proof *proof, struct error *err)
{
    const struct secret *token = proof->token;

    if (!reference_is_github(proof->registry))
        (void)error_hint(err, "check user name and token; a token may be expired or revoked");
    else if (github_token_kind(secret_text(token), token->len) == GITHUB_TOKEN_FINE_GRAINED)
        (void)error_hint(err, "GitHub's registry takes no fine-grained tokens: make a classic one "
                              "with read:packages");
    else
        (void)error_hint(err, "the token is expired, revoked or mistyped; make a classic one with "
                              "read:packages: "
                              "https://github.com/settings/tokens/new?scopes=read:packages");
}

int proof_ask(const struct proof *proof, const struct options *options, struct error *err)
{
    struct trust_request request = {
        .host = proof->registry->api_host,
        .ca_file = options->ca_file,
        .cert_dir = options->cert_dir,
        .environment = environment,
    };
    struct trust trust = TRUST_INIT;
    struct http_options http_options = {
        .trust = &trust,
        .connect_timeout_ms = (int64_t)options->connect_timeout_s * 1000,
        .clock = proof->clock,
        .deadline_ms = proof->deadline_ms,
    };
    struct http *http = NULL;
    int ret = -1;

    http_default_trust(&request.system_file, &request.system_dir);
    if (trust_find(&trust, &request, err) == 0 && (http = http_open(&http_options, err)) != NULL)
        ret = prove(proof, options, http, err);
    if (ret < 0 && err->cls == CLASS_REJECTED)
        hint_at_cause(proof, err);
    http_close(http);
    trust_clear(&trust);
    return ret;
}

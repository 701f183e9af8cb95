#include "cli/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "credential/github_token.h"
#include "credential/source.h"
#include "registry/handshake.h"

/* All that one login holds. */
struct login {
    const struct options *options;
    const struct clock *clock;
    int64_t deadline_ms;
    struct reference registry;
    struct credential credential;
    struct secret auth;
    struct image images[OPTIONS_LIST_MAX];
    struct targets targets;
    struct warnings warnings;
};

static const char *environment(const char *name)
{
    return getenv(name);
}

static int read_credential(struct login *login, struct error *err)
{
    const struct options *o = login->options;
    struct credential_request request = {
        .username = o->username,
        .username_env = o->username_env,
        .username_file = o->username_file,
        .token_stdin = o->token_stdin,
        .token_env = o->token_env,
        .token_file = o->token_file,
        .is_default_registry = reference_is_default(&login->registry),
        .is_github = reference_is_github(&login->registry),
        .stdin_fd = STDIN_FILENO,
        .environment = environment,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
    };

    if (credential_read(&login->credential, &request, err) < 0)
        return -1;
    return credential_auth(&login->auth, &login->credential, err);
}

/* An http_send_fn round http_send(), for --verbose. Queries are left out: they are long. */
static int send_aloud(void *http, const struct http_request *request,
                      struct http_response *response, struct error *err)
{
    char shown[1024];
    int ret = http_send(http, request, response, err);

    (void)text_printable(shown, sizeof(shown), request->url, strcspn(request->url, "?"));
    (void)fprintf(stderr, "ghcr-login: GET %s -> ", shown);
    if (ret == 0)
        (void)fprintf(stderr, "%d\n", response->status);
    else
        (void)fprintf(stderr, "%s\n",
                      text_printable(shown, sizeof(shown), err->message, strlen(err->message)));
    return ret;
}

static int ask_registry(struct login *login, struct http *http, struct error *err)
{
    const struct options *o = login->options;
    struct handshake handshake = {
        .registry = &login->registry,
        .username = login->credential.username,
        .token = &login->credential.token,
        .auth = &login->auth,
        .realms =
            {
                .registry = login->registry.api_host,
                .allow_plain_http = o->plain_http,
                .allowed = o->allowed_realms.items,
                .allowed_count = o->allowed_realms.count,
            },
        .retry =
            {
                .send = o->verbose ? send_aloud : http_send,
                .send_ctx = http,
                .clock = login->clock,
                .deadline_ms = login->deadline_ms,
                .retries = o->retries,
            },
    };

    handshake.images = login->images;
    handshake.image_count = o->images.count;
    return handshake_prove(&handshake, err);
}

static int prove(struct login *login, struct error *err)
{
    struct trust_request request = {
        .host = login->registry.api_host,
        .ca_file = login->options->ca_file,
        .cert_dir = login->options->cert_dir,
        .environment = environment,
    };
    struct trust trust = TRUST_INIT;
    struct http_options options = {
        .trust = &trust,
        .connect_timeout_ms = (int64_t)login->options->connect_timeout_s * 1000,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
    };
    struct http *http = NULL;
    int ret = -1;

    http_default_trust(&request.system_file, &request.system_dir);
    if (trust_find(&trust, &request, err) == 0 && (http = http_open(&options, err)) != NULL)
        ret = ask_registry(login, http, err);
    http_close(http);
    trust_clear(&trust);
    return ret;
}

/* What the refused token itself tells. */
static void hint_at_cause(const struct login *login, struct error *err)
{
    const struct secret *token = &login->credential.token;

    if (err->cls != CLASS_REJECTED)
        return;
    if (!reference_is_github(&login->registry))
        (void)error_hint(err, "check user name and token; a token may be expired or revoked");
    else if (github_token_kind(secret_text(token), token->len) == GITHUB_TOKEN_FINE_GRAINED)
        (void)error_hint(err, "GitHub's registry takes no fine-grained tokens: make a classic one "
                              "with read:packages");
    else
        (void)error_hint(err, "the token is expired, revoked or mistyped; make a classic one with "
                              "read:packages: "
                              "https://github.com/settings/tokens/new?scopes=read:packages");
}

static void report_credential(const struct login *login, struct report *report)
{
    const struct secret *token = &login->credential.token;

    report->username = login->credential.username;
    if (reference_is_github(&login->registry))
        report->token_kind =
            github_token_kind_name(github_token_kind(secret_text(token), token->len));
}

static int store(struct login *login, struct report *report, struct error *err)
{
    bool changed = false;

    report->verified = true;
    if (targets_store(&login->targets, login->options, &login->auth, login->clock,
                      login->deadline_ms, &login->warnings, err) < 0)
        return -1;
    for (size_t i = 0; i < login->targets.count; i++)
        changed = changed || login->targets.items[i].changed;
    report->result = changed ? "stored" : "unchanged";
    return 0;
}

static int parse_images(struct login *login, struct report *report, struct error *err)
{
    const struct option_list *given = &login->options->images;

    for (size_t i = 0; i < given->count; i++) {
        if (image_parse(&login->images[i], given->items[i], &login->registry, err) < 0)
            return -1;
        report->image_count++;
    }
    return 0;
}

/* The story: each step needs the one before, and nothing is asked or written before it must be. */
static int tell(struct login *login, struct report *report, struct error *err)
{
    const char *registry = login->options->registry;

    if (reference_parse(&login->registry, registry != NULL ? registry : REFERENCE_DEFAULT, err) < 0)
        return -1;
    report->registry = login->registry.host;
    report->images = login->images;
    if (parse_images(login, report, err) < 0 ||
        targets_find(&login->targets, login->options, &login->registry, err) < 0)
        return -1;
    report->targets = &login->targets;
    if (read_credential(login, err) < 0)
        return -1;
    report_credential(login, report);
    if (targets_check(&login->targets, login->options, &login->auth, err) < 0)
        return -1;
    if (prove(login, err) < 0) {
        report->verified = err->cls == CLASS_FORBIDDEN; /* good, but not for the image */
        hint_at_cause(login, err);
        return -1;
    }
    return store(login, report, err);
}

int login_run(const struct options *options)
{
    struct login login = {.options = options, .clock = clock_system()};
    struct report report = {.warnings = &login.warnings};
    struct error err = ERROR_INIT;
    int status;

    login.deadline_ms = clock_now(login.clock) + (int64_t)options->timeout_s * 1000;
    status = tell(&login, &report, &err) == 0 ? report_print(&report, options, NULL)
                                              : report_print(&report, options, &err);
    credential_clear(&login.credential);
    secret_clear(&login.auth);
    return status;
}

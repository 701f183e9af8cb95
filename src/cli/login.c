#include "cli/login.h"

#include <unistd.h>

#include "base/clock.h"
#include "cli/environment.h"
#include "cli/proof.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "credential/github_token.h"
#include "credential/source.h"

/* All that one login holds. */
struct login {
    const struct options *options;
    const struct clock *clock;
    int64_t deadline_ms; /* of the whole run, waits for input and for other runs included */
    struct reference registry;
    struct image images[OPTIONS_LIST_MAX];
    struct targets targets;
    struct credential credential;
    struct secret auth;
    struct warnings warnings;
};

static int find_registry(struct login *login, struct report *report, struct error *err)
{
    const char *given = login->options->registry;

    if (reference_parse(&login->registry, given != NULL ? given : REFERENCE_DEFAULT, err) < 0)
        return -1;
    report->registry = login->registry.host;
    return 0;
}

static int find_images(struct login *login, struct report *report, struct error *err)
{
    const struct option_list *given = &login->options->images;

    report->images = login->images;
    for (size_t i = 0; i < given->count; i++) {
        if (image_parse(&login->images[i], given->items[i], &login->registry, err) < 0)
            return -1;
        report->image_count++;
    }
    return 0;
}

static int find_targets(struct login *login, struct report *report, struct error *err)
{
    if (targets_find(&login->targets, login->options, &login->registry, err) < 0)
        return -1;
    report->targets = &login->targets;
    return 0;
}

static int read_credential(struct login *login, struct report *report, struct error *err)
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
    const struct secret *token = &login->credential.token;

    if (credential_read(&login->credential, &request, err) < 0)
        return -1;
    report->username = login->credential.username;
    if (request.is_github)
        report->token_kind =
            github_token_kind_name(github_token_kind(secret_text(token), token->len));
    return credential_auth(&login->auth, &login->credential, err);
}

static int check_targets(struct login *login, struct error *err)
{
    return targets_check(&login->targets, login->options, &login->auth, err);
}

static int ask_registry(struct login *login, struct report *report, struct error *err)
{
    struct proof proof = {
        .registry = &login->registry,
        .username = login->credential.username,
        .token = &login->credential.token,
        .auth = &login->auth,
        .images = login->images,
        .image_count = login->options->images.count,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
    };
    int ret = proof_ask(&proof, login->options, err);

    report->verified = ret == 0 || err->cls == CLASS_FORBIDDEN; /* good, but not for an image */
    return ret;
}

static int store(struct login *login, struct error *err)
{
    return targets_store(&login->targets, login->options, &login->auth, login->clock,
                         login->deadline_ms, &login->warnings, err);
}

/* The story: nothing is asked before it could be stored, and nothing stored before it is proved. */
static int tell(struct login *login, struct report *report, struct error *err)
{
    if (find_registry(login, report, err) < 0 || find_images(login, report, err) < 0 ||
        find_targets(login, report, err) < 0 || read_credential(login, report, err) < 0 ||
        check_targets(login, err) < 0 || ask_registry(login, report, err) < 0)
        return -1;
    return store(login, err);
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

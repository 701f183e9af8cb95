#include "cli/login.h"

#include <unistd.h>

#include "base/base64.h"
#include "cli/advice.h"
#include "cli/environment.h"
#include "cli/hint.h"
#include "cli/proof.h"

static int find_subject(struct login *login, struct report *report, struct error *err)
{
    report->subject = &login->subject;
    return subject_find(&login->subject, login->options, err);
}

static int find_targets(struct login *login, struct report *report, struct error *err)
{
    const struct person *person = &login->subject.person;

    login->places = targets_location_request(login->options, person);
    if (targets_find(&login->targets, login->options, &login->places, &login->subject.registry,
                     err) < 0)
        return -1;
    report->targets = &login->targets;
    return 0;
}

/* ssh-action hands variables over, and what is piped from them; a file stands on the host. */
static enum place find_place(const struct login *login)
{
    enum place place = place_find(environment);

    return place == PLACE_SSH && login->options->token_file != NULL ? PLACE_HOST : place;
}

static struct situation situation(const struct login *login)
{
    return (struct situation){
        .registry = &login->subject.registry,
        .token = &login->credential.token,
        .place = find_place(login),
        .diagnosis = &login->diagnosis,
        .has_waited = login->options->wait_for_token_s > 0,
    };
}

void login_forget_variables(const struct options *options)
{
    environment_forget(options->token_env);
    environment_forget("GHCR_TOKEN");
}

/* Children see the environment: no variable of it is the token, whatever its name. */
static int forget_copies(const struct login *login, struct error *err)
{
    struct secret encoded = SECRET_INIT;

    if (base64_encode(&encoded, &login->credential.token, err) < 0)
        return -1;
    environment_forget_secret(&login->credential.token);
    environment_forget_secret(&login->auth);
    environment_forget_secret(&encoded);
    secret_clear(&encoded);
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
        .is_default_registry = reference_is_default(&login->subject.registry),
        .is_github = reference_is_github(&login->subject.registry),
        .stdin_fd = STDIN_FILENO,
        .environment = environment,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
    };
    struct situation here = situation(login);
    int ret = credential_read(&login->credential, &request, err);

    login_forget_variables(o);
    if (ret < 0)
        return -1;
    report->username = login->credential.username;
    report->token_kind = advice_kind_name(&here);
    advice_on_token(&here, &login->warnings);
    return credential_auth(&login->auth, report->username, &login->credential.token, err) < 0
               ? -1
               : forget_copies(login, err);
}

static struct targets_job job(const struct login *login)
{
    return (struct targets_job){
        .options = login->options,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
        .credential = &login->credential,
        .auth = &login->auth,
    };
}

/* The credential may be in a file of root's; the targets are not touched but by their owner. */
static int check_targets(struct login *login, struct error *err)
{
    struct targets_job check = job(login);

    if (person_become(&login->subject.person, err) < 0)
        return -1;
    return targets_check(&login->targets, &check, err);
}

/* --wait-for-token is for what is new, not for what will never do. */
static int prove(struct login *login, struct proof *proof, struct error *err)
{
    struct situation here = situation(login);
    struct options options = *login->options;
    bool is_in_vain = options.wait_for_token_s > 0 && !advice_is_worth_a_wait(&here);
    int ret;

    if (is_in_vain)
        options.wait_for_token_s = 0;
    ret = proof_ask(proof, &options, err);
    if (is_in_vain && ret < 0 && err->cls == CLASS_REJECTED)
        warnings_add(&login->warnings, "it is not asked again (--wait-for-token): no wait makes a "
                                       "registry take such a token");
    return ret;
}

static int ask_registry(struct login *login, struct report *report, struct error *err)
{
    struct proof proof = {
        .registry = &login->subject.registry,
        .username = login->credential.username,
        .token = &login->credential.token,
        .images = login->subject.images,
        .image_count = login->subject.image_count,
        .warnings = &login->warnings,
        .clock = login->clock,
        .deadline_ms = login->deadline_ms,
    };
    struct situation here = situation(login);
    int ret = prove(login, &proof, err);
    bool is_answered = ret == 0 || err->cls == CLASS_REJECTED || err->cls == CLASS_FORBIDDEN;

    login->deadline_ms = proof.deadline_ms;
    report->verified = proof.is_good;
    if (login->options->diagnose && is_answered) {
        diagnosis_ask(&login->diagnosis, &proof, login->options);
        report->diagnosis = &login->diagnosis;
    }
    if (ret < 0)
        hint_at_refusal(&here, err);
    return ret;
}

static int store(struct login *login, struct error *err)
{
    struct situation here = situation(login);
    struct targets_job storing = job(login);

    if (targets_store(&login->targets, &storing, &login->places, &login->warnings, err) < 0)
        return -1;
    if (login->options->command == COMMAND_LOGIN) /* `exec` keeps nothing */
        advice_on_storing(&here, &login->warnings);
    diagnosis_warn(&login->diagnosis, &login->warnings);
    return 0;
}

void login_init(struct login *login, const struct options *options)
{
    *login = (struct login){.options = options, .clock = clock_system()};
    login->deadline_ms = clock_now(login->clock) + (int64_t)options->timeout_s * 1000;
}

void login_clear(struct login *login)
{
    credential_clear(&login->credential);
    secret_clear(&login->auth);
}

/* The story: nothing is asked before it could be stored, and nothing stored before it is proved. */
int login_tell(struct login *login, struct report *report, struct error *err)
{
    if (find_subject(login, report, err) < 0 || find_targets(login, report, err) < 0 ||
        read_credential(login, report, err) < 0 || check_targets(login, err) < 0)
        return -1;
    if (!login->options->no_verify && ask_registry(login, report, err) < 0)
        return -1;
    return store(login, err);
}

int login_run(const struct options *options)
{
    struct login login;
    struct report report = {.warnings = &login.warnings};
    struct error err = ERROR_INIT;
    int status;

    login_init(&login, options);
    status = login_tell(&login, &report, &err) == 0 ? report_print(&report, options, NULL)
                                                    : report_print(&report, options, &err);
    login_clear(&login);
    return status;
}

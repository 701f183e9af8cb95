#include "cli/login.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base64.h"
#include "cli/advice.h"
#include "cli/ask.h"
#include "cli/process.h"
#include "credential/mistake.h"

/* Whom it is about, and the files it would go to: no token is read that could not be stored. */
static int login_find_targets(struct login *login, struct report *report, struct error *err)
{
    struct run *run = &login->run;

    report->subject = &run->subject;
    if (run_find_subject(run, err) < 0 || targets_find(&login->targets, run, err) < 0)
        return -1;
    report->targets = &login->targets;
    return 0;
}

/* ssh-action hands variables over, and what is piped from them; a file stands on the host. */
static enum place find_place(const struct options *options)
{
    enum place place = place_find(environment);

    return place == PLACE_SSH && options->token_file != NULL ? PLACE_HOST : place;
}

static struct situation login_situation(const struct login *login)
{
    return (struct situation){
        .registry = &login->run.subject.registry,
        .token = &login->credential.token,
        .place = find_place(login->run.options),
        .findings = &login->diagnosis.findings,
        .can_wait = login->run.options->wait_for_token_s == 0,
    };
}

/* The variables that a token may have come from. */
static void forget_variables(const struct options *options)
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

/* Once it is read no variable holds it any more, for whatever this process starts. */
static int read_credential(struct login *login, struct error *err)
{
    const struct run *run = &login->run;
    const struct options *o = run->options;
    struct credential_request request = {
        .username = o->username,
        .username_env = o->username_env,
        .username_file = o->username_file,
        .token_stdin = o->password_stdin,
        .token_env = o->token_env,
        .token_file =
            o->at_pull && o->token_file != NULL ? login->at_pull.record.file : o->token_file,
        .token_command = o->token_command,
        .directory = o->at_pull ? AT_PULL_DIRECTORY : NULL,
        .is_default_registry = reference_is_default(&run->subject.registry),
        .is_github = reference_is_github(&run->subject.registry),
        .stdin_fd = image_list_is_wanted(o) ? -1 : STDIN_FILENO,
        .environment = environment,
        .clock = run->clock,
        .deadline_ms = run->deadline_ms,
    };
    struct credential *credential = &login->credential;
    int ret = credential_read(credential, &request, err);

    forget_variables(o);
    if (ret < 0 ||
        base64_encode_login(&login->auth, credential->username, &credential->token, err) < 0)
        return -1;
    return forget_copies(login, err);
}

/* From here on no word may repeat it, wherever it comes from. */
static int login_hide_credential(struct login *login, struct report *report, struct error *err)
{
    const struct credential *credential = &login->credential;

    if (redact_add(&login->redact, &credential->token, err) < 0)
        return -1;
    if (run_can_hide(&login->redact, &login->run.subject.registry, credential->username,
                     &credential->token))
        report->redact = &login->redact;
    return 0;
}

static void tell_of_credential(struct login *login, struct report *report)
{
    struct situation here = login_situation(login);

    report->username = login->credential.username;
    report->token_kind = advice_kind_name(&here);
    report->credential = &login->credential;
    if (login->credential.words[0] != '\0')
        warnings_add(&login->run.warnings, "the %s says: %s", login->credential.source,
                     login->credential.words);
    advice_on_token(&here, &login->run.warnings);
}

static struct targets_entry login_entry_of(const struct login *login)
{
    return (struct targets_entry){.credential = &login->credential, .auth = &login->auth};
}

/* The credential may be in a file of root's; the targets are not touched but by their owner. */
static int check_targets(struct login *login, struct error *err)
{
    struct targets_entry entry = login_entry_of(login);
    bool at_pull = login->run.options->at_pull;

    if ((!at_pull && person_become(&login->run.subject.person, err) < 0) ||
        targets_check(&login->targets, &login->run, &entry, err) < 0)
        return -1;
    return at_pull
               ? at_pull_check(&login->at_pull, &login->run, &login->targets, entry.credential, err)
               : 0;
}

/* --wait-for-token is for what is new, not for what will never do. */
static int login_prove(struct login *login, struct ask *ask, struct error *err)
{
    struct situation here = login_situation(login);
    bool is_in_vain = ask->question.limits.wait_ms > 0 && !advice_is_worth_a_wait(&here);
    int ret;

    if (is_in_vain)
        ask->question.limits.wait_ms = 0;
    ret = ask_registry(ask, err);
    if (is_in_vain && ret < 0 && err->cls == CLASS_REJECTED)
        warnings_add(
            &login->run.warnings,
            "--wait-for-token is ignored: waiting does not make a registry accept such a token");
    return ret;
}

static void login_forget(void *login)
{
    login_clear(login);
}

/* Whether something waits on standard input that nobody has read. */
static bool has_unread_input(const struct login *login)
{
    const struct options *o = login->run.options;
    bool is_named = o->password_stdin || o->token_env != NULL || o->token_file != NULL ||
                    o->token_command != NULL;
    int waiting = 0;

    return !is_named && !login->credential.used_stdin && !isatty(STDIN_FILENO) &&
           ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0;
}

/* Which token was refused: there may be a forgotten one in front of the one that was meant. */
static void tell_of_source(const struct login *login, struct error *err)
{
    const struct credential *credential = &login->credential;

    if (err->cls != CLASS_REJECTED && err->cls != CLASS_FORBIDDEN)
        return;
    (void)error_append(err, "; the token is from %s", credential->source);
    if (err->cls == CLASS_REJECTED && has_unread_input(login)) {
        err->hint[0] = '\0';
        (void)error_hint(err,
                         "standard input was not read, because the %s takes precedence: remove it, "
                         "or add --password-stdin",
                         credential->source);
        return;
    }
    if (err->cls != CLASS_REJECTED || credential->oddity == NULL)
        return;
    /* A warning has said so already. */
    if (reference_may_be_github(&login->run.subject.registry) &&
        mistake_find_elsewhere(&credential->token) != NULL)
        return;
    err->hint[0] = '\0'; /* what is odd about the token explains more than the refusal does */
    (void)error_hint(err, "the token from %s %s: is that intended?", credential->source,
                     credential->oddity);
}

static int login_ask(struct login *login, struct report *report, struct error *err)
{
    struct run *run = &login->run;
    struct ask ask = {
        .question =
            run_question(run, login->credential.username, &login->credential.token, &login->auth),
        .options = run->options,
        .warnings = &run->warnings,
        .diagnosis = &login->diagnosis,
        .forget = login_forget,
        .holder = login,
    };
    int ret = login_prove(login, &ask, err);
    struct situation here = login_situation(login);

    /* Longer by what --wait-for-token slept: the rest keeps its own time. */
    run->deadline_ms = ask.question.limits.deadline_ms;
    report->verified = ask.outcome.is_good;
    if (ask.is_diagnosed)
        report->diagnosis = &login->diagnosis;
    if (ret < 0) {
        advice_on_refusal(&here, &ask.outcome, err);
        tell_of_source(login, err);
        return ret;
    }
    return diagnosis_check_expiry(&login->diagnosis, run->options, run->subject.registry.host,
                                  run->clock, err);
}

static int login_store(struct login *login, struct error *err)
{
    struct run *run = &login->run;
    struct situation here = login_situation(login);
    struct targets_entry entry = login_entry_of(login);

    /*
     * The record first: a helper that finds none has docker pull without a credential. And once
     * more after the files: a logout in between has dropped it if no file asked for it yet.
     */
    if ((run->options->at_pull && at_pull_store(&login->at_pull, run, &login->targets, err) < 0) ||
        targets_store(&login->targets, run, &entry, err) < 0 ||
        (run->options->at_pull && at_pull_store(&login->at_pull, run, &login->targets, err) < 0))
        return -1;
    if (run->options->command == COMMAND_LOGIN && !run->options->at_pull) /* else nothing is kept */
        advice_on_storing(&here, &run->warnings);
    if (run->options->diagnose)
        diagnosis_warn(&login->diagnosis, &run->warnings);
    return 0;
}

static void forget_given(void *holder)
{
    struct login *login = holder;

    credential_clear(&login->credential);
    secret_clear(&login->auth);
    redact_clear(&login->redact);
}

void login_init(struct login *login, const struct options *options)
{
    *login = (struct login){.credential = CREDENTIAL_INIT};
    run_begin(&login->run, options);
    survey_begin(&login->others, &login->run);
    login->others.forget_more = forget_given;
    login->others.holder = login;
}

void login_clear(struct login *login)
{
    forget_given(login);
    survey_clear(&login->others);
    run_end(&login->run);
}

/* Images from standard input: those of this registry are proved with the login, others beside it.
 */
static int list_images(struct login *login, struct error *err)
{
    struct run *run = &login->run;
    struct subject *subject = &run->subject;
    struct image_list *list = &login->others.images;
    size_t others = 0;

    if (!image_list_is_wanted(run->options))
        return 0;
    if (image_list_read(list, run->options, run->clock, run->deadline_ms, err) < 0)
        return -1;
    subject->image_count = 0; /* the list has them all */
    for (size_t i = 0; i < list->count; i++) {
        struct error ignored = ERROR_INIT;
        struct image *own = &subject->images[subject->image_count];

        if (strcmp(list->items[i].registry.host, subject->registry.host) == 0 &&
            image_parse(own, list->items[i].image.given, &subject->registry, &ignored) == 0)
            subject->image_count++;
        else
            list->items[others++] = list->items[i];
    }
    list->count = others;
    return 0;
}

/* With what is stored for their registries, or as anybody. */
static int login_ask_others(struct login *login, struct error *err)
{
    struct survey *others = &login->others;
    bool ignored;
    int ret;

    if (others->images.count == 0)
        return 0;
    if (survey_collect(others, err) < 0 || survey_prove(others, err) < 0)
        return -1;
    ret = survey_sum_up(others, &ignored, err);
    survey_warn(others, &login->run.warnings);
    return ret;
}

/* What is read later, by them, is read by them now: anything else would prove nothing. */
static int begin_at_pull(struct login *login, struct error *err)
{
    struct run *run = &login->run;

    if ((!run->options->no_verify && run_read_trust(run, err) < 0) ||
        person_become(&run->subject.person, err) < 0)
        return -1;
    return at_pull_begin(&login->at_pull, run, &login->targets, err);
}

int login_begin(struct login *login, struct report *report, struct error *err)
{
    if (login_find_targets(login, report, err) < 0 ||
        (login->run.options->at_pull && begin_at_pull(login, err) < 0) ||
        read_credential(login, err) < 0 || login_hide_credential(login, report, err) < 0)
        return -1;
    tell_of_credential(login, report);
    return list_images(login, err);
}

/* In order: nothing is asked before it could be stored, and nothing stored before it is proved. */
int login_finish(struct login *login, struct report *report, struct error *err)
{
    const struct options *o = login->run.options;

    /* As root, before check_targets() becomes the user; --at-pull has done both by now. */
    if (!o->no_verify && !o->at_pull && run_read_trust(&login->run, err) < 0)
        return -1;
    if (check_targets(login, err) < 0)
        return -1;
    if (!o->no_verify && (login_ask(login, report, err) < 0 || login_ask_others(login, err) < 0))
        return -1;
    if (login_store(login, err) < 0)
        return -1;
    report->is_record_changed = login->at_pull.is_changed;
    return 0;
}

static int login_tell(struct login *login, struct report *report, struct error *err)
{
    return login_begin(login, report, err) < 0 ? -1 : login_finish(login, report, err);
}

int login_run(const struct options *options)
{
    struct login login;
    struct report report = {.warnings = &login.run.warnings};
    struct error err = ERROR_INIT;
    int status;

    login_init(&login, options);
    status = report_print(&report, options, login_tell(&login, &report, &err) == 0 ? NULL : &err);
    login_clear(&login);
    return status;
}

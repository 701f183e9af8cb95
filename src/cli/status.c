#include "cli/status.h"

#include <string.h>

#include "cli/advice.h"
#include "cli/ask.h"
#include "cli/at_pull.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/survey.h"
#include "cli/targets.h"
#include "store/entry.h"
#include "store/holding.h"
#include "store/lookup.h"
#include "store/shadow.h"
#include "store/snapshot.h"

/* What each reader takes, and an older docker, which knows no DOCKER_AUTH_CONFIG. */
enum { READINGS_MAX = 3 };

/* All that one look holds. */
struct look {
    struct run run;
    struct snapshot snapshot; /* of what is looked into, while it is */
    struct finding readers[READINGS_MAX];
    size_t reader_count;
    struct diagnosis diagnoses[READINGS_MAX]; /* of each reader's credential */
    bool has_proved;                          /* one reader's credential, at least */
    struct redact redact;                     /* what no output may hold */
};

/* What stands in the reader's own files, but is not what it takes. */
static void warn_of_shadows(struct look *look, const struct reader *by)
{
    const struct reference *registry = &look->run.subject.registry;
    struct location files[READER_FILES_MAX];
    struct error ignored = ERROR_INIT;
    char key[READER_KEY_MAX + 1];
    size_t count = 0;

    if (by->files(files, &count, &look->run.places, &ignored) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct entry entry = {
            .path = files[i].path,
            .owner = by,
            .reader = by,
            .registry = registry->host,
            .key = reader_key(key, by, registry->host, registry->name_space),
            .clock = look->run.clock,
            .deadline_ms = look->run.deadline_ms,
        };

        if (files[i].owner == by)
            shadow_of(&entry, &look->run.places, &look->run.warnings);
    }
}

/* The file's entry stands beside the variable's: told, but proved only where it is the same. */
static void add_older_docker(struct look *look, const struct reader *by,
                             const struct lookup_request *of_newer)
{
    struct finding *older = &look->readers[look->reader_count];
    struct lookup_request request = *of_newer;
    struct error ignored = ERROR_INIT;

    request.no_variable = true;
    *older = (struct finding){.by = by, .found = LOOKUP_INIT, .is_older = true};
    if (lookup_find(&older->found, by, &request, &ignored) <= 0)
        return;
    older->verdict = VERDICT_OPEN;
    look->reader_count++;
}

/* What --at-pull set up has lost its half: the reader asks, and goes on without a credential. */
static bool is_recordless(const struct finding *reader)
{
    return reader->verdict == VERDICT_NONE && strcmp(reader->found.helper, READER_OWN_HELPER) == 0;
}

static void add_reader(struct look *look, const struct reader *by)
{
    struct finding *reader = &look->readers[look->reader_count++];
    struct lookup_request request = {
        .registry = look->run.subject.registry.host,
        .name_space = look->run.subject.registry.name_space,
        .places = &look->run.places,
        .snapshot = &look->snapshot,
        .clock = look->run.clock,
        .deadline_ms = look->run.deadline_ms,
    };
    int found;

    *reader = (struct finding){.by = by, .found = LOOKUP_INIT};
    found = lookup_find(&reader->found, by, &request, &reader->err);
    if (found > 0 &&
        at_pull_follow(&reader->record, &reader->found, request.registry, &reader->err) < 0)
        found = -1;
    reader->verdict = found > 0 ? VERDICT_OPEN : found == 0 ? VERDICT_NONE : VERDICT_FAULT;
    if (is_recordless(reader))
        warnings_add(&look->run.warnings,
                     "'%s' makes %s ask ghcr-login for '%s', but ghcr-login has no record of it",
                     reader->found.path, by->name, request.registry);
    if (found > 0)
        warn_of_shadows(look, by);
    if (found > 0 && reader->found.path[0] == '\0')
        add_older_docker(look, by, &request);
}

/* If nothing names one of them, both are looked at. */
static int find_readers(struct look *look, struct report *report, struct error *err)
{
    const struct reader *chosen[RUN_READERS_MAX];
    size_t count = run_choose_readers(chosen, look->run.options);
    const struct reference *registry = &look->run.subject.registry;
    const char *slash = registry->name_space[0] != '\0' ? "/" : "";
    bool recordless = false;
    size_t none = 0;

    if (options_name_podman(look->run.options) && reference_check_path(registry, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        add_reader(look, chosen[i]);
    snapshot_clear(&look->snapshot);
    for (size_t i = 0; i < look->reader_count; i++) {
        none += look->readers[i].verdict == VERDICT_NONE;
        recordless = recordless || is_recordless(&look->readers[i]);
    }
    if (none < look->reader_count) {
        report->readers = look->readers;
        report->reader_count = look->reader_count;
        return 0;
    }
    (void)error_set(err, CLASS_CREDENTIAL, "%s credential for '%s%s%s'",
                    count > 1                     ? "neither docker nor podman finds a"
                    : chosen[0] == &reader_docker ? "docker finds no"
                                                  : "podman finds no",
                    registry->host, slash, registry->name_space);
    return recordless
               ? error_hint(err,
                            "set it up again with --at-pull, as the user who pulls, or remove "
                            "ghcr-login from the auth file: ghcr-login logout %s",
                            registry->host)
               : error_hint(err, "store one: ghcr-login -u NAME %s%s%s", registry->host, slash,
                            registry->name_space);
}

static struct situation status_situation(const struct look *look, const struct finding *reader)
{
    return survey_situation(&look->run.subject.registry, &reader->found.held.token,
                            &look->diagnoses[reader - look->readers].findings);
}

static void status_forget(void *holder)
{
    struct look *look = holder;

    run_end(&look->run);
    redact_clear(&look->redact);
    for (size_t i = 0; i < READINGS_MAX; i++)
        lookup_clear(&look->readers[i].found);
}

static void status_prove(struct look *look, struct finding *reader, struct report *report)
{
    struct diagnosis *diagnosis = &look->diagnoses[reader - look->readers];
    struct ask ask = {
        .question = run_question(&look->run, secret_text(&reader->found.held.username),
                                 &reader->found.held.token, NULL),
        .options = look->run.options,
        .warnings = &look->run.warnings,
        .diagnosis = diagnosis,
        .forget = status_forget,
        .holder = look,
    };
    int ret = ask_registry(&ask, &reader->err);

    (void)ret; /* reader->err says as much, and why */
    reader->verdict = survey_judge(&ask, &reader->err);
    if (ask.is_diagnosed && report->username == ask.question.username)
        report->diagnosis = diagnosis;
}

/* What the image is said to be is true of each reader that was asked. */
static void prove_images(struct look *look, struct finding *reader, struct report *report)
{
    bool before[OPTIONS_IMAGES_MAX] = {false};
    struct subject *subject = &look->run.subject;

    for (size_t i = 0; i < subject->image_count; i++) {
        before[i] = subject->images[i].can_pull;
        subject->images[i].can_pull = false;
    }
    status_prove(look, reader, report);
    for (size_t i = 0; i < subject->image_count && look->has_proved; i++)
        subject->images[i].can_pull = subject->images[i].can_pull && before[i];
    look->has_proved = true;
}

/* One credential that both use is proved once. */
static void prove_reader(struct look *look, size_t i, struct report *report)
{
    struct finding *reader = &look->readers[i];
    const struct finding *first = &look->readers[0];

    if (reader->found.held.token_kind != NULL && !reader->is_older) {
        reader->verdict = VERDICT_FAULT;
        (void)error_set(&reader->err, CLASS_UNPROVED, "it is %s, which cannot be verified here",
                        reader->found.held.token_kind);
    } else if (i > 0 && holding_is_same(&first->found.held, &reader->found.held)) {
        reader->verdict = first->verdict;
        reader->err = first->err;
    } else if (!reader->is_older) {
        prove_images(look, reader, report);
    }
}

static void tell_of_token(struct look *look, const struct finding *reader, struct report *report)
{
    struct situation here = status_situation(look, reader);

    report->username = secret_text(&reader->found.held.username);
    if (reader->found.held.token_kind != NULL)
        return;
    report->token_kind = advice_kind_name(&here);
    advice_on_token(&here, &look->run.warnings);
}

/* Whether it is the blamed one's fault once more: of the credential, the registry, a file. */
static bool is_told(const struct finding *reader, const struct finding *blamed)
{
    if (reader->err.cls != blamed->err.cls)
        return false;
    if (reader == blamed || reader->err.cls == CLASS_UNREACHABLE)
        return true;
    if (reader->found.key[0] != '\0' && blamed->found.key[0] != '\0')
        return holding_is_same(&reader->found.held, &blamed->found.held);
    return reader->found.path[0] != '\0' && strcmp(reader->found.path, blamed->found.path) == 0 &&
           strcmp(reader->found.helper, blamed->found.helper) == 0;
}

/* The reader whose fault is the run's. */
static size_t status_find_worst(const struct look *look)
{
    size_t worst = 0;

    for (size_t i = 1; i < look->reader_count && i < READINGS_MAX; i++) {
        if (exit_class_is_worse(look->readers[i].err.cls, look->readers[worst].err.cls))
            worst = i;
    }
    return worst;
}

/* The worst fault is the run's; another's is a warning. */
static int sum_up(struct look *look, struct report *report, struct error *err)
{
    const struct finding *blamed = &look->readers[status_find_worst(look)];
    bool is_verified = true;

    for (size_t i = 0; i < look->reader_count && i < READINGS_MAX; i++) {
        const struct finding *reader = &look->readers[i];

        if (reader->is_older)
            continue;
        is_verified =
            is_verified && (reader->verdict == VERDICT_ACCEPTED || reader->verdict == VERDICT_NONE);
        if (reader->err.cls != CLASS_NONE && !is_told(reader, blamed))
            warnings_add(&look->run.warnings, "%s: %s", reader->by->name, reader->err.message);
    }
    report->verified = is_verified;
    if (blamed->err.cls == CLASS_NONE)
        return 0;
    *err = blamed->err;
    return error_wrap(err, "%s", blamed->by->name);
}

/* No word may repeat what is stored. */
static int hide_credentials(struct look *look, struct report *report, struct error *err)
{
    bool can_hide = true;

    for (size_t i = 0; i < look->reader_count && i < READINGS_MAX; i++) {
        const struct holding *held = &look->readers[i].found.held;

        if (redact_add(&look->redact, &held->token, err) < 0)
            return -1;
        can_hide = can_hide && (held->token.len == 0 ||
                                run_can_hide(&look->redact, &look->run.subject.registry,
                                             secret_text(&held->username), &held->token));
    }
    report->redact = can_hide ? &look->redact : NULL;
    return 0;
}

static int status_tell(struct look *look, struct report *report, struct error *err)
{
    if (run_find_subject(&look->run, err) < 0 ||
        (!look->run.options->no_verify && run_read_trust(&look->run, err) < 0) ||
        person_become(&look->run.subject.person, err) < 0 || find_readers(look, report, err) < 0 ||
        hide_credentials(look, report, err) < 0)
        return -1;
    for (size_t i = 0; i < look->reader_count && i < READINGS_MAX; i++) {
        if (look->readers[i].verdict != VERDICT_OPEN)
            continue;
        if (report->username == NULL)
            tell_of_token(look, &look->readers[i], report);
        if (!look->run.options->no_verify)
            prove_reader(look, i, report);
    }
    return sum_up(look, report, err);
}

/* Of many registries. */
static int status_survey(struct survey *survey, struct report *report, struct error *err)
{
    struct run *run = survey->run;
    const struct options *o = run->options;

    report->survey = survey;
    if (run_find_subject(run, err) < 0 ||
        image_list_read(&survey->images, o, run->clock, run->deadline_ms, err) < 0 ||
        (!o->no_verify && run_read_trust(run, err) < 0) ||
        person_become(&run->subject.person, err) < 0 || survey_collect(survey, err) < 0)
        return -1;
    if (!o->no_verify && survey_prove(survey, err) < 0)
        return -1;
    return survey_sum_up(survey, &report->verified, err);
}

static int status_run_survey(const struct options *options)
{
    struct run run;
    struct survey survey;
    struct report report = {.subject = &run.subject, .warnings = &run.warnings};
    struct error err = ERROR_INIT;
    int status;

    run_begin(&run, options);
    survey_begin(&survey, &run);
    status =
        report_print(&report, options, status_survey(&survey, &report, &err) == 0 ? NULL : &err);
    survey_forget(&survey);
    survey_clear(&survey);
    return status;
}

int status_run(const struct options *options)
{
    struct look look = {.reader_count = 0};
    struct report report = {.subject = &look.run.subject, .warnings = &look.run.warnings};
    struct error err = ERROR_INIT;
    int status;

    if (options->all || image_list_is_wanted(options))
        return status_run_survey(options);
    run_begin(&look.run, options);
    status = report_print(&report, options, status_tell(&look, &report, &err) == 0 ? NULL : &err);
    status_forget(&look);
    return status;
}

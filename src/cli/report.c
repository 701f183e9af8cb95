#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/place.h"
#include "base/text.h"
#include "cli/process.h"
#include "cli/report_json.h"
#include "cli/survey_report.h"

enum { SHOWN_MAX = 4200 };

struct entry_name {
    char text[REFERENCE_HOST_MAX + REFERENCE_NAMESPACE_MAX + 2];
};

static const char *report_namespace(const struct report *report)
{
    return report->subject != NULL ? report->subject->registry.name_space : "";
}

/* Whether every file that the run is about can hold an entry for a part of the registry. */
static bool has_namespaces(const struct report *report)
{
    bool has = true;

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++)
        has = has && report->targets->items[i].location.owner->has_namespaces;
    return has;
}

/* "quay.io", or "quay.io/owner", which is an entry of its own. */
static const char *report_entry(struct entry_name *out, const struct report *report)
{
    const char *name_space = has_namespaces(report) ? report_namespace(report) : "";

    (void)snprintf(out->text, sizeof(out->text), "%s%s%s", findings_registry(report),
                   name_space[0] != '\0' ? "/" : "", name_space);
    return out->text;
}

/* What is said in words that may be of outside passes here, whatever tells it. */
static void hide_credential(const struct report *report, struct warnings *warnings,
                            struct error *err)
{
    for (size_t i = 0; i < warnings->count; i++)
        redact_replace(report->redact, warnings->items[i], sizeof(warnings->items[i]),
                       "it contains the credential and is not shown");
    redact_replace(report->redact, err->message, sizeof(err->message),
                   "the error message contains the credential and is not shown");
    redact_replace(report->redact, err->hint, sizeof(err->hint), "");
}

/* A value as it may be shown, into shown[SHOWN_MAX]. */
static const char *show(char *shown, const struct report *report, const char *text)
{
    const char *value = redact_value(report->redact, text);

    return text_printable(shown, SHOWN_MAX, value, strlen(value));
}

/* " in '/x'", with what is quoted made harmless. */
static void print_quoted(const struct report *report, const char *before, const char *text,
                         const char *behind)
{
    char shown[SHOWN_MAX];

    (void)printf("%s'%s'%s", before, show(shown, report, text), behind);
}

/* What became of the entry in one file. */
static void print_target(const struct report *report, const struct target *target,
                         const struct options *options)
{
    const char *name_space = report_namespace(report);
    bool is_logout = options->command == COMMAND_LOGOUT;
    bool changed = target->result.changed;
    const char *verb = target->kept != NULL ? "kept in"
                       : is_logout          ? changed ? "removed from" : "not in"
                       : options->at_pull   ? changed ? "set up in" : "already set up in"
                       : changed            ? "stored in"
                                            : "already stored in";

    (void)printf(", %s%s ", options->dry_run && changed ? "would be " : "", verb);
    if (target->result.helper[0] != '\0' && !options->at_pull)
        print_quoted(report, "the credential helper ", target->result.helper, " of ");
    print_quoted(report, "", target->location.path, "");
    if (name_space[0] != '\0' && target->location.owner->has_namespaces && !has_namespaces(report))
        print_quoted(report, " for ", target->key, "");
    if (target->kept != NULL)
        (void)printf(" (it is %s)", target->kept);
}

static const char *const verdicts[] = {
    [VERDICT_OPEN] = "not verified",
    [VERDICT_ACCEPTED] = "accepted",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_FAULT] = "nothing proved",
};

/* Whether it asks this program's own helper. */
static bool is_at_pull(const struct finding *reader)
{
    return reader->record.username[0] != '\0';
}

static void print_source(const struct report *report, const struct record *record)
{
    bool is_file = record->file[0] != '\0';

    print_quoted(report, is_file ? "reads " : "runs ", is_file ? record->file : record->command,
                 "");
}

/* What a reader uses, for `status`. */
static void print_reader(const struct report *report, const struct finding *reader)
{
    const struct lookup *found = &reader->found;
    const char *username = secret_text(&found->held.username);
    bool tells_kind = is_at_pull(reader) && report->token_kind != NULL;
    char shown[SHOWN_MAX];
    struct entry_name entry;

    if (reader->verdict == VERDICT_NONE)
        (void)printf("%s: %s finds no credential\n", report_entry(&entry, report),
                     reader->by->name);
    if (found->key[0] == '\0')
        return; /* none, or an error says why */
    (void)printf("%s: %s%s %s ", report_entry(&entry, report), reader->by->name,
                 found->path[0] == '\0' ? " 28.3 and newer"
                 : reader->is_older     ? " before 28.3"
                                        : "",
                 is_at_pull(reader) ? "asks ghcr-login, which" : "uses");
    if (is_at_pull(reader))
        print_source(report, &reader->record);
    else
        print_quoted(report, "", found->key, "");
    if (found->helper[0] != '\0' && !is_at_pull(reader))
        print_quoted(report, " of the credential helper ", found->helper, "");
    if (found->path[0] != '\0')
        print_quoted(report, found->helper[0] != '\0' ? ", set in " : " in ", found->path,
                     found->helper[0] != '\0' ? "," : "");
    else
        (void)printf(" in %s", found->owner->variable);
    (void)printf(" as %s%s%s%s: %s\n", show(shown, report, username),
                 tells_kind ? " (kind of token: " : "", tells_kind ? report->token_kind : "",
                 tells_kind ? ")" : "", verdicts[reader->verdict]);
}

/* Whether a logout removes nothing, and leaves what would be used all the same. */
static bool leaves_all(const struct report *report)
{
    size_t left = 0;
    size_t changed = 0;

    for (size_t i = 0; i < report->targets->count; i++) {
        const struct target *target = &report->targets->items[i];

        left += target->kept != NULL || target->is_served_from_above;
        changed += target->result.changed;
    }
    return left > 0 && changed == 0;
}

static void print_logout(const struct report *report, const struct options *options)
{
    struct entry_name entry;

    (void)printf("%s: %s", leaves_all(report) ? "Not logged out" : "Logout Succeeded",
                 options->all ? "all registries" : report_entry(&entry, report));
}

/* Scripts look for the first words: nothing that was not proved begins with them. */
static void print_login(const struct report *report, const struct options *options)
{
    char shown[SHOWN_MAX];
    struct entry_name entry;

    (void)printf("%s: %s as %s", report->verified ? "Login Succeeded" : "Not verified",
                 report_entry(&entry, report), show(shown, report, report->username));
    if (report->credential != NULL)
        (void)printf(", token from %s", show(shown, report, report->credential->source));
    if (options->at_pull)
        (void)printf(" at each pull");
}

static void print_success(const struct report *report, const struct options *options)
{
    if (options->command == COMMAND_LOGOUT)
        print_logout(report, options);
    else
        print_login(report, options);
    for (size_t i = 0; i < report->targets->count; i++)
        print_target(report, &report->targets->items[i], options);
    (void)putchar('\n');
}

/* What --can-pull and --diagnose asked for. */
static void print_facts(const struct report *report, const struct options *options)
{
    const struct subject *subject = report->subject;
    const struct diagnosis *d = report->diagnosis;

    for (size_t i = 0; subject != NULL && report->verified && i < subject->image_count; i++) {
        if (subject->images[i].can_pull)
            print_quoted(report, "image ", subject->images[i].given, ": can be pulled\n");
    }
    if (d == NULL)
        return;
    if (d->findings.owner[0] != '\0')
        (void)printf("token: owner %s\n", d->findings.owner);
    if (d->findings.has_scopes)
        (void)printf("token: scopes %s\n",
                     d->findings.scopes[0] != '\0' ? d->findings.scopes : "none");
    if (d->expiry == EXPIRY_KNOWN)
        (void)printf("token: expires %s\n", d->expires_at);
    else if (d->expiry == EXPIRY_NONE)
        (void)printf("token: no expiry date\n");
    else if (options->expires_within_days > 0)
        (void)printf("token: expiry unknown\n");
}

/* What `status` found is told after a failure, too. */
static void print_result(const struct report *report, const struct options *options,
                         const struct error *err)
{
    if (options->quiet)
        return;
    if (report->survey != NULL) {
        survey_report_print(report->survey, options);
        return;
    }
    for (size_t i = 0; i < report->reader_count; i++)
        print_reader(report, &report->readers[i]);
    if (options->command != COMMAND_STATUS && err == NULL)
        print_success(report, options);
    print_facts(report, options);
}

static void print_warnings(const struct warnings *warnings)
{
    char shown[SHOWN_MAX];

    for (size_t i = 0; i < warnings->count; i++) {
        const char *text = warnings->items[i];

        (void)fprintf(stderr, "warning: %s\n",
                      text_printable(shown, sizeof(shown), text, strlen(text)));
    }
}

static void print_error(const struct report *report, const struct error *err)
{
    char shown[SHOWN_MAX];

    (void)fprintf(stderr, "ghcr-login: %s\n",
                  text_printable(shown, sizeof(shown), err->message, strlen(err->message)));
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "hint: %s\n",
                      text_printable(shown, sizeof(shown), err->hint, strlen(err->hint)));
    if (err->cls == CLASS_USAGE && report->username == NULL) /* not of what exec cannot run */
        (void)fputs("try 'ghcr-login --help'\n", stderr);
}

/* A command to the runner, which reads both streams; standard output is for scripts. */
static void annotate(const struct error *err)
{
    char shown[SHOWN_MAX];
    const char *text[] = {err->message, err->hint};

    (void)fputs("::error title=ghcr-login::", stderr);
    for (size_t i = 0; i < 2 && text[i][0] != '\0'; i++) {
        if (i > 0)
            (void)fputs("%0Ahint: ", stderr); /* a line end, as the runner has it */
        (void)text_printable(shown, sizeof(shown), text[i], strlen(text[i]));
        for (const char *p = shown; *p != '\0'; p++) {
            if (*p == '%') /* begins an escape to the runner; line ends are none any more */
                (void)fputs("%25", stderr);
            else
                (void)fputc(*p, stderr);
        }
    }
    (void)fputc('\n', stderr);
}

/* Standard output is the command's. */
static void print_start(const struct report *report, const struct options *options)
{
    char shown[SHOWN_MAX];

    if (options->verbose)
        (void)fprintf(stderr, "ghcr-login: running '%s' with a login to %s\n",
                      show(shown, report, options->run[0]), findings_registry(report));
}

static int status_of(const struct error *err, const struct options *options)
{
    return options->command == COMMAND_EXEC ? REPORT_EXEC_FAILED : (int)err->cls;
}

/* Of what cannot be told as it should be; the status of an error that came before stays. */
static int print_trouble(const char *trouble, const struct options *options,
                         const struct error *err)
{
    (void)fprintf(stderr, "ghcr-login: %s\n", trouble);
    return err != NULL ? status_of(err, options) : CLASS_INTERNAL;
}

int report_print(const struct report *report, const struct options *options,
                 const struct error *failure)
{
    struct warnings warnings =
        report->warnings != NULL ? *report->warnings : (struct warnings){.count = 0};
    struct error shown = failure != NULL ? *failure : ERROR_INIT;
    const struct error *err = failure != NULL ? &shown : NULL;
    struct report told = *report;
    bool is_whole = true;

    hide_credential(report, &warnings, &shown);
    told.warnings = &warnings;
    if (!options->quiet)
        print_warnings(&warnings);
    if (!options->quiet && report->survey != NULL)
        survey_report_warn(report->survey);
    if (err != NULL)
        print_error(report, err);
    if (err != NULL && place_find(environment) == PLACE_ACTIONS)
        annotate(err);
    if (err == NULL && options->command == COMMAND_EXEC) {
        print_start(report, options);
        return 0;
    }
    if (options->json)
        is_whole = report_json_print(&told, options, err) == 0;
    else if (options->command != COMMAND_EXEC)
        print_result(report, options, err);
    if (fflush(stdout) != 0 || ferror(stdout))
        return print_trouble("cannot write to standard output", options, err);
    if (!is_whole && err == NULL) /* an error has been told in words */
        return print_trouble(
            "out of memory: the command succeeded, but its JSON result cannot be printed", options,
            err);
    return err != NULL ? status_of(err, options) : 0;
}

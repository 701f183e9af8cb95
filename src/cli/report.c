#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/place.h"
#include "base/text.h"
#include "cli/environment.h"
#include "cli/report_json.h"

enum { SHOWN_MAX = 4200 };

const char *report_registry(const struct report *report)
{
    const struct subject *subject = report->subject;

    return subject != NULL && subject->registry.host[0] != '\0' ? subject->registry.host : NULL;
}

/* " in '/x'", with what is quoted made harmless. */
static void print_quoted(const char *before, const char *text, const char *behind)
{
    char shown[SHOWN_MAX];

    (void)printf("%s'%s'%s", before, text_printable(shown, sizeof(shown), text, strlen(text)),
                 behind);
}

/* What became of the entry in one file. */
static void print_target(const struct target *target, const struct options *options)
{
    bool is_logout = options->command == COMMAND_LOGOUT;
    bool changed = target->result.changed;
    const char *verb = target->kept != NULL ? "kept in"
                       : is_logout          ? changed ? "removed from" : "not in"
                       : changed            ? "stored in"
                                            : "already stored in";

    (void)printf(", %s%s ", options->dry_run && changed ? "would be " : "", verb);
    if (target->result.helper[0] != '\0')
        print_quoted("the credential helper ", target->result.helper, " of ");
    print_quoted("", target->location.path, "");
    if (target->kept != NULL)
        (void)printf(" (it is %s)", target->kept);
}

static const char *const verdicts[] = {
    [VERDICT_OPEN] = "not verified",
    [VERDICT_ACCEPTED] = "accepted",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_FAULT] = "nothing proved",
};

/* What a reader uses, for `status`. */
static void print_reader(const struct report *report, const struct finding *reader)
{
    const struct lookup *found = &reader->found;
    const struct secret *username = &found->held.username;
    char shown[SHOWN_MAX];

    if (reader->verdict == VERDICT_NONE)
        (void)printf("%s: %s finds no credential\n", report_registry(report), reader->by->name);
    if (found->key[0] == '\0')
        return; /* none, or an error says why */
    (void)printf("%s: %s uses ", report_registry(report), reader->by->name);
    print_quoted("", found->key, "");
    if (found->helper[0] != '\0')
        print_quoted(" of the credential helper ", found->helper, "");
    if (found->path[0] != '\0')
        print_quoted(found->helper[0] != '\0' ? " that is set in " : " in ", found->path, "");
    else
        (void)printf(" in DOCKER_AUTH_CONFIG");
    (void)printf(" as %s: %s\n",
                 text_printable(shown, sizeof(shown), secret_text(username), username->len),
                 verdicts[reader->verdict]);
}

/* Scripts look for the first words: nothing that was not proved begins with them. */
static void print_success(const struct report *report, const struct options *options)
{
    char shown[SHOWN_MAX];

    if (options->command == COMMAND_LOGOUT)
        (void)printf("Logout Succeeded: %s",
                     options->all ? "all registries" : report_registry(report));
    else
        (void)printf(
            "%s: %s as %s", report->verified ? "Login Succeeded" : "Not verified",
            report_registry(report),
            text_printable(shown, sizeof(shown), report->username, strlen(report->username)));
    for (size_t i = 0; i < report->targets->count; i++)
        print_target(&report->targets->items[i], options);
    (void)putchar('\n');
}

/* What `status` found is told after a failure, too. */
static void print_result(const struct report *report, const struct options *options,
                         const struct error *err)
{
    if (options->quiet)
        return;
    for (size_t i = 0; i < report->reader_count; i++)
        print_reader(report, &report->readers[i]);
    if (options->command != COMMAND_STATUS && err == NULL)
        print_success(report, options);
}

static void print_warnings(const struct report *report)
{
    char shown[SHOWN_MAX];

    for (size_t i = 0; report->warnings != NULL && i < report->warnings->count; i++) {
        const char *text = report->warnings->items[i];

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
            if (*p == '%')
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
        (void)fprintf(
            stderr, "ghcr-login: running '%s' with a login to %s\n",
            text_printable(shown, sizeof(shown), options->run[0], strlen(options->run[0])),
            report_registry(report));
}

static int status_of(const struct error *err, const struct options *options)
{
    return options->command == COMMAND_EXEC ? REPORT_EXEC_FAILED : (int)err->cls;
}

static int print_trouble(const char *trouble, const struct options *options,
                         const struct error *err)
{
    (void)fprintf(stderr, "ghcr-login: %s\n", trouble);
    return err != NULL ? status_of(err, options) : CLASS_INTERNAL;
}

int report_print(const struct report *report, const struct options *options,
                 const struct error *err)
{
    bool is_whole = true;

    if (!options->quiet)
        print_warnings(report);
    if (err != NULL)
        print_error(report, err);
    if (err != NULL && place_find(environment) == PLACE_ACTIONS)
        annotate(err);
    if (err == NULL && options->command == COMMAND_EXEC) {
        print_start(report, options);
        return 0;
    }
    if (options->json)
        is_whole = report_print_json(report, options, err) == 0;
    else
        print_result(report, options, err);
    if (fflush(stdout) != 0 || ferror(stdout))
        return print_trouble("cannot write to standard output", options, err);
    if (!is_whole && err == NULL) /* an error has been told in words */
        return print_trouble("out of memory: all is done, but the object that tells of it cannot "
                             "be made",
                             options, err);
    return err != NULL ? status_of(err, options) : 0;
}

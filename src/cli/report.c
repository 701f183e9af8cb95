#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/place.h"
#include "base/scan.h"
#include "base/text.h"
#include "cli/environment.h"

enum { SHOWN_MAX = 4200 };

struct entry_name {
    char text[REFERENCE_HOST_MAX + REFERENCE_NAMESPACE_MAX + 2];
};

const char *report_registry(const struct report *report)
{
    const struct subject *subject = report->subject;

    return subject != NULL && subject->registry.host[0] != '\0' ? subject->registry.host : NULL;
}

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

    (void)snprintf(out->text, sizeof(out->text), "%s%s%s", report_registry(report),
                   name_space[0] != '\0' ? "/" : "", name_space);
    return out->text;
}

/* What is said to people passes here. */
static bool repeats_credential(const struct report *report, const char *text)
{
    return redact_finds(report->redact, text, strlen(text));
}

static const char *warning_text(const struct report *report, size_t i)
{
    const char *text = report->warnings->items[i];

    return repeats_credential(report, text) ? "it repeats the credential and is not shown" : text;
}

static void hide_credential(const struct report *report, struct error *err)
{
    if (repeats_credential(report, err->message))
        (void)snprintf(err->message, sizeof(err->message), "%s",
                       "what went wrong repeats the credential and is not shown");
    if (repeats_credential(report, err->hint))
        err->hint[0] = '\0';
}

/* " in '/x'", with what is quoted made harmless. */
static void print_quoted(const char *before, const char *text, const char *behind)
{
    char shown[SHOWN_MAX];

    (void)printf("%s'%s'%s", before, text_printable(shown, sizeof(shown), text, strlen(text)),
                 behind);
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
        print_quoted("the credential helper ", target->result.helper, " of ");
    print_quoted("", target->location.path, "");
    if (name_space[0] != '\0' && target->location.owner->has_namespaces && !has_namespaces(report))
        print_quoted(" for ", target->key, "");
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

static void print_source(const struct record *record)
{
    bool is_file = record->file[0] != '\0';

    print_quoted(is_file ? "reads " : "runs ", is_file ? record->file : record->command, "");
}

/* What a reader uses, for `status`. */
static void print_reader(const struct report *report, const struct finding *reader)
{
    const struct lookup *found = &reader->found;
    const struct secret *username = &found->held.username;
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
        print_source(&reader->record);
    else
        print_quoted("", found->key, "");
    if (found->helper[0] != '\0' && !is_at_pull(reader))
        print_quoted(" of the credential helper ", found->helper, "");
    if (found->path[0] != '\0')
        print_quoted(found->helper[0] != '\0' ? " that is set in " : " in ", found->path, "");
    else
        (void)printf(" in %s", found->owner->variable);
    (void)printf(" as %s%s%s%s: %s\n",
                 text_printable(shown, sizeof(shown), secret_text(username), username->len),
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
                 report_entry(&entry, report),
                 text_printable(shown, sizeof(shown), report->username, strlen(report->username)));
    if (report->credential != NULL)
        (void)printf(", token from %s",
                     text_printable(shown, sizeof(shown), report->credential->source,
                                    strlen(report->credential->source)));
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
            print_quoted("image ", subject->images[i].given, ": can be pulled\n");
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
    for (size_t i = 0; i < report->reader_count; i++)
        print_reader(report, &report->readers[i]);
    if (options->command != COMMAND_STATUS && err == NULL)
        print_success(report, options);
    print_facts(report, options);
}

static void print_warnings(const struct report *report)
{
    char shown[SHOWN_MAX];

    for (size_t i = 0; report->warnings != NULL && i < report->warnings->count; i++) {
        const char *text = warning_text(report, i);

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

/* A JSON string of text from anywhere, null for NULL. */
static json_t *json_text(const char *text)
{
    char shown[SHOWN_MAX];

    return text != NULL ? json_string(text_printable(shown, sizeof(shown), text, strlen(text)))
                        : json_null();
}

/*
 * What is built goes on being built, or, for want of memory, is NULL from there on: an object that
 * lacks something must not pass for a whole one.
 */
static json_t *report_append(json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) == 0)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *with(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static bool is_changed(const struct report *report)
{
    bool changed = report->is_record_changed;

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++)
        changed = changed || report->targets->items[i].result.changed;
    return changed;
}

/* Whether a logout spares an entry. */
static bool is_kept(const struct report *report)
{
    bool kept = false;

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++)
        kept = kept || report->targets->items[i].kept != NULL;
    return kept;
}

static const char *name_keeper(char keeper[sizeof("helper:") + READER_HELPER_MAX],
                               const char *helper)
{
    if (helper[0] == '\0')
        return "file";
    (void)snprintf(keeper, sizeof("helper:") + READER_HELPER_MAX, "helper:%s", helper);
    return keeper;
}

/* Where this program's own helper takes it from. */
static json_t *add_source(json_t *file, const struct record *record)
{
    char source[sizeof("command:") + sizeof(record->command)];
    bool is_file = record->file[0] != '\0';

    if (record->username[0] == '\0')
        return file;
    (void)snprintf(source, sizeof(source), "%s:%s", is_file ? "file" : "command",
                   is_file ? record->file : record->command);
    return with(file, "source", json_text(source));
}

/* Of `status`: who reads what. */
static json_t *add_readers(json_t *files, const struct report *report)
{
    for (size_t i = 0; i < report->reader_count; i++) {
        const struct finding *reader = &report->readers[i];
        const struct lookup *found = &reader->found;
        const char *path = found->path[0] != '\0' ? found->path : NULL;
        json_t *file;
        char keeper[sizeof("helper:") + READER_HELPER_MAX];

        if (found->key[0] == '\0')
            continue;
        file =
            json_pack("{s:o, s:s, s:o, s:b, s:s, s:o, s:o, s:b}", "path", json_text(path), "format",
                      found->owner->name, "store", json_text(name_keeper(keeper, found->helper)),
                      "changed", false, "reader", reader->by->name, "key", json_text(found->key),
                      "username", json_text(secret_text(&found->held.username)), "verified",
                      reader->verdict == VERDICT_ACCEPTED);
        files = report_append(files, add_source(file, &reader->record));
    }
    return files;
}

/* Of a file: with its key where that is for a part of the registry, and so says more than that. */
static json_t *json_target(const struct target *target, bool has_part)
{
    char keeper[sizeof("helper:") + READER_HELPER_MAX];
    json_t *file = json_pack("{s:o, s:s, s:o, s:b}", "path", json_text(target->location.path),
                             "format", target->location.owner->name, "store",
                             json_text(name_keeper(keeper, target->result.helper)), "changed",
                             target->result.changed);

    return has_part && target->location.owner->has_namespaces
               ? with(file, "key", json_text(target->key))
               : file;
}

static json_t *json_files(const struct report *report)
{
    json_t *files = json_array();

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++)
        files = report_append(files, json_target(&report->targets->items[i],
                                                 report->subject->registry.name_space[0] != '\0'));
    return add_readers(files, report);
}

static json_t *json_images(const struct report *report)
{
    json_t *images = json_array();

    for (size_t i = 0; report->subject != NULL && i < report->subject->image_count; i++) {
        const struct image *image = &report->subject->images[i];

        images = report_append(images, json_pack("{s:o, s:b}", "image", json_text(image->given),
                                                 "pull", image->can_pull));
    }
    return images;
}

static json_t *json_warnings(const struct report *report)
{
    json_t *warnings = json_array();

    for (size_t i = 0; report->warnings != NULL && i < report->warnings->count; i++)
        warnings = report_append(warnings, json_text(warning_text(report, i)));
    return warnings;
}

/* "read:packages, repo" as an array; null for NULL. */
static json_t *json_scopes(const char *text)
{
    json_t *scopes = text != NULL ? json_array() : json_null();
    struct scan s = scan_over(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    struct span scope;
    struct span between;

    (void)scan_run(&s, ", ", &between);
    while (scan_run(&s, GITHUB_SCOPE_BYTES, &scope)) {
        scopes = report_append(scopes, json_stringn(scope.data, scope.len));
        (void)scan_run(&s, ", ", &between); /* github_ask() lets nothing else in */
    }
    return scopes;
}

static json_t *json_token(const struct report *report, const struct options *options)
{
    const struct diagnosis *d = report->diagnosis;
    const char *expires_at = d != NULL && d->expires_at[0] != '\0' ? d->expires_at : NULL;
    const char *scopes = d != NULL && d->findings.has_scopes ? d->findings.scopes : NULL;
    const char *source = report->credential != NULL ? report->credential->source_name : NULL;
    json_t *token = json_pack("{s:o, s:o, s:o, s:o}", "kind", json_text(report->token_kind),
                              "source", json_text(source), "expires_at", json_text(expires_at),
                              "scopes", json_scopes(scopes));

    if (d != NULL && d->findings.owner[0] != '\0')
        token = with(token, "owner", json_text(d->findings.owner));
    if (options->expires_within_days > 0)
        token = with(token, "expiry", json_text(diagnosis_expiry_name(d)));
    return token;
}

static json_t *json_error(const struct error *err)
{
    return json_pack("{s:s, s:i, s:o, s:o}", "class", exit_class_name(err->cls), "status",
                     (int)err->cls, "message", json_text(err->message), "hint",
                     json_text(err->hint));
}

static const char *result_name(const struct report *report, const struct options *options,
                               const struct error *err)
{
    if (err != NULL)
        return "failed";
    if (options->command == COMMAND_LOGOUT)
        return is_changed(report) ? "removed" : is_kept(report) ? "unchanged" : "absent";
    if (report->verified && (options->command == COMMAND_STATUS || options->dry_run))
        return "verified";
    return is_changed(report) ? "stored" : "unchanged";
}

/* The one object of --json. Returns -1 where there is no memory for all of it. */
static int print_json(const struct report *report, const struct options *options,
                      const struct error *err)
{
    json_t *json = json_pack("{s:s, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "result",
                             result_name(report, options, err), "changed", is_changed(report),
                             "registry", json_text(options->all ? NULL : report_registry(report)),
                             "username", json_text(report->username), "verified", report->verified,
                             "files", json_files(report), "images", json_images(report), "token",
                             json_token(report, options), "warnings", json_warnings(report));
    struct secret text = SECRET_INIT;
    struct error no_memory = ERROR_INIT;
    int ret = -1;

    if (options->dry_run)
        json = with(json, "dry_run", json_true());
    if (err != NULL)
        json = with(json, "error", json_error(err));
    if (json != NULL && json_append(&text, json, &no_memory) == 0) {
        (void)puts(secret_text(&text));
        ret = 0;
    }
    secret_clear(&text);
    json_decref(json);
    return ret;
}

int report_print(const struct report *report, const struct options *options,
                 const struct error *failure)
{
    struct error shown = failure != NULL ? *failure : ERROR_INIT;
    const struct error *err = failure != NULL ? &shown : NULL;
    bool is_whole = true;

    hide_credential(report, &shown);
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
        is_whole = print_json(report, options, err) == 0;
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

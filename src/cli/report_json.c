#include "cli/report_json.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"
#include "cli/survey.h"

enum { SHOWN_MAX = 4200 };

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
static json_t *json_grow(json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) == 0)
        return array;
    json_decref(array);
    return NULL;
}

/* The same for a member. */
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

/* Whether a logout spares an entry: then the file is "unchanged", and the entry not "absent". */
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

enum { SOURCE_SIZE = sizeof("command:") + RECORD_COMMAND_MAX + 1 };

/* Where this program's own helper takes it from, into source[SOURCE_SIZE]; NULL for another's. */
static const char *source_name(char *source, const struct record *record)
{
    bool is_file = record->file[0] != '\0';

    if (record->username[0] == '\0')
        return NULL;
    (void)snprintf(source, SOURCE_SIZE, "%s:%s", is_file ? "file" : "command",
                   is_file ? record->file : record->command);
    return source;
}

static json_t *add_source(json_t *file, const struct record *record)
{
    char source[SOURCE_SIZE];

    return record->username[0] != '\0'
               ? with(file, "source", json_text(source_name(source, record)))
               : file;
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
        files = json_grow(files, add_source(file, &reader->record));
    }
    return files;
}

/* Of a file: with its key if that is for a part of the registry, and so says more than that. */
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
        files = json_grow(files, json_target(&report->targets->items[i],
                                             report->subject->registry.name_space[0] != '\0'));
    return add_readers(files, report);
}

static json_t *json_images(const struct report *report)
{
    json_t *images = json_array();

    for (size_t i = 0; report->subject != NULL && i < report->subject->image_count; i++) {
        const struct image *image = &report->subject->images[i];

        images = json_grow(images, json_pack("{s:o, s:b}", "image", json_text(image->given), "pull",
                                             image->can_pull));
    }
    return images;
}

static json_t *json_warnings(const struct report *report)
{
    json_t *warnings = json_array();

    for (size_t i = 0; i < report->warnings->count; i++)
        warnings = json_grow(warnings, json_text(report->warnings->items[i]));
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
        scopes = json_grow(scopes, json_stringn(scope.data, scope.len));
        (void)scan_run(&s, ", ", &between); /* github_ask() lets nothing else in */
    }
    return scopes;
}

/* `d` is NULL if GitHub was not asked. */
static json_t *json_token(const char *kind, const char *source, const struct diagnosis *d,
                          const struct options *options)
{
    const char *expires_at = d != NULL && d->expires_at[0] != '\0' ? d->expires_at : NULL;
    const char *scopes = d != NULL && d->findings.has_scopes ? d->findings.scopes : NULL;
    json_t *token =
        json_pack("{s:o, s:o, s:o, s:o}", "kind", json_text(kind), "source", json_text(source),
                  "expires_at", json_text(expires_at), "scopes", json_scopes(scopes));

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

/* Of `status --all`. */

static json_t *json_tools(const struct survey_item *item)
{
    json_t *tools = json_array();

    if (item->registry.host[0] != '\0' && survey_verdict(item) == VERDICT_NONE)
        return tools;
    tools = json_grow(tools, json_string(item->finding.by->name));
    return item->second != NULL ? json_grow(tools, json_string(item->second->name)) : tools;
}

static json_t *json_credential(const struct survey_item *item, const struct options *options)
{
    static const char *const results[] = {
        [VERDICT_NONE] = "none",         [VERDICT_OPEN] = "unchecked",
        [VERDICT_ACCEPTED] = "accepted", [VERDICT_REFUSED] = "refused",
        [VERDICT_FAULT] = "failed",
    };
    const struct lookup *found = &item->finding.found;
    const struct survey_unit *unit = item->unit;
    const struct error *err = survey_error(item);
    char keeper[sizeof("helper:") + READER_HELPER_MAX];
    char source[SOURCE_SIZE];
    bool has_key = found->key[0] != '\0';
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o}", "registry",
        json_text(item->registry.host[0] != '\0' ? item->registry.host : NULL), "namespace",
        json_text(item->registry.name_space[0] != '\0' ? item->registry.name_space : NULL),
        "username", json_text(has_key ? secret_text(&found->held.username) : NULL), "tools",
        json_tools(item), "path", json_text(found->path[0] != '\0' ? found->path : NULL), "store",
        json_text(has_key ? name_keeper(keeper, found->helper) : NULL), "key",
        json_text(has_key ? found->key : NULL), "result", results[survey_verdict(item)], "verified",
        survey_verdict(item) == VERDICT_ACCEPTED, "token",
        json_token(item->kind, source_name(source, &item->finding.record),
                   unit != NULL && unit->is_diagnosed ? &unit->diagnosis : NULL, options));

    return err->cls != CLASS_NONE ? with(json, "error", json_error(err)) : json;
}

static json_t *json_credentials(const struct survey *survey, const struct options *options)
{
    json_t *credentials = json_array();

    for (size_t i = 0; i < survey->count; i++)
        credentials = json_grow(credentials, json_credential(survey->items[i], options));
    return credentials;
}

/* One word that a script can switch on; the manual lists them all. */
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

/* No value of it, however deep, may repeat a secret. Returns false for want of memory. */
static bool json_hide(json_t *json, const struct redact *redact)
{
    bool is_done = true;
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_string(json) &&
        redact_finds(redact, json_string_value(json), json_string_length(json)))
        return json_string_set(json, REDACT_VALUE) == 0;
    json_object_foreach(json, key, value)
    {
        is_done = json_hide(value, redact) && is_done;
    }
    json_array_foreach(json, i, value)
    {
        is_done = json_hide(value, redact) && is_done;
    }
    return is_done;
}

int report_json_print(const struct report *report, const struct options *options,
                      const struct error *err)
{
    bool is_one = report->survey == NULL;
    const char *source = report->credential != NULL ? report->credential->source_name : NULL;
    json_t *json =
        json_pack("{s:s, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "result",
                  result_name(report, options, err), "changed", is_changed(report), "registry",
                  json_text(is_one && !options->all ? findings_registry(report) : NULL), "username",
                  json_text(report->username), "verified", report->verified, "files",
                  json_files(report), "images", json_images(report), "token",
                  json_token(report->token_kind, source, report->diagnosis, options), "warnings",
                  json_warnings(report));
    struct secret text = SECRET_INIT;
    struct error no_memory = ERROR_INIT;
    int ret = -1;

    if (!is_one)
        json = with(json, "credentials", json_credentials(report->survey, options));
    if (options->dry_run)
        json = with(json, "dry_run", json_true());
    if (err != NULL)
        json = with(json, "error", json_error(err));
    if (json != NULL && json_hide(json, report->redact) &&
        json_append(&text, json, &no_memory) == 0) {
        (void)puts(secret_text(&text));
        ret = 0;
    }
    secret_clear(&text);
    json_decref(json);
    return ret;
}

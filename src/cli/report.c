#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/place.h"
#include "base/scan.h"
#include "base/text.h"
#include "cli/environment.h"

enum { SHOWN_MAX = 4200 };

/* A JSON string of text from anywhere, null for NULL. */
static json_t *json_text(const char *text)
{
    char shown[SHOWN_MAX];

    return text != NULL ? json_string(text_printable(shown, sizeof(shown), text, strlen(text)))
                        : json_null();
}

static bool is_changed(const struct report *report)
{
    bool changed = false;

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++)
        changed = changed || report->targets->items[i].changed;
    return changed;
}

static json_t *json_files(const struct report *report)
{
    json_t *files = json_array();

    for (size_t i = 0; report->targets != NULL && i < report->targets->count; i++) {
        const struct target *target = &report->targets->items[i];
        bool is_docker = target->location.format == AUTH_FORMAT_DOCKER;

        (void)json_array_append_new(files, json_pack("{s:o, s:s, s:s, s:b}", "path",
                                                     json_text(target->location.path), "format",
                                                     is_docker ? "docker" : "podman", "store",
                                                     "file", "changed", target->changed));
    }
    return files;
}

static json_t *json_images(const struct report *report)
{
    json_t *images = json_array();

    for (size_t i = 0; i < report->image_count; i++)
        (void)json_array_append_new(images, json_pack("{s:o, s:b}", "image",
                                                      json_text(report->images[i].given), "pull",
                                                      report->images[i].can_pull));
    return images;
}

static json_t *json_warnings(const struct report *report)
{
    json_t *warnings = json_array();

    for (size_t i = 0; report->warnings != NULL && i < report->warnings->count; i++)
        (void)json_array_append_new(warnings, json_text(report->warnings->items[i]));
    return warnings;
}

/* "read:packages, repo" as an array; null for NULL. */
static json_t *json_scopes(const char *text)
{
    json_t *scopes = text != NULL ? json_array() : json_null();
    struct scan s = scan_over(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    struct span scope;
    struct span between;

    while (!scan_is_at_end(&s)) {
        if (scan_run(&s, GITHUB_SCOPE_BYTES, &scope))
            (void)json_array_append_new(scopes, json_stringn(scope.data, scope.len));
        else if (!scan_run(&s, ", ", &between))
            break; /* github_ask() lets nothing else in */
    }
    return scopes;
}

static json_t *json_token(const struct report *report)
{
    const struct diagnosis *d = report->diagnosis;
    const char *expires_at = d != NULL && d->expires_at[0] != '\0' ? d->expires_at : NULL;
    const char *scopes = d != NULL && d->findings.has_scopes ? d->findings.scopes : NULL;
    json_t *token = json_pack("{s:o, s:o, s:o}", "kind", json_text(report->token_kind),
                              "expires_at", json_text(expires_at), "scopes", json_scopes(scopes));

    if (d != NULL && d->findings.owner[0] != '\0')
        (void)json_object_set_new(token, "owner", json_text(d->findings.owner));
    return token;
}

static json_t *json_error(const struct error *err)
{
    return json_pack("{s:s, s:i, s:o, s:o}", "class", exit_class_name(err->cls), "status",
                     (int)err->cls, "message", json_text(err->message), "hint",
                     json_text(err->hint));
}

static const char *result_name(const struct report *report, const struct error *err)
{
    if (err != NULL)
        return "failed";
    return is_changed(report) ? "stored" : "unchanged";
}

static void print_json(const struct report *report, const struct error *err)
{
    json_t *json =
        json_pack("{s:s, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "result",
                  result_name(report, err), "changed", is_changed(report), "registry",
                  json_text(report->registry), "username", json_text(report->username), "verified",
                  report->verified, "files", json_files(report), "images", json_images(report),
                  "token", json_token(report), "warnings", json_warnings(report));

    if (err != NULL)
        (void)json_object_set_new(json, "error", json_error(err));
    /* Without memory there is no object; the error on standard error says so. */
    if (json != NULL && json_dumpf(json, stdout, JSON_COMPACT) == 0)
        (void)fputc('\n', stdout);
    json_decref(json);
}

static void print_success(const struct report *report)
{
    char shown[SHOWN_MAX];

    (void)printf("Login Succeeded: %s", report->registry);
    (void)printf(" as %s",
                 text_printable(shown, sizeof(shown), report->username, strlen(report->username)));
    for (size_t i = 0; i < report->targets->count; i++) {
        const struct target *target = &report->targets->items[i];
        const char *path = target->location.path;

        (void)printf(", %s in '%s'", target->changed ? "stored" : "already stored",
                     text_printable(shown, sizeof(shown), path, strlen(path)));
    }
    (void)putchar('\n');
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

static void print_error(const struct error *err)
{
    char shown[SHOWN_MAX];

    (void)fprintf(stderr, "ghcr-login: %s\n",
                  text_printable(shown, sizeof(shown), err->message, strlen(err->message)));
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "hint: %s\n",
                      text_printable(shown, sizeof(shown), err->hint, strlen(err->hint)));
    if (err->cls == CLASS_USAGE)
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

int report_print(const struct report *report, const struct options *options,
                 const struct error *err)
{
    if (!options->quiet)
        print_warnings(report);
    if (err != NULL)
        print_error(err);
    if (err != NULL && place_find(environment) == PLACE_ACTIONS)
        annotate(err);
    if (options->json)
        print_json(report, err);
    else if (err == NULL && !options->quiet)
        print_success(report);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fputs("ghcr-login: cannot write to standard output\n", stderr);
        return err != NULL ? (int)err->cls : CLASS_INTERNAL;
    }
    return err != NULL ? (int)err->cls : 0;
}

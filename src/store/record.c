#include "store/record.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "store/file/locked_file.h"
#include "store/look.h"
#include "store/file/preflight.h"
#include "store/path.h"
#include "store/text/document.h"

/* XDG's specification ignores a relative path; it would name another record in each directory. */
int record_path(char path[PATH_MAX], const struct location_request *request, struct error *err)
{
    const char *config = request->environment("XDG_CONFIG_HOME");
    bool is_named = config != NULL && config[0] == '/';
    const char *home = request->environment("HOME");
    char built[PATH_MAX];

    if (home == NULL || home[0] == '\0')
        home = request->passwd_home != NULL ? request->passwd_home : "";
    if (!is_named && home[0] != '/')
        return error_set_hint(err, CLASS_AUTHFILE, "set HOME to the home directory",
                              "no place for the record of logins: HOME is %s",
                              home[0] == '\0' ? "not set" : "not an absolute path");
    if (snprintf(built, sizeof(built), "%s%s", is_named ? config : home,
                 is_named ? "/ghcr-login/logins.json" : "/.config/ghcr-login/logins.json") >=
        (int)sizeof(built))
        return error_set(err, CLASS_AUTHFILE, "the path of the record is too long");
    memcpy(path, built, strlen(built) + 1);
    return 0;
}

/* What the text says. */

static const char repair[] =
    "repair it, or remove the file and set the logins up again with --at-pull";

static int record_malformed(const char *name, const char *host, const char *what, struct error *err)
{
    return error_set_hint(err, CLASS_AUTHFILE, repair, "%s: the record of '%.255s' %s", name, host,
                          what);
}

/* A text without NUL that fits, into dst[size]. */
static bool record_copy(char *dst, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len >= size || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(dst, text, len + 1);
    return true;
}

static bool are_paths(const json_t *files)
{
    char path[PATH_MAX];
    bool are = json_is_array(files);

    for (size_t i = 0; are && i < json_array_size(files); i++)
        are = record_copy(path, sizeof(path), json_array_get(files, i)) && path[0] == '/';
    return are;
}

/*
 * Every member is known, and as it must be: what a newer version added may restrict who gets the
 * token, and must not be ignored by one that does not know it.
 */
static int record_decode(struct record *out, const char *host, json_t *json, const char *name,
                         struct error *err)
{
    const char *key;
    json_t *value;

    *out = (struct record){.username = ""};
    json_object_foreach(json, key, value)
    {
        bool is_good =
            strcmp(key, "username") == 0 ? record_copy(out->username, sizeof(out->username), value)
            : strcmp(key, "file") == 0
                ? record_copy(out->file, sizeof(out->file), value) && out->file[0] == '/'
            : strcmp(key, "command") == 0 ? record_copy(out->command, sizeof(out->command), value)
                                          : strcmp(key, "for") == 0 && are_paths(value);

        if (!is_good)
            return record_malformed(name, host, "has an unknown or malformed member", err);
    }
    if (!json_is_object(json) || out->username[0] == '\0' ||
        (out->file[0] == '\0') == (out->command[0] == '\0'))
        return record_malformed(name, host, "must have a user name, and a file or a command", err);
    return 0;
}

/* The object of hosts in a text, as a new reference; a blank one has none. NULL with *err set. */
static json_t *record_parse(const struct secret *text, const char *name, struct error *err)
{
    struct record ignored;
    const char *host;
    json_t *root;
    json_t *logins;
    json_t *value;

    if (text->len == 0) {
        logins = json_object();
        if (logins == NULL)
            (void)error_no_memory(err);
        return logins;
    }
    root = json_parse(secret_text(text), text->len, name, CLASS_AUTHFILE, err);
    if (root == NULL) {
        if (err->cls == CLASS_AUTHFILE)
            (void)error_hint(err, "%s", repair);
        return NULL;
    }
    logins = json_incref(json_object_get(root, "logins"));
    if (!json_is_object(logins) || json_object_size(root) != 1)
        (void)error_set_hint(err, CLASS_AUTHFILE, repair,
                             "%s is not a record of logins written by ghcr-login", name);
    json_object_foreach(logins, host, value)
    {
        if (err->cls == CLASS_NONE && record_decode(&ignored, host, value, name, err) < 0)
            break;
    }
    json_decref(root);
    if (err->cls == CLASS_NONE)
        return logins;
    json_decref(logins);
    return NULL;
}

/* The text for it: a line for each login, as people compare and edit it. */
static int record_encode(struct secret *out, json_t *logins, struct error *err)
{
    struct secret text = SECRET_INIT;
    const char *host;
    json_t *value;
    bool is_first = true;
    int ret = secret_append_text(&text, "{\n\t\"logins\": {", err);

    json_object_foreach(logins, host, value)
    {
        json_t *key = json_string(host);

        if (ret == 0 &&
            (key == NULL || secret_append_text(&text, is_first ? "\n\t\t" : ",\n\t\t", err) < 0 ||
             json_append(&text, key, err) < 0 || secret_append_text(&text, ": ", err) < 0 ||
             json_append(&text, value, err) < 0))
            ret = key == NULL ? error_no_memory(err) : -1;
        is_first = false;
        json_decref(key);
    }
    if (ret == 0)
        ret = secret_append_text(&text, is_first ? "}\n}\n" : "\n\t}\n}\n", err);
    if (ret == 0 && text.len > RECORD_MAX) /* nobody could read it */
        ret = error_set_hint(err, CLASS_AUTHFILE, "log out of registries that are no longer needed",
                             "the record of logins would be longer than %d bytes", RECORD_MAX);
    if (ret == 0)
        secret_move(out, &text);
    secret_clear(&text);
    return ret;
}

/*
 * Check who may have written it. The record names a command that is run, or a file that is read and
 * given to anyone who asks: a user who can write it could run anything as this user.
 */

static int check_owner(const struct stat *st, const char *path, struct error *err)
{
    bool is_foreign = !path_is_trusted_owner(st->st_uid);

    if (!is_foreign && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return 0;
    return error_set_hint(err, CLASS_AUTHFILE,
                          is_foreign ? "set the login up again as this user, with --at-pull"
                                     : "make it writable by its owner only: chmod go-w",
                          "'%s' is ignored: %s", path,
                          is_foreign ? "it belongs to another user"
                                     : "users other than its owner can write to it");
}

/* Without a lock. *text is empty if there is no file. */
static int record_read(struct secret *text, const char *path, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct stat dir;
    int ret = locked_file_look(&file, path, err);

    if (ret == 0)
        ret = locked_file_read(&file, text, RECORD_MAX, err);
    if (ret == 0 && file.seen.fd >= 0 &&
        (fstat(file.dir_fd, &dir) < 0 ? path_fail(err, "stat the directory", file.dir)
                                      : check_owner(&dir, file.dir, err)) < 0)
        ret = -1;
    if (ret == 0 && file.seen.fd >= 0 &&
        (check_owner(&file.seen.st, path, err) < 0 || path_check_way(path, err) < 0))
        ret = -1;
    locked_file_close(&file);
    return ret;
}

static json_t *record_load(const char *path, struct error *err)
{
    struct secret text = SECRET_INIT;
    json_t *logins = NULL;

    if (record_read(&text, path, err) == 0)
        logins = record_parse(&text, path_quoted(path).text, err);
    secret_clear(&text);
    return logins;
}

int record_find(struct record *out, const char *path, const char *host, struct error *err)
{
    json_t *logins = record_load(path, err);
    json_t *found = json_object_get(logins, host);
    int ret = logins == NULL ? -1 : 0;

    if (found != NULL)
        ret = record_decode(out, host, found, path_quoted(path).text, err) < 0 ? -1 : 1;
    json_decref(logins);
    return ret;
}

int record_list(struct secret *out, const char *path, struct error *err)
{
    json_t *logins = record_load(path, err);
    const char *host;
    json_t *value;
    int ret = logins == NULL ? -1 : 0;

    json_object_foreach(logins, host, value)
    {
        if (json_object_set(logins, host, json_object_get(value, "username")) < 0)
            ret = error_no_memory(err);
    }
    if (ret == 0)
        ret = json_append(out, logins, err);
    json_decref(logins);
    return ret;
}

int record_hosts(struct secret *out, const char *path, struct error *err)
{
    json_t *logins = record_load(path, err);
    const char *host;
    json_t *ignored;
    int ret = logins == NULL ? -1 : 0;

    json_object_foreach(logins, host, ignored)
    {
        if (ret == 0)
            ret = secret_append(out, host, strlen(host) + 1, SIZE_MAX - 1, err);
    }
    json_decref(logins);
    return ret;
}

/* Changes. */

/* A run's own directory, for one, is soon gone: what is not there asks for nothing. */
static bool forget_gone(json_t *files, const struct record_edit *edit)
{
    for (size_t i = json_array_size(files); i-- > 0;) {
        const char *file = json_string_value(json_array_get(files, i));
        bool is_gone = access(file, F_OK) < 0 && errno == ENOENT;

        for (size_t k = 0; k < edit->count; k++)
            is_gone = is_gone && strcmp(file, edit->files[k]) != 0;
        if (is_gone && json_array_remove(files, i) < 0)
            return false;
    }
    return true;
}

/* The auth files of `old` and of the change, each once, as a new reference. */
static json_t *merge_files(const json_t *old, const struct record_edit *edit)
{
    json_t *files = json_is_array(old) ? json_copy((json_t *)(uintptr_t)old) : json_array();

    if (!forget_gone(files, edit)) {
        json_decref(files);
        return NULL;
    }
    for (size_t i = 0; i < edit->count; i++) {
        bool is_there = false;

        for (size_t k = 0; k < json_array_size(files); k++)
            is_there = is_there ||
                       strcmp(json_string_value(json_array_get(files, k)), edit->files[i]) == 0;
        if (!is_there && json_array_append_new(files, json_string(edit->files[i])) < 0) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

/* The files are kept with it, so that logout knows when nobody asks any more. */
static int set_login(json_t *logins, const struct record_edit *edit, bool *changed,
                     struct error *err)
{
    const struct record *record = edit->record;
    struct record ignored;
    bool is_file = record->file[0] != '\0';
    const json_t *old = json_object_get(logins, edit->host);
    json_t *files = merge_files(json_object_get(old, "for"), edit);
    json_t *login = files == NULL
                        ? NULL
                        : json_pack("{s:s, s:s, s:o}", "username", record->username,
                                    is_file ? "file" : "command",
                                    is_file ? record->file : record->command, "for", files);

    *changed = login != NULL && (old == NULL || !json_equal(old, login));
    if (login == NULL || json_object_set_new(logins, edit->host, login) < 0)
        return error_set_hint(
            err, CLASS_AUTHFILE, "use names in UTF-8",
            "cannot record the login: out of memory, or a name is not UTF-8 text");
    /* What could not be read again would take all the other logins with it. */
    return record_decode(&ignored, edit->host, login, "what would be recorded", err);
}

/* Whether that file hands the registry to this program's helper; one that cannot be read may. */
static bool asks_us(const char *file, const char *host)
{
    struct document document = DOCUMENT_INIT;
    struct error ignored = ERROR_INIT;
    char name[READER_HELPER_MAX + 1];
    bool asks = look_at(&document, file, false, &ignored) < 0;

    for (size_t i = 0; !asks && i < READER_COUNT; i++)
        asks = strcmp(document_helper(name, &document, reader_all[i],
                                      reader_host(reader_all[i], host)),
                      READER_OWN_HELPER) == 0;
    document_clear(&document);
    return asks;
}

/* Forget the files that no longer name the helper. Returns 1 if some do, 0, or -1 with *err set. */
static int sift_files(json_t *login, const char *host, bool *changed, struct error *err)
{
    json_t *files = json_object_get(login, "for");

    for (size_t i = json_array_size(files); i-- > 0;) {
        const char *file = json_string_value(json_array_get(files, i));

        if (asks_us(file, host))
            continue;
        if (json_array_remove(files, i) < 0)
            return error_no_memory(err);
        *changed = true;
    }
    return json_array_size(files) > 0;
}

struct dropping {
    const struct record_edit *edit;
    bool kept;
};

static int drop_logins(json_t *logins, struct dropping *dropping, bool *changed, struct error *err)
{
    const char *wanted = dropping->edit->host;
    const char *host;
    void *next;
    json_t *login;

    json_object_foreach_safe(logins, next, host, login)
    {
        int asks =
            wanted == NULL || strcmp(host, wanted) == 0 ? sift_files(login, host, changed, err) : 1;

        if (asks < 0)
            return -1;
        if (asks > 0) {
            dropping->kept = dropping->kept || wanted == NULL || strcmp(host, wanted) == 0;
            continue;
        }
        *changed = true;
        (void)json_object_del(logins, host);
    }
    return 0;
}

static int record_change(struct dropping *dropping, json_t *logins, bool *changed,
                         struct error *err)
{
    *changed = false;
    return dropping->edit->record != NULL ? set_login(logins, dropping->edit, changed, err)
                                          : drop_logins(logins, dropping, changed, err);
}

/* Change, and give the text of that. */
static int record_rewrite(struct dropping *dropping, struct secret *out, json_t *logins,
                          bool *changed, struct error *err)
{
    return record_change(dropping, logins, changed, err) < 0 ? -1 : record_encode(out, logins, err);
}

static int edit_record(void *ctx, struct secret *out, const struct secret *in, const char *name,
                       bool *changed, struct error *err)
{
    struct dropping *dropping = ctx;
    json_t *logins = record_parse(in, name, err);
    int ret = logins == NULL ? -1 : 0;

    dropping->kept = false;
    if (ret == 0)
        ret = record_rewrite(dropping, out, logins, changed, err);
    json_decref(logins);
    return ret;
}

/* What others may have written is not added to. */
static int record_apply(struct dropping *dropping, bool *changed, struct warnings *warnings,
                        struct error *err)
{
    const struct record_edit *what = dropping->edit;
    struct secret text = SECRET_INIT;
    struct edit edit = {
        .path = what->path,
        .max = RECORD_MAX,
        .change = edit_record,
        .ctx = dropping,
        .clock = what->clock,
        .deadline_ms = what->deadline_ms,
    };
    int ret = record_read(&text, what->path, err);

    secret_clear(&text);
    return ret < 0 ? -1 : edit_apply(&edit, changed, warnings, err);
}

int record_check(const struct record_edit *edit, bool *due, struct error *err)
{
    struct dropping dropping = {.edit = edit};
    struct secret text = SECRET_INIT;
    json_t *logins = path_check_way(edit->path, err) < 0 ? NULL : record_load(edit->path, err);
    int ret = logins == NULL ? -1 : record_rewrite(&dropping, &text, logins, due, err);

    secret_clear(&text);
    json_decref(logins);
    return ret == 0 && *due ? preflight_check(edit->path, err) : ret;
}

int record_put(const struct record_edit *edit, bool *changed, struct warnings *warnings,
               struct error *err)
{
    struct dropping dropping = {.edit = edit};

    return record_apply(&dropping, changed, warnings, err);
}

int record_drop(const struct record_edit *edit, bool *kept, struct warnings *warnings,
                struct error *err)
{
    struct dropping dropping = {.edit = edit};
    bool changed;
    bool is_there = access(edit->path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
    int ret = is_there ? record_apply(&dropping, &changed, warnings, err) : 0;

    if (ret == 0 && kept != NULL)
        *kept = dropping.kept;
    return ret;
}

/* The answer. */

/* Reading a token is for wings that this one must not know: they hand down how it is done. */
static record_answer_fn *answer_of;

void record_answer_with(record_answer_fn *answer)
{
    answer_of = answer;
}

int record_answer(const char *server_url, struct secret *username, struct secret *token,
                  const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    if (answer_of == NULL)
        return error_set(err, CLASS_INTERNAL, "the record of logins cannot be read here");
    return answer_of(server_url, username, token, clock, deadline_ms, err);
}

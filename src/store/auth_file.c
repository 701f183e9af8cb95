#include "store/auth_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/edit.h"
#include "store/entry.h"
#include "store/helper.h"
#include "store/locked_file.h"
#include "store/preflight.h"
#include "store/shadow.h"

static struct edit edit_of(struct entry *entry, edit_fn *change)
{
    return (struct edit){
        .path = entry->file->path,
        .max = DOCUMENT_MAX,
        .in_place = entry->file->in_place,
        .change = change,
        .ctx = entry,
    };
}

static struct helper helper_of(const struct entry *entry)
{
    return (struct helper){.name = entry->helper,
                           .clock = entry->file->clock,
                           .deadline_ms = entry->file->deadline_ms};
}

/* A look at the file, with what to do where that fails. */
static int look(struct entry *entry, edit_fn *change, struct secret *text, bool *is_due,
                struct error *err)
{
    struct edit edit = edit_of(entry, change);
    const char *path = entry->file->path;

    if (edit_look(&edit, text, is_due, err) == 0)
        return 0;
    preflight_hint(path, access(path, R_OK) < 0 ? errno : 0, err);
    return -1;
}

static int hint_at_helper(const struct entry *entry, struct error *err)
{
    return error_hint(
        err, "repair or install the helper, or store in the file with --no-helper%s",
        entry->file->format == AUTH_FORMAT_DOCKER ? "" : ", or elsewhere with --authfile FILE");
}

/* Whether the helper holds this very credential. */
static int ask_helper(const struct entry *entry, bool *is_held, struct error *err)
{
    struct helper helper = helper_of(entry);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int found = helper_get(&helper, entry->file->key, &username, &token, err);

    *is_held = found > 0 && strcmp(secret_text(&username), entry->file->username) == 0 &&
               secret_is_equal(&token, entry->file->token);
    secret_clear(&username);
    secret_clear(&token);
    return found < 0 ? hint_at_helper(entry, err) : 0;
}

int auth_file_check(const struct auth_file *file, struct auth_file_result *result,
                    struct error *err)
{
    struct entry entry = {.file = file};
    struct secret text = SECRET_INIT;
    bool is_held = true;
    bool is_due;
    int ret = look(&entry, entry_put, &text, &is_due, err);

    secret_clear(&text);
    if (ret == 0 && entry.helper[0] != '\0')
        ret = ask_helper(&entry, &is_held, err);
    if (ret == 0 && is_due)
        ret = preflight_check(file->path, file->in_place, err);
    if (ret < 0)
        return -1;
    result->changed = is_due || !is_held;
    memcpy(result->helper, entry.helper, sizeof(result->helper));
    return 0;
}

static int store_in_helper(const struct entry *entry, bool *changed, struct error *err)
{
    const struct auth_file *file = entry->file;
    struct helper helper = helper_of(entry);
    bool is_held;

    if (ask_helper(entry, &is_held, err) < 0)
        return -1;
    if (is_held)
        return 0;
    if (helper_store(&helper, file->key, file->username, file->token, err) < 0)
        return hint_at_helper(entry, err);
    *changed = true;
    if (ask_helper(entry, &is_held, err) < 0)
        return error_wrap(err, "stored, but cannot be read back");
    if (is_held)
        return 0;
    (void)error_set(err, CLASS_HELPER,
                    "the credential helper '%s' did not keep what it was given for '%s'",
                    entry->helper, file->key);
    return hint_at_helper(entry, err);
}

int auth_file_store(const struct auth_file *file, struct auth_file_result *result,
                    struct warnings *warnings, struct error *err)
{
    struct entry entry = {.file = file};
    struct edit edit = edit_of(&entry, entry_put);
    struct secret text = SECRET_INIT;
    bool file_changed = false;
    bool is_due;
    int ret = look(&entry, entry_put, &text, &is_due, err);

    *result = (struct auth_file_result){.changed = false};
    if (ret == 0) {
        memcpy(result->helper, entry.helper, sizeof(result->helper));
        entry.expected = result->helper;
        if (entry.helper[0] != '\0')
            ret = store_in_helper(&entry, &result->changed, err);
    }
    if (ret == 0)
        ret =
            edit_apply(&edit, file->clock, file->deadline_ms, &text, &file_changed, warnings, err);
    result->changed = result->changed || file_changed;
    if (ret == 0 && entry.helper[0] == '\0')
        shadow_in_file(&text, file, warnings);
    secret_clear(&text);
    return ret;
}

static int erase_in_helper(const struct entry *entry, bool dry_run, bool *changed,
                           struct error *err)
{
    static const char *const schemes[] = {"", "https://", "http://"};
    struct helper helper = helper_of(entry);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int ret = 0;

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && ret >= 0; i++) {
        char url[AUTH_FILE_KEY_MAX + sizeof("https://")];

        if (schemes[i][0] != '\0' && strstr(entry->file->key, "://") != NULL)
            break; /* Docker Hub's key has one */
        (void)snprintf(url, sizeof(url), "%s%s", schemes[i], entry->file->key);
        ret = helper_get(&helper, url, &username, &token, err);
        *changed = *changed || ret > 0;
        if (ret > 0 && !dry_run)
            ret = helper_erase(&helper, url, err);
    }
    secret_clear(&username);
    secret_clear(&token);
    return ret < 0 ? -1 : 0;
}

int auth_file_remove(const struct auth_file *file, bool dry_run, struct auth_file_result *result,
                     struct warnings *warnings, struct error *err)
{
    struct entry entry = {.file = file};
    struct edit edit = edit_of(&entry, entry_drop);
    struct secret text = SECRET_INIT;
    bool is_due = false;
    int ret = look(&entry, entry_drop, &text, &is_due, err);

    *result = (struct auth_file_result){.changed = false};
    if (ret == 0) {
        memcpy(result->helper, entry.helper, sizeof(result->helper));
        result->changed = is_due;
        if (is_due)
            ret = preflight_check(file->path, file->in_place, err);
    }
    if (ret == 0 && entry.helper[0] != '\0')
        ret = erase_in_helper(&entry, dry_run, &result->changed, err);
    if (ret == 0 && is_due && !dry_run)
        ret = edit_apply(&edit, file->clock, file->deadline_ms, &text, &is_due, warnings, err);
    secret_clear(&text);
    return ret;
}

/* Keys under way, and what stopped them. */
struct key_list {
    struct secret keys;
    struct error err;
};

static bool append_key(void *ctx, const char *key)
{
    struct key_list *list = ctx;

    return secret_append(&list->keys, key, strlen(key) + 1, SIZE_MAX - 1, &list->err) == 0;
}

int auth_file_keys(struct secret *keys, const char *path, struct error *err)
{
    struct key_list list = {.err = ERROR_INIT};
    struct secret text = SECRET_INIT;
    int ret = locked_file_peek(path, &text, DOCUMENT_MAX, err);

    if (ret < 0)
        preflight_hint(path, access(path, R_OK) < 0 ? errno : 0, err);
    else
        ret = document_each_key(&text, path, "", append_key, &list, err);
    if (ret == 0 && list.err.cls != CLASS_NONE) {
        *err = list.err;
        ret = -1;
    }
    if (ret == 0)
        secret_move(keys, &list.keys);
    secret_clear(&list.keys);
    secret_clear(&text);
    return ret;
}

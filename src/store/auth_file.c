#include "store/auth_file.h"

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
        .clock = entry->file->clock,
        .deadline_ms = entry->file->deadline_ms,
    };
}

static struct helper helper_of(const struct auth_file *file, const char *name)
{
    return (struct helper){.name = name, .clock = file->clock, .deadline_ms = file->deadline_ms};
}

/* A look at the file, with what to do where that fails. */
static int look(struct entry *entry, edit_fn *change, struct secret *text, bool *is_due,
                struct error *err)
{
    struct edit edit = edit_of(entry, change);
    const char *path = entry->file->path;

    if (edit_look(&edit, text, is_due, err) == 0)
        return 0;
    preflight_hint_unread(path, err);
    return -1;
}

/* A failure of a helper, with whose idea it was. */
static int blame(const struct auth_file *file, struct error *err)
{
    return error_wrap(err, "'%s' hands the registry to a credential helper", file->path);
}

/* Whether the helper holds this very credential. Tells of a helper that does not work. */
static int ask_helper(const struct entry *entry, bool *is_held, struct error *err)
{
    struct helper helper = helper_of(entry->file, entry->helper);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int found = helper_get(&helper, entry->file->key, &username, &token, err);

    *is_held = found > 0 && entry_is_wanted(entry->file, &username, &token);
    secret_clear(&username);
    secret_clear(&token);
    return found < 0 ? blame(entry->file, err) : 0;
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
    struct helper helper = helper_of(file, entry->helper);
    bool is_held;

    if (ask_helper(entry, &is_held, err) < 0)
        return -1;
    if (is_held)
        return 0;
    if (helper_store(&helper, file->key, file->username, file->token, err) < 0)
        return blame(file, err);
    *changed = true;
    if (ask_helper(entry, &is_held, err) < 0)
        return error_wrap(err, "stored, but cannot be read back");
    if (is_held)
        return 0;
    (void)error_set(err, CLASS_HELPER,
                    "the credential helper '%.100s' did not keep what it was given for '%s'",
                    entry->helper, file->key);
    return error_hint(err, "repair the helper, or log in with --no-helper");
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
        ret = edit_apply(&edit, &text, &file_changed, warnings, err);
    result->changed = result->changed || file_changed;
    if (ret == 0 && entry.helper[0] == '\0')
        shadow_in_file(&text, file, warnings);
    secret_clear(&text);
    return ret;
}

/* Out of one helper, under every name that docker's logout tries. */
static int erase(const struct auth_file *file, const struct helper *helper, const char *key,
                 bool dry_run, bool *erased, struct error *err)
{
    static const char *const schemes[] = {"", "https://", "http://"};
    size_t count = strstr(key, "://") == NULL ? 3 : 1; /* Docker Hub's key has one */
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    struct secret url = SECRET_INIT;
    int ret = 0;

    for (size_t i = 0; i < count && ret >= 0; i++) {
        secret_clear(&url);
        if (secret_append_text(&url, schemes[i], err) < 0 || secret_append_text(&url, key, err) < 0)
            ret = -1;
        else
            ret = helper_get(helper, url.data, &username, &token, err);
        if (ret <= 0 || !entry_is_wanted(file, &username, &token))
            continue;
        *erased = true;
        if (!dry_run)
            ret = helper_erase(helper, url.data, err);
    }
    secret_clear(&url);
    secret_clear(&username);
    secret_clear(&token);
    return ret < 0 ? -1 : 0;
}

/* The keys of a removal that a helper may have. */
struct erasing {
    struct entry *entry;
    const struct secret *text;
    bool dry_run;
    struct error err;
};

/* Helpers know no namespaces. */
static bool erase_key(void *ctx, const char *key)
{
    struct erasing *erasing = ctx;
    struct entry *entry = erasing->entry;
    const struct auth_file *file = entry->file;
    char name[DOCUMENT_HELPER_MAX + 1] = "";
    struct helper helper = helper_of(file, name);

    if (entry_helper(name, file, erasing->text, key, &erasing->err) < 0)
        return false;
    if (name[0] == '\0')
        return true;
    memcpy(entry->helper, name, sizeof(name));
    if (erase(file, &helper, key, erasing->dry_run, &entry->is_erased, &erasing->err) == 0)
        return true;
    (void)blame(file, &erasing->err);
    return false;
}

static int erase_in_helpers(struct entry *entry, const struct secret *text, bool dry_run,
                            struct error *err)
{
    const struct auth_file *file = entry->file;
    struct erasing erasing = {.entry = entry, .text = text, .dry_run = dry_run, .err = ERROR_INIT};

    if (file->key != NULL)
        (void)erase_key(&erasing, file->key);
    else if (document_each_key(text, "the auth file", "", erase_key, &erasing, err) < 0)
        return -1;
    if (erasing.err.cls == CLASS_NONE)
        return 0;
    *err = erasing.err;
    return -1;
}

/* What is to go is looked for before the helper loses anything, and again when it has. */
int auth_file_remove(const struct auth_file *file, bool dry_run, struct auth_file_result *result,
                     struct warnings *warnings, struct error *err)
{
    struct entry entry = {.file = file};
    struct edit edit = edit_of(&entry, entry_drop);
    struct secret text = SECRET_INIT;
    bool is_due = false;
    bool file_changed = false;
    int ret = look(&entry, entry_drop, &text, &is_due, err);

    *result = (struct auth_file_result){.changed = false};
    if (ret == 0 && is_due)
        ret = preflight_check(file->path, file->in_place, err);
    if (ret == 0)
        ret = erase_in_helpers(&entry, &text, dry_run, err);
    memcpy(result->helper, entry.helper, sizeof(result->helper));
    result->changed = entry.is_erased;
    if (ret == 0 && entry.is_erased && !is_due)
        ret = look(&entry, entry_drop, &text, &is_due, err);
    /* Where nothing is due, what a killed run left beside the file is removed all the same. */
    if (ret == 0 && !dry_run && (is_due || access(file->path, F_OK) == 0))
        ret = edit_apply(&edit, &text, &file_changed, warnings, err);
    result->changed = result->changed || (dry_run ? is_due : file_changed);
    secret_clear(&text);
    return ret;
}

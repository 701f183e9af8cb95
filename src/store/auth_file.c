#include "store/auth_file.h"

#include <string.h>
#include <unistd.h>

#include "store/file/edit.h"
#include "store/plan.h"
#include "store/helper/helper.h"
#include "store/file/look.h"
#include "store/file/preflight.h"
#include "store/shadow.h"

static struct edit edit_of(struct entry *entry, edit_fn *change)
{
    return (struct edit){
        .path = entry->file->path,
        .max = DOCUMENT_MAX,
        .change = change,
        .ctx = entry,
        .clock = entry->file->clock,
        .deadline_ms = entry->file->deadline_ms,
    };
}

static struct helper helper_of(const struct auth_file *file, const char *name)
{
    return (struct helper){
        .name = name,
        .file = file->path,
        .username = file->username,
        .token = file->username != NULL ? file->token : NULL,
        .clock = file->clock,
        .deadline_ms = file->deadline_ms,
    };
}

static int look(struct entry *entry, struct error *err)
{
    return look_into(&entry->document, entry->file->path, err);
}

/* Whether the helper holds this very credential. Tells of a helper that does not work. */
static int ask_helper(const struct entry *entry, bool *is_held, struct error *err)
{
    struct helper helper = helper_of(entry->file, entry->helper);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int found = helper_get(&helper, entry->file->host, &username, &token, err);

    *is_held = found > 0 && entry_is_wanted(entry->file, &username, &token);
    secret_clear(&username);
    secret_clear(&token);
    return found < 0 ? -1 : 0;
}

int auth_file_check(const struct auth_file *file, struct auth_file_result *result,
                    struct error *err)
{
    struct entry entry = {.file = file};
    bool is_held = true;
    bool is_due = false;
    int ret = look(&entry, err);

    if (ret == 0)
        ret = entry_is_due(&entry, &is_due, err);
    if (ret == 0 && entry.helper[0] != '\0')
        ret = ask_helper(&entry, &is_held, err);
    if (ret == 0 && is_due)
        ret = preflight_check(file->path, err);
    entry_clear(&entry);
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
    if (helper_store(&helper, file->host, file->username, file->token, err) < 0)
        return -1;
    *changed = true;
    if (ask_helper(entry, &is_held, err) < 0)
        return error_wrap(err, "stored, but cannot be read back");
    if (is_held)
        return 0;
    (void)error_set(err, CLASS_HELPER,
                    "the credential helper '%.100s' did not keep what it was given for '%s'",
                    entry->helper, file->host);
    return error_hint(err, "repair the helper, or log in with --no-helper");
}

int auth_file_store(const struct auth_file *file, struct auth_file_result *result,
                    struct warnings *warnings, struct error *err)
{
    struct entry entry = {.file = file, .expected = result->helper};
    struct edit edit = edit_of(&entry, entry_put);
    bool file_changed = false;
    int ret = 0;

    result->changed = false;
    memcpy(entry.helper, result->helper, sizeof(entry.helper));
    if (entry.helper[0] != '\0')
        ret = store_in_helper(&entry, &result->changed, err);
    if (ret == 0 && edit_apply(&edit, &file_changed, warnings, err) < 0)
        ret = result->changed ? error_wrap(err, "the credential helper '%.100s' has the credential",
                                           result->helper)
                              : -1;
    result->changed = result->changed || file_changed;
    if (ret == 0)
        shadow_in_file(&entry.document, file, entry.helper, warnings);
    if (ret == 0 && file_changed && entry.is_docker_moved)
        warnings_add(
            warnings,
            "docker asks the helper of \"credsStore\" in '%s' for '%s' from now on, and no "
            "other",
            file->path, file->host);
    entry_clear(&entry);
    return ret;
}

/* Out of one helper, under every name that docker's logout tries. */
static int erase(struct entry *entry, const char *key, bool dry_run, struct error *err)
{
    size_t count = strstr(key, "://") == NULL ? ENTRY_SCHEMES : 1; /* Docker Hub's key has one */
    struct helper helper = helper_of(entry->file, entry->helper);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    struct secret url = SECRET_INIT;
    int ret = 0;

    for (size_t i = 0; i < count && ret >= 0; i++) {
        secret_clear(&url);
        if (secret_append_text(&url, entry_schemes[i], err) < 0 ||
            secret_append_text(&url, key, err) < 0)
            ret = -1;
        else
            ret = helper_get(&helper, url.data, &username, &token, err);
        if (ret > 0) { /* from now on it is known what is not to be told */
            helper.username = secret_text(&username);
            helper.token = &token;
        }
        if (ret <= 0 || !entry_is_wanted(entry->file, &username, &token))
            continue;
        entry->is_erased = entry->erased[i] = true;
        if (!dry_run)
            ret = helper_erase(&helper, url.data, err);
    }
    secret_clear(&url);
    secret_clear(&username);
    secret_clear(&token);
    return ret < 0 ? -1 : 0;
}

/* The keys of a removal that a helper may have. */
struct erasing {
    struct entry *entry;
    bool is_in_file; /* some of it is in the file itself */
    bool dry_run;
    struct error *err;
};

/* The empty name, a helper's to podman, is nobody who could be asked. */
static bool is_helper(const char *name)
{
    return name[0] != '\0' && strcmp(name, DOCUMENT_NO_NAME) != 0;
}

/* Helpers know no namespaces. */
static bool erase_key(void *ctx, const char *key)
{
    const struct erasing *erasing = ctx;
    struct entry *entry = erasing->entry;
    char name[DOCUMENT_HELPER_MAX + 1];

    if (!is_helper(entry_helper(name, entry->file, &entry->document, key)))
        return true;
    memcpy(entry->helper, name, sizeof(name));
    return erase(entry, key, erasing->dry_run, erasing->err) == 0;
}

/* Docker and podman ask the helper of "credHelpers" whether "auths" has the host or not. */
static bool erase_unlisted(void *ctx, const char *host)
{
    const struct erasing *erasing = ctx;
    struct document_entry ignored;

    return document_find(&ignored, &erasing->entry->document, host) || erase_key(ctx, host);
}

/*
 * Podman knows Docker Hub by another name than docker does. Its helper is named as the one that had
 * the entry where nobody else did.
 */
static bool erase_podmans(const struct erasing *erasing)
{
    struct entry *entry = erasing->entry;
    const struct auth_file *file = entry->file;
    bool was_erased = entry->is_erased;
    char name[DOCUMENT_HELPER_MAX + 1];
    char before[DOCUMENT_HELPER_MAX + 1];
    int ret;

    if (file->podmans_host == NULL || strcmp(file->podmans_host, file->host) == 0 ||
        !is_helper(document_helper(name, &entry->document, file->podmans_host, false)))
        return true;
    memcpy(before, entry->helper, sizeof(before));
    memcpy(entry->helper, name, sizeof(name));
    ret = erase(entry, file->podmans_host, erasing->dry_run, erasing->err);
    if (was_erased || erasing->is_in_file || !entry->is_erased)
        memcpy(entry->helper, before, sizeof(before));
    return ret == 0;
}

static int erase_in_helpers(struct entry *entry, bool is_in_file, bool dry_run, struct error *err)
{
    const struct auth_file *file = entry->file;
    struct erasing erasing = {
        .entry = entry, .is_in_file = is_in_file, .dry_run = dry_run, .err = err};
    bool is_dockers = file->format == AUTH_FORMAT_DOCKER; /* without namespaces */

    if (file->no_helper)
        return 0;
    if (file->key != NULL)
        return erase_key(&erasing, is_dockers ? file->host : file->key) && erase_podmans(&erasing)
                   ? 0
                   : -1;
    return document_each_key(&entry->document, erase_key, &erasing) &&
                   document_each_helped(&entry->document, erase_unlisted, &erasing)
               ? 0
               : -1;
}

/* Nothing is taken from the helper before it is known that the file can be changed. */
int auth_file_remove(const struct auth_file *file, bool dry_run, struct auth_file_result *result,
                     struct warnings *warnings, struct error *err)
{
    struct entry entry = {.file = file};
    struct edit edit = edit_of(&entry, entry_drop);
    bool is_due = false;
    bool file_changed = false;
    int ret = look(&entry, err);

    *result = (struct auth_file_result){.changed = false};
    if (ret == 0)
        ret = entry_is_there(&entry, &is_due, err);
    if (ret == 0 && is_due)
        ret = preflight_check(file->path, err);
    if (ret == 0)
        ret = erase_in_helpers(&entry, is_due, dry_run, err);
    memcpy(result->helper, entry.helper, sizeof(result->helper));
    if (ret == 0)
        ret = entry_is_there(&entry, &is_due, err);
    /* Where nothing is due, what a killed run left beside the file is removed all the same. */
    if (ret == 0 && !dry_run && (is_due || access(file->path, F_OK) == 0))
        ret = edit_apply(&edit, &file_changed, warnings, err);
    result->changed = entry.is_erased || (dry_run ? ret == 0 && is_due : file_changed);
    entry_clear(&entry);
    return ret;
}

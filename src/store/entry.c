#include "store/entry.h"

#include <string.h>

#include "store/holding.h"
#include "store/document_edit.h"
#include "store/key.h"

static bool is_docker(const struct auth_file *file)
{
    return file->format == AUTH_FORMAT_DOCKER;
}

/* Docker's "credsStore" is for all hosts; podman does not know it. */
static int read_helper(char *helper, const struct auth_file *file, const struct secret *text,
                       const char *name, const char *host, struct error *err)
{
    return document_helper(helper, text, name, host, is_docker(file) && !file->is_podmans, err);
}

/* The helper that a new entry goes to. */
static int find_helper(struct entry *entry, const struct secret *text, const char *name,
                       struct error *err)
{
    const struct auth_file *file = entry->file;

    if (read_helper(entry->helper, file, text, name, file->host, err) < 0)
        return -1;
    if (entry->helper[0] == '\0' || file->no_helper || is_docker(file) ||
        strcmp(file->key, file->host) == 0)
        return 0;
    (void)error_set(err, CLASS_HELPER,
                    "%s hands '%s' to a credential helper, which knows no namespaces", name,
                    file->host);
    return error_hint(err, "log in to '%s', or store in the file with --no-helper", file->host);
}

/* One change on top of what *out holds. */
static int add_change(struct secret *out, const char *name, enum document_change change,
                      const char *key, const struct secret *auth, bool *changed, struct error *err)
{
    struct document_edit edit = {.change = change, .key = key, .auth = auth};
    bool has_changed;

    if (document_edit(out, out, name, &edit, &has_changed, err) < 0)
        return -1;
    *changed = *changed || has_changed;
    return 0;
}

/* Somebody gave the registry to another keeper while the registry was asked. */
static int refuse_new_helper(const struct entry *entry, const char *name, struct error *err)
{
    (void)error_set(err, CLASS_HELPER, "%s was given %s credential helper for '%s' meanwhile", name,
                    entry->helper[0] != '\0' ? "another" : "no", entry->file->host);
    return error_hint(err, "log in again");
}

int entry_put(void *ctx, struct secret *out, const struct secret *in, const char *name,
              bool *changed, struct error *err)
{
    struct entry *entry = ctx;
    const struct auth_file *file = entry->file;
    enum document_change bypass = is_docker(file) ? DOCUMENT_BYPASS : DOCUMENT_UNHELP;
    bool has_helper;

    *changed = false;
    if (find_helper(entry, in, name, err) < 0 ||
        secret_append(out, in->data, in->len, SIZE_MAX - 1, err) < 0)
        return -1;
    has_helper = entry->helper[0] != '\0';
    if (file->no_helper)
        entry->helper[0] = '\0';
    if (entry->expected != NULL && strcmp(entry->helper, entry->expected) != 0)
        return refuse_new_helper(entry, name, err);
    if (entry->helper[0] != '\0')
        return is_docker(file) ? add_change(out, name, DOCUMENT_MARK, file->key, NULL, changed, err)
                               : 0;
    if (add_change(out, name, DOCUMENT_STORE, file->key, file->auth, changed, err) < 0)
        return -1;
    return has_helper ? add_change(out, name, bypass, file->host, NULL, changed, err) : 0;
}

int entry_helper(char *helper, const struct auth_file *file, const struct secret *text,
                 const char *host, struct error *err)
{
    helper[0] = '\0';
    return file->no_helper ? 0 : read_helper(helper, file, text, "the auth file", host, err);
}

bool entry_is_wanted(const struct auth_file *file, const struct secret *username,
                     const struct secret *token)
{
    return (file->username == NULL || strcmp(secret_text(username), file->username) == 0) &&
           (file->token == NULL || secret_is_equal(token, file->token));
}

/* One key at a time is taken away, until none is left; its end is that the file gets shorter. */
struct dropping {
    const struct entry *entry;
    const struct secret *text;
    const char *name;
    struct secret key; /* the next to go; data NULL: none */
    struct error *err;
    bool has_failed;
};

/* An entry that nobody could use is nobody's. */
static bool holds_what_is_wanted(const struct dropping *dropping, const char *key)
{
    const struct auth_file *file = dropping->entry->file;
    struct holding holding = HOLDING_INIT;
    struct error unusable = ERROR_INIT;
    bool wanted;

    if (dropping->entry->is_erased || (file->username == NULL && file->token == NULL))
        return true;
    wanted =
        holding_find(&holding, dropping->text, dropping->name, key, file->format, &unusable) > 0 &&
        holding.token.len > 0 && entry_is_wanted(file, &holding.username, &holding.token);
    holding_clear(&holding);
    return wanted;
}

static bool notice_key(void *ctx, const char *key)
{
    struct dropping *dropping = ctx;
    const char *wanted = dropping->entry->file->key;

    if ((wanted != NULL && strcmp(key, wanted) != 0 && !key_is_spelling(key, wanted)) ||
        !holds_what_is_wanted(dropping, key))
        return true;
    dropping->has_failed = secret_append_text(&dropping->key, key, dropping->err) < 0;
    return false;
}

int entry_drop(void *ctx, struct secret *out, const struct secret *in, const char *name,
               bool *changed, struct error *err)
{
    struct dropping dropping = {.entry = ctx, .text = out, .name = name, .err = err};
    int ret = secret_append(out, in->data, in->len, SIZE_MAX - 1, err);

    *changed = false;
    do {
        secret_clear(&dropping.key);
        if (ret == 0)
            ret = document_each_key(out, name, "", notice_key, &dropping, err);
        if (ret == 0 && dropping.has_failed)
            ret = -1;
        if (ret == 0 && dropping.key.data != NULL)
            ret = add_change(out, name, DOCUMENT_REMOVE, dropping.key.data, NULL, changed, err);
    } while (ret == 0 && dropping.key.data != NULL);
    secret_clear(&dropping.key);
    return ret;
}

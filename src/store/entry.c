#include "store/entry.h"

#include <stdio.h>
#include <string.h>

#include "store/key.h"

static bool is_docker(const struct auth_file *file)
{
    return file->format == AUTH_FORMAT_DOCKER;
}

static int find_helper(struct entry *entry, const struct secret *text, const char *name,
                       struct error *err)
{
    const struct auth_file *file = entry->file;

    if (document_helper(entry->helper, text, name, file->host, is_docker(file), err) < 0)
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

/* One key at a time is taken away, until none is left; its end is that the file gets shorter. */
struct spelling {
    const struct auth_file *file;
    char key[AUTH_FILE_KEY_MAX + 1];
    bool found;
};

static bool notice_spelling(void *ctx, const char *key)
{
    struct spelling *spelling = ctx;

    if (strcmp(key, spelling->file->key) != 0 && !key_is_spelling(key, spelling->file->key))
        return true;
    spelling->found =
        snprintf(spelling->key, sizeof(spelling->key), "%s", key) < (int)sizeof(spelling->key);
    return !spelling->found;
}

int entry_drop(void *ctx, struct secret *out, const struct secret *in, const char *name,
               bool *changed, struct error *err)
{
    struct entry *entry = ctx;
    struct spelling spelling = {.file = entry->file, .found = true};

    *changed = false;
    if (document_helper(entry->helper, in, name, entry->file->host, is_docker(entry->file), err) <
            0 ||
        secret_append(out, in->data, in->len, SIZE_MAX - 1, err) < 0)
        return -1;
    while (spelling.found) {
        spelling.found = false;
        if (document_each_key(out, name, "", notice_spelling, &spelling, err) < 0)
            return -1;
        if (spelling.found &&
            add_change(out, name, DOCUMENT_REMOVE, spelling.key, NULL, changed, err) < 0)
            return -1;
    }
    return 0;
}

#include "store/plan.h"

#include <stdint.h>
#include <string.h>

#include "store/text/edit.h"
#include "store/text/decode.h"
#include "store/key.h"

const char *const entry_schemes[ENTRY_SCHEMES] = {"", "https://", "http://"};

static bool is_docker(const struct auth_file *file)
{
    return file->format == AUTH_FORMAT_DOCKER;
}

static enum auth_format reader_of(const struct auth_file *file)
{
    return file->is_podmans ? AUTH_FORMAT_PODMAN : file->format;
}

const char *entry_helper(char *helper, const struct auth_file *file,
                         const struct document *document, const char *host)
{
    return document_helper(helper, document, host, reader_of(file) == AUTH_FORMAT_DOCKER);
}

void entry_clear(struct entry *entry)
{
    document_clear(&entry->document);
}

/* A helper gets one credential for all of a host. */
static int refuse_namespace(const struct entry *entry, struct error *err)
{
    const struct auth_file *file = entry->file;

    (void)error_set(err, CLASS_HELPER,
                    "%s hands '%s' to a credential helper, which knows no namespaces",
                    entry->document.name, file->host);
    return error_hint(err, "log in to '%s', or store in the file with --no-helper", file->host);
}

static const char *store_of(char *store, const struct document *document)
{
    return document_helper(store, document, "", true);
}

static bool has_store(const struct document *document)
{
    char store[DOCUMENT_HELPER_MAX + 1];

    return store_of(store, document)[0] != '\0';
}

/* Whether docker goes to "credsStore" once nothing is named for podman any more, and did not. */
static bool is_docker_moved(const struct entry *entry)
{
    const struct auth_file *file = entry->file;
    char store[DOCUMENT_HELPER_MAX + 1];
    char before[DOCUMENT_HELPER_MAX + 1];

    return is_docker(file) && file->is_podmans && strcmp(file->key, file->host) == 0 &&
           store_of(store, &entry->document)[0] != '\0' &&
           strcmp(document_helper(before, &entry->document, file->host, true), store) != 0;
}

/* Whether podman, who reads the file too, would not look at its entries for the registry. */
static bool has_podmans_helper(const struct entry *entry)
{
    const char *host = entry->file->podmans_host;
    char helper[DOCUMENT_HELPER_MAX + 1];

    return host != NULL && document_helper(helper, &entry->document, host, false)[0] != '\0';
}

/*
 * How its readers are brought to read the file. Docker has a word for that; podman takes the word
 * for a helper, which docker does not need where there is no "credsStore".
 */
static enum document_change way_past_helper(const struct entry *entry)
{
    const struct auth_file *file = entry->file;
    bool is_podmans = reader_of(file) == AUTH_FORMAT_PODMAN;
    bool is_both_ways = file->podmans_host != NULL && !has_store(&entry->document);

    return is_podmans || is_both_ways ? DOCUMENT_UNHELP : DOCUMENT_BYPASS;
}

enum { CHANGES_MAX = 3 };

/* The changes that the entry takes, as far as they are known before any is made. */
struct plan {
    struct document_edit changes[CHANGES_MAX];
    size_t count;
};

static void add(struct plan *plan, enum document_change change, const char *key,
                const struct secret *auth)
{
    plan->changes[plan->count++] = (struct document_edit){change, key, auth};
}

/* The entry into the file, and its readers past the helpers that are named for the registry. */
static void plan_in_file(struct plan *out, struct entry *entry, bool has_helper)
{
    const struct auth_file *file = entry->file;
    bool has_two_names = file->podmans_host != NULL && strcmp(file->podmans_host, file->host) != 0;

    add(out, DOCUMENT_STORE, file->key, file->auth);
    if (has_helper && is_docker_moved(entry))
        entry->is_docker_moved = true; /* the result is read back, and does not show it */
    if (has_helper)
        add(out, way_past_helper(entry), file->host, NULL);
    if (file->no_helper && has_podmans_helper(entry) &&
        (has_two_names || (!has_helper && !has_store(&entry->document))))
        add(out, DOCUMENT_UNHELP, file->podmans_host, NULL);
}

static int make_plan(struct plan *out, struct entry *entry, struct error *err)
{
    const struct auth_file *file = entry->file;
    bool is_namespace = !is_docker(file) && strcmp(file->key, file->host) != 0;
    bool has_helper;

    *out = (struct plan){.count = 0};
    has_helper = entry_helper(entry->helper, file, &entry->document, file->host)[0] != '\0';
    if (has_helper && !file->no_helper && is_namespace)
        return refuse_namespace(entry, err);
    if (has_helper && !file->no_helper) {
        if (is_docker(file))
            add(out, DOCUMENT_MARK, file->key, NULL);
        return 0;
    }
    entry->helper[0] = '\0';
    plan_in_file(out, entry, has_helper);
    return 0;
}

int entry_is_due(struct entry *entry, bool *is_due, struct error *err)
{
    struct plan plan;

    if (make_plan(&plan, entry, err) < 0)
        return -1;
    *is_due = false;
    for (size_t i = 0; i < plan.count; i++)
        *is_due = *is_due || document_is_due(&entry->document, &plan.changes[i]);
    return 0;
}

/* Somebody gave the registry to another keeper while the registry was asked. */
static int refuse_new_helper(const struct entry *entry, struct error *err)
{
    (void)error_set(err, CLASS_HELPER, "%s was given %s credential helper for '%s' meanwhile",
                    entry->document.name, entry->helper[0] != '\0' ? "another" : "no",
                    entry->file->host);
    return error_hint(err, "log in again");
}

static int read_document(struct entry *entry, const struct secret *in, const char *name,
                         struct error *err)
{
    struct secret text = SECRET_INIT;
    int ret = secret_append(&text, in->data, in->len, SIZE_MAX - 1, err);

    if (ret == 0)
        ret = document_parse(&entry->document, &text, name, err);
    secret_clear(&text);
    return ret;
}

int entry_put(void *ctx, struct secret *out, const struct secret *in, const char *name,
              bool *changed, struct error *err)
{
    struct entry *entry = ctx;
    struct plan plan;

    *changed = false;
    if (read_document(entry, in, name, err) < 0 || make_plan(&plan, entry, err) < 0)
        return -1;
    if (entry->expected != NULL && strcmp(entry->helper, entry->expected) != 0)
        return refuse_new_helper(entry, err);
    for (size_t i = 0; i < plan.count; i++) {
        bool has_changed;

        if (document_edit(&entry->document, &plan.changes[i], &has_changed, err) < 0)
            return -1;
        *changed = *changed || has_changed;
    }
    secret_move(out, &entry->document.text);
    return 0;
}

bool entry_is_wanted(const struct auth_file *file, const struct secret *username,
                     const struct secret *token)
{
    return (file->username == NULL || strcmp(secret_text(username), file->username) == 0) &&
           (file->token == NULL || secret_is_equal(token, file->token));
}

/* Whether a helper had that under the very name `key`; of all entries, whether one had any. */
static bool was_in_helper(const struct entry *entry, const char *key)
{
    if (entry->file->key == NULL)
        return entry->is_erased;
    for (size_t i = 0; i < ENTRY_SCHEMES; i++) {
        size_t len = strlen(entry_schemes[i]);

        if (entry->erased[i] && strncmp(key, entry_schemes[i], len) == 0 &&
            strcmp(key + len, entry->file->host) == 0)
            return true;
    }
    return false;
}

/*
 * An entry that nobody could use is nobody's; one that holds nothing tells of the helper, and goes
 * with what that had.
 */
static bool holds_what_is_wanted(struct entry *entry, const char *key)
{
    const struct auth_file *file = entry->file;
    struct holding holding = HOLDING_INIT;
    struct error unusable = ERROR_INIT;
    bool wanted;

    if (file->username == NULL && file->token == NULL)
        return true;
    wanted = holding_find(&holding, &entry->document, key, reader_of(file), &unusable) > 0 &&
             (holding.token.len > 0 ? entry_is_wanted(file, &holding.username, &holding.token)
                                    : was_in_helper(entry, key));
    holding_clear(&holding);
    entry->is_starved = entry->is_starved || unusable.cls == CLASS_INTERNAL;
    return wanted;
}

static bool goes(void *ctx, const char *key)
{
    struct entry *entry = ctx;
    const char *wanted = entry->file->key;

    return (wanted == NULL || strcmp(key, wanted) == 0 || key_is_spelling(key, wanted)) &&
           holds_what_is_wanted(entry, key);
}

static bool stays(void *ctx, const char *key)
{
    return !goes(ctx, key);
}

int entry_is_there(struct entry *entry, bool *is_there, struct error *err)
{
    *is_there = !document_each_key(&entry->document, stays, entry);
    return entry->is_starved ? error_no_memory(err) : 0;
}

int entry_drop(void *ctx, struct secret *out, const struct secret *in, const char *name,
               bool *changed, struct error *err)
{
    struct entry *entry = ctx;

    *changed = false;
    if (read_document(entry, in, name, err) < 0 ||
        document_prune(&entry->document, goes, entry, changed, err) < 0)
        return -1;
    if (entry->is_starved)
        return error_no_memory(err);
    secret_move(out, &entry->document.text);
    return 0;
}

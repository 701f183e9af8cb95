#include "store/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/text/decode.h"
#include "store/text/edit.h"
#include "store/text/layout.h"
#include "store/text/syntax.h"

const char *const plan_schemes[PLAN_SCHEMES] = {"", "https://", "http://"};

void plan_clear(struct plan *plan)
{
    document_clear(&plan->document);
}

/* What the second reader calls the registry; NULL: there is none. */
static const char *second_host_of(const struct entry *entry)
{
    return entry->second != NULL ? reader_host(entry->second, entry->registry) : NULL;
}

/* A helper gets one credential for all of a host. */
static int refuse_namespace(const struct plan *plan, struct error *err)
{
    const char *host = entry_host(plan->entry);

    (void)error_set(err, CLASS_HELPER,
                    "%s names a credential helper for '%s', and helpers do not support namespaces",
                    plan->document.name, host);
    return error_hint(
        err, "log in to '%s' without the namespace, or store in the file with --no-helper", host);
}

static bool has_store(const struct document *document)
{
    char store[READER_HELPER_MAX + 1];

    return document_store(store, document)[0] != '\0';
}

/* Whether the owner goes to "credsStore" once the reader has no helper any more, and did not. */
static bool moves_owner(const struct plan *plan)
{
    const struct entry *entry = plan->entry;
    const char *host = entry_host(entry);
    char store[READER_HELPER_MAX + 1];
    char before[READER_HELPER_MAX + 1];

    return entry->owner->obeys_store && !entry->reader->obeys_store &&
           strcmp(entry->key, host) == 0 && has_store(&plan->document) &&
           strcmp(document_helper(before, &plan->document, entry->owner, host),
                  document_store(store, &plan->document)) != 0;
}

/* Whether the second reader would ask a helper, and not see the entry that is to be stored. */
static bool second_has_helper(const struct plan *plan)
{
    const struct entry *entry = plan->entry;
    char helper[READER_HELPER_MAX + 1];

    return entry->second != NULL && document_helper(helper, &plan->document, entry->second,
                                                    second_host_of(entry))[0] != '\0';
}

/*
 * How its readers are made to read the file. Docker has "" for that; podman and others take
 * the word for a helper, and docker does not need it if there is no "credsStore".
 */
static enum document_change way_past_helper(const struct plan *plan)
{
    return plan->entry->reader->runs_empty_name || !has_store(&plan->document) ? DOCUMENT_UNHELP
                                                                               : DOCUMENT_BYPASS;
}

enum { CHANGES_MAX = 3 };

/* The changes that the entry takes, as far as they are known before any is made. */
struct changes {
    struct document_edit items[CHANGES_MAX];
    size_t count;
};

static void add_change(struct changes *changes, enum document_change change, const char *key,
                       const struct secret *auth)
{
    changes->items[changes->count++] = (struct document_edit){change, key, auth};
}

/* The entry into the file, and its readers past the helpers that are named for the registry. */
static void plan_in_file(struct changes *out, struct plan *plan, bool has_helper)
{
    const struct entry *entry = plan->entry;
    const char *second = second_host_of(entry);
    bool has_two_names = second != NULL && strcmp(second, entry_host(entry)) != 0;

    add_change(out, DOCUMENT_STORE, entry->key, entry->auth);
    if (has_helper && moves_owner(plan))
        plan->is_owner_moved = true; /* the result is read back, and does not show it */
    if (has_helper)
        add_change(out, way_past_helper(plan), entry_host(entry), NULL);
    if (entry->no_helper && second_has_helper(plan) &&
        (has_two_names || (!has_helper && !has_store(&plan->document))))
        add_change(out, DOCUMENT_UNHELP, second, NULL);
}

/* An empty name is not a helper: it means the file to docker. */
static int refuse_earlier_helper(const struct plan *plan, const char *host, struct error *err)
{
    struct document_member member;
    char name[READER_HELPER_MAX + 1];

    if (!document_get(&member, &plan->document, DOCUMENT_HELPERS, host) ||
        !document_is_text(member.value))
        return 0;
    (void)syntax_copy(name, sizeof(name), layout_inner(member.value));
    if (name[0] == '\0' || strcmp(name, READER_OWN_HELPER) == 0)
        return 0;
    return error_set_hint(
        err, CLASS_HELPER,
        "log out with that helper and remove the line: --at-pull does not replace another helper",
        "\"credHelpers\" in %s already names the helper '%.100s' for '%s'", plan->document.name,
        name, host);
}

/* Its readers ask this program's own helper, whatever each of them calls the registry. */
static int plan_at_pull(struct changes *out, struct plan *plan, bool is_namespace,
                        struct error *err)
{
    const char *host = entry_host(plan->entry);
    const char *second = second_host_of(plan->entry);
    bool has_two_names = second != NULL && strcmp(second, host) != 0;

    if (is_namespace)
        return refuse_namespace(plan, err);
    if (refuse_earlier_helper(plan, host, err) < 0 ||
        (has_two_names && refuse_earlier_helper(plan, second, err) < 0))
        return -1;
    add_change(out, DOCUMENT_HELP, host, NULL);
    if (has_two_names)
        add_change(out, DOCUMENT_HELP, second, NULL);
    (void)snprintf(plan->helper, sizeof(plan->helper), "%s", READER_OWN_HELPER);
    return 0;
}

static int plan_changes(struct changes *out, struct plan *plan, struct error *err)
{
    const struct entry *entry = plan->entry;
    const char *host = entry_host(entry);
    bool is_namespace = entry->owner->has_namespaces && strcmp(entry->key, host) != 0;
    bool has_helper =
        document_helper(plan->helper, &plan->document, entry->reader, host)[0] != '\0';

    *out = (struct changes){.count = 0};
    if (entry->at_pull)
        return plan_at_pull(out, plan, is_namespace, err);
    if (has_helper && !entry->no_helper && is_namespace)
        return refuse_namespace(plan, err);
    /* Docker's native store leaves {} in "auths" for what its helper keeps. */
    if (has_helper && !entry->no_helper) {
        if (entry->owner->marks_helped)
            add_change(out, DOCUMENT_MARK, entry->key, NULL);
        return 0;
    }
    plan->helper[0] = '\0';
    plan_in_file(out, plan, has_helper);
    return 0;
}

/* Somebody gave the registry to another keeper while the registry was asked. */
static int refuse_new_helper(const struct plan *plan, struct error *err)
{
    return error_set_hint(err, CLASS_HELPER, "the file was changed during this login: log in again",
                          "%s now names %s credential helper for '%s'", plan->document.name,
                          plan->helper[0] != '\0' ? "a different" : "no", entry_host(plan->entry));
}

/* What was made of the text before is what is read back: it needs no other parse. */
static int read_document(struct plan *plan, const struct secret *in, const char *name,
                         struct error *err)
{
    struct secret text = SECRET_INIT;
    int ret = 0;

    if (plan->is_read && plan->document.text.len == in->len &&
        memcmp(secret_text(&plan->document.text), secret_text(in), in->len) == 0)
        return 0;
    ret = secret_append(&text, in->data, in->len, SIZE_MAX - 1, err);
    if (ret == 0)
        ret = document_parse(&plan->document, &text, name, err);
    secret_clear(&text);
    plan->is_read = ret == 0;
    return ret;
}

static int give_text(struct secret *out, const struct plan *plan, struct error *err)
{
    struct secret copy = SECRET_INIT;
    const struct secret *text = &plan->document.text;

    if (secret_append(&copy, text->data, text->len, SIZE_MAX - 1, err) < 0)
        return -1;
    secret_move(out, &copy);
    return 0;
}

bool plan_is_wanted(const struct entry *entry, const struct secret *username,
                    const struct secret *token)
{
    return (entry->username == NULL || strcmp(secret_text(username), entry->username) == 0) &&
           (entry->token == NULL || secret_is_equal(token, entry->token));
}

/* Whether a helper had that under the very name `key`; of all entries, whether one had any. */
static bool was_in_helper(const struct plan *plan, const char *key)
{
    if (plan->entry->key == NULL)
        return plan->is_erased;
    for (size_t i = 0; i < PLAN_SCHEMES; i++) {
        size_t len = strlen(plan_schemes[i]);

        if (plan->erased[i] && strncmp(key, plan_schemes[i], len) == 0 &&
            strcmp(key + len, entry_host(plan->entry)) == 0)
            return true;
    }
    return false;
}

/*
 * An entry that nobody could use is nobody's; one that holds nothing tells of the helper, and goes
 * with what that had.
 */
static bool holds_what_is_wanted(struct plan *plan, const char *key)
{
    const struct entry *entry = plan->entry;
    struct holding holding = HOLDING_INIT;
    struct error unusable = ERROR_INIT;
    bool wanted;

    if (entry->username == NULL && entry->token == NULL)
        return true;
    wanted = holding_find(&holding, &plan->document, key, entry->reader, &unusable) > 0 &&
             (holding.token.len > 0 ? plan_is_wanted(entry, &holding.username, &holding.token)
                                    : was_in_helper(plan, key));
    holding_clear(&holding);
    plan->is_starved = plan->is_starved || unusable.cls == CLASS_INTERNAL;
    return wanted;
}

static bool entry_goes(struct plan *plan, const char *key)
{
    const char *wanted = plan->entry->key;

    return (wanted == NULL || strcmp(key, wanted) == 0 ||
            reader_is_spelling(plan->entry->owner, key, wanted)) &&
           (plan->entry->at_pull || holds_what_is_wanted(plan, key));
}

/* The key in "credHelpers" for which this program's own helper goes, or NULL. */
static const char *own_of(const struct plan *plan)
{
    const struct entry *entry = plan->entry;
    const char *second = second_host_of(entry);
    struct document_member member = document_members(&plan->document, DOCUMENT_HELPERS);
    bool is_whole = entry->key == NULL || strcmp(entry->key, entry_host(entry)) == 0 ||
                    !entry->owner->has_namespaces;

    while (!plan->keeps_own && is_whole && document_next(&member)) {
        if (document_is_text(member.value) &&
            syntax_is(layout_inner(member.value), READER_OWN_HELPER, strlen(READER_OWN_HELPER)) &&
            (entry->key == NULL || strcmp(member.key, entry_host(entry)) == 0 ||
             (second != NULL && strcmp(member.key, second) == 0)))
            return member.key;
    }
    return NULL;
}

int plan_is_there(struct plan *plan, struct error *err)
{
    struct document_member member = document_members(&plan->document, DOCUMENT_AUTHS);
    bool is_there = false;

    while (!is_there && document_next(&member))
        is_there = entry_goes(plan, member.key);
    is_there = is_there || (!plan->entry->at_pull && own_of(plan) != NULL);
    return plan->is_starved ? error_no_memory(err) : is_there;
}

/* Take away what goes, in one edit: each would parse the whole file again. */
static int prune(struct plan *plan, bool *changed, struct error *err)
{
    struct document_member member = document_members(&plan->document, DOCUMENT_AUTHS);
    bool *marks = calloc(plan->document.lists[DOCUMENT_AUTHS].count + 1, sizeof(*marks));
    int ret;

    if (marks == NULL)
        return error_no_memory(err);
    while (document_next(&member))
        marks[member.number] = entry_goes(plan, member.key);
    ret = plan->is_starved ? error_no_memory(err)
                           : document_prune(&plan->document, marks, changed, err);
    free(marks);
    return ret;
}

int plan_is_due(struct plan *plan, struct error *err)
{
    struct changes changes;
    bool is_due = false;

    if (plan_changes(&changes, plan, err) < 0)
        return -1;
    for (size_t i = 0; i < changes.count; i++)
        is_due = is_due || document_is_due(&plan->document, &changes.items[i]);
    return is_due || !plan->entry->at_pull ? is_due : plan_is_there(plan, err);
}

int plan_put(void *ctx, struct secret *out, const struct secret *in, const char *name,
             bool *changed, struct error *err)
{
    struct plan *plan = ctx;
    struct changes changes;

    *changed = false;
    if (read_document(plan, in, name, err) < 0 || plan_changes(&changes, plan, err) < 0)
        return -1;
    if (plan->expected != NULL && strcmp(plan->helper, plan->expected) != 0)
        return refuse_new_helper(plan, err);
    for (size_t i = 0; i < changes.count; i++) {
        bool has_changed;

        if (document_edit(&plan->document, &changes.items[i], &has_changed, err) < 0)
            return -1;
        *changed = *changed || has_changed;
    }
    if (plan->entry->at_pull) {
        bool has_changed;

        if (prune(plan, &has_changed, err) < 0)
            return -1;
        *changed = *changed || has_changed;
    }
    return give_text(out, plan, err);
}

static int unhelp_own(struct plan *plan, bool *changed, struct error *err)
{
    const char *key;

    while ((key = own_of(plan)) != NULL) {
        char host[READER_KEY_MAX + 1];
        struct document_edit edit = {.change = DOCUMENT_UNHELP, .key = host};
        bool has_changed;

        /* The key points into the document, which the edit is to replace. */
        (void)snprintf(host, sizeof(host), "%s", key);
        if (document_edit(&plan->document, &edit, &has_changed, err) < 0)
            return -1;
        if (!has_changed)
            return error_set(err, CLASS_INTERNAL, "cannot remove a helper's name");
        *changed = true;
    }
    return 0;
}

int plan_drop(void *ctx, struct secret *out, const struct secret *in, const char *name,
              bool *changed, struct error *err)
{
    struct plan *plan = ctx;

    *changed = false;
    if (read_document(plan, in, name, err) < 0 || prune(plan, changed, err) < 0 ||
        unhelp_own(plan, changed, err) < 0)
        return -1;
    return give_text(out, plan, err);
}

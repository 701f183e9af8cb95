#include "store/auth_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/file/locked_file.h"
#include "store/helper/helper.h"
#include "store/look.h"
#include "store/plan.h"
#include "store/file/preflight.h"
#include "store/shadow.h"

static struct edit auth_file_edit_of(struct plan *plan, edit_fn *change)
{
    return (struct edit){
        .path = plan->entry->path,
        .max = DOCUMENT_MAX,
        .change = change,
        .ctx = plan,
        .clock = plan->entry->clock,
        .deadline_ms = plan->entry->deadline_ms,
    };
}

static struct helper helper_of(const struct entry *entry, const char *name)
{
    return (struct helper){
        .name = name,
        .file = entry->path,
        .username = entry->username,
        .token = entry->username != NULL ? entry->token : NULL,
        .clock = entry->clock,
        .deadline_ms = entry->deadline_ms,
    };
}

static int auth_file_look(struct plan *plan, struct error *err)
{
    return look_at(&plan->document, plan->entry->path, false, err);
}

/* Whether the helper holds this very credential. Tells of a helper that does not work. */
static int ask_helper(const struct plan *plan, bool *is_held, struct error *err)
{
    struct helper helper = helper_of(plan->entry, plan->helper);
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int found = helper_get(&helper, entry_host(plan->entry), &username, &token, err);

    *is_held = found > 0 && plan_is_wanted(plan->entry, &username, &token);
    secret_clear(&username);
    secret_clear(&token);
    return found < 0 ? -1 : 0;
}

/* A login that is not --at-pull, if another token, or none, is fetched at each pull. */
static int refuse_own(const struct entry *entry, struct error *err)
{
    (void)error_set(
        err, CLASS_HELPER,
        "'%s' has the token for '%s' fetched at each pull, and its source gives another token",
        entry->path, entry_host(entry));
    return error_hint(err,
                      "write the new token to the source that 'ghcr-login status %s' names, use "
                      "--no-helper, or run 'ghcr-login logout %s' first",
                      entry->registry, entry->registry);
}

enum { GROWTH_MAX = 8 }; /* times: an entry repeats the blanks of those around it, a few times */

/* Whether the file has room for the entry. A small one does, and is not parsed again for that. */
static int try_room(struct plan *plan, struct error *err)
{
    struct secret edited = SECRET_INIT;
    bool ignored;
    int ret = 0;

    plan->is_read = true;
    if (plan->document.text.len > DOCUMENT_MAX / GROWTH_MAX)
        ret = plan_put(plan, &edited, &plan->document.text, plan->entry->path, &ignored, err);
    secret_clear(&edited);
    return ret;
}

/* A helper is asked here already: one that does not work is known before a token is sent. */
int auth_file_check(const struct entry *entry, struct auth_file_result *result, struct error *err)
{
    struct plan plan = {.entry = entry};
    bool is_held = true;
    int is_due = -1;
    int ret = auth_file_look(&plan, err);

    if (ret == 0)
        ret = (is_due = plan_is_due(&plan, err)) < 0 ? -1 : 0;
    if (ret == 0 && plan.helper[0] != '\0' && !entry->at_pull)
        ret = ask_helper(&plan, &is_held, err);
    if (ret == 0 && !is_held && strcmp(plan.helper, READER_OWN_HELPER) == 0)
        ret = refuse_own(entry, err);
    if (ret == 0 && is_due > 0)
        ret = preflight_check(entry->path, err);
    if (ret == 0 && is_due > 0)
        ret = try_room(&plan, err);
    plan_clear(&plan);
    if (ret < 0)
        return -1;
    result->changed = is_due > 0 || !is_held;
    memcpy(result->helper, plan.helper, sizeof(result->helper));
    return 0;
}

/* A helper may succeed and keep nothing: only what can be read back is stored. */
static int store_in_helper(const struct plan *plan, bool *changed, struct error *err)
{
    const struct entry *entry = plan->entry;
    struct helper helper = helper_of(entry, plan->helper);
    bool is_held;

    if (ask_helper(plan, &is_held, err) < 0)
        return -1;
    if (is_held)
        return 0;
    if (helper_store(&helper, entry_host(entry), entry->username, entry->token, err) < 0)
        return -1;
    *changed = true;
    if (ask_helper(plan, &is_held, err) < 0)
        return error_wrap(err, "stored, but cannot be read back");
    if (is_held)
        return 0;
    return error_set_hint(err, CLASS_HELPER, "repair the helper, or log in with --no-helper",
                          "the credential helper '%.100s' did not keep the credential for '%s'",
                          plan->helper, entry_host(entry));
}

/* What is asked of one helper under one name of the registry after the other. */
struct eraser {
    struct plan *plan;
    struct helper helper;
    struct secret username; /* that it gave last */
    struct secret token;
    bool has_answered;
    struct error refused; /* the first time that it did not */
};

/* Returns 0, or -1 with *err set; that it fails for a name which it may not serve is no error. */
static int erase_name(struct eraser *eraser, const char *name, bool *erased, bool dry_run,
                      struct error *err)
{
    struct helper *helper = &eraser->helper;
    struct error fault = ERROR_INIT;
    bool has_refused;
    int found = helper_probe(helper, name, &eraser->username, &eraser->token, &has_refused, &fault);

    if (found < 0 && !has_refused) {
        *err = fault;
        return -1;
    }
    if (found < 0 && eraser->refused.cls == CLASS_NONE)
        eraser->refused = fault;
    eraser->has_answered = eraser->has_answered || found >= 0;
    if (found <= 0)
        return 0;
    /* From now on it is known what is not to be told. */
    helper->username = secret_text(&eraser->username);
    helper->token = &eraser->token;
    if (!plan_is_wanted(eraser->plan->entry, &eraser->username, &eraser->token))
        return 0;
    eraser->plan->is_erased = *erased = true;
    return dry_run ? 0 : helper_erase(helper, name, err);
}

/*
 * Out of one helper, under every name that docker's logout tries. One that serves a single spelling
 * fails for the others: as with docker, it is enough that it answers for one.
 */
static int auth_file_erase(struct plan *plan, const char *key, bool dry_run, struct error *err)
{
    size_t count = strstr(key, "://") == NULL ? PLAN_SCHEMES : 1; /* Docker Hub's key has one */
    struct eraser eraser = {.plan = plan, .helper = helper_of(plan->entry, plan->helper)};
    struct secret url = SECRET_INIT;
    int ret = 0;

    for (size_t i = 0; i < count && ret == 0; i++) {
        secret_clear(&url);
        if (secret_append_text(&url, plan_schemes[i], err) < 0 ||
            secret_append_text(&url, key, err) < 0)
            ret = -1;
        else
            ret = erase_name(&eraser, url.data, &plan->erased[i], dry_run, err);
    }
    if (ret == 0 && !eraser.has_answered) {
        *err = eraser.refused;
        ret = -1;
    }
    secret_clear(&url);
    secret_clear(&eraser.username);
    secret_clear(&eraser.token);
    return ret;
}

/* Who keeps the registry's credential before its readers ask this program: "" for the file. */
static int find_earlier_store(char *earlier, struct plan *plan, struct error *err)
{
    const struct entry *entry = plan->entry;

    if (auth_file_look(plan, err) < 0)
        return -1;
    (void)document_helper(earlier, &plan->document, entry->reader, entry_host(entry));
    if (strcmp(earlier, DOCUMENT_NO_NAME) == 0 || strcmp(earlier, READER_OWN_HELPER) == 0)
        earlier[0] = '\0';
    return 0;
}

/* Nobody asks it any more; that it keeps a copy all the same is no reason to fail. */
static void clear_earlier_store(const struct entry *entry, const char *earlier,
                                struct warnings *warnings)
{
    struct entry any = *entry;
    struct plan plan = {.entry = &any};
    struct error fault = ERROR_INIT;

    any.username = NULL;
    any.token = NULL;
    (void)snprintf(plan.helper, sizeof(plan.helper), "%s", earlier);
    if (earlier[0] != '\0' && auth_file_erase(&plan, entry_host(entry), false, &fault) < 0)
        warnings_add(warnings, "an earlier credential may still be stored: %s", fault.message);
}

/*
 * The helper first, then what tells of it in the file: a file that names nothing to be had would
 * hide an older entry. The check found result->helper; if that has changed since, plan_put
 * refuses, because the credential would go to a helper that was not asked.
 */
int auth_file_store(const struct entry *entry, struct auth_file_result *result,
                    struct warnings *warnings, struct error *err)
{
    struct plan plan = {.entry = entry, .expected = result->helper};
    struct edit edit = auth_file_edit_of(&plan, plan_put);
    char earlier[READER_HELPER_MAX + 1] = "";
    bool file_changed = false;
    int ret = 0;

    result->changed = false;
    memcpy(plan.helper, result->helper, sizeof(plan.helper));
    if (entry->at_pull)
        ret = find_earlier_store(earlier, &plan, err);
    else if (plan.helper[0] != '\0')
        ret = store_in_helper(&plan, &result->changed, err);
    if (ret == 0 && edit_apply(&edit, &file_changed, warnings, err) < 0)
        ret = result->changed ? error_wrap(err,
                                           "the credential helper '%.100s' stored the credential, "
                                           "but the file is unchanged",
                                           result->helper)
                              : -1;
    result->changed = result->changed || file_changed;
    if (ret == 0) {
        shadow_in_file(&plan.document, entry, plan.helper, warnings);
        clear_earlier_store(entry, earlier, warnings);
    }
    if (ret == 0 && file_changed && plan.is_owner_moved)
        warnings_add(warnings,
                     "from now on, docker uses only the \"credsStore\" helper in '%s' for '%s'",
                     entry_shown(entry), entry_host(entry));
    plan_clear(&plan);
    return ret;
}

/* The keys of a removal that a helper may have. */
struct erasing {
    struct plan *plan;
    bool is_in_file; /* some of it is in the file itself */
    bool dry_run;
    struct error *err;
};

/* Podman takes the empty name for a helper, but there is none to ask. */
static bool is_helper(const char *name)
{
    return name[0] != '\0' && strcmp(name, DOCUMENT_NO_NAME) != 0 &&
           strcmp(name, READER_OWN_HELPER) != 0;
}

/* Helpers know no namespaces. */
static int erase_key(const struct erasing *erasing, const char *key)
{
    struct plan *plan = erasing->plan;
    char name[READER_HELPER_MAX + 1];

    if (!is_helper(document_helper(name, &plan->document, plan->entry->reader, key)))
        return 0;
    memcpy(plan->helper, name, sizeof(name));
    return auth_file_erase(plan, key, erasing->dry_run, erasing->err);
}

/* Docker and podman ask the helper of "credHelpers" whether "auths" has the host or not. */
static int erase_every_key(const struct erasing *erasing)
{
    struct document_keys keys = document_keys(&erasing->plan->document);

    while (document_next_key(&keys)) {
        if (erase_key(erasing, keys.member.key) < 0)
            return -1;
    }
    return 0;
}

/*
 * Podman knows Docker Hub by another name than docker does. Its helper is named as the one that had
 * the entry if nobody else did.
 */
static int erase_of_second(const struct erasing *erasing)
{
    struct plan *plan = erasing->plan;
    const struct reader *second = plan->entry->second;
    const char *host = second != NULL ? reader_host(second, plan->entry->registry) : NULL;
    bool was_erased = plan->is_erased;
    char name[READER_HELPER_MAX + 1];
    char before[READER_HELPER_MAX + 1];
    int ret;

    if (host == NULL || strcmp(host, entry_host(plan->entry)) == 0 ||
        !is_helper(document_helper(name, &plan->document, second, host)))
        return 0;
    memcpy(before, plan->helper, sizeof(before));
    memcpy(plan->helper, name, sizeof(name));
    ret = auth_file_erase(plan, host, erasing->dry_run, erasing->err);
    if (was_erased || erasing->is_in_file || !plan->is_erased)
        memcpy(plan->helper, before, sizeof(before));
    return ret;
}

static int erase_in_helpers(struct plan *plan, bool is_in_file, bool dry_run, struct error *err)
{
    const struct entry *entry = plan->entry;
    struct erasing erasing = {
        .plan = plan, .is_in_file = is_in_file, .dry_run = dry_run, .err = err};

    if (entry->no_helper)
        return 0;
    if (entry->key == NULL)
        return erase_every_key(&erasing);
    return erase_key(&erasing, entry->owner->has_namespaces ? entry->key : entry_host(entry)) < 0
               ? -1
               : erase_of_second(&erasing);
}

/* Whether what this program's own helper gives is what is to be removed. */
static int judge_own(struct plan *plan, struct error *err)
{
    const struct entry *entry = plan->entry;
    bool is_held = false;

    if (entry->key == NULL || (entry->username == NULL && entry->token == NULL) ||
        strcmp(document_helper(plan->helper, &plan->document, entry->reader, entry_host(entry)),
               READER_OWN_HELPER) != 0) {
        plan->helper[0] = '\0';
        return 0;
    }
    if (ask_helper(plan, &is_held, err) < 0)
        return -1;
    plan->keeps_own = !is_held;
    plan->helper[0] = '\0';
    return 0;
}

/* Nothing is taken from the helper before it is known that the file can be changed. */
int auth_file_remove(const struct entry *entry, bool dry_run, struct auth_file_result *result,
                     struct warnings *warnings, struct error *err)
{
    struct plan plan = {.entry = entry};
    struct edit edit = auth_file_edit_of(&plan, plan_drop);
    int is_due = auth_file_look(&plan, err);
    bool file_changed = false;

    *result = (struct auth_file_result){.changed = false};
    if (is_due == 0)
        is_due = judge_own(&plan, err);
    if (is_due == 0)
        is_due = plan_is_there(&plan, err);
    if (is_due > 0 && preflight_check(entry->path, err) < 0)
        is_due = -1;
    if (is_due >= 0 && erase_in_helpers(&plan, is_due > 0, dry_run, err) < 0)
        is_due = -1;
    memcpy(result->helper, plan.helper, sizeof(result->helper));
    if (is_due >= 0)
        is_due = plan_is_there(&plan, err);
    /* If nothing is due, what a killed run left beside the file is removed all the same. */
    if (is_due >= 0 && !dry_run && (is_due > 0 || access(entry->path, F_OK) == 0) &&
        edit_apply(&edit, &file_changed, warnings, err) < 0)
        is_due = -1;
    result->changed = plan.is_erased || (dry_run ? is_due > 0 : file_changed);
    plan_clear(&plan);
    return is_due < 0 ? -1 : 0;
}

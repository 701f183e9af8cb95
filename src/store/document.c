#include "store/document.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/scan.h"
#include "store/splice.h"

static bool is_blank(const struct secret *text)
{
    struct scan s = scan_over(secret_text(text), text->len);
    struct span ignored;

    (void)scan_run(&s, " \t\r\n", &ignored);
    return scan_is_at_end(&s);
}

/*
 * The member that docker takes for `key`. Docker ignores case and merges members that differ in
 * nothing else; which of them would win cannot be told, so that two are refused.
 */
static int find_member(json_t *object, const char *key, const char *name, const char **spelling,
                       json_t **value, struct error *err)
{
    const char *each;
    json_t *each_value;

    *spelling = key;
    *value = NULL;
    json_object_foreach(object, each, each_value)
    {
        if (strcasecmp(each, key) != 0)
            continue;
        if (*value != NULL)
            return error_set(err, CLASS_AUTHFILE, "%s has '%s' twice, in different case", name,
                             key);
        *spelling = each;
        *value = each_value;
    }
    return 0;
}

/* Parse to an object; *root is NULL for a blank text. */
static int parse(json_t **root, const struct secret *in, const char *name, struct error *err)
{
    json_t *json;

    *root = NULL;
    if (is_blank(in))
        return 0;
    json = json_parse(secret_text(in), in->len, name, CLASS_AUTHFILE, err);
    if (json == NULL)
        return error_hint(err, "nothing was changed; repair the file or move it away");
    if (!json_is_object(json)) {
        json_decref(json);
        return error_set(err, CLASS_AUTHFILE, "%s is not a JSON object", name);
    }
    *root = json;
    return 0;
}

/* Whether docker and podman would already use exactly this credential. */
static bool is_entry_current(const json_t *entry, const struct secret *auth)
{
    const char *text = json_member_text(entry, "auth");
    json_t *writable = (json_t *)(uintptr_t)entry; /* jansson iterates over non-const only */
    const char *key;
    json_t *value;

    if (text == NULL || strcmp(text, secret_text(auth)) != 0)
        return false;
    json_object_foreach(writable, key, value)
    {
        bool wins = strcasecmp(key, "identitytoken") == 0 || strcasecmp(key, "registrytoken") == 0;

        bool is_empty =
            json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);

        if ((wins && !is_empty) || (strcasecmp(key, "auth") == 0 && strcmp(key, "auth") != 0))
            return false;
    }
    return true;
}

/* The member `wanted` of a document (`root` may be NULL), as the document spells it. */
static int find_object(json_t *root, const char *wanted, const char *name, const char **spelling,
                       json_t **object, struct error *err)
{
    if (find_member(root, wanted, name, spelling, object, err) < 0)
        return -1;
    if (*object != NULL && !json_is_object(*object) && !json_is_null(*object))
        return error_set(err, CLASS_AUTHFILE, "'%s' in %s is not an object", wanted, name);
    return 0;
}

/* What each change does. */
static const struct {
    const char *object; /* that it changes */
    bool is_removal;
    enum splice_value value;
} changes[] = {
    [DOCUMENT_STORE] = {"auths", false, SPLICE_ENTRY},
    [DOCUMENT_MARK] = {"auths", false, SPLICE_EMPTY_OBJECT},
    [DOCUMENT_REMOVE] = {"auths", true, SPLICE_ENTRY},
    [DOCUMENT_BYPASS] = {"credHelpers", false, SPLICE_EMPTY_TEXT},
    [DOCUMENT_UNHELP] = {"credHelpers", true, SPLICE_EMPTY_TEXT},
};

static bool is_current(json_t *object, const struct document_edit *edit)
{
    const json_t *member = json_object_get(object, edit->key);

    switch (edit->change) {
    case DOCUMENT_STORE:
        return is_entry_current(member, edit->auth);
    case DOCUMENT_MARK:
        return json_is_object(member) && json_object_size(member) == 0;
    case DOCUMENT_BYPASS:
        return json_is_string(member) && json_string_length(member) == 0;
    case DOCUMENT_REMOVE:
    case DOCUMENT_UNHELP:
        break;
    }
    return member == NULL;
}

/* What the member becomes; NULL where it goes. */
static json_t *new_value(const struct document_edit *edit)
{
    if (changes[edit->change].is_removal)
        return NULL;
    switch (changes[edit->change].value) {
    case SPLICE_ENTRY:
        return json_pack("{s:s}", "auth", secret_text(edit->auth));
    case SPLICE_EMPTY_OBJECT:
        return json_object();
    case SPLICE_EMPTY_TEXT:
        break;
    }
    return json_string("");
}

/* Whether `text` is the document `root` (may be NULL) so changed, and nothing else. */
static int judge(const struct secret *text, json_t *root, const char *object_name,
                 const struct document_edit *edit, struct error *err)
{
    json_t *expected = root != NULL ? json_copy(root) : json_object();
    json_t *old = json_object_get(expected, object_name);
    json_t *object = json_is_object(old) ? json_copy(old) : json_object();
    json_t *result = json_parse(secret_text(text), text->len, "the result", CLASS_INTERNAL, err);
    int ret = changes[edit->change].is_removal
                  ? json_object_del(object, edit->key)
                  : json_object_set_new(object, edit->key, new_value(edit));
    bool same = ret == 0 && json_object_set(expected, object_name, object) == 0 && result != NULL &&
                json_equal(expected, result);

    json_decref(object);
    json_decref(expected);
    json_decref(result);
    return same ? 0 : error_set(err, CLASS_INTERNAL, "the edited text is not what was meant");
}

static int splice(struct secret *out, const struct secret *in, json_t *root, const char *spelling,
                  const struct document_edit *edit, struct error *err)
{
    struct splice what = {.object = spelling,
                          .key = edit->key,
                          .value = changes[edit->change].value,
                          .auth = edit->auth};
    int ret = changes[edit->change].is_removal
                  ? splice_remove(out, in, &what, err)
                  : splice_set(out, root != NULL ? in : NULL, &what, err);

    return ret == 0 ? judge(out, root, spelling, edit, err) : -1;
}

int document_edit(struct secret *out, const struct secret *in, const char *name,
                  const struct document_edit *edit, bool *changed, struct error *err)
{
    struct secret built = SECRET_INIT;
    const char *spelling;
    json_t *root;
    json_t *object;
    bool is_due;
    int ret = -1;

    if (parse(&root, in, name, err) < 0)
        return -1;
    if (find_object(root, changes[edit->change].object, name, &spelling, &object, err) < 0)
        goto out;
    is_due = !is_current(object, edit);
    ret = is_due ? splice(&built, in, root, spelling, edit, err)
                 : secret_append(&built, in->data, in->len, SIZE_MAX - 1, err);
    if (ret == 0 && is_due && built.len > DOCUMENT_MAX)
        ret =
            error_set(err, CLASS_AUTHFILE, "%s would be longer than %d bytes", name, DOCUMENT_MAX);
    if (ret < 0)
        goto out;
    secret_move(out, &built);
    *changed = is_due;
out:
    secret_clear(&built);
    json_decref(root);
    return ret;
}

int document_helper(char *helper, const struct secret *in, const char *name, const char *host,
                    bool has_store, struct error *err)
{
    const char *found = NULL;
    const char *spelling;
    json_t *helpers;
    json_t *store;
    json_t *root;
    int ret = -1;

    if (parse(&root, in, name, err) < 0)
        return -1;
    if (find_member(root, "credHelpers", name, &spelling, &helpers, err) < 0 ||
        find_member(root, "credsStore", name, &spelling, &store, err) < 0)
        goto out;
    found = json_member_text(helpers, host);
    if (found == NULL && has_store)
        found = json_string_value(store);
    if (found != NULL && found[0] == '\0' && !has_store)
        found = "(no name)"; /* podman runs "docker-credential-" for it, and fails */
    (void)snprintf(helper, DOCUMENT_HELPER_MAX + 1, "%s", found != NULL ? found : "");
    ret = 0;
out:
    json_decref(root);
    return ret;
}

void document_entry_clear(struct document_entry *entry)
{
    secret_clear(&entry->auth);
    secret_clear(&entry->username);
    secret_clear(&entry->password);
    secret_clear(&entry->identitytoken);
}

static int copy_member(struct secret *out, const json_t *object, const char *member,
                       struct error *err)
{
    const json_t *text = json_object_get(object, member);

    if (!json_is_string(text))
        return 0;
    return secret_append(out, json_string_value(text), json_string_length(text), SIZE_MAX - 1, err);
}

int document_find(struct document_entry *out, const struct secret *in, const char *name,
                  const char *key, struct error *err)
{
    struct document_entry built = {.auth = SECRET_INIT};
    const char *spelling;
    json_t *auths;
    json_t *entry;
    json_t *root;
    int ret = -1;

    if (parse(&root, in, name, err) < 0)
        return -1;
    if (find_object(root, "auths", name, &spelling, &auths, err) < 0)
        goto out;
    entry = json_object_get(auths, key);
    if (copy_member(&built.auth, entry, "auth", err) < 0 ||
        copy_member(&built.username, entry, "username", err) < 0 ||
        copy_member(&built.password, entry, "password", err) < 0 ||
        copy_member(&built.identitytoken, entry, "identitytoken", err) < 0)
        goto out;
    ret = entry != NULL;
    *out = built;
    built = (struct document_entry){.auth = SECRET_INIT}; /* moved */
out:
    document_entry_clear(&built);
    json_decref(root);
    return ret;
}

int document_each_key(const struct secret *in, const char *name, const char *prefix,
                      bool (*visit)(void *ctx, const char *key), void *ctx, struct error *err)
{
    const char *spelling;
    const char *key;
    json_t *value;
    json_t *auths;
    json_t *root;
    int ret;

    if (parse(&root, in, name, err) < 0)
        return -1;
    ret = find_object(root, "auths", name, &spelling, &auths, err);
    if (ret < 0)
        goto out;
    json_object_foreach(auths, key, value)
    {
        if (strncmp(key, prefix, strlen(prefix)) == 0 && !visit(ctx, key))
            break;
    }
out:
    json_decref(root);
    return ret;
}

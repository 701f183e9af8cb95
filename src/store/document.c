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

/* The member "auths" of a document (`root` may be NULL), as the document spells it. */
static int find_auths(json_t *root, const char *name, const char **spelling, json_t **auths,
                      struct error *err)
{
    if (find_member(root, "auths", name, spelling, auths, err) < 0)
        return -1;
    if (*auths != NULL && !json_is_object(*auths) && !json_is_null(*auths))
        return error_set(err, CLASS_AUTHFILE, "'auths' in %s is not an object", name);
    return 0;
}

/* Whether `text` is the document `root` (may be NULL) with the entry set and nothing else changed.
 */
static int judge(const struct secret *text, json_t *root, const char *auths_name, const char *key,
                 const struct secret *auth, struct error *err)
{
    json_t *expected = root != NULL ? json_copy(root) : json_object();
    json_t *old_auths = json_object_get(expected, auths_name);
    json_t *auths = json_is_object(old_auths) ? json_copy(old_auths) : json_object();
    json_t *entry = json_pack("{s:s}", "auth", secret_text(auth));
    json_t *result = json_parse(secret_text(text), text->len, "the result", CLASS_INTERNAL, err);
    bool same = json_object_set_new(auths, key, entry) == 0 &&
                json_object_set(expected, auths_name, auths) == 0 && result != NULL &&
                json_equal(expected, result);

    json_decref(auths);
    json_decref(expected);
    json_decref(result);
    return same ? 0 : error_set(err, CLASS_INTERNAL, "the edited text is not what was meant");
}

int document_set(struct secret *out, const struct secret *in, const char *name, const char *key,
                 const struct secret *auth, bool *changed, struct error *err)
{
    struct secret built = SECRET_INIT;
    const char *spelling;
    json_t *root;
    json_t *auths;
    bool is_current;
    int ret = -1;

    if (parse(&root, in, name, err) < 0)
        return -1;
    if (find_auths(root, name, &spelling, &auths, err) < 0)
        goto out;
    is_current = is_entry_current(json_object_get(auths, key), auth);
    if (is_current)
        ret = secret_append(&built, in->data, in->len, SIZE_MAX - 1, err);
    else if (splice_entry(&built, root != NULL ? in : NULL, spelling, key, auth, err) == 0)
        ret = judge(&built, root, spelling, key, auth, err);
    if (ret == 0 && built.len > DOCUMENT_MAX)
        ret =
            error_set(err, CLASS_AUTHFILE, "%s would be longer than %d bytes", name, DOCUMENT_MAX);
    if (ret < 0)
        goto out;
    secret_move(out, &built);
    *changed = !is_current;
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
    ret = find_auths(root, name, &spelling, &auths, err);
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

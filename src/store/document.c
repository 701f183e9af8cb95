#include "store/document.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/document_tree.h"

int document_helper(char *helper, const struct secret *in, const char *name, const char *host,
                    bool has_store, struct error *err)
{
    const char *found = NULL;
    const char *spelling;
    json_t *helpers;
    json_t *store;
    json_t *root;
    int ret = -1;

    if (document_tree_parse(&root, in, name, err) < 0)
        return -1;
    if (document_tree_member(root, "credHelpers", name, &spelling, &helpers, err) < 0 ||
        document_tree_member(root, "credsStore", name, &spelling, &store, err) < 0)
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

    if (document_tree_parse(&root, in, name, err) < 0)
        return -1;
    if (document_tree_object(root, "auths", name, &spelling, &auths, err) < 0)
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

    if (document_tree_parse(&root, in, name, err) < 0)
        return -1;
    ret = document_tree_object(root, "auths", name, &spelling, &auths, err);
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

int document_each_auth(const struct secret *in, const char *name,
                       bool (*visit)(void *ctx, const char *key, const char *auth, size_t len),
                       void *ctx, struct error *err)
{
    const char *spelling;
    const char *key;
    json_t *value;
    json_t *auths;
    json_t *root;
    int ret;

    if (document_tree_parse(&root, in, name, err) < 0)
        return -1;
    ret = document_tree_object(root, "auths", name, &spelling, &auths, err);
    if (ret < 0)
        goto out;
    json_object_foreach(auths, key, value)
    {
        const json_t *auth = json_object_get(value, "auth");

        if (json_is_string(auth) &&
            !visit(ctx, key, json_string_value(auth), json_string_length(auth)))
            break;
    }
out:
    json_decref(root);
    return ret;
}

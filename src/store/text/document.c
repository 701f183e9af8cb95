#include "store/text/document.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

static bool is_blank(const struct secret *text)
{
    struct scan s = scan_over(secret_text(text), text->len);
    struct span ignored;

    (void)scan_run(&s, " \t\r\n", &ignored);
    return scan_is_at_end(&s);
}

json_t *document_member(const struct document *document, const char *name, const char **spelling)
{
    const char *key;
    json_t *value;

    *spelling = name;
    json_object_foreach(document->root, key, value)
    {
        if (strcasecmp(key, name) == 0) {
            *spelling = key;
            return value;
        }
    }
    return NULL;
}

static json_t *member(const struct document *document, const char *name)
{
    const char *ignored;

    return document_member(document, name, &ignored);
}

/* No member may stand twice in different case, nor be what its readers cannot read. */
static int check_member(const struct document *document, const char *name, bool is_text,
                        struct error *err)
{
    const json_t *found = member(document, name);
    const char *key;
    json_t *value;

    json_object_foreach(document->root, key, value)
    {
        if (strcasecmp(key, name) == 0 && value != found)
            return error_set(err, CLASS_AUTHFILE, "%s has '%s' twice, in different case",
                             document->name, name);
    }
    if (is_text || found == NULL || json_is_object(found) || json_is_null(found))
        return 0;
    return error_set(err, CLASS_AUTHFILE, "'%s' in %s is not an object", name, document->name);
}

static int parse(struct document *document, struct error *err)
{
    const struct secret *text = &document->text;

    if (is_blank(text))
        return 0;
    document->root = json_parse(secret_text(text), text->len, document->name, CLASS_AUTHFILE, err);
    if (document->root == NULL)
        return error_hint(err, "nothing was changed; repair the file or move it away");
    if (!json_is_object(document->root))
        return error_set(err, CLASS_AUTHFILE, "%s is not a JSON object", document->name);
    if (check_member(document, "auths", false, err) < 0 ||
        check_member(document, "credHelpers", false, err) < 0)
        return -1;
    return check_member(document, "credsStore", true, err);
}

int document_parse(struct document *out, struct secret *text, const char *name, struct error *err)
{
    struct document parsed = DOCUMENT_INIT;
    int ret;

    (void)snprintf(parsed.name, sizeof(parsed.name), "%s", name);
    secret_move(&parsed.text, text);
    ret = parse(&parsed, err);
    if (ret == 0) {
        document_clear(out);
        *out = parsed;
        parsed = DOCUMENT_INIT; /* moved */
    }
    document_clear(&parsed);
    return ret;
}

void document_clear(struct document *document)
{
    secret_clear(&document->text);
    json_decref(document->root);
    *document = DOCUMENT_INIT;
}

const char *document_helper(char *helper, const struct document *document,
                            const struct reader *reader, const char *host)
{
    const json_t *named = json_object_get(member(document, "credHelpers"), host);
    const char *found = json_is_null(named) ? "" : json_string_value(named); /* as Go reads null */

    if (found == NULL && reader->obeys_store)
        found = json_string_value(member(document, "credsStore"));
    if (found != NULL && found[0] == '\0' && reader->runs_empty_name)
        found = DOCUMENT_NO_NAME; /* it runs "docker-credential-" for it */
    (void)snprintf(helper, READER_HELPER_MAX + 1, "%s", found != NULL ? found : "");
    return helper;
}

/* The text that docker and podman take for `name`: the last one that is there, null aside. */
static struct span text_of(json_t *object, const char *name, bool *is_malformed)
{
    struct span found = {.data = "", .len = 0};
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (strcasecmp(key, name) != 0 || json_is_null(value))
            continue;
        if (json_is_string(value))
            found =
                (struct span){.data = json_string_value(value), .len = json_string_length(value)};
        else
            *is_malformed = true;
    }
    return found;
}

bool document_find(struct document_entry *out, const struct document *document, const char *key)
{
    json_t *entry = json_object_get(member(document, "auths"), key);
    bool is_malformed = entry != NULL && !json_is_object(entry) && !json_is_null(entry);

    out->auth = text_of(entry, "auth", &is_malformed);
    out->username = text_of(entry, "username", &is_malformed);
    out->password = text_of(entry, "password", &is_malformed);
    out->identitytoken = text_of(entry, "identitytoken", &is_malformed);
    out->registrytoken = text_of(entry, "registrytoken", &is_malformed);
    out->is_malformed = is_malformed;
    return entry != NULL;
}

static bool each_key(json_t *object, bool (*visit)(void *ctx, const char *key), void *ctx)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!visit(ctx, key))
            return false;
    }
    return true;
}

bool document_each_key(const struct document *document, bool (*visit)(void *ctx, const char *key),
                       void *ctx)
{
    return each_key(member(document, "auths"), visit, ctx);
}

bool document_each_helped(const struct document *document,
                          bool (*visit)(void *ctx, const char *host), void *ctx)
{
    return each_key(member(document, "credHelpers"), visit, ctx);
}

#include "store/text/decode.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/json.h"

void holding_clear(struct holding *holding)
{
    if (holding == NULL)
        return;
    secret_clear(&holding->username);
    secret_clear(&holding->token);
    *holding = HOLDING_INIT;
}

static int append(struct secret *out, struct span text, struct error *err)
{
    return secret_append(out, text.data, text.len, SIZE_MAX - 1, err);
}

/* Both readers drop NUL bytes at the ends of the password. */
static struct span trim(const char *from, const char *end)
{
    while (from < end && *from == '\0')
        from++;
    while (from < end && end[-1] == '\0')
        end--;
    return (struct span){.data = from, .len = (size_t)(end - from)};
}

/*
 * base64 of "user:password". Returns 1, or -1 with *err set; or 0 for what podman passes over: it
 * wants a colon, but no user name. To docker either is an error.
 */
static int split_auth(struct holding *out, struct span auth, const struct reader *reader,
                      struct error *err)
{
    struct secret plain = SECRET_INIT;
    const char *colon = NULL;
    int ret = base64_decode(&plain, auth.data, auth.len, err);

    if (ret == 0 && plain.len > 0)
        colon = memchr(plain.data, ':', plain.len);
    if (ret == 0 && reader->needs_every_auth && (colon == NULL || colon == plain.data))
        ret = error_set(err, CLASS_AUTHFILE, "it has no user name and password");
    if (ret == 0 && colon != NULL) {
        struct span username = {.data = plain.data, .len = (size_t)(colon - plain.data)};

        ret = append(&out->username, username, err) < 0 ||
                      append(&out->token, trim(colon + 1, plain.data + plain.len), err) < 0
                  ? -1
                  : 1;
    }
    secret_clear(&plain);
    return ret;
}

static int refuse_malformed(struct error *err)
{
    return error_set(err, CLASS_AUTHFILE, "it is not an object with texts");
}

/* What stands in place of a password, and goes before it. */
static int take_token(struct holding *out, struct span token, const char *kind, struct error *err)
{
    secret_clear(&out->token);
    if (append(&out->token, token, err) < 0 ||
        (out->username.len == 0 && secret_append_text(&out->username, "<token>", err) < 0))
        return -1;
    out->token_kind = kind;
    out->is_decoded = false;
    return 0;
}

/* Docker takes them as they stand, but for a user who has nothing to show. */
static int take_plain(struct holding *out, const struct document_entry *entry, struct error *err)
{
    bool is_any =
        entry->password.len > 0 || entry->identitytoken.len > 0 || entry->registrytoken.len > 0;

    if (entry->username.len == 0 || !is_any)
        return 0;
    return append(&out->username, entry->username, err) < 0
               ? -1
               : append(&out->token, entry->password, err);
}

static int take_as_docker(struct holding *out, const struct document_entry *entry,
                          struct error *err)
{
    int ret = entry->auth.len > 0 ? split_auth(out, entry->auth, &reader_docker, err)
                                  : take_plain(out, entry, err);

    if (ret >= 0)
        out->is_decoded = entry->auth.len > 0;
    if (ret >= 0 && entry->registrytoken.len > 0)
        return take_token(out, entry->registrytoken, "a registry token", err);
    if (ret >= 0 && entry->identitytoken.len > 0)
        return take_token(out, entry->identitytoken, "an identity token", err);
    return ret;
}

/* It knows no user and password by themselves, no identity token without them, no registry token.
 */
static int take_as_podman(struct holding *out, const struct document_entry *entry,
                          struct error *err)
{
    int ret = entry->auth.len > 0 ? split_auth(out, entry->auth, &reader_podman, err) : 0;

    return ret > 0 && entry->identitytoken.len > 0
               ? take_token(out, entry->identitytoken, "an identity token", err)
               : ret;
}

static int take(struct holding *out, const struct document_entry *entry,
                const struct reader *reader, struct error *err)
{
    if (entry->is_malformed)
        return refuse_malformed(err);
    return reader->takes_plain ? take_as_docker(out, entry, err) : take_as_podman(out, entry, err);
}

int holding_find(struct holding *out, const struct document *document, const char *key,
                 const struct reader *reader, struct error *err)
{
    struct holding built = HOLDING_INIT;
    struct document_entry entry;
    int ret = 1;

    if (!document_find(&entry, document, key))
        return 0;
    if (take(&built, &entry, reader, err) < 0) {
        ret = error_wrap(err, "the entry '%.200s' in %s cannot be used", key, document->name);
    } else {
        holding_clear(out);
        *out = built;
        built = HOLDING_INIT; /* moved */
    }
    holding_clear(&built);
    return ret;
}

struct checking {
    const struct document *document;
    const struct reader *reader;
    struct error *err;
};

static bool check_auth(void *ctx, const char *key)
{
    const struct checking *checking = ctx;
    struct holding holding = HOLDING_INIT;
    struct document_entry entry;
    int ret = 0;

    (void)document_find(&entry, checking->document, key); /* which has given the key */
    if (entry.is_malformed)
        ret = refuse_malformed(checking->err);
    else if (entry.auth.len > 0)
        ret = split_auth(&holding, entry.auth, checking->reader, checking->err);
    if (ret < 0)
        (void)error_wrap(checking->err,
                         "%s takes no \"auth\" from %s, for the entry '%.200s' cannot be used",
                         checking->reader->name, checking->document->name, key);
    holding_clear(&holding);
    return ret >= 0;
}

static bool is_looked_at(const char *name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcasecmp(name, *names) == 0)
            return true;
    }
    return names == NULL;
}

/* null is nothing, whatever is wanted. */
static bool is_text(const json_t *value)
{
    return json_is_string(value) || json_is_null(value);
}

static bool is_list(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!is_text(json_array_get(value, i)))
            return false;
    }
    return json_is_array(value) || json_is_null(value);
}

static bool are_texts(json_t *object, const char *const *looked_at)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (is_looked_at(name, looked_at) && !is_text(value))
            return false;
    }
    return json_is_object(object) || json_is_null(object);
}

static bool are_groups(json_t *object, const char *const *looked_at)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!are_texts(value, looked_at))
            return false;
    }
    return json_is_object(object) || json_is_null(object);
}

static bool fits(json_t *value, const struct reader_member *member)
{
    switch (member->type) {
    case READER_TEXT:
        return is_text(value);
    case READER_LIST:
        return is_list(value);
    case READER_TEXTS:
        return are_texts(value, member->looked_at);
    case READER_GROUPS:
        break;
    }
    return are_groups(value, member->looked_at);
}

/* The first member of the whole that is of another type than `reader` wants, as the text spells it.
 */
static const char *find_misfit(const struct document *document, const struct reader *reader)
{
    const char *name;
    json_t *value;

    json_object_foreach(document->root, name, value)
    {
        const struct reader_member *member = reader->members;

        while (member->name != NULL && strcasecmp(name, member->name) != 0)
            member++;
        if (member->name != NULL && !fits(value, member))
            return name;
    }
    return NULL;
}

int holding_check_all(const struct document *document, const struct reader *reader,
                      struct error *err)
{
    struct checking checking = {.document = document, .reader = reader, .err = err};
    const char *misfit;

    if (reader->needs_every_auth && !document_each_key(document, check_auth, &checking))
        return error_hint(err, "remove that entry, or log in to its registry again");
    misfit = find_misfit(document, reader);
    if (misfit == NULL)
        return 0;
    (void)error_set(err, CLASS_AUTHFILE,
                    "%s takes %s from %s, for '%.100s' in it is not of the type that it wants",
                    reader->name, reader->takes_all_or_none ? "nothing" : "no \"auth\"",
                    document->name, misfit);
    return error_hint(err, "correct or remove that member");
}

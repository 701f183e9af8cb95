#include "store/text/decode.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "store/text/layout.h"
#include "store/text/syntax.h"

void holding_clear(struct holding *holding)
{
    if (holding == NULL)
        return;
    secret_clear(&holding->username);
    secret_clear(&holding->token);
    *holding = HOLDING_INIT;
}

bool holding_is_same(const struct holding *a, const struct holding *b)
{
    return secret_is_equal(&a->username, &b->username) && secret_is_equal(&a->token, &b->token);
}

static int append_plain(struct secret *out, struct span plain, struct error *err)
{
    return secret_append(out, plain.data, plain.len, SIZE_MAX - 1, err);
}

/* Both readers drop NUL bytes at the ends of the password. */
static struct span decode_trim(const char *from, const char *end)
{
    while (from < end && *from == '\0')
        from++;
    while (from < end && end[-1] == '\0')
        end--;
    return (struct span){.data = from, .len = (size_t)(end - from)};
}

/*
 * base64 of "user:password". Returns 1, or -1 with *err set; or 0 for what is skipped if not
 * every "auth" is needed: then it takes a colon, but no user name.
 */
static int split_auth(struct holding *out, struct span auth, const struct reader *reader,
                      struct error *err)
{
    struct secret text = SECRET_INIT;
    struct secret plain = SECRET_INIT;
    const char *colon = NULL;
    int ret = syntax_append(&text, auth, err);

    if (ret == 0)
        ret = base64_decode(&plain, secret_text(&text), text.len, err);
    secret_clear(&text);
    if (ret == 0 && plain.len > 0)
        colon = memchr(plain.data, ':', plain.len);
    if (ret == 0 && reader->needs_every_auth && (colon == NULL || colon == plain.data))
        ret = error_set(err, CLASS_AUTHFILE, "it has no user name and password");
    if (ret == 0 && colon != NULL) {
        struct span username = {.data = plain.data, .len = (size_t)(colon - plain.data)};

        ret = append_plain(&out->username, username, err) < 0 ||
                      append_plain(&out->token, decode_trim(colon + 1, plain.data + plain.len),
                                   err) < 0
                  ? -1
                  : 1;
    }
    secret_clear(&plain);
    return ret;
}

static int refuse_malformed(struct error *err)
{
    return error_set(err, CLASS_AUTHFILE, "it is not an object of strings");
}

/* What stands in place of a password, and goes before it. */
static int take_token(struct holding *out, struct span token, const char *kind, struct error *err)
{
    secret_clear(&out->token);
    if (syntax_append(&out->token, token, err) < 0 ||
        (out->username.len == 0 && secret_append_text(&out->username, "<token>", err) < 0))
        return -1;
    out->token_kind = kind;
    out->is_decoded = false;
    return 0;
}

/* As they are; not there if the user name is empty, or all else is. */
static int take_plain(struct holding *out, const struct document_entry *entry, struct error *err)
{
    bool is_any =
        entry->password.len > 0 || entry->identitytoken.len > 0 || entry->registrytoken.len > 0;

    if (entry->username.len == 0 || !is_any)
        return 0;
    return syntax_append(&out->username, entry->username, err) < 0
               ? -1
               : syntax_append(&out->token, entry->password, err);
}

/* Who takes nothing plain knows no registry token, and no identity token without an "auth". */
static int take_entry(struct holding *out, const struct document_entry *entry,
                      const struct reader *reader, struct error *err)
{
    bool has_auth = entry->auth.len > 0;
    int ret = 0;

    if (entry->is_malformed)
        return refuse_malformed(err);
    if (has_auth)
        ret = split_auth(out, entry->auth, reader, err);
    else if (reader->takes_plain)
        ret = take_plain(out, entry, err);
    if (ret < 0)
        return -1;
    out->is_decoded = has_auth;
    if (reader->takes_plain && entry->registrytoken.len > 0)
        return take_token(out, entry->registrytoken, "a registry token", err);
    if ((reader->takes_plain || ret > 0) && entry->identitytoken.len > 0)
        return take_token(out, entry->identitytoken, "an identity token", err);
    return 0;
}

int holding_find(struct holding *out, const struct document *document, const char *key,
                 const struct reader *reader, struct error *err)
{
    struct holding built = HOLDING_INIT;
    struct document_entry entry;
    int ret = 1;

    if (!document_find(&entry, document, key))
        return 0;
    if (take_entry(&built, &entry, reader, err) < 0) {
        ret = error_wrap(err, "the entry '%.200s' in %s cannot be used", key, document->name);
    } else {
        holding_clear(out);
        *out = built;
        built = HOLDING_INIT; /* moved */
    }
    holding_clear(&built);
    return ret;
}

/* Docker decodes every "auth", wanted or not. */
static int check_entry(const struct document_member *member, const struct reader *reader,
                       struct error *err)
{
    struct document_entry entry = document_entry_of(member->value);
    struct holding holding = HOLDING_INIT;
    int ret = 0;

    if (entry.is_malformed)
        ret = refuse_malformed(err);
    else if (entry.auth.len > 0)
        ret = split_auth(&holding, entry.auth, reader, err);
    holding_clear(&holding);
    return ret < 0
               ? error_wrap(err,
                            "%s ignores the credentials in %s: the entry '%.200s' cannot be used",
                            reader->name, member->document->name, member->key)
               : 0;
}

static bool is_looked_at(struct span name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        if (syntax_is_name(name, *names))
            return true;
    }
    return names == NULL;
}

/* null is nothing, whatever is wanted. */
static bool is_text(struct span value)
{
    return document_is_text(value) || document_is_null(value);
}

static bool is_list(struct span value)
{
    struct layout_items items;

    if (!layout_enter_array(&items, value))
        return document_is_null(value);
    while (layout_next_item(&items)) {
        if (!is_text(items.item))
            return false;
    }
    return true;
}

static bool are_texts(struct span value, const char *const *looked_at)
{
    struct layout_walk walk;

    if (!layout_enter(&walk, value))
        return document_is_null(value);
    while (layout_next(&walk)) {
        if (is_looked_at(layout_inner(walk.member.key), looked_at) && !is_text(walk.member.value))
            return false;
    }
    return true;
}

static bool are_groups(struct span value, const char *const *looked_at)
{
    struct layout_walk walk;

    if (!layout_enter(&walk, value))
        return document_is_null(value);
    while (layout_next(&walk)) {
        if (!are_texts(walk.member.value, looked_at))
            return false;
    }
    return true;
}

static bool fits(struct span value, const struct reader_member *member)
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

/* Whether some member of the whole is of another type than `reader` wants: then its name. */
static bool find_misfit(struct span *name, const struct document *document,
                        const struct reader *reader)
{
    struct span text = {.data = secret_text(&document->text), .len = document->text.len};
    struct layout_walk walk;

    if (!layout_enter(&walk, text))
        return false;
    while (layout_next(&walk)) {
        const struct reader_member *member = reader->members;

        *name = layout_inner(walk.member.key);
        while (member->name != NULL && !syntax_is_name(*name, member->name))
            member++;
        if (member->name != NULL && !fits(walk.member.value, member))
            return true;
    }
    return false;
}

/* Go decodes into a struct, all or nothing: one member of a wrong type is an error for the whole.
 */
int holding_check_all(const struct document *document, const struct reader *reader,
                      struct error *err)
{
    struct document_member member = document_members(document, DOCUMENT_AUTHS);
    struct span misfit;
    char name[128];

    while (reader->needs_every_auth && document_next(&member)) {
        if (check_entry(&member, reader, err) < 0)
            return error_hint(err, "remove that entry, or log in to its registry again");
    }
    if (!find_misfit(&misfit, document, reader))
        return 0;
    return error_set_hint(err, CLASS_AUTHFILE, "correct or remove that member",
                          "%s ignores %s %s: '%.100s' has the wrong type", reader->name,
                          reader->takes_all_or_none ? "everything in" : "the credentials in",
                          document->name, syntax_copy(name, sizeof(name), misfit));
}

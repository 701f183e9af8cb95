#include "store/text/edit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "store/text/splice.h"

/* Whether docker and podman would already use exactly this credential. */
static bool is_entry_current(const json_t *entry, const struct secret *auth)
{
    const json_t *text = json_object_get(entry, "auth");
    json_t *writable = (json_t *)(uintptr_t)entry; /* jansson iterates over non-const only */
    const char *key;
    json_t *value;

    if (!json_is_string(text) || json_string_length(text) != auth->len ||
        memcmp(json_string_value(text), secret_text(auth), auth->len) != 0)
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

/* Whether the text of `document` is its tree, which was changed alike. */
static int judge(const struct document *document, struct error *err)
{
    const struct secret *text = &document->text;
    json_t *result;
    bool is_same;

    if (text->len > DOCUMENT_MAX)
        return error_set(err, CLASS_AUTHFILE, "%s would be longer than %d bytes", document->name,
                         DOCUMENT_MAX);
    result = json_parse(secret_text(text), text->len, "the result", CLASS_INTERNAL, err);
    is_same = result != NULL && json_equal(document->root, result);
    json_decref(result);
    return is_same ? 0 : error_set(err, CLASS_INTERNAL, "the edited text is not what was meant");
}

/* The member `name` of the whole, which becomes an object where it is none. */
static json_t *make_object(struct document *document, const char *name)
{
    const char *spelling;
    json_t *object = document_member(document, name, &spelling);

    if (json_is_object(object))
        return object;
    if (document->root == NULL)
        document->root = json_object();
    return json_object_set_new(document->root, spelling, json_object()) == 0
               ? json_object_get(document->root, spelling)
               : NULL;
}

static json_t *new_value(enum splice_value value, const struct secret *auth)
{
    switch (value) {
    case SPLICE_ENTRY:
        return json_pack("{s:s}", "auth", secret_text(auth));
    case SPLICE_EMPTY_OBJECT:
        return json_object();
    case SPLICE_EMPTY_TEXT:
        break;
    }
    return json_string("");
}

/* Text and tree get the member. */
static int set(struct document *document, struct splice member, struct error *err)
{
    const char *name = member.object;
    bool is_new = document->root == NULL;
    json_t *object;

    (void)document_member(document, name, &member.object);
    if (splice_set(&document->text, is_new ? NULL : &document->text, &member, err) < 0)
        return -1;
    object = make_object(document, name);
    if (json_object_set_new(object, member.key, new_value(member.value, member.auth)) < 0)
        return error_no_memory(err);
    return judge(document, err);
}

/* Text and tree lose those members of the object `name` whose numbers `goes` marks. */
static int drop(struct document *document, const char *name, const bool *goes, struct error *err)
{
    const char *spelling;
    json_t *object = document_member(document, name, &spelling);
    const char *key;
    json_t *value;
    size_t number = 0;
    void *next;

    if (splice_remove(&document->text, &document->text, spelling, goes, err) < 0)
        return -1;
    json_object_foreach_safe(object, next, key, value)
    {
        if (goes[number++] && json_object_del(object, key) < 0)
            return error_no_memory(err);
    }
    return judge(document, err);
}

/* The members of a JSON object stand in the tree in the order of the text. */
static int drop_those(struct document *document, const char *name,
                      bool (*goes)(void *ctx, const char *key), void *ctx, bool *changed,
                      struct error *err)
{
    const char *ignored;
    json_t *object = document_member(document, name, &ignored);
    bool *marks = calloc(json_object_size(object) + 1, sizeof(*marks));
    size_t number = 0;
    const char *key;
    json_t *value;
    int ret = 0;

    if (marks == NULL)
        return error_no_memory(err);
    *changed = false;
    json_object_foreach(object, key, value)
    {
        marks[number] = goes(ctx, key);
        *changed = *changed || marks[number];
        number++;
    }
    if (*changed)
        ret = drop(document, name, marks, err);
    free(marks);
    return ret;
}

int document_prune(struct document *document, bool (*goes)(void *ctx, const char *key), void *ctx,
                   bool *changed, struct error *err)
{
    return drop_those(document, "auths", goes, ctx, changed, err);
}

static bool is_key(void *ctx, const char *key)
{
    return strcmp(key, (const char *)ctx) == 0;
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

bool document_is_due(const struct document *document, const struct document_edit *edit)
{
    const char *ignored;
    json_t *object = document_member(document, changes[edit->change].object, &ignored);
    const json_t *member = json_object_get(object, edit->key);
    struct document_entry entry;

    if (changes[edit->change].is_removal)
        return member != NULL;
    switch (changes[edit->change].value) {
    case SPLICE_ENTRY:
        return !is_entry_current(member, edit->auth) ||
               (document_find(&entry, document, edit->key) && entry.is_malformed);
    case SPLICE_EMPTY_OBJECT:
        return !json_is_object(member) || json_object_size(member) > 0;
    case SPLICE_EMPTY_TEXT:
        break;
    }
    return !json_is_string(member) || json_string_length(member) > 0;
}

int document_edit(struct document *document, const struct document_edit *edit, bool *changed,
                  struct error *err)
{
    struct splice member = {.object = changes[edit->change].object,
                            .key = edit->key,
                            .value = changes[edit->change].value,
                            .auth = edit->auth};
    void *key = (void *)(uintptr_t)edit->key;

    if (changes[edit->change].is_removal)
        return drop_those(document, member.object, is_key, key, changed, err);
    *changed = document_is_due(document, edit);
    return *changed ? set(document, member, err) : 0;
}

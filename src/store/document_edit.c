#include "store/document_edit.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "store/document.h"
#include "store/document_tree.h"
#include "store/splice.h"

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

    if (document_tree_parse(&root, in, name, err) < 0)
        return -1;
    if (document_tree_object(root, changes[edit->change].object, name, &spelling, &object, err) < 0)
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

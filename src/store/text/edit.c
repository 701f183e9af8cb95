#include "store/text/edit.h"

#include <stdlib.h>
#include <string.h>

#include "store/text/layout.h"
#include "store/text/splice.h"
#include "store/text/syntax.h"

/* What each change does. */
static const struct {
    enum document_object object; /* that it changes */
    bool is_removal;
    enum splice_value value;
} kinds[] = {
    [DOCUMENT_STORE] = {DOCUMENT_AUTHS, false, SPLICE_ENTRY},
    [DOCUMENT_MARK] = {DOCUMENT_AUTHS, false, SPLICE_EMPTY_OBJECT},
    [DOCUMENT_REMOVE] = {DOCUMENT_AUTHS, true, SPLICE_ENTRY},
    [DOCUMENT_BYPASS] = {DOCUMENT_HELPERS, false, SPLICE_EMPTY_TEXT},
    [DOCUMENT_HELP] = {DOCUMENT_HELPERS, false, SPLICE_OWN_HELPER},
    [DOCUMENT_UNHELP] = {DOCUMENT_HELPERS, true, SPLICE_EMPTY_TEXT},
};

static const char *const names[] = {[DOCUMENT_AUTHS] = "auths", [DOCUMENT_HELPERS] = "credHelpers"};

/* As the text spells it. */
static const char *edit_name_of(const struct document *document, enum document_object object)
{
    const char *spelled = document->lists[object].name;

    return spelled[0] != '\0' ? spelled : names[object];
}

/* Whether docker and podman would already use exactly this credential. */
static bool is_entry_current(struct span value, const struct secret *auth)
{
    struct document_entry entry = document_entry_of(value);
    struct layout_walk walk;

    if (!layout_enter(&walk, value) || entry.is_malformed || entry.identitytoken.len > 0 ||
        entry.registrytoken.len > 0 || !syntax_is(entry.auth, secret_text(auth), auth->len))
        return false;
    while (layout_next(&walk)) {
        struct span name = layout_inner(walk.member.key);

        if (syntax_is_name(name, "auth") && !syntax_is(name, "auth", 4))
            return false;
    }
    return true;
}

/* Whether a value is the one that is meant. */
static bool is_current(struct span value, const struct document_edit *edit)
{
    switch (kinds[edit->change].value) {
    case SPLICE_ENTRY:
        return is_entry_current(value, edit->auth);
    case SPLICE_EMPTY_OBJECT:
        return document_is_object(value) && document_entry_of(value).count == 0;
    case SPLICE_OWN_HELPER:
        return document_is_text(value) &&
               syntax_is(layout_inner(value), READER_OWN_HELPER, strlen(READER_OWN_HELPER));
    case SPLICE_EMPTY_TEXT:
        break;
    }
    return document_is_text(value) && layout_inner(value).len == 0;
}

bool document_is_due(const struct document *document, const struct document_edit *edit)
{
    struct document_member member;
    bool is_there = document_get(&member, document, kinds[edit->change].object, edit->key);

    return kinds[edit->change].is_removal ? is_there : !is_there || !is_current(member.value, edit);
}

static bool is_same_span(struct span a, struct span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* To the next member of the whole that is not the object that is changed. */
static bool next_other(struct layout_walk *walk, enum document_object object)
{
    do {
        if (!layout_next(walk))
            return false;
    } while (syntax_is_name(layout_inner(walk->member.key), names[object]));
    return true;
}

static bool enter_whole(struct layout_walk *out, const struct document *document)
{
    return layout_enter(
        out, (struct span){.data = secret_text(&document->text), .len = document->text.len});
}

/* Whether all but one object is the same, in the same order. */
static bool is_rest_same(const struct document *before, const struct document *after,
                         enum document_object object)
{
    struct layout_walk old;
    struct layout_walk new;
    bool is_there = enter_whole(&old, before) && next_other(&old, object);

    if (!enter_whole(&new, after))
        return false;
    for (; is_there; is_there = next_other(&old, object)) {
        if (!next_other(&new, object) || !is_same_span(old.member.key, new.member.key) ||
            !is_same_span(old.member.value, new.member.value))
            return false;
    }
    return !next_other(&new, object);
}

static bool is_same_member(const struct document_member *a, const struct document_member *b)
{
    return strcmp(a->key, b->key) == 0 && is_same_span(a->value, b->value);
}

/*
 * Whether the object has that one member set, and all others as they were. Both are walked in step:
 * a member that is replaced keeps its place, and a new one has none in the old list.
 */
static bool is_set(const struct document *before, const struct document *after,
                   const struct document_edit *edit)
{
    struct document_member old = document_members(before, kinds[edit->change].object);
    struct document_member new = document_members(after, kinds[edit->change].object);
    bool is_old = document_next(&old);
    size_t set = 0;

    while (document_next(&new)) {
        bool is_ours = strcmp(new.key, edit->key) == 0;

        if (is_ours ? !is_current(new.value, edit) : !is_old || !is_same_member(&old, &new))
            return false;
        set += is_ours;
        if (is_old && strcmp(old.key, new.key) == 0)
            is_old = document_next(&old);
    }
    return set == 1 && !is_old;
}

/* Whether the object has lost those that `goes` marks, and no others. */
static bool is_pruned(const struct document *before, const struct document *after,
                      enum document_object object, const bool *goes)
{
    struct document_member old = document_members(before, object);
    struct document_member new = document_members(after, object);

    while (document_next(&old)) {
        if (!goes[old.number] && (!document_next(&new) || !is_same_member(&old, &new)))
            return false;
    }
    return !document_next(&new);
}

/* Take `text` for the document's. */
static int read_result(struct document *out, struct secret *text, const struct document *before,
                       struct error *err)
{
    struct error malformed = ERROR_INIT;

    if (text->len > DOCUMENT_MAX)
        return error_set_hint(err, CLASS_AUTHFILE,
                              "remove entries from it, or store elsewhere with --config DIR or "
                              "--authfile FILE",
                              "%s would be longer than %d MiB", before->name,
                              DOCUMENT_MAX / 1024 / 1024);
    if (document_parse(out, text, before->name, &malformed) == 0)
        return 0;
    return malformed.cls == CLASS_INTERNAL
               ? error_no_memory(err)
               : error_set(err, CLASS_INTERNAL,
                           "internal error: the edited text is not valid JSON");
}

/*
 * The result in place of the document, where it is what was meant: the text was put together from
 * pieces, and a mistake in that would cost somebody's other logins. So it is parsed and compared,
 * member by member, before it is written.
 */
static int settle(struct document *document, struct document *result, bool is_meant,
                  struct error *err)
{
    if (!is_meant)
        return error_set(err, CLASS_INTERNAL,
                         "internal error: the edited text differs from what was intended");
    document_clear(document);
    *document = *result;
    *result = DOCUMENT_INIT; /* moved */
    return 0;
}

static int set_member(struct document *document, const struct document_edit *edit,
                      struct error *err)
{
    enum document_object object = kinds[edit->change].object;
    struct splice splice = {.object = edit_name_of(document, object),
                            .key = edit->key,
                            .value = kinds[edit->change].value,
                            .auth = edit->auth};
    struct document result = DOCUMENT_INIT;
    struct secret text = SECRET_INIT;
    int ret = splice_set(&text, document_is_blank(document) ? NULL : &document->text, &splice, err);

    if (ret == 0)
        ret = read_result(&result, &text, document, err);
    if (ret == 0)
        ret =
            settle(document, &result,
                   is_rest_same(document, &result, object) && is_set(document, &result, edit), err);
    secret_clear(&text);
    document_clear(&result);
    return ret;
}

static int drop_members(struct document *document, enum document_object object, const bool *goes,
                        bool *changed, struct error *err)
{
    struct document_member member = document_members(document, object);
    struct document result = DOCUMENT_INIT;
    struct secret text = SECRET_INIT;
    int ret;

    *changed = false;
    while (document_next(&member))
        *changed = *changed || goes[member.number];
    if (!*changed)
        return 0;
    ret = splice_remove(&text, &document->text, edit_name_of(document, object), goes, err);
    if (ret == 0)
        ret = read_result(&result, &text, document, err);
    if (ret == 0)
        ret = settle(document, &result,
                     is_rest_same(document, &result, object) &&
                         is_pruned(document, &result, object, goes),
                     err);
    secret_clear(&text);
    document_clear(&result);
    return ret;
}

int document_prune(struct document *document, const bool *goes, bool *changed, struct error *err)
{
    return drop_members(document, DOCUMENT_AUTHS, goes, changed, err);
}

static int drop_member(struct document *document, enum document_object object, const char *key,
                       bool *changed, struct error *err)
{
    struct document_member member = document_members(document, object);
    bool *goes = calloc(document->lists[object].count + 1, sizeof(*goes));
    int ret;

    if (goes == NULL)
        return error_no_memory(err);
    while (document_next(&member))
        goes[member.number] = strcmp(member.key, key) == 0;
    ret = drop_members(document, object, goes, changed, err);
    free(goes);
    return ret;
}

int document_edit(struct document *document, const struct document_edit *edit, bool *changed,
                  struct error *err)
{
    if (kinds[edit->change].is_removal)
        return drop_member(document, kinds[edit->change].object, edit->key, changed, err);
    *changed = document_is_due(document, edit);
    return *changed ? set_member(document, edit, err) : 0;
}

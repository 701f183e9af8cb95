#include "store/splice.h"

#include <stdint.h>
#include <string.h>

#include "store/layout.h"

/* An edit under way. */
struct edit {
    const struct secret *in;
    const struct splice *what;
    struct secret out;
    struct layout_style style;
};

static int put(struct edit *edit, struct span span, struct error *err)
{
    return secret_append(&edit->out, span.data, span.len, SIZE_MAX - 1, err);
}

static int put_text(struct edit *edit, const char *text, struct error *err)
{
    return put(edit, (struct span){.data = text, .len = strlen(text)}, err);
}

/* A line end and `indent` and `levels` more, where the text has lines. */
static int put_line(struct edit *edit, struct span indent, int levels, struct error *err)
{
    if (edit->style.newline[0] == '\0')
        return 0;
    if (put_text(edit, edit->style.newline, err) < 0 || put(edit, indent, err) < 0)
        return -1;
    while (levels-- > 0) {
        if (put(edit, edit->style.unit, err) < 0)
            return -1;
    }
    return 0;
}

/* "NAME" and a colon. */
static int put_name(struct edit *edit, const char *name, struct error *err)
{
    if (put_text(edit, "\"", err) < 0 || put_text(edit, name, err) < 0)
        return -1;
    return put_text(edit, edit->style.newline[0] != '\0' ? "\": " : "\":", err);
}

/* The member's value; `indent` is that of the line its key stands on. */
static int put_member_value(struct edit *edit, struct span indent, struct error *err)
{
    if (edit->what->value != SPLICE_ENTRY)
        return put_text(edit, edit->what->value == SPLICE_EMPTY_TEXT ? "\"\"" : "{}", err);
    if (put_text(edit, "{", err) < 0 || put_line(edit, indent, 1, err) < 0 ||
        put_name(edit, "auth", err) < 0 || put_text(edit, "\"", err) < 0 ||
        put_text(edit, secret_text(edit->what->auth), err) < 0 || put_text(edit, "\"", err) < 0 ||
        put_line(edit, indent, 0, err) < 0)
        return -1;
    return put_text(edit, "}", err);
}

/* The object that holds our member alone; `indent` is that of the line its name stands on. */
static int put_object(struct edit *edit, struct span indent, struct error *err)
{
    struct secret inner = SECRET_INIT;
    int ret = -1;

    if (secret_append(&inner, indent.data, indent.len, SIZE_MAX - 1, err) < 0 ||
        secret_append(&inner, edit->style.unit.data, edit->style.unit.len, SIZE_MAX - 1, err) < 0)
        goto out;
    if (put_text(edit, "{", err) == 0 && put_line(edit, indent, 1, err) == 0 &&
        put_name(edit, edit->what->key, err) == 0 &&
        put_member_value(edit, (struct span){.data = inner.data, .len = inner.len}, err) == 0 &&
        put_line(edit, indent, 0, err) == 0)
        ret = put_text(edit, "}", err);
out:
    secret_clear(&inner);
    return ret;
}

static int put_until(struct edit *edit, const char *end, struct error *err)
{
    const char *from = edit->in->data;

    return put(edit, (struct span){.data = from, .len = (size_t)(end - from)}, err);
}

static int put_from(struct edit *edit, const char *from, struct error *err)
{
    const char *end = edit->in->data + edit->in->len;

    return put(edit, (struct span){.data = from, .len = (size_t)(end - from)}, err);
}

static int write_new_document(struct edit *edit, struct error *err)
{
    struct span none = {.data = "", .len = 0};

    edit->style = (struct layout_style){.newline = "\n", .unit = {.data = "\t", .len = 1}};
    if (put_text(edit, "{", err) < 0 || put_line(edit, none, 1, err) < 0 ||
        put_name(edit, edit->what->object, err) < 0 || put_object(edit, edit->style.unit, err) < 0)
        return -1;
    return put_text(edit, "\n}\n", err);
}

typedef int put_value_fn(struct edit *edit, struct span indent, struct error *err);

/* A value behind a key that `lead` leads up to: on one line where that key stands on none. */
static int put_value(struct edit *edit, struct span lead, put_value_fn *put_it, struct error *err)
{
    struct layout_style style = edit->style;
    int ret;

    if (memchr(lead.data, '\n', lead.len) == NULL)
        edit->style.newline = "";
    ret = put_it(edit, layout_indent(lead), err);
    edit->style = style;
    return ret;
}

/* Into an object that has members, behind its last, laid out as that one is. */
static int append_member(struct edit *edit, const struct layout_object *object, const char *name,
                         put_value_fn *put_it, struct error *err)
{
    const struct layout_member *last = &object->last;
    const char *end = last->value.data + last->value.len;

    if (put_until(edit, end, err) < 0 || put_text(edit, ",", err) < 0 ||
        put(edit, last->lead, err) < 0 || put_text(edit, "\"", err) < 0 ||
        put_text(edit, name, err) < 0 || put_text(edit, "\"", err) < 0 ||
        put(edit, last->middle, err) < 0 || put_value(edit, last->lead, put_it, err) < 0)
        return -1;
    return put_from(edit, end, err);
}

/* In place of a value that is there. */
static int replace_value(struct edit *edit, const struct layout_member *member,
                         put_value_fn *put_it, struct error *err)
{
    if (put_until(edit, member->value.data, err) < 0 ||
        put_value(edit, member->lead, put_it, err) < 0)
        return -1;
    return put_from(edit, member->value.data + member->value.len, err);
}

/* {} becomes an object with that object. */
static int fill_empty_root(struct edit *edit, const struct layout_object *root, struct error *err)
{
    struct span none = {.data = "", .len = 0};

    if (put_until(edit, root->open + 1, err) < 0 || put_line(edit, none, 1, err) < 0 ||
        put_name(edit, edit->what->object, err) < 0 ||
        put_object(edit, edit->style.unit, err) < 0 || put_line(edit, none, 0, err) < 0)
        return -1;
    return put_from(edit, root->close, err);
}

static int write_into(struct edit *edit, struct error *err)
{
    struct span text = {.data = secret_text(edit->in), .len = edit->in->len};
    struct layout_object root;
    struct layout_object object;

    if (!layout_find(&root, text, edit->what->object))
        return error_set(err, CLASS_INTERNAL, "cannot find the place of the entry");
    edit->style = layout_style_of(&root);
    if (root.count == 0)
        return fill_empty_root(edit, &root, err);
    if (!root.has_found)
        return append_member(edit, &root, edit->what->object, put_object, err);
    if (!layout_find(&object, root.found.value, edit->what->key) || object.count == 0)
        return replace_value(edit, &root.found, put_object, err); /* null or {} */
    if (object.has_found)
        return replace_value(edit, &object.found, put_member_value, err);
    return append_member(edit, &object, edit->what->key, put_member_value, err);
}

static int finish(struct secret *out, struct edit *edit, int ret)
{
    if (ret == 0)
        secret_move(out, &edit->out);
    secret_clear(&edit->out);
    return ret;
}

int splice_set(struct secret *out, const struct secret *in, const struct splice *splice,
               struct error *err)
{
    struct edit edit = {.in = in, .what = splice};

    return finish(out, &edit, in == NULL ? write_new_document(&edit, err) : write_into(&edit, err));
}

/* What stays stands as it stood; the first has no comma before it. */
static int write_without(struct edit *edit, struct layout_walk *walk, const bool *goes,
                         struct error *err)
{
    const char *behind = walk->open + 1; /* of the last member, whether it stays or not */
    bool is_first = true;

    if (put_until(edit, behind, err) < 0)
        return -1;
    for (; layout_next(walk); goes++) {
        const struct layout_member *member = &walk->member;
        const char *from = is_first ? member->lead.data : behind;

        behind = member->value.data + member->value.len;
        if (*goes)
            continue;
        if (put(edit, (struct span){.data = from, .len = (size_t)(behind - from)}, err) < 0)
            return -1;
        is_first = false;
    }
    return put_from(edit, is_first ? walk->close : behind, err);
}

int splice_remove(struct secret *out, const struct secret *in, const char *object, const bool *goes,
                  struct error *err)
{
    struct span text = {.data = secret_text(in), .len = in->len};
    struct edit edit = {.in = in};
    struct layout_object root;
    struct layout_walk walk;

    if (!layout_find(&root, text, object) || !root.has_found ||
        !layout_enter(&walk, root.found.value))
        return error_set(err, CLASS_INTERNAL, "cannot find the place of the entry");
    return finish(out, &edit, write_without(&edit, &walk, goes, err));
}

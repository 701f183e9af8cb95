#include "store/text/splice.h"

#include <stdint.h>
#include <string.h>

#include "store/reader.h"
#include "store/text/layout.h"

/* A text under way. */
struct work {
    const struct secret *in;
    const struct splice *what;
    struct secret out;
    struct layout_style style;
};

static int put(struct work *work, struct span span, struct error *err)
{
    return secret_append(&work->out, span.data, span.len, SIZE_MAX - 1, err);
}

static int put_text(struct work *work, const char *text, struct error *err)
{
    return put(work, (struct span){.data = text, .len = strlen(text)}, err);
}

/* A line end and `indent` and `levels` more, if the text has lines. */
static int put_line(struct work *work, struct span indent, int levels, struct error *err)
{
    if (work->style.newline[0] == '\0')
        return 0;
    if (put_text(work, work->style.newline, err) < 0 || put(work, indent, err) < 0)
        return -1;
    while (levels-- > 0) {
        if (put(work, work->style.unit, err) < 0)
            return -1;
    }
    return 0;
}

/* "NAME" and a colon. */
static int put_name(struct work *work, const char *name, struct error *err)
{
    if (put_text(work, "\"", err) < 0 || put_text(work, name, err) < 0)
        return -1;
    return put_text(work, work->style.newline[0] != '\0' ? "\": " : "\":", err);
}

/* The member's value; `indent` is that of the line its key stands on. */
static int put_member_value(struct work *work, struct span indent, struct error *err)
{
    if (work->what->value == SPLICE_OWN_HELPER)
        return put_text(work, "\"" READER_OWN_HELPER "\"", err);
    if (work->what->value != SPLICE_ENTRY)
        return put_text(work, work->what->value == SPLICE_EMPTY_TEXT ? "\"\"" : "{}", err);
    if (put_text(work, "{", err) < 0 || put_line(work, indent, 1, err) < 0 ||
        put_name(work, "auth", err) < 0 || put_text(work, "\"", err) < 0 ||
        put_text(work, secret_text(work->what->auth), err) < 0 || put_text(work, "\"", err) < 0 ||
        put_line(work, indent, 0, err) < 0)
        return -1;
    return put_text(work, "}", err);
}

/* The object that holds our member alone; `indent` is that of the line its name stands on. */
static int put_object(struct work *work, struct span indent, struct error *err)
{
    struct secret inner = SECRET_INIT;
    int ret = -1;

    if (secret_append(&inner, indent.data, indent.len, SIZE_MAX - 1, err) < 0 ||
        secret_append(&inner, work->style.unit.data, work->style.unit.len, SIZE_MAX - 1, err) < 0)
        goto out;
    if (put_text(work, "{", err) == 0 && put_line(work, indent, 1, err) == 0 &&
        put_name(work, work->what->key, err) == 0 &&
        put_member_value(work, (struct span){.data = inner.data, .len = inner.len}, err) == 0 &&
        put_line(work, indent, 0, err) == 0)
        ret = put_text(work, "}", err);
out:
    secret_clear(&inner);
    return ret;
}

static int put_until(struct work *work, const char *end, struct error *err)
{
    const char *from = work->in->data;

    return put(work, (struct span){.data = from, .len = (size_t)(end - from)}, err);
}

static int put_from(struct work *work, const char *from, struct error *err)
{
    const char *end = work->in->data + work->in->len;

    return put(work, (struct span){.data = from, .len = (size_t)(end - from)}, err);
}

static int write_new_document(struct work *work, struct error *err)
{
    struct span none = {.data = "", .len = 0};

    work->style = (struct layout_style){.newline = "\n", .unit = {.data = "\t", .len = 1}};
    if (put_text(work, "{", err) < 0 || put_line(work, none, 1, err) < 0 ||
        put_name(work, work->what->object, err) < 0 || put_object(work, work->style.unit, err) < 0)
        return -1;
    return put_text(work, "\n}\n", err);
}

typedef int put_value_fn(struct work *work, struct span indent, struct error *err);

/* A value after a key that `lead` leads up to: on one line if that key has no line of its own. */
static int put_value(struct work *work, struct span lead, put_value_fn *put_it, struct error *err)
{
    struct layout_style style = work->style;
    int ret;

    if (memchr(lead.data, '\n', lead.len) == NULL)
        work->style.newline = "";
    ret = put_it(work, layout_indent(lead), err);
    work->style = style;
    return ret;
}

/* Into an object that has members, after its last, laid out as that one is. */
static int append_member(struct work *work, const struct layout_object *object, const char *name,
                         put_value_fn *put_it, struct error *err)
{
    const struct layout_member *last = &object->last;
    const char *end = last->value.data + last->value.len;

    if (put_until(work, end, err) < 0 || put_text(work, ",", err) < 0 ||
        put(work, last->lead, err) < 0 || put_text(work, "\"", err) < 0 ||
        put_text(work, name, err) < 0 || put_text(work, "\"", err) < 0 ||
        put(work, last->middle, err) < 0 || put_value(work, last->lead, put_it, err) < 0)
        return -1;
    return put_from(work, end, err);
}

/* In place of a value that is there. */
static int replace_value(struct work *work, const struct layout_member *member,
                         put_value_fn *put_it, struct error *err)
{
    if (put_until(work, member->value.data, err) < 0 ||
        put_value(work, member->lead, put_it, err) < 0)
        return -1;
    return put_from(work, member->value.data + member->value.len, err);
}

/* {} becomes an object with that object. */
static int fill_empty_root(struct work *work, const struct layout_object *root, struct error *err)
{
    struct span none = {.data = "", .len = 0};

    if (put_until(work, root->open + 1, err) < 0 || put_line(work, none, 1, err) < 0 ||
        put_name(work, work->what->object, err) < 0 ||
        put_object(work, work->style.unit, err) < 0 || put_line(work, none, 0, err) < 0)
        return -1;
    return put_from(work, root->close, err);
}

static int write_into(struct work *work, struct error *err)
{
    struct span text = {.data = secret_text(work->in), .len = work->in->len};
    struct layout_object root;
    struct layout_object object;

    if (!layout_find(&root, text, work->what->object))
        return error_set(err, CLASS_INTERNAL, "internal error: cannot find the place of the entry");
    work->style = layout_style_of(&root);
    if (root.count == 0)
        return fill_empty_root(work, &root, err);
    if (!root.has_found)
        return append_member(work, &root, work->what->object, put_object, err);
    if (!layout_find(&object, root.found.value, work->what->key) || object.count == 0)
        return replace_value(work, &root.found, put_object, err); /* null or {} */
    if (object.has_found)
        return replace_value(work, &object.found, put_member_value, err);
    return append_member(work, &object, work->what->key, put_member_value, err);
}

static int splice_finish(struct secret *out, struct work *work, int ret)
{
    if (ret == 0)
        secret_move(out, &work->out);
    secret_clear(&work->out);
    return ret;
}

int splice_set(struct secret *out, const struct secret *in, const struct splice *splice,
               struct error *err)
{
    struct work work = {.in = in, .what = splice};

    return splice_finish(out, &work,
                         in == NULL ? write_new_document(&work, err) : write_into(&work, err));
}

/* What stays stands as it stood; the first has no comma before it. */
static int write_without(struct work *work, struct layout_walk *walk, const bool *goes,
                         struct error *err)
{
    const char *behind = walk->open + 1; /* of the last member, whether it stays or not */
    bool is_first = true;

    if (put_until(work, behind, err) < 0)
        return -1;
    for (; layout_next(walk); goes++) {
        const struct layout_member *member = &walk->member;
        const char *from = is_first ? member->lead.data : behind;

        behind = member->value.data + member->value.len;
        if (*goes)
            continue;
        if (put(work, (struct span){.data = from, .len = (size_t)(behind - from)}, err) < 0)
            return -1;
        is_first = false;
    }
    return put_from(work, is_first ? walk->close : behind, err);
}

int splice_remove(struct secret *out, const struct secret *in, const char *object, const bool *goes,
                  struct error *err)
{
    struct span text = {.data = secret_text(in), .len = in->len};
    struct work work = {.in = in};
    struct layout_object root;
    struct layout_walk walk;

    if (!layout_find(&root, text, object) || !root.has_found ||
        !layout_enter(&walk, root.found.value))
        return error_set(err, CLASS_INTERNAL, "internal error: cannot find the place of the entry");
    return splice_finish(out, &work, write_without(&work, &walk, goes, err));
}

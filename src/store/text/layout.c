#include "store/text/layout.h"

#include <string.h>

#include "store/text/syntax.h"

static const char space_bytes[] = " \t\r\n";

/* Past a string, whose opening quote is at the cursor. */
static void skip_string(struct scan *s)
{
    s->p++;
    while (!scan_is_at_end(s) && *s->p != '"')
        s->p += *s->p == '\\' && s->end - s->p > 1 ? 2 : 1;
    (void)scan_char(s, '"');
}

/* Past a value of any kind; brackets of both kinds are counted alike, for the text is valid. */
static void skip_value(struct scan *s)
{
    struct span ignored;
    size_t depth = 0;

    do {
        if (scan_is_at(s, '"')) {
            skip_string(s);
        } else if (scan_is_at(s, '{') || scan_is_at(s, '[')) {
            depth++;
            s->p++;
        } else if (scan_is_at(s, '}') || scan_is_at(s, ']')) {
            depth--;
            s->p++;
        } else if (!scan_run(s, "+-.0123456789abcdefghijklmnopqrstuvwxyzE", &ignored) &&
                   !scan_is_at_end(s)) {
            s->p++; /* a comma, a colon or a blank inside */
        }
    } while (depth > 0 && !scan_is_at_end(s));
}

static struct span span_between(const char *from, const char *to)
{
    return (struct span){.data = from, .len = (size_t)(to - from)};
}

static struct layout_member next_member(struct scan *s)
{
    struct layout_member member;
    const char *start;
    struct span ignored;

    (void)scan_run(s, space_bytes, &member.lead);
    start = s->p;
    if (scan_is_at(s, '"'))
        skip_string(s);
    member.key = span_between(start, s->p);
    start = s->p;
    (void)scan_run(s, " \t\r\n:", &ignored);
    member.middle = span_between(start, s->p);
    start = s->p;
    skip_value(s);
    member.value = span_between(start, s->p);
    return member;
}

struct span layout_inner(struct span quoted)
{
    return quoted.len < 2 ? (struct span){.data = quoted.data, .len = 0}
                          : (struct span){.data = quoted.data + 1, .len = quoted.len - 2};
}

bool layout_enter(struct layout_walk *out, struct span object)
{
    struct scan s = scan_over(object.data, object.len);
    struct span ignored;

    (void)scan_run(&s, space_bytes, &ignored);
    *out = (struct layout_walk){.open = s.p};
    if (!scan_char(&s, '{'))
        return false;
    out->rest = s;
    return true;
}

bool layout_next(struct layout_walk *walk)
{
    struct scan ahead = walk->rest;
    struct span ignored;

    (void)scan_run(&ahead, space_bytes, &ignored);
    if (scan_is_at(&ahead, '}') || scan_is_at_end(&ahead)) {
        walk->close = scan_is_at_end(&ahead) ? NULL : ahead.p;
        return false;
    }
    walk->member = next_member(&walk->rest);
    ahead = walk->rest;
    (void)scan_run(&ahead, space_bytes, &ignored);
    if (scan_char(&ahead, ','))
        walk->rest = ahead;
    else if (!scan_is_at(&ahead, '}'))
        walk->rest.p = walk->rest.end; /* not JSON: there is no more */
    return true;
}

bool layout_enter_array(struct layout_items *out, struct span array)
{
    *out = (struct layout_items){.rest = scan_over(array.data, array.len)};
    return scan_char(&out->rest, '[');
}

bool layout_next_item(struct layout_items *items)
{
    struct span ignored;
    const char *from;

    (void)scan_run(&items->rest, " \t\r\n,", &ignored);
    if (scan_is_at(&items->rest, ']') || scan_is_at_end(&items->rest))
        return false;
    from = items->rest.p;
    skip_value(&items->rest);
    items->item = span_between(from, items->rest.p);
    return true;
}

bool layout_find(struct layout_object *out, struct span object, const char *key)
{
    struct layout_walk walk;

    *out = (struct layout_object){.count = 0};
    if (!layout_enter(&walk, object))
        return false;
    while (layout_next(&walk)) {
        if (!out->has_found && syntax_is(layout_inner(walk.member.key), key, strlen(key))) {
            out->found = walk.member;
            out->has_found = true;
        }
        out->first = out->count == 0 ? walk.member : out->first;
        out->last = walk.member;
        out->count++;
    }
    out->open = walk.open;
    out->close = walk.close;
    return out->close != NULL;
}

struct layout_style layout_style_of(const struct layout_object *root)
{
    struct layout_style style = {.newline = "\n", .unit = {.data = "\t", .len = 1}};
    struct span lead = root->first.lead;
    const char *line_end = root->count > 0 ? memchr(lead.data, '\n', lead.len) : NULL;

    if (root->count == 0)
        return style;
    if (line_end == NULL) {
        style.newline = "";
        style.unit.len = 0;
        return style;
    }
    if (line_end > lead.data && line_end[-1] == '\r')
        style.newline = "\r\n";
    style.unit = layout_indent(lead);
    return style;
}

struct span layout_indent(struct span lead)
{
    const char *last = lead.len > 0 ? memrchr(lead.data, '\n', lead.len) : NULL;

    if (last == NULL)
        return (struct span){.data = lead.data, .len = 0};
    return span_between(last + 1, lead.data + lead.len);
}

#include "store/text/layout.h"

#include <string.h>

#include "store/text/syntax.h"

/* Past a string, whose opening quote is at the cursor. A quote after an odd backslash is its own.
 */
static void skip_string(struct scan *s)
{
    const char *from = s->p + 1;
    const char *quote = from;

    while ((quote = memchr(quote, '"', (size_t)(s->end - quote))) != NULL) {
        const char *p = quote;

        while (p > from && p[-1] == '\\')
            p--;
        quote++;
        if ((quote - p) % 2 != 0)
            break;
    }
    s->p = quote != NULL ? quote : s->end;
}

static bool is_in_scalar(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' ||
           c == 'E';
}

/* Past a value of any kind; brackets of both kinds are counted alike, because the text is valid. */
static void layout_skip_value(struct scan *s)
{
    size_t depth = 0;

    do {
        switch (s->p < s->end ? *s->p : '\0') {
        case '"':
            skip_string(s);
            break;
        case '{':
        case '[':
            depth++;
            s->p++;
            break;
        case '}':
        case ']':
            depth--;
            s->p++;
            break;
        default: /* a number, a word; or a comma, a colon or a blank inside */
            if (s->p < s->end && !is_in_scalar(*s->p))
                s->p++;
            while (s->p < s->end && is_in_scalar(*s->p))
                s->p++;
        }
    } while (depth > 0 && s->p < s->end);
}

/* Past blanks, and what else `also` is. */
static struct span layout_skip_blanks(struct scan *s, char also)
{
    const char *from = s->p;

    while (s->p < s->end &&
           (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r' || *s->p == also))
        s->p++;
    return (struct span){.data = from, .len = (size_t)(s->p - from)};
}

static struct span span_between(const char *from, const char *to)
{
    return (struct span){.data = from, .len = (size_t)(to - from)};
}

static struct layout_member next_member(struct scan *s)
{
    struct layout_member member;
    const char *start;

    member.lead = layout_skip_blanks(s, ' ');
    start = s->p;
    if (scan_is_at(s, '"'))
        skip_string(s);
    member.key = span_between(start, s->p);
    member.middle = layout_skip_blanks(s, ':');
    start = s->p;
    layout_skip_value(s);
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

    (void)layout_skip_blanks(&s, ' ');
    *out = (struct layout_walk){.open = s.p};
    if (!scan_char(&s, '{'))
        return false;
    out->rest = s;
    return true;
}

bool layout_next(struct layout_walk *walk)
{
    struct scan ahead = walk->rest;

    (void)layout_skip_blanks(&ahead, ' ');
    if (scan_is_at(&ahead, '}') || scan_is_at_end(&ahead)) {
        walk->close = scan_is_at_end(&ahead) ? NULL : ahead.p;
        return false;
    }
    walk->member = next_member(&walk->rest);
    ahead = walk->rest;
    (void)layout_skip_blanks(&ahead, ' ');
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
    const char *from;

    (void)layout_skip_blanks(&items->rest, ',');
    if (scan_is_at(&items->rest, ']') || scan_is_at_end(&items->rest))
        return false;
    from = items->rest.p;
    layout_skip_value(&items->rest);
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

/*
 * As the first member of the file is laid out, so that a diff of it shows our entry alone. If
 * there is none to go by: with tabs, as docker's json.MarshalIndent() writes it.
 */
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

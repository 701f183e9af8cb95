#include "store/text/syntax.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/*
 * A parser of our own, and not jansson's: that builds values, and tells no place of one in the
 * text, which splicing needs. The whole is checked here, once; what walks through the text after
 * that takes it for valid.
 */

/* What a string says, byte by byte, escapes undone. */
struct spoken {
    struct scan rest;
    unsigned char pending[4]; /* of a character that was escaped */
    size_t at;
    size_t count;
};

static struct spoken spoken_of(struct span inner)
{
    return (struct spoken){.rest = scan_over(inner.data, inner.len)};
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* Past four hexadecimal digits; -1 if they are not there. */
static int32_t take_hex(struct scan *s)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = scan_is_at_end(s) ? -1 : hex_value(*s->p);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
        s->p++;
    }
    return value;
}

/* Past the escape after a backslash: the character, or -1 if there is none. */
static int32_t syntax_take_escape(struct scan *s)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found = scan_is_at_end(s) || *s->p == '\0' ? NULL : strchr(letters, *s->p);
    int32_t high;
    int32_t low;

    if (found != NULL) {
        s->p++;
        return (unsigned char)meant[found - letters];
    }
    if (!scan_char(s, 'u') || (high = take_hex(s)) < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return -1;
    if (high < 0xd800 || high > 0xdbff)
        return high;
    if (!scan_char(s, '\\') || !scan_char(s, 'u'))
        return -1;
    low = take_hex(s);
    return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00) : -1;
}

/* As UTF-8; returns how many bytes. */
static size_t encode(unsigned char bytes[4], int32_t c)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t count = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = count - 1; i > 0; i--, c >>= 6)
        bytes[i] = (unsigned char)(0x80 | (c & 0x3f));
    bytes[0] = (unsigned char)(leads[count] | c);
    return count;
}

/* The next byte, or -1 at the end. */
static int spoken_next(struct spoken *s)
{
    if (s->at < s->count)
        return s->pending[s->at++];
    if (scan_is_at_end(&s->rest))
        return -1;
    if (!scan_char(&s->rest, '\\'))
        return (unsigned char)*s->rest.p++;
    s->count = encode(s->pending, syntax_take_escape(&s->rest));
    s->at = 1;
    return s->pending[0];
}

static bool has_escapes(struct span inner)
{
    return memchr(inner.data, '\\', inner.len) != NULL;
}

int syntax_append(struct secret *out, struct span inner, struct error *err)
{
    struct spoken spoken = spoken_of(inner);
    int ret = 0;
    int c;

    if (!has_escapes(inner))
        return secret_append(out, inner.data, inner.len, SIZE_MAX - 1, err);
    while (ret == 0 && (c = spoken_next(&spoken)) >= 0) {
        char byte = (char)c;

        ret = secret_append(out, &byte, 1, SIZE_MAX - 1, err);
    }
    explicit_bzero(&spoken, sizeof(spoken));
    return ret;
}

const char *syntax_copy(char *dst, size_t size, struct span inner)
{
    struct spoken spoken = spoken_of(inner);
    size_t len = 0;
    int c;

    while (len + 1 < size && (c = spoken_next(&spoken)) >= 0)
        dst[len++] = (char)c;
    dst[len] = '\0';
    return dst;
}

bool syntax_is(struct span inner, const char *text, size_t len)
{
    struct spoken spoken = spoken_of(inner);

    if (!has_escapes(inner))
        return inner.len == len && memcmp(inner.data, text, len) == 0;
    for (size_t i = 0; i < len; i++) {
        if (spoken_next(&spoken) != (unsigned char)text[i])
            return false;
    }
    return spoken_next(&spoken) < 0;
}

static int syntax_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* As encoding/json of Go matches the names of members, for ASCII. */
bool syntax_is_name(struct span inner, const char *name)
{
    struct spoken spoken = spoken_of(inner);
    int c;

    while ((c = spoken_next(&spoken)) >= 0) {
        if (*name == '\0' || syntax_lower(c) != syntax_lower((unsigned char)*name++))
            return false;
    }
    return *name == '\0';
}

/* A key of an object that is open. */
struct key {
    uint64_t hash;
    struct span inner;
};

struct level {
    bool is_object;
    size_t keys; /* how many keys there were when it was opened */
};

struct checker {
    struct scan s;
    struct level levels[SYNTAX_DEPTH_MAX];
    size_t depth;
    struct key *keys;
    size_t count;
    size_t cap;
    const char *fault; /* what is wrong where the cursor is; NULL: it is no JSON */
    bool is_starved;
};

static bool find_fault(struct checker *c, const char *fault)
{
    c->fault = fault;
    return false;
}

static void syntax_skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
        s->p++;
}

/* Past a string; *inner is what is between its quotes. */
static bool take_string(struct scan *s, struct span *inner)
{
    const char *from = s->p + 1;

    if (!scan_char(s, '"'))
        return false;
    for (;;) {
        unsigned char c = s->p < s->end ? (unsigned char)*s->p : 0;

        if (c == '"')
            break;
        if (c < 0x20)
            return false;
        if (c >= 0x80) {
            size_t len = text_utf8_len(s->p, (size_t)(s->end - s->p));

            if (len == 0)
                return false;
            s->p += len;
            continue;
        }
        s->p++;
        if (c == '\\' && syntax_take_escape(s) < 0)
            return false;
    }
    *inner = (struct span){.data = from, .len = (size_t)(s->p - from)};
    s->p++;
    return true;
}

static size_t skip_digits(struct scan *s)
{
    const char *from = s->p;

    while (!scan_is_at_end(s) && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - from);
}

/* After the number there is a byte that is not part of it: at least the NUL after the text. */
static bool take_number(struct checker *c)
{
    struct scan *s = &c->s;
    const char *from = s->p;
    bool has_exponent;
    bool is_zero;

    (void)scan_char(s, '-');
    is_zero = scan_char(s, '0');
    if ((!is_zero && skip_digits(s) == 0) || (scan_char(s, '.') && skip_digits(s) == 0))
        return false;
    has_exponent = scan_char(s, 'e') || scan_char(s, 'E');
    if (has_exponent && !scan_char(s, '+'))
        (void)scan_char(s, '-');
    if (has_exponent && skip_digits(s) == 0)
        return false;
    /* Who decodes it into a double fails for the whole file; a shorter number always fits. */
    if ((has_exponent || s->p - from > 300) && isinf(strtod(from, NULL)))
        return find_fault(c, "has a number beyond the range of a double, which is not supported");
    return true;
}

static bool syntax_take_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
        return false;
    s->p += len;
    return true;
}

static bool take_scalar(struct checker *c)
{
    struct span ignored;

    if (scan_is_at(&c->s, '"'))
        return take_string(&c->s, &ignored);
    if (syntax_take_word(&c->s, "true") || syntax_take_word(&c->s, "false") ||
        syntax_take_word(&c->s, "null"))
        return true;
    return take_number(c);
}

/*
 * FNV-1a, of what the key says: most keys differ in it, so that sorting 10,000 entries compares few
 * texts. Who makes keys collide on purpose gains nothing but a slower look at their own file.
 */
static uint64_t hash_of(struct span inner)
{
    struct spoken spoken = spoken_of(inner);
    uint64_t hash = 0xcbf29ce484222325;
    int c;

    if (!has_escapes(inner)) {
        for (size_t i = 0; i < inner.len; i++)
            hash = (hash ^ (unsigned char)inner.data[i]) * 0x100000001b3;
        return hash;
    }
    while ((c = spoken_next(&spoken)) >= 0)
        hash = (hash ^ (unsigned)c) * 0x100000001b3;
    return hash;
}

/* An order in which keys that say the same are neighbours, however each is escaped. */
static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;
    struct spoken one;
    struct spoken other;
    int c;
    int d;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    one = spoken_of(a->inner);
    other = spoken_of(b->inner);
    do {
        c = spoken_next(&one);
        d = spoken_next(&other);
    } while (c == d && c >= 0);
    return c - d;
}

static bool keep_key(struct checker *c, struct span inner)
{
    if (c->count == c->cap) {
        size_t cap = c->cap > 0 ? c->cap * 2 : 64;
        struct key *keys = realloc(c->keys, cap * sizeof(*keys));

        if (keys == NULL) {
            c->is_starved = true;
            return false;
        }
        c->keys = keys;
        c->cap = cap;
    }
    c->keys[c->count++] = (struct key){.hash = hash_of(inner), .inner = inner};
    return true;
}

/* Keys are passed on as C strings: one with a NUL would pass for a shorter one. */
static bool says_nul(struct span inner)
{
    struct spoken spoken = spoken_of(inner);
    int byte;

    if (!has_escapes(inner))
        return false;
    while ((byte = spoken_next(&spoken)) > 0)
        ;
    return byte == 0;
}

/* Past `"KEY" :`. */
static bool take_key(struct checker *c)
{
    struct span inner;

    syntax_skip_blanks(&c->s);
    if (!take_string(&c->s, &inner))
        return false;
    if (says_nul(inner))
        return find_fault(c, "has a key with a NUL character, which is not supported");
    syntax_skip_blanks(&c->s);
    return scan_char(&c->s, ':') && keep_key(c, inner);
}

static bool open_level(struct checker *c, bool is_object)
{
    if (c->depth == SYNTAX_DEPTH_MAX)
        return find_fault(c, "is nested deeper than 2048 levels, which is not supported");
    c->levels[c->depth++] = (struct level){.is_object = is_object, .keys = c->count};
    c->s.p++;
    syntax_skip_blanks(&c->s);
    return true;
}

/* The last of its members has been read, and the cursor is at its bracket. */
static bool close_level(struct checker *c)
{
    size_t from = c->levels[--c->depth].keys;
    size_t count = c->count - from;
    struct key *keys = count > 0 ? c->keys + from : NULL;

    c->count = from;
    if (count > 1)
        qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&keys[i - 1], &keys[i]) == 0)
            return find_fault(c, "has the same key twice in one object");
    }
    c->s.p++;
    return true;
}

/* To the end of the first value that holds no other. No recursion: a file may nest as it likes. */
static bool begin_value(struct checker *c)
{
    for (;;) {
        syntax_skip_blanks(&c->s);
        if (scan_is_at(&c->s, '[')) {
            if (!open_level(c, false))
                return false;
            if (scan_is_at(&c->s, ']'))
                return close_level(c);
        } else if (scan_is_at(&c->s, '{')) {
            if (!open_level(c, true))
                return false;
            if (scan_is_at(&c->s, '}'))
                return close_level(c);
            if (!take_key(c))
                return false;
        } else {
            return take_scalar(c);
        }
    }
}

/* Past all that ends here, to where the next value begins; or to the end of all. */
static bool end_values(struct checker *c)
{
    while (c->depth > 0) {
        const struct level *level = &c->levels[c->depth - 1];

        syntax_skip_blanks(&c->s);
        if (scan_char(&c->s, ','))
            return !level->is_object || take_key(c);
        if (!scan_is_at(&c->s, level->is_object ? '}' : ']') || !close_level(c))
            return false;
    }
    return true;
}

static bool is_valid(struct checker *c)
{
    do {
        if (!begin_value(c) || !end_values(c))
            return false;
    } while (c->depth > 0);
    syntax_skip_blanks(&c->s);
    return scan_is_at_end(&c->s);
}

/* What editors of Windows leave at the start, and base64 within a long "auth". */
static void hint_at_fault(const struct checker *c, const struct secret *text, struct error *err)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (strncmp(secret_text(text), mark, strlen(mark)) == 0)
        (void)error_hint(err, "nothing was changed; the file starts with a byte-order mark, which "
                              "Windows editors add: save it as UTF-8 without one");
    else if (scan_is_at(&c->s, '\n') || scan_is_at(&c->s, '\r')) /* blank but in a string */
        (void)error_hint(err, "nothing was changed; a string contains a line break, which base64 "
                              "adds to long output: put it on one line (base64 -w0)");
}

static int refuse_text(const struct checker *c, const struct secret *text, const char *name,
                       struct error *err)
{
    const char *line = secret_text(text);
    const char *next;
    size_t number = 1;
    size_t column;

    /* A place, and no word of the text: what stands there may be a credential. */
    while ((next = memchr(line, '\n', (size_t)(c->s.p - line))) != NULL) {
        line = next + 1;
        number++;
    }
    column = (size_t)(c->s.p - line);
    column += column == 0 || !scan_is_at_end(&c->s); /* of a text that ends too soon: its last */
    (void)error_set(err, CLASS_AUTHFILE, "%s %s (line %zu, column %zu)", name,
                    c->fault != NULL ? c->fault : "is not valid JSON", number, column);
    hint_at_fault(c, text, err);
    return -1;
}

int syntax_check(const struct secret *text, const char *name, struct error *err)
{
    struct checker c = {.s = scan_over(secret_text(text), text->len)};
    int ret = 0;

    if (!is_valid(&c))
        ret = c.is_starved ? error_no_memory(err) : refuse_text(&c, text, name, err);
    free(c.keys);
    return ret;
}

#include "base/spelling.h"

#include <stdint.h>
#include <string.h>

enum {
    ESCAPE_URL = 1,
    ESCAPE_FORM = 2, /* '+' is a blank */
    ESCAPE_JSON = 4, /* and C's */
    ESCAPE_HTML = 8,
    ESCAPE_MAIL = 16, /* quoted-printable, RFC 2045 section 6.7 */
    ESCAPE_ALL = ESCAPE_URL | ESCAPE_JSON | ESCAPE_HTML,
    NESTED = 32, /* one in another, as in a text within JSON within a page */
};

enum { NESTED_MAX = 4 };

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_decimal(char c)
{
    return c >= '0' && c <= '9';
}

/* The values of digits; -1 for other bytes. */

/* Base64, of either alphabet. */
static int digit_of_64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_decimal(c))
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static int digit_of_32(char c)
{
    if (is_letter(c))
        return (c | 0x20) - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static int digit_of_16(char c)
{
    if (is_decimal(c))
        return c - '0';
    return is_letter(c) && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* Digits that are bytes. */

struct radix {
    int (*digit)(char c);
    unsigned bits; /* of each digit */
};

static const struct radix radices[] = {{digit_of_64, 6}, {digit_of_32, 5}, {digit_of_16, 4}};

enum { BASE_64, BASE_32, BASE_16 };

/*
 * The bytes that each run of digits stands for, if they begin at its digit number `shift`. Line
 * ends within are skipped. Fewer bytes come out than go in.
 */
static size_t undo_digits(char *dst, struct span text, unsigned which, unsigned shift)
{
    const struct radix *radix = &radices[which];
    size_t len = 0;
    unsigned skip = shift;
    unsigned held = 0; /* bits of `value` that are still to come out */
    unsigned value = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = radix->digit(text.data[i]);

        if (text.data[i] == '\n' || text.data[i] == '\r')
            continue;
        if (digit < 0) {
            skip = shift;
            held = 0;
        } else if (skip > 0) {
            skip--;
        } else {
            value = (value << radix->bits | (unsigned)digit) & 0xffff;
            held += radix->bits;
        }
        if (held >= 8) {
            held -= 8;
            dst[len++] = (char)(value >> held & 0xff);
        }
    }
    return len;
}

/* Escapes. */

/* A character by its number, or a byte of a text in UTF-8. */
struct code {
    uint32_t value;
    bool is_byte;
    bool is_nothing; /* the end of a line that goes on */
};

/* The number of `digits` digits, `least` to `most` of them, in `base`, at the cursor; past them. */
static bool take_number(struct scan *s, int base, size_t least, size_t most, uint32_t *value)
{
    struct scan ahead = *s;
    size_t count = 0;

    for (*value = 0; count < most && ahead.p < ahead.end; count++, ahead.p++) {
        int digit = digit_of_16(*ahead.p);

        if (digit < 0 || digit >= base)
            break;
        *value = *value * (uint32_t)base + (uint32_t)digit;
    }
    if (count < least)
        return false;
    *s = ahead;
    return true;
}

static bool take_byte(struct scan *s, struct code *code)
{
    code->is_byte = true;
    return take_number(s, 16, 2, 2, &code->value);
}

static bool spelling_take_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->p) < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((is_letter(s->p[i]) ? s->p[i] | 0x20 : s->p[i]) != word[i])
            return false;
    }
    s->p += len;
    return true;
}

/* Behind a percent sign; %uXXXX is JavaScript's. */
static bool take_url(struct scan *s, struct code *code)
{
    return scan_char(s, 'u') ? take_number(s, 16, 4, 4, &code->value) : take_byte(s, code);
}

/* Behind an equals sign. */
static bool take_mail(struct scan *s, struct code *code)
{
    bool has_return = scan_char(s, '\r');

    code->is_nothing = scan_char(s, '\n') || has_return;
    return code->is_nothing || take_byte(s, code);
}

/* Behind a backslash. */
static bool take_json(struct scan *s, struct code *code)
{
    static const char letters[] = "nrtbf\"\\/";
    static const char values[] = "\n\r\t\b\f\"\\/";
    const char *letter = s->p < s->end && *s->p != '\0' ? strchr(letters, *s->p) : NULL;

    if (scan_char(s, 'u'))
        return scan_char(s, '{') ? take_number(s, 16, 1, 6, &code->value) && scan_char(s, '}')
                                 : take_number(s, 16, 4, 4, &code->value);
    if (scan_char(s, 'x'))
        return take_byte(s, code);
    if (letter == NULL) {
        code->is_byte = true;
        return take_number(s, 8, 3, 3, &code->value);
    }
    s->p++;
    code->value = (unsigned char)values[letter - letters];
    return true;
}

/* Behind an ampersand. A number may begin with many zeros. */
static bool take_html(struct scan *s, struct code *code)
{
    enum { DIGITS_MAX = 64 };
    static const struct {
        const char *name;
        char value;
    } names[] = {{"amp", '&'},   {"lt", '<'},     {"gt", '>'},     {"quot", '"'},
                 {"apos", '\''}, {"plus", '+'},   {"equals", '='}, {"sol", '/'},
                 {"colon", ':'}, {"lowbar", '_'}, {"dash", '-'},   {"period", '.'}};

    if (scan_char(s, '#')) {
        bool is_hex = scan_char(s, 'x') || scan_char(s, 'X');

        /* Browsers read a number without the semicolon, too. */
        return take_number(s, is_hex ? 16 : 10, 1, DIGITS_MAX, &code->value) &&
               (scan_char(s, ';') || true);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (spelling_take_word(s, names[i].name)) {
            code->value = (unsigned char)names[i].value;
            return scan_char(s, ';') || true;
        }
    }
    return false;
}

static bool spelling_take_escape(struct scan *s, unsigned escapes, struct code *code)
{
    static const struct {
        unsigned escape;
        char begins;
        bool (*take)(struct scan *s, struct code *code);
    } kinds[] = {{ESCAPE_URL, '%', take_url},
                 {ESCAPE_JSON, '\\', take_json},
                 {ESCAPE_HTML, '&', take_html},
                 {ESCAPE_MAIL, '=', take_mail}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct scan ahead = *s;

        *code = (struct code){.value = 0};
        if ((escapes & kinds[i].escape) != 0 && scan_char(&ahead, kinds[i].begins) &&
            kinds[i].take(&ahead, code)) {
            *s = ahead;
            return true;
        }
    }
    *code = (struct code){.value = ' '};
    return (escapes & ESCAPE_FORM) != 0 && scan_char(s, '+');
}

/* In UTF-8 if it is no byte: fewer bytes come out than an escape has. */
static size_t put_code(char *dst, const struct code *code)
{
    uint32_t value = code->value;

    if (code->is_nothing)
        return 0;
    if (code->is_byte || value < 0x80) {
        dst[0] = (char)value;
        return 1;
    }
    if (value < 0x800) {
        dst[0] = (char)(0xc0 | value >> 6);
        dst[1] = (char)(0x80 | (value & 0x3f));
        return 2;
    }
    dst[0] = (char)(0xe0 | (value >> 12 & 0xf));
    dst[1] = (char)(0x80 | (value >> 6 & 0x3f));
    dst[2] = (char)(0x80 | (value & 0x3f));
    return 3;
}

/* In place as well: it writes only where it has read. */
static size_t undo_once(char *dst, struct span text, unsigned escapes)
{
    struct scan s = scan_over(text.data, text.len);
    size_t len = 0;

    while (!scan_is_at_end(&s)) {
        struct code code;

        if (spelling_take_escape(&s, escapes, &code))
            len += put_code(dst + len, &code);
        else
            dst[len++] = *s.p++;
    }
    return len;
}

static size_t undo_escapes(char *dst, struct span text, unsigned escapes, unsigned nested)
{
    size_t len = undo_once(dst, text, escapes);
    size_t before = text.len;

    /* No escape is undone that does not make it shorter, but for a plus sign. */
    if (len == text.len && (len == 0 || memcmp(dst, text.data, len) == 0))
        return 0;
    for (unsigned i = 1; i < NESTED_MAX && nested == NESTED && len < before; i++) {
        before = len;
        len = undo_once(dst, (struct span){.data = dst, .len = len}, escapes);
    }
    return len;
}

/* Lists. */

/*
 * Bytes by their numbers, as Go and others print them: "[103 104]", "103, 104". A word that is no
 * such number becomes a NUL.
 */
static size_t undo_list(char *dst, struct span text, unsigned unused, unsigned unused_too)
{
    struct scan s = scan_over(text.data, text.len);
    size_t len = 0;

    (void)unused, (void)unused_too;
    while (!scan_is_at_end(&s)) {
        uint32_t value = 0;
        bool is_number;

        if (!is_letter(*s.p) && !is_decimal(*s.p)) {
            s.p++;
            continue;
        }
        is_number = take_number(&s, 10, 1, 3, &value) && value <= 0xff;
        while (!scan_is_at_end(&s) && (is_letter(*s.p) || is_decimal(*s.p))) {
            is_number = false;
            s.p++;
        }
        dst[len++] = (char)(is_number ? value : 0);
    }
    return len;
}

/* Past a colour or the like, as terminals have it (ECMA-48 section 5.4); past one byte otherwise.
 */
static size_t control_len(struct span text, size_t at)
{
    size_t i = at + 2;

    if (text.data[at] != '\033' || text.len - at < 3 || text.data[at + 1] != '[')
        return 1;
    while (i < text.len && text.data[i] >= 0x20 && text.data[i] < 0x40)
        i++;
    return i < text.len ? i + 1 - at : 1;
}

size_t spelling_pack(char *dst, struct span text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len;) {
        char c = text.data[i];

        if (is_letter(c) || is_decimal(c) || c == '+' || c == '/' || c == '_') {
            dst[len++] = c;
            i++;
        } else {
            i += control_len(text, i);
        }
    }
    return len;
}

static size_t undo_pieces(char *dst, struct span text, unsigned unused, unsigned unused_too)
{
    size_t len = spelling_pack(dst, text);

    (void)unused, (void)unused_too;
    return len < text.len ? len : 0;
}

static size_t undo_reversal(char *dst, struct span text, unsigned unused, unsigned unused_too)
{
    (void)unused, (void)unused_too;
    for (size_t i = 0; i < text.len; i++)
        dst[i] = text.data[text.len - 1 - i];
    return text.len;
}

static const struct spelling {
    size_t (*undo)(char *dst, struct span text, unsigned kind, unsigned detail);
    unsigned kind;
    unsigned detail;
    bool is_loose;
} spellings[] = {
    {undo_digits, BASE_64, 0, false},
    {undo_digits, BASE_64, 1, false},
    {undo_digits, BASE_64, 2, false},
    {undo_digits, BASE_64, 3, false},
    {undo_digits, BASE_16, 0, false},
    {undo_digits, BASE_16, 1, false},
    /* One kind of escape alone, since a secret may look like another; then one in another. */
    {undo_escapes, ESCAPE_URL, 0, false},
    {undo_escapes, ESCAPE_URL | ESCAPE_FORM, 0, false},
    {undo_escapes, ESCAPE_JSON, 0, false},
    {undo_escapes, ESCAPE_HTML, 0, false},
    {undo_escapes, ESCAPE_MAIL, 0, false},
    {undo_escapes, ESCAPE_ALL, NESTED, false},
    {undo_digits, BASE_32, 0, true},
    {undo_digits, BASE_32, 1, true},
    {undo_digits, BASE_32, 2, true},
    {undo_digits, BASE_32, 3, true},
    {undo_digits, BASE_32, 4, true},
    {undo_digits, BASE_32, 5, true},
    {undo_digits, BASE_32, 6, true},
    {undo_digits, BASE_32, 7, true},
    {undo_list, 0, 0, true},
    {undo_pieces, 0, 0, true},
    {undo_reversal, 0, 0, true},
};

size_t spelling_count(void)
{
    return sizeof(spellings) / sizeof(spellings[0]);
}

size_t spelling_undo(char *dst, struct span text, size_t which)
{
    const struct spelling *spelling = &spellings[which];

    return spelling->undo(dst, text, spelling->kind, spelling->detail);
}

bool spelling_is_loose(size_t which)
{
    return spellings[which].is_loose;
}

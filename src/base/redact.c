#include "base/redact.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/scan.h"

/* In base64 so many characters stand for REDACT_RUN bytes. */
enum { BASE64_RUN = REDACT_RUN / 3 * 4 };

/* An unbroken stretch of so many letters and digits is no name: a line of a PEM key has 64. */
enum { STRETCH = 48 };

/* Bytes of which two texts must have the same before they are compared. */
enum { HASHED = 4, HASHES = 1 << 16 };

static unsigned char redact_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static uint32_t hash(const char *text, size_t len)
{
    uint32_t value = 0;

    for (size_t i = 0; i < len && i < HASHED; i++)
        value = value * 16777619U ^ redact_lower(text[i]);
    return (value ^ value >> 16) % HASHES;
}

static bool redact_is_same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (redact_lower(a[i]) != redact_lower(b[i]))
            return false;
    }
    return true;
}

/* Whether `run` bytes in a row of `needle` (all, if it is shorter) stand in `text`. */
static bool has_run(struct span text, struct span needle, size_t run)
{
    /*
     * A bit for the first bytes of each run: a body of a megabyte is compared only where one fits,
     * and not with every run of a key.
     */
    unsigned char seen[HASHES / 8] = {0};

    run = needle.len < run ? needle.len : run;
    for (size_t at = 0; at + run <= needle.len; at++) {
        uint32_t value = hash(needle.data + at, run);

        seen[value / 8] = (unsigned char)(seen[value / 8] | 1U << value % 8);
    }
    for (size_t at = 0; at + run <= text.len; at++) {
        uint32_t value = hash(text.data + at, run);

        for (size_t i = 0; (seen[value / 8] >> value % 8 & 1) != 0 && i + run <= needle.len; i++) {
            if (redact_is_same(text.data + at, needle.data + i, run))
                return true;
        }
    }
    return false;
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* A line may be cut anywhere when it is quoted; the key in it is what counts. */
static bool has_stretch(struct span text, struct span line)
{
    for (size_t begin = 0, end = 0; begin < line.len; begin = end + 1) {
        for (end = begin; end < line.len && is_base64(line.data[end]); end++)
            ;
        if (end - begin >= STRETCH &&
            has_run(text, (struct span){.data = line.data + begin, .len = end - begin}, STRETCH))
            return true;
    }
    return false;
}

/* The next line, without blanks at its ends. */
static struct span take_line(struct scan *s)
{
    const char *end = memchr(s->p, '\n', (size_t)(s->end - s->p));
    struct scan line = {.p = s->p, .end = end != NULL ? end : s->end};

    s->p = end != NULL ? end + 1 : s->end;
    (void)scan_blanks(&line);
    while (line.end > line.p && strchr(" \t\r", line.end[-1]) != NULL)
        line.end--;
    return (struct span){.data = line.p, .len = (size_t)(line.end - line.p)};
}

/* A byte may be missing at an end. */
static size_t most_of(size_t len)
{
    return len > REDACT_LINE ? len - 1 : len;
}

/* Whole, or by its lines: a server may show a part of what it could not read. */
static bool has_lines(struct span text, const struct secret *secret)
{
    struct scan s = scan_over(secret_text(secret), secret->len);

    if (secret->len <= text.len + 1 &&
        has_run(text, (struct span){.data = secret->data, .len = secret->len},
                most_of(secret->len)))
        return true;
    while (!scan_is_at_end(&s)) {
        struct span line = take_line(&s);

        if (line.len >= REDACT_LINE &&
            (has_run(text, line, most_of(line.len)) || has_stretch(text, line)))
            return true;
    }
    return false;
}

static bool has_item(const struct redact *redact, struct span text)
{
    for (size_t i = 0; i < redact->count; i++) {
        const struct redact_item *item = &redact->items[i];
        struct span needle = {.data = item->text.data, .len = item->text.len};

        if (item->run > 0 ? has_run(text, needle, item->run) : has_lines(text, &item->text))
            return true;
    }
    return false;
}

/* The value of a digit of base64, of either alphabet; -1 for other bytes. */
static int digit_of_64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static int digit_of_16(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)redact_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What bytes stand for in which digits of `bits` bits each. */
struct radix {
    int (*digit)(char c);
    unsigned bits;
    size_t shifts; /* offsets at which a byte may begin */
};

static const struct radix radices[] = {{digit_of_64, 6, 4}, {digit_of_16, 4, 2}};

/*
 * The bytes that each run of digits stands for, if they begin at its digit number `shift`. Line
 * ends within are skipped. Fewer bytes come out than go in.
 */
static size_t decode(char *dst, struct span text, const struct radix *radix, size_t shift)
{
    size_t len = 0;
    size_t skip = shift;
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

enum {
    ESCAPE_URL = 1,
    ESCAPE_FORM = 2, /* '+' is a blank */
    ESCAPE_JSON = 4,
    ESCAPE_HTML = 8,
};

/* The code of `digits` digits at most, in `base`, at the cursor; past them. */
static bool take_code(struct scan *s, int base, size_t least, size_t most, uint32_t *code)
{
    struct scan ahead = *s;
    size_t count = 0;

    for (*code = 0; count < most && ahead.p < ahead.end; count++, ahead.p++) {
        int digit = digit_of_16(*ahead.p);

        if (digit < 0 || digit >= base)
            break;
        *code = *code * (uint32_t)base + (uint32_t)digit;
    }
    if (count < least)
        return false;
    *s = ahead;
    return true;
}

static bool redact_take_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->p) < len || !redact_is_same(s->p, word, len))
        return false;
    s->p += len;
    return true;
}

/* Behind a backslash. */
static bool take_json(struct scan *s, uint32_t *code)
{
    static const char letters[] = "nrtbf\"\\/";
    static const char values[] = "\n\r\t\b\f\"\\/";
    const char *letter = s->p < s->end && *s->p != '\0' ? strchr(letters, *s->p) : NULL;

    if (scan_char(s, 'u'))
        return take_code(s, 16, 4, 4, code);
    if (scan_char(s, 'x'))
        return take_code(s, 16, 2, 2, code);
    if (letter == NULL)
        return false;
    s->p++;
    *code = (unsigned char)values[letter - letters];
    return true;
}

/* Behind an ampersand. A number may begin with many zeros. */
static bool take_html(struct scan *s, uint32_t *code)
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
        return take_code(s, is_hex ? 16 : 10, 1, DIGITS_MAX, code) && (scan_char(s, ';') || true);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (redact_take_word(s, names[i].name)) {
            *code = (unsigned char)names[i].value;
            return scan_char(s, ';') || true;
        }
    }
    return false;
}

static bool redact_take_escape(struct scan *s, unsigned escapes, uint32_t *code)
{
    struct scan ahead = *s;
    bool is_one = false;

    if ((escapes & ESCAPE_URL) != 0 && scan_char(&ahead, '%'))
        is_one = take_code(&ahead, 16, 2, 2, code);
    else if ((escapes & ESCAPE_JSON) != 0 && scan_char(&ahead, '\\'))
        is_one = take_json(&ahead, code);
    else if ((escapes & ESCAPE_HTML) != 0 && scan_char(&ahead, '&'))
        is_one = take_html(&ahead, code);
    else if ((escapes & ESCAPE_FORM) != 0 && scan_char(&ahead, '+')) {
        *code = ' ';
        is_one = true;
    }
    if (is_one)
        *s = ahead;
    return is_one;
}

/* In UTF-8 if it is no byte: fewer bytes come out than an escape has. */
static size_t put_code(char *dst, uint32_t code, bool is_byte)
{
    if (is_byte || code < 0x80) {
        dst[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        dst[0] = (char)(0xc0 | code >> 6);
        dst[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    dst[0] = (char)(0xe0 | (code >> 12 & 0xf));
    dst[1] = (char)(0x80 | (code >> 6 & 0x3f));
    dst[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

static size_t unescape(char *dst, struct span text, unsigned escapes)
{
    struct scan s = scan_over(text.data, text.len);
    size_t len = 0;

    while (!scan_is_at_end(&s)) {
        bool is_byte = *s.p == '%';
        uint32_t code = 0;

        if (redact_take_escape(&s, escapes, &code))
            len += put_code(dst + len, code, is_byte);
        else
            dst[len++] = *s.p++;
    }
    return len;
}

/* As it stands, and decoded; `room` has the length of the text. */
static bool finds_in(const struct redact *redact, struct span text, char *room)
{
    if (has_item(redact, text))
        return true;
    for (size_t i = 0; i < sizeof(radices) / sizeof(radices[0]); i++) {
        for (size_t shift = 0; shift < radices[i].shifts; shift++) {
            struct span plain = {.data = room, .len = decode(room, text, &radices[i], shift)};

            if (has_item(redact, plain))
                return true;
        }
    }
    return false;
}

/* One kind of escape, since a secret may look like another; then all of them, one in another. */
static bool finds_escaped(const struct redact *redact, struct span text, char *plain, char *room)
{
    static const unsigned each[] = {ESCAPE_URL, ESCAPE_URL | ESCAPE_FORM, ESCAPE_JSON, ESCAPE_HTML,
                                    ESCAPE_URL | ESCAPE_JSON | ESCAPE_HTML};
    enum { NESTED_MAX = 3 };

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        struct span inner = {.data = plain, .len = unescape(plain, text, each[i])};

        if (inner.len == text.len && memcmp(inner.data, text.data, text.len) == 0)
            continue;
        if (finds_in(redact, inner, room))
            return true;
    }
    /* A text within JSON within a page: each layer undone is searched. */
    for (int i = 0; i < NESTED_MAX; i++) {
        text.len = unescape(plain, text, ESCAPE_URL | ESCAPE_JSON | ESCAPE_HTML);
        text.data = plain;
        if (finds_in(redact, text, room))
            return true;
    }
    return false;
}

bool redact_finds(const struct redact *redact, const char *text, size_t len)
{
    struct span whole = {.data = text, .len = len};
    char *room;
    bool found;

    if (redact == NULL || redact->count == 0 || len == 0)
        return false;
    /* What is decoded here may be the secret: the buffer is wiped. */
    room = wipe_malloc(2 * len);
    if (room == NULL)
        return true;
    found = finds_in(redact, whole, room) || finds_escaped(redact, whole, room, room + len);
    wipe_free(room);
    return found;
}

/* A JSON object of one line is a key as well, as some tools write it. */
static bool has_many_lines(const struct secret *secret)
{
    const char *text = secret->data;

    return memchr(text, '\n', secret->len) != NULL || memchr(text, '\r', secret->len) != NULL ||
           (text[0] == '{' && text[secret->len - 1] == '}');
}

static int add(struct redact *redact, const char *text, size_t len, size_t run, struct error *err)
{
    /* The first ones are the credential's, which must never be pushed out. */
    size_t at = redact->count < REDACT_ITEMS_MAX ? redact->count : REDACT_ITEMS_MAX - 1;
    struct secret copy = SECRET_INIT;

    if (secret_append(&copy, text, len, SIZE_MAX - 1, err) < 0)
        return -1;
    secret_move(&redact->items[at].text, &copy);
    redact->items[at].run = run;
    redact->count = at + 1;
    return 0;
}

/* A byte may be missing at an end; of a very short one too little would be left then. */
static size_t telling_run(size_t len)
{
    enum { SHORT = 8 };

    return len < SHORT || len > REDACT_RUN ? REDACT_RUN : len - 1;
}

int redact_add(struct redact *redact, const struct secret *secret, struct error *err)
{
    return secret->len > 0 ? add(redact, secret->data, secret->len,
                                 has_many_lines(secret) ? 0 : telling_run(secret->len), err)
                           : 0;
}

/*
 * Decoding does not find what came back in capitals, or in lower case: base64 tells the two apart.
 * So the encoded text is looked for as well, after its first `before` bytes, which are no secret.
 */
static int add_encoded(struct redact *redact, const struct secret *encoded, size_t before,
                       struct error *err)
{
    size_t skipped = (before + 2) / 3 * 4;
    size_t len = encoded->len;

    while (len > 0 && encoded->data[len - 1] == '=')
        len--;
    if (len < skipped + BASE64_RUN)
        return 0; /* too short to tell */
    return add(redact, encoded->data + skipped, len - skipped, BASE64_RUN, err);
}

static int add_encodings(struct redact *redact, const char *username, const struct secret *token,
                         const struct secret *auth, struct error *err)
{
    struct secret encoded = SECRET_INIT;
    int ret = base64_encode(&encoded, token, err);

    if (ret == 0)
        ret = add_encoded(redact, &encoded, 0, err);
    if (ret == 0 && username != NULL && auth == NULL)
        ret = base64_encode_login(&encoded, username, token, err);
    if (ret == 0 && username != NULL)
        ret = add_encoded(redact, auth != NULL ? auth : &encoded, strlen(username) + 1, err);
    secret_clear(&encoded);
    return ret;
}

int redact_start(struct redact *out, const char *username, const struct secret *token,
                 const struct secret *auth, struct error *err)
{
    *out = REDACT_INIT;
    if (token->len == 0)
        return 0;
    if (redact_add(out, token, err) == 0 &&
        (has_many_lines(token) || add_encodings(out, username, token, auth, err) == 0))
        return 0;
    redact_clear(out);
    return -1;
}

void redact_clear(struct redact *redact)
{
    for (size_t i = 0; i < REDACT_ITEMS_MAX; i++)
        secret_clear(&redact->items[i].text);
    *redact = REDACT_INIT;
}

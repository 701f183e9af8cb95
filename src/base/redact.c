#include "base/redact.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/scan.h"
#include "base/spelling.h"

/* The forms of an item. The base64 is of a text that begins at each place in a group of three. */
enum { FORM_PLAIN, FORM_PACKED, FORM_BASE64 };

enum {
    BASE64_RUN = REDACT_RUN / 3 * 4, /* characters that stand for REDACT_RUN bytes */
    STRETCH = 48,   /* letters and digits in a row are no name: a line of a PEM key has 64 */
    SHORT = 8,      /* bytes below which words hold a secret by chance */
    HASHED = 4,     /* bytes of which two texts must have the same before they are compared */
    PREFIX_MIN = 4, /* bytes that a GitHub token begins with, and what is most of one */
    TOKEN_MIN = 16,
    DEPTH = 2,            /* one spelling in another */
    DEEP_TEXT_MAX = 2048, /* bytes of a text in which that is looked for: time grows with both */
};

/* How far what is searched is from what stood there. */
enum distance {
    DISTANCE_NONE,
    DISTANCE_NEAR, /* one spelling that is undone */
    DISTANCE_FAR,  /* several, or one that nobody uses for short words */
};

static unsigned char redact_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Of HASHED bytes. */
static uint32_t hash(const char *text)
{
    uint32_t value = 0;

    for (size_t i = 0; i < HASHED; i++)
        value = value * 16777619U ^ redact_lower(text[i]);
    return (value ^ value >> 16) % REDACT_HASHES;
}

static bool redact_is_same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (redact_lower(a[i]) != redact_lower(b[i]))
            return false;
    }
    return true;
}

/* Whether the text begins with any `run` bytes in a row of `needle`. */
static bool begins_with_run(struct span text, struct span needle, size_t run)
{
    for (size_t i = 0; run <= text.len && i + run <= needle.len; i++) {
        if (redact_is_same(text.data, needle.data + i, run))
            return true;
    }
    return false;
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* A line may be cut anywhere when it is quoted; the key in it is what counts. */
static bool begins_with_stretch(struct span text, struct span line)
{
    for (size_t begin = 0, end = 0; begin < line.len; begin = end + 1) {
        for (end = begin; end < line.len && is_base64(line.data[end]); end++)
            ;
        if (end - begin >= STRETCH &&
            begins_with_run(text, (struct span){.data = line.data + begin, .len = end - begin},
                            STRETCH))
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
static bool begins_with_lines(struct span text, const struct secret *secret)
{
    struct scan s = scan_over(secret_text(secret), secret->len);

    if (begins_with_run(text, (struct span){.data = secret->data, .len = secret->len},
                        most_of(secret->len)))
        return true;
    while (!scan_is_at_end(&s)) {
        struct span line = take_line(&s);

        if (line.len >= REDACT_LINE &&
            (begins_with_run(text, line, most_of(line.len)) || begins_with_stretch(text, line)))
            return true;
    }
    return false;
}

/* A byte may be missing at an end; of a very short one too little would be left then. */
static size_t telling_run(size_t len)
{
    if (len < SHORT)
        return len;
    return len > REDACT_RUN ? REDACT_RUN : len - 1;
}

static bool begins_with_item(struct span text, const struct redact_item *item,
                             enum distance distance)
{
    const struct secret *plain = &item->forms[FORM_PLAIN];

    if (item->has_many_lines)
        return begins_with_lines(text, plain);
    for (size_t i = 0; i < REDACT_FORMS; i++) {
        const struct secret *form = &item->forms[i];

        if (form->len > 0 && (distance != DISTANCE_FAR || plain->len >= SHORT) &&
            begins_with_run(text, (struct span){.data = form->data, .len = form->len},
                            i >= FORM_BASE64 ? BASE64_RUN : telling_run(form->len)))
            return true;
    }
    return false;
}

/* Those that are too short to be looked for by their first bytes. */
static bool begins_with_tiny(const struct redact *redact, struct span text, enum distance distance)
{
    for (size_t i = 0; i < redact->count; i++) {
        if (redact->items[i].forms[FORM_PLAIN].len < HASHED &&
            begins_with_item(text, &redact->items[i], distance))
            return true;
    }
    return false;
}

static bool begins_with_secret(const struct redact *redact, struct span text,
                               enum distance distance)
{
    uint32_t value = text.len >= HASHED ? hash(text.data) : 0;

    if (text.len >= HASHED && (redact->seen[value / 8] >> value % 8 & 1) != 0) {
        for (size_t i = 0; i < redact->count; i++) {
            if (begins_with_item(text, &redact->items[i], distance))
                return true;
        }
    }
    return begins_with_tiny(redact, text, distance);
}

static bool is_token_byte(char c)
{
    return (is_base64(c) && c != '+' && c != '/') || c == '_' || c == '-' || c == '.';
}

/* Whether most of a GitHub token stands here. In small letters alone it is the name of a file. */
static bool begins_with_token(struct span text)
{
    static const char *const prefixes[] = {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"};
    bool is_word = true;
    size_t at = 0;
    size_t end;

    if (text.data[0] != 'g')
        return false;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && at == 0; i++) {
        size_t len = strlen(prefixes[i]);

        at = text.len > len && memcmp(text.data, prefixes[i], len) == 0 ? len : 0;
    }
    for (end = at; at > 0 && end < text.len && end - at < TOKEN_MIN; end++) {
        if (!is_token_byte(text.data[end]))
            return false;
        is_word = is_word && (text.data[end] < '0' || text.data[end] > '9') &&
                  redact_lower(text.data[end]) == (unsigned char)text.data[end];
    }
    return at > 0 && end - at == TOKEN_MIN && !is_word;
}

static bool has_secret(const struct redact *redact, struct span text, enum distance distance)
{
    for (size_t at = 0; at < text.len; at++) {
        struct span rest = {.data = text.data + at, .len = text.len - at};

        if (begins_with_token(rest) ||
            (redact != NULL && begins_with_secret(redact, rest, distance)))
            return true;
    }
    return false;
}

/*
 * Whether it is in what the text stands for once `depth` spellings are undone, one after another;
 * `room` has the text's length for each of them.
 */
static bool finds_below(const struct redact *redact, struct span text, enum distance distance,
                        size_t depth, char *room)
{
    if (depth == 0)
        return has_secret(redact, text, distance);
    for (size_t i = 0; i < spelling_count(); i++) {
        struct span inner = {.data = room, .len = spelling_undo(room, text, i)};
        bool is_far = distance != DISTANCE_NONE || spelling_is_loose(i);

        if (inner.len > 0 && finds_below(redact, inner, is_far ? DISTANCE_FAR : DISTANCE_NEAR,
                                         depth - 1, room + text.len))
            return true;
    }
    return false;
}

bool redact_finds(const struct redact *redact, const char *text, size_t len)
{
    struct span whole = {.data = text, .len = len};
    bool is_deep = len <= DEEP_TEXT_MAX;
    /* For most texts, so that a want of memory hides no success. */
    char room[DEPTH * DEEP_TEXT_MAX] = {0};
    char *block = NULL;
    bool found = false;

    /* No spelling is shorter than what is spelled. */
    if (len == 0 || ((redact == NULL || redact->count == 0) && len < PREFIX_MIN + TOKEN_MIN))
        return false;
    if (!is_deep && (block = wipe_malloc(len)) == NULL)
        return true;
    for (size_t depth = 0; depth <= (is_deep ? DEPTH : 1) && !found; depth++)
        found = finds_below(redact, whole, DISTANCE_NONE, depth, is_deep ? room : block);
    /* What is decoded here may be the secret. */
    if (is_deep)
        explicit_bzero(room, DEPTH * len);
    wipe_free(block);
    return found;
}

const char *redact_value(const struct redact *redact, const char *text)
{
    return redact_finds(redact, text, strlen(text)) ? REDACT_VALUE : text;
}

void redact_replace(const struct redact *redact, char *text, size_t size, const char *instead)
{
    if (redact_finds(redact, text, strlen(text)))
        (void)snprintf(text, size, "%s", instead);
}

/* A JSON object of one line is a key as well, as some tools write it. */
static bool has_many_lines(const struct secret *secret)
{
    const char *text = secret->data;

    return memchr(text, '\n', secret->len) != NULL || memchr(text, '\r', secret->len) != NULL ||
           (text[0] == '{' && text[secret->len - 1] == '}');
}

static int add_packed(struct redact_item *item, struct error *err)
{
    const struct secret *plain = &item->forms[FORM_PLAIN];
    struct secret packed = SECRET_INIT;
    struct span text = {.data = plain->data, .len = plain->len};

    if (secret_append(&packed, plain->data, plain->len, SIZE_MAX - 1, err) < 0)
        return -1;
    packed.len = spelling_pack(packed.data, text);
    if (packed.len >= SHORT && packed.len < plain->len)
        secret_move(&item->forms[FORM_PACKED], &packed);
    secret_clear(&packed);
    return 0;
}

/*
 * Decoding does not find what came back in capitals, or in lower case: base64 tells the two apart.
 * So the encoded text is looked for as well, behind as many bytes of another as `before` says.
 */
static int add_base64(struct redact_item *item, struct error *err)
{
    enum { BEFORE_MAX = 2 };
    static const size_t skipped[] = {0, 2, 3}; /* characters that are not of the text alone */
    const struct secret *plain = &item->forms[FORM_PLAIN];
    struct secret whole = SECRET_INIT;
    int ret = secret_append(&whole, "--", BEFORE_MAX, SIZE_MAX - 1, err);

    if (ret == 0)
        ret = secret_append(&whole, plain->data, plain->len, SIZE_MAX - 1, err);
    for (size_t before = 0; ret == 0 && before <= BEFORE_MAX; before++) {
        const struct secret part = {.data = whole.data + BEFORE_MAX - before,
                                    .len = plain->len + before};
        struct secret *form = &item->forms[FORM_BASE64 + before];

        ret = base64_encode(form, &part, err);
        while (form->len > 0 && form->data[form->len - 1] == '=')
            form->len--;
        form->len -= form->len < skipped[before] ? form->len : skipped[before];
        if (form->len < BASE64_RUN)
            form->len = 0; /* too short to tell */
        if (form->len > 0)
            memmove(form->data, form->data + skipped[before], form->len);
    }
    secret_clear(&whole);
    return ret;
}

static void note_bytes(struct redact *redact, const struct secret *form)
{
    for (size_t i = 0; i + HASHED <= form->len; i++) {
        uint32_t value = hash(form->data + i);

        redact->seen[value / 8] = (unsigned char)(redact->seen[value / 8] | 1U << value % 8);
    }
}

static void item_clear(struct redact_item *item)
{
    for (size_t i = 0; i < REDACT_FORMS; i++)
        secret_clear(&item->forms[i]);
}

static bool redact_has(const struct redact *redact, const struct secret *secret)
{
    for (size_t i = 0; i < redact->count; i++) {
        if (secret_is_equal(&redact->items[i].forms[FORM_PLAIN], secret))
            return true;
    }
    return false;
}

int redact_add(struct redact *redact, const struct secret *secret, struct error *err)
{
    /* The first ones are the credential's, which must never be pushed out. */
    size_t at = redact->count < REDACT_ITEMS_MAX ? redact->count : REDACT_ITEMS_MAX - 1;
    struct redact_item item = {.has_many_lines = false};
    int ret;

    if (secret->len == 0 || redact_has(redact, secret))
        return 0;
    item.has_many_lines = has_many_lines(secret);
    ret = secret_append(&item.forms[FORM_PLAIN], secret->data, secret->len, SIZE_MAX - 1, err);
    if (ret == 0 && !item.has_many_lines)
        ret = add_packed(&item, err);
    if (ret == 0 && !item.has_many_lines)
        ret = add_base64(&item, err);
    if (ret < 0) {
        item_clear(&item);
        return -1;
    }
    item_clear(&redact->items[at]);
    redact->items[at] = item; /* moved */
    redact->count = at + 1;
    for (size_t i = 0; i < REDACT_FORMS; i++)
        note_bytes(redact, &item.forms[i]);
    return 0;
}

void redact_clear(struct redact *redact)
{
    for (size_t i = 0; i < REDACT_ITEMS_MAX; i++)
        item_clear(&redact->items[i]);
    explicit_bzero(redact->seen, sizeof(redact->seen)); /* which tells of the bytes */
    *redact = REDACT_INIT;
}

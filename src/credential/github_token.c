#include "credential/github_token.h"

#include <stdint.h>
#include <string.h>

#include "base/redact.h"

/* `len_max` 0: there are longer ones. */
static const struct shape {
    const char *prefix;
    enum github_token_kind kind;
    size_t len_min;
    size_t len_max;
} shapes[] = {
    {"ghp_", GITHUB_TOKEN_CLASSIC, 40, 40}, {"github_pat_", GITHUB_TOKEN_FINE_GRAINED, 93, 93},
    {"gho_", GITHUB_TOKEN_OAUTH, 40, 0},    {"ghu_", GITHUB_TOKEN_APP_USER, 40, 0},
    {"ghr_", GITHUB_TOKEN_REFRESH, 40, 0},  {"ghs_", GITHUB_TOKEN_INSTALLATION, 40, 0},
};

enum { SHAPES_LEN = sizeof(shapes) / sizeof(shapes[0]) };

static const char *const kind_names[] = {
    [GITHUB_TOKEN_UNKNOWN] = "unknown",           [GITHUB_TOKEN_CLASSIC] = "classic",
    [GITHUB_TOKEN_FINE_GRAINED] = "fine-grained", [GITHUB_TOKEN_OAUTH] = "oauth",
    [GITHUB_TOKEN_APP_USER] = "app-user",         [GITHUB_TOKEN_INSTALLATION] = "installation",
    [GITHUB_TOKEN_REFRESH] = "refresh",
};

enum { LEGACY_LEN = 40, PREFIX_LEN = 4, CHECKSUM_LEN = 6 };

static bool is_lower_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (!digit && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    }
    return true;
}

static const struct shape *find_shape(const char *text, size_t len)
{
    for (size_t i = 0; i < SHAPES_LEN; i++) {
        size_t prefix_len = strlen(shapes[i].prefix);

        if (len > prefix_len && memcmp(text, shapes[i].prefix, prefix_len) == 0)
            return &shapes[i];
    }
    return NULL;
}

static bool is_legacy(const char *text, size_t len)
{
    return len == LEGACY_LEN && is_lower_hex(text, len);
}

enum github_token_kind github_token_kind(const char *text, size_t len)
{
    const struct shape *shape = find_shape(text, len);

    if (shape != NULL)
        return shape->kind;
    return is_legacy(text, len) ? GITHUB_TOKEN_CLASSIC : GITHUB_TOKEN_UNKNOWN;
}

const char *github_token_begin(const char *text)
{
    const char *first = NULL;

    for (size_t i = 0; i < SHAPES_LEN; i++) {
        const char *found = strstr(text, shapes[i].prefix);

        if (found != NULL && (first == NULL || found < first))
            first = found;
    }
    return first;
}

/*
 * Whether `word` of `text` is one of the oldest, which look like a commit's hash: it counts if it
 * is a word, the value of something, or where a URL has user information or a host. The digest of
 * an image may follow a tag.
 */
static bool is_legacy_word(const char *text, const char *word, size_t len)
{
    static const char digest[] = "@sha256:";
    const char *behind = word + len;
    char before = ' ';

    if (len != LEGACY_LEN)
        return false;
    if (word - text > 2 && strncmp(word - 3, "://", 3) == 0)
        return strchr("@:/", *behind) != NULL; /* its end too */
    if (word > text + strspn(text, "-"))
        before = word[-1];
    if (*behind == '@')
        return strchr("/:", before) != NULL && strncmp(behind, digest, strlen(digest)) != 0;
    return strchr(" \"'=", before) != NULL && strchr(" \"'=", *behind) != NULL;
}

static bool tells_legacy(const char *text)
{
    const char *word = text + strcspn(text, "0123456789abcdef");

    while (*word != '\0') {
        size_t len = strspn(word, "0123456789abcdef");

        if (is_legacy_word(text, word, len))
            return true;
        word += len;
        word += strcspn(word, "0123456789abcdef");
    }
    return false;
}

bool github_token_is_told(const char *text)
{
    return tells_legacy(text) || redact_finds(NULL, text, strlen(text));
}

bool github_token_is_whole(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!github_token_is_byte(text[i]))
            return false;
    }
    return github_token_kind(text, len) != GITHUB_TOKEN_UNKNOWN;
}

/* CRC-32 of IEEE 802.3, as zlib has it. */
static uint32_t crc32_of(const char *text, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* A classic token of 40 bytes ends in the CRC-32 of what follows the prefix, in base 62. */
static bool has_right_checksum(const char *text)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *checksum = text + LEGACY_LEN - CHECKSUM_LEN;
    uint32_t crc = crc32_of(text + PREFIX_LEN, LEGACY_LEN - PREFIX_LEN - CHECKSUM_LEN);

    for (size_t i = CHECKSUM_LEN; i-- > 0; crc /= 62) {
        if (checksum[i] != digits[crc % 62])
            return false;
    }
    return true;
}

static size_t count_dots(const char *text, size_t len)
{
    size_t dots = 0;

    for (size_t i = 0; i < len; i++)
        dots += text[i] == '.';
    return dots;
}

const char *github_token_oddity(const char *text, size_t len)
{
    const struct shape *shape = find_shape(text, len);

    if (shape == NULL)
        return github_token_kind(text, len) == GITHUB_TOKEN_UNKNOWN
                   ? "does not look like a GitHub token"
                   : NULL;
    if (len < shape->len_min)
        return "is too short for a token of its kind";
    if (shape->len_max != 0 && len > shape->len_max)
        return "is too long for a token of its kind";
    if (shape->kind == GITHUB_TOKEN_CLASSIC && !has_right_checksum(text))
        return "has an invalid checksum";
    /* The longer ones end in a JWT: three parts with dots between them. */
    if (shape->kind == GITHUB_TOKEN_INSTALLATION && len > LEGACY_LEN && count_dots(text, len) != 2)
        return "is missing a part";
    return NULL;
}

const char *github_token_kind_name(enum github_token_kind kind)
{
    return kind_names[kind];
}

bool github_token_is_byte(char c)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

    return letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

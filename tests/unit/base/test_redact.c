/*
 * redact: a secret is found in every spelling, also where a byte of it is missing at an end; names
 * that a service account's key holds, and words that only look alike, are not.
 */
#include "../support.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/redact.h"

enum { SPELLED_MAX = 32768 };

/* A key as Google's, in its form and not in its bytes. */
#define KEY_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
static const char service_key[] = "{\n"
                                  "  \"type\": \"service_account\",\n"
                                  "  \"project_id\": \"harvest-moon-4711\",\n"
                                  "  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\n" KEY_LINE
                                  "\\nqQIDAQAB\\n-----END PRIVATE KEY-----\\n\",\n"
                                  "  \"client_email\": \"puller@harvest-moon-4711.iam.example\"\n"
                                  "}";

static void spell_each(char *out, const char *text, size_t len, const char *before,
                       const char *behind)
{
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "%s%02x%s", before, (unsigned)(unsigned char)text[i], behind);
}

static void spell_plain(char *out, const char *text, size_t len)
{
    (void)sprintf(out, "%.*s", (int)len, text);
}

static void spell_in_capitals(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    out[len] = '\0';
}

static void spell_base64(char *out, const char *text, size_t len)
{
    struct secret plain = SECRET_INIT;
    struct secret encoded = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(secret_append(&plain, text, len, SIZE_MAX - 1, &err), 0);
    assert_int_equal(base64_encode(&encoded, &plain, &err), 0);
    (void)sprintf(out, "%s", secret_text(&encoded));
    secret_clear(&plain);
    secret_clear(&encoded);
}

static void spell_unpadded(char *out, const char *text, size_t len)
{
    spell_base64(out, text, len);
    out[strcspn(out, "=")] = '\0';
}

static void spell_base64url(char *out, const char *text, size_t len)
{
    spell_unpadded(out, text, len);
    for (; *out != '\0'; out++)
        *out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
}

static void spell_as_auth(char *out, const char *text, size_t len)
{
    char joined[SPELLED_MAX];

    (void)snprintf(joined, sizeof(joined), "octocat:%.*s", (int)len, text);
    spell_base64(out, joined, strlen(joined));
}

static void spell_as_foreign_auth(char *out, const char *text, size_t len)
{
    char joined[SPELLED_MAX];

    (void)snprintf(joined, sizeof(joined), "x:%.*s", (int)len, text);
    spell_unpadded(out, joined, strlen(joined));
}

static void spell_auth_in_capitals(char *out, const char *text, size_t len)
{
    char encoded[SPELLED_MAX];

    spell_as_auth(encoded, text, len);
    spell_in_capitals(out, encoded, strlen(encoded));
}

static void spell_auth_in_url(char *out, const char *text, size_t len)
{
    char encoded[SPELLED_MAX];

    spell_as_auth(encoded, text, len);
    for (const char *p = encoded; *p != '\0'; p++)
        out += strchr("+/=", *p) != NULL ? sprintf(out, "%%%02x", *p) : sprintf(out, "%c", *p);
}

static void spell_hex(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "", "");
}

static void spell_hex_behind_digit(char *out, const char *text, size_t len)
{
    *out++ = 'F';
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "%02X", (unsigned)(unsigned char)text[i]);
}

static void spell_url(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "%", "");
}

static void spell_form(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool plain = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');

        if (plain || text[i] == ' ')
            *out++ = (char)(plain ? text[i] : '+');
        else
            out += sprintf(out, "%%%02x", (unsigned char)text[i]);
    }
    *out = '\0';
}

static void spell_json(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "\\u00", "");
}

/* Each byte of `from` by the string of that number, and others as they are. */
static void spell_by_table(char *out, const char *text, size_t len, const char *from,
                           const char *const *to)
{
    for (size_t i = 0; i < len; i++) {
        const char *found = strchr(from, text[i]);

        out += found != NULL ? sprintf(out, "%s", to[found - from]) : sprintf(out, "%c", text[i]);
    }
}

static void spell_short_json(char *out, const char *text, size_t len)
{
    static const char *const to[] = {"\\n", "\\\"", "\\\\", "\\/", "\\x41"};

    spell_by_table(out, text, len, "\n\"\\/A", to);
}

static void spell_html(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "&#%u;", (unsigned)(unsigned char)text[i]);
}

static void spell_html_in_hex(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "&#x", ";");
}

static void spell_html_names(char *out, const char *text, size_t len)
{
    static const char *const to[] = {"&quot;", "&amp;", "&lt;", "&lowbar;"};

    spell_by_table(out, text, len, "\"&<_", to);
}

/* What a log of a log does. */
static void spell_url_twice(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "%25", "");
}

static const struct {
    const char *label;
    void (*spell)(char *out, const char *text, size_t len);
} spellings[] = {
    {"plain", spell_plain},
    {"capitals", spell_in_capitals},
    {"base64", spell_base64},
    {"base64 without padding", spell_unpadded},
    {"base64url", spell_base64url},
    {"auth", spell_as_auth},
    {"auth of another name", spell_as_foreign_auth},
    {"auth in a URL", spell_auth_in_url},
    {"hex", spell_hex},
    {"hex behind a digit", spell_hex_behind_digit},
    {"URL", spell_url},
    {"form", spell_form},
    {"JSON", spell_json},
    {"short JSON", spell_short_json},
    {"HTML", spell_html},
    {"HTML in hex", spell_html_in_hex},
    {"HTML names", spell_html_names},
    {"URL twice", spell_url_twice},
};

static void assert_found(const char *label, const struct redact *redact, const char *said)
{
    char text[SPELLED_MAX + 64];
    int len = snprintf(text, sizeof(text), "no login for '%s' here", said);

    if (!redact_finds(redact, text, (size_t)len))
        fail_msg("row '%s': not found in: %s", label, text);
    assert_row(label, redact_finds(redact, said, strlen(said)));
}

static void assert_every_spelling_is_found(const char *text, bool with_auth)
{
    struct secret token = secret_of(text);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    static char said[SPELLED_MAX];

    assert_int_equal(redact_start(&redact, with_auth ? "octocat" : NULL, &token, NULL, &err), 0);
    for (size_t i = 0; i < COUNT(spellings); i++) {
        for (size_t cut = 0; cut < 4; cut++) {
            spellings[i].spell(said, text + (cut & 1), token.len - (cut & 1) - (cut >> 1));
            assert_found(spellings[i].label, &redact, said);
        }
    }
    redact_clear(&redact);
    secret_clear(&token);
}

static void test_every_spelling(void **state)
{
    (void)state;
    assert_every_spelling_is_found(TOKEN_CLASSIC, true);
    assert_every_spelling_is_found(TOKEN_CLASSIC, false);
    assert_every_spelling_is_found(TOKEN_FINE_GRAINED, true);
    assert_every_spelling_is_found(token_installation(), true);
    assert_every_spelling_is_found("pass \"word\" & <more>/ +\\ %41 A", true);
    assert_every_spelling_is_found(service_key, true);
}

/*
 * Case tells nothing apart in what a server has put into lower case. Who has the encoded text at
 * hand gives it, and it is not made again.
 */
static void test_encoded_in_capitals(void **state)
{
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct secret auths[2] = {SECRET_INIT};
    static char said[SPELLED_MAX];

    (void)state;
    spell_as_auth(said, TOKEN_CLASSIC, token.len);
    auths[1] = secret_of(said);
    spell_auth_in_capitals(said, TOKEN_CLASSIC, token.len);
    for (size_t i = 0; i < COUNT(auths); i++) {
        struct redact redact = REDACT_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(redact_start(&redact, "octocat", &token, i > 0 ? &auths[i] : NULL, &err),
                         0);
        assert_found("auth in capitals", &redact, said);
        assert_int_equal(redact.count, 3);
        redact_clear(&redact);
    }
    secret_clear(&auths[1]);
    secret_clear(&token);
}

static void test_what_is_found(void **state)
{
    static const struct {
        const char *secret;
        const char *text;
        bool is_found;
    } rows[] = {
        /* runs of 12 bytes of one line, wherever they are in it */
        {"0123456789abcdef", "...0123456789ab...", true},
        {"0123456789abcdef", "...456789abcdef...", true},
        {"0123456789abcdef", "...23456789abcd...", true},
        {"0123456789abcdef", "...0123456789a...", false},
        {"0123456789abcdef", "...56789abcdef...", false},
        {"0123456789abcdef", "0123456-789abcdef", false},
        /* shorter ones as a whole */
        {"secret", "the secret is", true},
        {"secret", "the SECRET is", true},
        {"secret", "the secre is", false},
        /* but for one byte at an end where enough is left to know it by */
        {"hunter2", "the hunter is", false},
        {"hunter2x", "the hunter2 is", true},
        {"hunter2x", "the unter2x is", true},
        {"hunter2x", "the unter2 is", false},
        {"abcdefghijkl", "-abcdefghijk-", true},
        {"abcdefghijkl", "-bcdefghijkl-", true},
        {"abcdefghijkl", "YWJjZGVmZ2hpams", true},
        {"abcdefghijkl", "62636465666768696a6b6c", true},
        {"abcdefghijklm", "-bcdefghijklm-", true},
        {"secret", "c2VjcmV0", true},
        {"x", "next", true},
        {"x", "none", false},
        {"", "anything", false},
        {"hunter2x", "&#0000000000104;unter2x", true},
        /* several lines: the whole, or a long line */
        {"ab\ncd", "said ab\ncd.", true},
        {"ab\ncd", "said ab\\ncd.", true},
        {"ab\ncd", "said ab cd.", false},
        {"short line of it\n0123456789012345678901234567890123456789", "short line of it", false},
        {"short line of it\n0123456789012345678901234567890123456789",
         "0123456789012345678901234567890123456789", true},
        {"short line of it\n012345678901234567890123456789012345678",
         "012345678901234567890123456789012345678", false},
        /* of a service account's key: its names are shown */
        {service_key, "account puller@harvest-moon-4711.iam.example may not pull", false},
        {service_key, "permission denied for project 'harvest-moon-4711'", false},
        {service_key, "key: " KEY_LINE, true},
        {service_key, "-----BEGIN PRIVATE KEY-----", false},
        {"{\"type\":\"service_account\",\"project_id\":\"harvest-moon-4711\"}",
         "no project harvest-moon-4711 here", false},
        {"{\"type\":\"service_account\",\"project_id\":\"harvest-moon-4711\"}",
         "{\"type\":\"service_account\",\"project_id\":\"harvest-moon-4711\"", true},
        /* what only looks like an escape */
        {"0123456789abcdef", "100 % & \\ &# \\u12 %4 &", false},
        {"0123456789abcdef", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret secret = secret_of(rows[i].secret);
        struct redact redact = REDACT_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(redact_start(&redact, "octocat", &secret, NULL, &err), 0);
        assert_row(rows[i].text,
                   redact_finds(&redact, rows[i].text, strlen(rows[i].text)) == rows[i].is_found);
        redact_clear(&redact);
        redact_clear(&redact);
        secret_clear(&secret);
    }
}

/* The user's name may be said, in base64 as well. */
static void test_the_name_is_no_secret(void **state)
{
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    static const char *const texts[] = {"octocat-of-the-deployment",
                                        "b2N0b2NhdC1vZi10aGUtZGVwbG95bWVudA=="};

    (void)state;
    assert_int_equal(redact_start(&redact, texts[0], &token, NULL, &err), 0);
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_row(texts[i], !redact_finds(&redact, texts[i], strlen(texts[i])));
    redact_clear(&redact);
    secret_clear(&token);
}

static void test_one_more(void **state)
{
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct secret bearer = secret_of("bearer-of-good-news");
    struct secret none = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(redact_finds(NULL, "anything", 8));
    assert_false(redact_finds(&redact, "anything", 8));
    assert_int_equal(redact_start(&redact, "octocat", &token, NULL, &err), 0);
    assert_int_equal(redact_add(&redact, &none, &err), 0);
    assert_false(redact_finds(&redact, "rer-of-good-ne", 14));
    assert_int_equal(redact_add(&redact, &bearer, &err), 0);
    assert_true(redact_finds(&redact, "rer-of-good-ne", 14));
    redact_clear(&redact);
    secret_clear(&token);
    secret_clear(&bearer);
}

/* Any bytes will do: nothing is read or written past them (see the sanitizers' build). */
static void test_any_bytes(void **state)
{
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    unsigned random = 1;

    (void)state;
    assert_int_equal(redact_start(&redact, "octocat", &token, NULL, &err), 0);
    for (size_t round = 0; round < 2000; round++) {
        size_t len = round % 37;
        char *text = malloc(len + 1);

        assert_non_null(text);
        for (size_t i = 0; i < len; i++) {
            random = random * 1103515245 + 12345;
            text[i] = "%\\&#xu+;=aZ09\0\n\xff"[random >> 16 & 15];
        }
        assert_false(redact_finds(&redact, text, len));
        free(text);
    }
    redact_clear(&redact);
    secret_clear(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_spelling), cmocka_unit_test(test_encoded_in_capitals),
        cmocka_unit_test(test_what_is_found),  cmocka_unit_test(test_the_name_is_no_secret),
        cmocka_unit_test(test_one_more),       cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

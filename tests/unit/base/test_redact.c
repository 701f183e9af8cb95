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

static void spell_url_three_times(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "%2525", "");
}

static void spell_octal(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "\\%03o", (unsigned)(unsigned char)text[i]);
}

static void spell_html_in_words(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "&#%u ", (unsigned)(unsigned char)text[i]);
}

static void spell_as_list(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out += sprintf(out, "%s%u", i > 0 ? " " : "[", (unsigned)(unsigned char)text[i]);
}

static void spell_as_hex_list(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "0x", ", ");
}

static void spell_as_dump(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, ":", "");
}

static void spell_javascript(char *out, const char *text, size_t len)
{
    spell_each(out, text, len, "%u00", "");
}

static void spell_mail(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out += i % 3 == 0 || text[i] == '='
                   ? sprintf(out, "=%02X", (unsigned char)text[i])
                   : sprintf(out, "%c%s", text[i], i % 9 == 8 ? "=\n" : "");
}

static void spell_base32(char *out, const char *text, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned held = 0;
    unsigned value = 0;

    for (size_t i = 0; i < len || held > 0; i++) {
        value = (value << 8 | (i < len ? (unsigned char)text[i] : 0U)) & 0xffff;
        for (held += i < len ? 8 : 5 - held % 5; held >= 5; held -= 5)
            *out++ = digits[value >> (held - 5) & 31];
        if (i >= len)
            break;
    }
    *out = '\0';
}

static void spell_backwards(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = text[len - 1 - i];
    out[len] = '\0';
}

static void spell_base64_of_hex(char *out, const char *text, size_t len)
{
    static char inner[SPELLED_MAX];

    spell_hex(inner, text, len);
    spell_base64(out, inner, strlen(inner));
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
    {"URL three times", spell_url_three_times},
    {"octal", spell_octal},
    {"HTML without semicolons", spell_html_in_words},
    {"list", spell_as_list},
    {"list in hex", spell_as_hex_list},
    {"hex with colons", spell_as_dump},
    {"JavaScript", spell_javascript},
    {"quoted-printable", spell_mail},
    {"base32", spell_base32},
    {"backwards", spell_backwards},
    {"base64 of hex", spell_base64_of_hex},
};

static void assert_found(const char *label, const struct redact *redact, const char *said)
{
    char text[SPELLED_MAX + 64];
    int len = snprintf(text, sizeof(text), "no login for '%s' here", said);

    if (!redact_finds(redact, text, (size_t)len))
        fail_msg("row '%s': not found in: %s", label, text);
    assert_row(label, redact_finds(redact, said, strlen(said)));
}

static void assert_every_spelling_is_found(const char *text)
{
    struct secret token = secret_of(text);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    static char said[SPELLED_MAX];

    assert_int_equal(redact_add(&redact, &token, &err), 0);
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
    assert_every_spelling_is_found(TOKEN_CLASSIC);
    assert_every_spelling_is_found(TOKEN_FINE_GRAINED);
    assert_every_spelling_is_found(token_installation());
    assert_every_spelling_is_found("pass \"word\" & <more>/ +\\ %41 A");
    assert_every_spelling_is_found(service_key);
}

/* Case tells nothing apart in what a server has put into lower case. */
static void test_encoded_in_capitals(void **state)
{
    static const char *const names[] = {"octocat:", "octocat2:", "octocat23:"};
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    static char said[SPELLED_MAX];
    char joined[128];

    (void)state;
    assert_int_equal(redact_add(&redact, &token, &err), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        char encoded[SPELLED_MAX];

        (void)snprintf(joined, sizeof(joined), "%s%s", names[i], TOKEN_CLASSIC);
        spell_base64(encoded, joined, strlen(joined));
        spell_in_capitals(said, encoded, strlen(encoded));
        assert_found(names[i], &redact, said);
    }
    redact_clear(&redact);
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
        {"0123456789abcdef", "0123456-789abcdef", true},
        {"0123456789abcdef", "0 1 2 3 4 5 6 7 8 9 a b", true},
        {"0123456789abcdef", "0 1 2 3 4 5 6 7 8 9 a", false},
        {"0123456789abcdef", "01234\033[1m56789ab", true},
        {"0123456789abcdef",
         "01234\xe2\x80\x8b"
         "56789ab",
         true},
        {"correct horse battery", "correct\nhorse", true},
        /* a secret that looks like an escape, in escapes of one kind alone */
        {"a+b%41c+d%41e+f", "%61+b%2541c+d%2541e+f", true},
        {"ab%41cd%41ef%41", "\\u0061b%41\\u0063d%41\\u0065f%41", true},
        {"ab%41cd%41ef%41", "&#97;b%41&#99;d%41&#101;f%41", true},
        {"zy+xw+vu+ts+rq+po", "zy%25252Bxw%25252Bvu%25252Bts%25252Brq%25252Bpo", true},
        /* what words may hold by chance is not looked for everywhere */
        {"abc", "a.b.c", false},
        {"hunter2", "h u n t e r 2", false},
        {"hunter2x", "h u n t e r 2 x", true},
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

        assert_int_equal(redact_add(&redact, &secret, &err), 0);
        assert_row(rows[i].text,
                   redact_finds(&redact, rows[i].text, strlen(rows[i].text)) == rows[i].is_found);
        redact_clear(&redact);
        redact_clear(&redact);
        secret_clear(&secret);
    }
}

/* A GitHub token that nobody has told of, in any of these spellings; but not what is like one. */
static void test_a_token_that_is_not_known(void **state)
{
    static const struct {
        const char *text;
        bool is_found;
    } rows[] = {
        {TOKEN_CLASSIC, true},
        {"user:" TOKEN_CLASSIC "@host", true},
        {"T=" TOKEN_FINE_GRAINED, true},
        {"gho_0123456789abcdefXYZ", true},
        {"ghu_0123456789abcdefXYZ", true},
        {"ghs_1234567_eyJhbGciOiJSUzI1", true},
        {"ghr_0123456789abcdefXYZ", true},
        {"-xghp_0123456789abcdefXYZ", true},
        {"ghp_0123456789abcde", false},
        {"GHP_0123456789ABCDEFXYZ", false},
        {"/opt/ghp_tools-for-deployment/bin", false},
        {"/run/secrets/ghs_token", false},
        {"", false},
    };
    static char said[SPELLED_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].text,
                   redact_finds(NULL, rows[i].text, strlen(rows[i].text)) == rows[i].is_found);
    for (size_t i = 0; i < COUNT(spellings); i++) {
        spellings[i].spell(said, TOKEN_CLASSIC, strlen(TOKEN_CLASSIC));
        assert_row(spellings[i].label, redact_finds(NULL, said, strlen(said)) ==
                                           (spellings[i].spell != spell_in_capitals));
    }
}

/* A letter in front belongs to the digits, and moves them. */
static void test_digits_behind_others(void **state)
{
    static const char *const before[] = {"",     "A",     "AB",     "ABC",
                                         "ABCD", "ABCDE", "ABCDEF", "ABCDEFG"};
    void (*const spell[])(char *out, const char *text, size_t len) = {spell_base64, spell_base32};
    char said[SPELLED_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(before); i++) {
        for (size_t k = 0; k < COUNT(spell); k++) {
            (void)strcpy(said, before[i]);
            spell[k](said + strlen(before[i]), TOKEN_CLASSIC, strlen(TOKEN_CLASSIC));
            assert_row(said, redact_finds(NULL, said, strlen(said)));
        }
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
    assert_int_equal(redact_add(&redact, &token, &err), 0);
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
    assert_int_equal(redact_add(&redact, &token, &err), 0);
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
    assert_int_equal(redact_add(&redact, &token, &err), 0);
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
        cmocka_unit_test(test_every_spelling),
        cmocka_unit_test(test_encoded_in_capitals),
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_the_name_is_no_secret),
        cmocka_unit_test(test_a_token_that_is_not_known),
        cmocka_unit_test(test_digits_behind_others),
        cmocka_unit_test(test_one_more),
        cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

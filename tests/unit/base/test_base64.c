/*
 * base64: one line for every length, and nothing decoded that was not encoded.
 */
#include "../nth.h"
#include "../support.h"

#include <stdlib.h>

#include "base/base64.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return nth_strikes() ? NULL : __real_malloc(size);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 4, written down plainly. Returns the length. */
static size_t encode_plainly(char *out, const unsigned char *in, size_t len)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned long group = (unsigned long)in[i] << 16;

        group |= i + 1 < len ? (unsigned long)in[i + 1] << 8 : 0;
        group |= i + 2 < len ? (unsigned long)in[i + 2] : 0;
        out[used++] = alphabet[group >> 18 & 63];
        out[used++] = alphabet[group >> 12 & 63];
        out[used++] = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
        out[used++] = i + 2 < len ? alphabet[group & 63] : '=';
    }
    out[used] = '\0';
    return used;
}

/* Encoded as RFC 4648 says, in one line, and decoded to the same bytes. */
static void assert_round_trip(const void *data, size_t len)
{
    struct secret plain = SECRET_INIT;
    struct secret text = secret_of("old");
    struct secret back = secret_of("old");
    struct error err = ERROR_INIT;
    char *expected = malloc(len * 2 + 8);
    size_t expected_len;

    assert_non_null(expected);
    expected_len = encode_plainly(expected, data, len);
    assert_int_equal(secret_append(&plain, data, len, len, &err), 0);
    assert_int_equal(base64_encode(&text, &plain, &err), 0);
    assert_int_equal(text.len, expected_len);
    assert_string_equal(secret_text(&text), expected);
    assert_int_equal(base64_decode(&back, text.data, text.len, &err), 0);
    assert_true(secret_is_equal(&back, &plain));
    assert_int_equal(err.cls, CLASS_NONE);
    free(expected);
    secret_clear(&plain);
    secret_clear(&text);
    secret_clear(&back);
}

static void test_vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *plain;
        const char *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"octocat:secret", "b2N0b2NhdDpzZWNyZXQ="},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret plain = secret_of(rows[i].plain);
        struct secret text = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_row(rows[i].plain, base64_encode(&text, &plain, &err) == 0);
        assert_row_string(rows[i].plain, secret_text(&text), rows[i].text);
        assert_round_trip(rows[i].plain, strlen(rows[i].plain));
        secret_clear(&plain);
        secret_clear(&text);
    }
}

/* libb64 1.2 breaks lines after 54 bytes: 53 to 55 and 107 to 109 are where that would show. */
static void test_every_length(void **state)
{
    unsigned char data[1100];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 37 + i / 256);
    for (size_t len = 0; len <= sizeof(data); len++)
        assert_round_trip(data, len);
}

static void test_tokens_of_every_size(void **state)
{
    static char large[16384 + 256];
    char auth[640];

    (void)state;
    assert_int_equal(strlen(TOKEN_FINE_GRAINED), 93);
    assert_int_equal(strlen(token_installation()), 520);
    assert_round_trip(TOKEN_CLASSIC, strlen(TOKEN_CLASSIC));
    assert_round_trip(TOKEN_FINE_GRAINED, strlen(TOKEN_FINE_GRAINED));
    assert_round_trip(token_installation(), 520);
    (void)snprintf(auth, sizeof(auth), "x-access-token:%s", token_installation());
    assert_round_trip(auth, strlen(auth));
    memset(large, 0xff, sizeof(large));
    assert_round_trip(large, sizeof(large));
    memset(large, 0, sizeof(large));
    assert_round_trip(large, sizeof(large));
}

static void assert_refused(const char *text, size_t len)
{
    struct secret out = secret_of("old");
    struct error err = ERROR_INIT;

    assert_row(text, base64_decode(&out, text, len, &err) == -1);
    assert_error(text, &err, CLASS_AUTHFILE, NULL);
    assert_row_string(text, secret_text(&out), "old");
    if (strlen(text) > 2)
        assert_not_shown(text, &err, text);
    secret_clear(&out);
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"A", 1},          {"AA", 2},        {"AAA", 3},          {"AAAAA", 5},
        {"=", 1},          {"==", 2},        {"====", 4},         {"A===", 4},
        {"=AAA", 4},       {"A=AA", 4},      {"AA=A", 4},         {"AAA=AAAA", 8},
        {"AA==AA==", 8},   {"AAAA====", 8},  {"AAAAA===", 8},     {"AAAA=", 5},
        {"AAAA==", 6},     {"AAAAAA=", 7},   {"AAA\n", 4},        {"AA\nAAA", 6},
        {"AA==\nAA==", 9}, {"AA=\n", 4},     {"AAA\n=A==", 8},    {" AAA", 4},
        {"AAA ", 4},       {"AA AAAAA", 8},  {"AA-_", 4},         {"AAA\0", 4},
        {"AA\0A", 4},      {"\0\0\0\0", 4},  {"\xff\xff\xff", 3}, {"AAA\xc3", 4},
        {"AAA\x80", 4},    {"AAA.", 4},      {"AAA@", 4},         {"AAA[", 4},
        {"AAA`", 4},       {"AAA{", 4},      {"AAA,", 4},         {"AAA:", 4},
        {"AAAA\0AAA", 8},  {"*AAAAAAA=", 9},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i].text, rows[i].len);
}

/* As Go does, which reads what others encoded: line ends, and bits that padding leaves over. */
static void test_what_is_passed_over(void **state)
{
    static const struct {
        const char *text;
        const char *plain;
    } rows[] = {
        {"QR==", "A"},     {"QUJ=", "AB"},           {"Zm9vYh==", "foob"},
        {"Zm9v\n", "foo"}, {"\r\nZm\n9v", "foo"},    {"Zm8=\n", "fo"},
        {"Zg=\r\n=", "f"}, {"Zm9v\nYmFy", "foobar"}, {"\n\r", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret out = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_row(rows[i].text,
                   base64_decode(&out, rows[i].text, strlen(rows[i].text), &err) == 0);
        assert_row_string(rows[i].text, secret_text(&out), rows[i].plain);
        secret_clear(&out);
    }
}

/* Only `len` bytes are looked at: what stands behind them is another's. */
static void test_length_is_the_limit(void **state)
{
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(base64_decode(&out, "Zm9v\",\"email", 4, &err), 0);
    assert_string_equal(secret_text(&out), "foo");
    assert_int_equal(base64_decode(&out, "Zm9v", 0, &err), 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(base64_decode(&out, "AGEA", 4, &err), 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "\0a\0", 4);
    secret_clear(&out);
}

/* Whichever allocation fails: an error of that class, and what was there stays. */
static void test_without_memory(void **state)
{
    struct secret plain = secret_of(token_installation());
    struct secret text = SECRET_INIT;
    struct secret out = secret_of("old");
    struct error err = ERROR_INIT;
    int ret;

    (void)state;
    assert_int_equal(base64_encode(&text, &plain, &err), 0);
    for (unsigned n = 1; nth_arm(n), ret = base64_encode(&out, &plain, &err), nth_disarm(); n++) {
        assert_int_equal(ret, -1);
        assert_error("encode", &err, CLASS_INTERNAL, "memory");
        assert_string_equal(secret_text(&out), "old");
        err = ERROR_INIT;
    }
    assert_true(secret_is_equal(&out, &text));
    for (unsigned n = 1;
         nth_arm(n), ret = base64_decode(&text, out.data, out.len, &err), nth_disarm(); n++) {
        assert_int_equal(ret, -1);
        assert_error("decode", &err, CLASS_INTERNAL, "memory");
        assert_true(secret_is_equal(&text, &out));
        err = ERROR_INIT;
    }
    assert_true(secret_is_equal(&text, &plain));
    secret_clear(&plain);
    secret_clear(&text);
    secret_clear(&out);
}

static void test_a_login(void **state)
{
    static const struct {
        const char *user;
        const char *token;
        const char *auth;
    } rows[] = {
        {"octocat", "secret", "b2N0b2NhdDpzZWNyZXQ="},
        {"a", "b:c", "YTpiOmM="},
        {"a", "", "YTo="},
        {"x", "\xc3\xa9", "eDrDqQ=="},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret token = secret_of(rows[i].token);
        struct secret auth = secret_of("old");
        struct error err = ERROR_INIT;

        assert_int_equal(base64_encode_login(&auth, rows[i].user, &token, &err), 0);
        assert_row_string(rows[i].user, secret_text(&auth), rows[i].auth);
        secret_clear(&auth);
        secret_clear(&token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_login),
        cmocka_unit_test(test_vectors_of_rfc_4648),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_tokens_of_every_size),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_what_is_passed_over),
        cmocka_unit_test(test_length_is_the_limit),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

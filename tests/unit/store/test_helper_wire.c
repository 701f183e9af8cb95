/*
 * helper_wire: the bytes of a request, every kind of answer, and words that are shown or are not.
 */
#include "../support.h"

#include "base/json.h"
#include "store/helper/helper.h"

#define TOKEN "ghp_exampleToken1234567890"

/* Of TOKEN and of "octocat:" TOKEN. */
#define TOKEN_BASE64 "Z2hwX2V4YW1wbGVUb2tlbjEyMzQ1Njc4OTA="
#define AUTH_BASE64  "b2N0b2NhdDpnaHBfZXhhbXBsZVRva2VuMTIzNDU2Nzg5MA=="

static void test_a_request_is_one_line_of_json(void **state)
{
    static const struct {
        const char *server_url;
        const char *username;
        const char *token;
        const char *expected;
    } rows[] = {
        {"ghcr.io", "octocat", TOKEN,
         "{\"ServerURL\":\"ghcr.io\",\"Username\":\"octocat\",\"Secret\":\"" TOKEN "\"}\n"},
        {"https://index.docker.io/v1/", "o", "t",
         "{\"ServerURL\":\"https://index.docker.io/v1/\",\"Username\":\"o\",\"Secret\":\"t\"}\n"},
        {"h", "\"\\", "a\"b\\c",
         "{\"ServerURL\":\"h\",\"Username\":\"\\\"\\\\\",\"Secret\":"
         "\"a\\\"b\\\\c\"}\n"},
        {"h", "u", "one\ntwo",
         "{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":"
         "\"one\\ntwo\"}\n"},
        {"h", "J\xc3\xb6rg", "\xe2\x82\xac",
         "{\"ServerURL\":\"h\",\"Username\":\"J\xc3\xb6rg\",\"Secret\":\"\xe2\x82\xac\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret token = secret_of(rows[i].token);
        struct secret request = secret_of("old");
        struct error err = ERROR_INIT;

        assert_int_equal(
            helper_wire_request(&request, rows[i].server_url, rows[i].username, &token, &err), 0);
        assert_row_string(rows[i].expected, secret_text(&request), rows[i].expected);
        secret_clear(&request);
        secret_clear(&token);
    }
}

static void assert_request_refused(const char *username, const struct secret *token,
                                   const char *part)
{
    struct secret request = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(helper_wire_request(&request, "ghcr.io", username, token, &err), -1);
    assert_error(part, &err, CLASS_HELPER, part);
    assert_null(request.data);
}

static void test_what_no_helper_can_read_is_refused(void **state)
{
    static const char head[] = "{\"ServerURL\":\"ghcr.io\",\"Username\":\"u\",\"Secret\":\"\"}\n";
    char large[HELPER_REQUEST_MAX];
    size_t most = HELPER_REQUEST_MAX - (sizeof(head) - 1);
    struct secret request = SECRET_INIT;
    struct secret latin1 = secret_of("caf\xe9");
    struct secret token = secret_of("t");
    struct secret longest = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_request_refused("u", &latin1, "UTF-8");
    assert_request_refused("caf\xe9", &token, "UTF-8");
    memset(large, 'x', sizeof(large));
    assert_int_equal(secret_append(&longest, large, most, SIZE_MAX - 1, &err), 0);
    assert_int_equal(helper_wire_request(&request, "ghcr.io", "u", &longest, &err), 0);
    assert_int_equal(request.len, HELPER_REQUEST_MAX);
    assert_int_equal(secret_append_text(&longest, "x", &err), 0);
    assert_request_refused("u", &longest, "65536");
    secret_clear(&request);
    secret_clear(&latin1);
    secret_clear(&token);
    secret_clear(&longest);
}

static void test_answers(void **state)
{
    static const struct {
        const char *answer;
        int ret;
        const char *username; /* NULL: refused with `token` as a part of the message */
        const char *token;
    } rows[] = {
        {"{\"ServerURL\":\"ghcr.io\",\"Username\":\"octocat\",\"Secret\":\"" TOKEN "\"}\n", 1,
         "octocat", TOKEN},
        {"{\"Username\":\"o\",\"Secret\":\"t\"}", 1, "o", "t"},
        {" {\n\t\"Secret\" : \"t\", \"Extra\": [1], \"Username\": \"o\"}\n\n", 1, "o", "t"},
        {"{\"username\":\"o\",\"SECRET\":\"t\"}", 1, "o", "t"},
        {"{\"username\":\"o\",\"Username\":\"p\",\"Secret\":\"t\"}", 1, "p", "t"},
        {"{\"Username\":\"<token>\",\"Secret\":\"t\"}", 1, "<token>", "t"},
        {"{\"Username\":\"o\",\"Secret\":\"a\\\"\\u00e9\"}", 1, "o", "a\"\xc3\xa9"},
        {"{\"ServerURL\":\"ghcr.io\",\"Username\":\"\",\"Secret\":\"\"}", 0, "", ""},
        {"{}", 0, "", ""},
        {"{\"ServerURL\":\"ghcr.io\"}", 0, "", ""},
        {"{\"Username\":null,\"Secret\":\"\"}", 0, "", ""},
        {"", -1, NULL, "not valid JSON"},
        {"hello", -1, NULL, "not valid JSON (line 1"},
        {"{\"Username\":\"o\",\"Secret\":\"" TOKEN "\"", -1, NULL, "not valid JSON"},
        {"{\"Username\":\"o\",\"Secret\":\"t\"} " TOKEN, -1, NULL, "not valid JSON"},
        {"{\"Username\":\"o\",\"Secret\":\"t\",\"Secret\":\"u\"}", -1, NULL, "twice"},
        {"[]", -1, NULL, "lacks"},
        {"null", -1, NULL, "lacks"},
        {"\"" TOKEN "\"", -1, NULL, "lacks"},
        {"{\"Username\":\"o\"}", -1, NULL, "lacks"},
        {"{\"Secret\":\"" TOKEN "\"}", -1, NULL, "lacks"},
        {"{\"Username\":\"\",\"Secret\":\"" TOKEN "\"}", -1, NULL, "lacks"},
        {"{\"Username\":\"o\",\"Secret\":\"\"}", -1, NULL, "lacks"},
        {"{\"Username\":\"o\",\"Secret\":7}", -1, NULL, "lacks"},
        {"{\"Username\":null,\"Secret\":\"" TOKEN "\"}", -1, NULL, "lacks"},
        {"{\"Username\":\"o\",\"Secret\":\"" TOKEN "\\u0000\"}", -1, NULL, "NUL"},
        {"{\"Username\":\"\\u0000\",\"Secret\":\"" TOKEN "\"}", -1, NULL, "NUL"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret answer = secret_of(rows[i].answer);
        struct secret username = secret_of("");
        struct secret token = secret_of("");
        struct error err = ERROR_INIT;
        int ret = helper_wire_answer(&username, &token, &answer, &err);

        assert_row(rows[i].answer, ret == rows[i].ret);
        if (ret < 0) {
            assert_error(rows[i].answer, &err, CLASS_HELPER, rows[i].token);
            assert_error(rows[i].answer, &err, CLASS_HELPER, "its answer ");
            assert_not_shown(rows[i].answer, &err, TOKEN);
        }
        assert_row_string(rows[i].answer, secret_text(&username), ret < 0 ? "" : rows[i].username);
        assert_row_string(rows[i].answer, secret_text(&token), ret < 0 ? "" : rows[i].token);
        secret_clear(&answer);
        secret_clear(&username);
        secret_clear(&token);
    }
}

static void test_not_found(void **state)
{
    static const struct {
        const char *output;
        bool expected;
    } rows[] = {
        {"credentials not found in native keychain\n", true},
        {"credentials not found in native keychain", true},
        {" \r\n\tcredentials not found in native keychain\r\n ", true},
        {"error: credentials not found in native keychain", false},
        {"credentials not found in native keychain, or so", false},
        {"Credentials Not Found In Native Keychain", false},
        {"", false},
        {"\n", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret output = secret_of(rows[i].output);

        assert_row(rows[i].output, helper_wire_is_not_found(&output) == rows[i].expected);
        secret_clear(&output);
    }
}

static void test_words(void **state)
{
    static const char not_shown[] = "its output contains the credential and is not shown";
    static const struct {
        const char *output;
        const char *errors;
        const char *expected;
    } rows[] = {
        {"", "", ""},
        {"no keyring\n", "", "no keyring"},
        {"no keyring\r\nat all", "panic", "no keyring"},
        {"\n \n no keyring \nx", "", "no keyring"},
        {"no keyring. Try \"x\". \n", "", "no keyring. Try \"x\""},
        {".", "", ""},
        {"", "gpg: no key\nmore", "gpg: no key"},
        {" \n", "\ngpg: no key", "gpg: no key"},
        {"a\033[31mb\a", "", "a?[31mb?"},
        {"J\xc3\xb6rg \xff", "", "J\xc3\xb6rg ?"},
        /* A get that fails after all: its answer is not for the screen. */
        {"{\"Username\":\"o\",\"Secret\":\"other\"}", "", ""},
        {"bad: {\"Username\":\"o\",\"Secret\":\"other\"}", "", "bad:"},
        {"cannot store " TOKEN, "", not_shown},
        {"cannot store ghp_EXAMPLEToken1234567890", "", not_shown},
        {"cannot\nstore\n" TOKEN, "", not_shown},
        {"cannot store " TOKEN_BASE64, "", not_shown},
        {"cannot store Basic " AUTH_BASE64, "", not_shown},
        {"", "cannot store " TOKEN, not_shown},
        {"no keyring", "cannot store " TOKEN, "no keyring"},
    };
    struct secret token = secret_of(TOKEN);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(redact_add(&redact, &token, &err), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret output = secret_of(rows[i].output);
        struct secret errors = secret_of(rows[i].errors);
        char words[HELPER_WORDS_MAX];

        assert_row_string(rows[i].output, helper_wire_words(words, &output, &errors, &redact),
                          rows[i].expected);
        secret_clear(&output);
        secret_clear(&errors);
    }
    redact_clear(&redact);
    redact_clear(&redact);
    secret_clear(&token);
}

static void test_words_with_a_nul_and_of_any_length(void **state)
{
    struct redact none = REDACT_INIT;
    struct secret errors = SECRET_INIT;
    struct secret output = SECRET_INIT;
    char words[HELPER_WORDS_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(secret_append(&output, "a\0b", 3, 3, &err), 0);
    assert_string_equal(helper_wire_words(words, &output, &errors, &none), "a");
    secret_clear(&output);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(secret_append_text(&output, "x", &err), 0);
    (void)helper_wire_words(words, &output, &errors, &none);
    assert_int_equal(strlen(words), HELPER_WORDS_MAX - 1);
    assert_string_equal(words + HELPER_WORDS_MAX - 4, "...");
    secret_clear(&output);
    /* Neither was ever filled. */
    assert_string_equal(helper_wire_words(words, &output, &errors, &none), "");
}

static void test_a_token_with_escapes_is_found_as_json_spells_it(void **state)
{
    struct secret token = secret_of("quoted\"back\\slash");
    struct secret output = secret_of("cannot read \"quoted\\\"back\\\\slash\"");
    struct secret errors = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    char words[HELPER_WORDS_MAX];

    (void)state;
    assert_int_equal(redact_add(&redact, &token, &err), 0);
    assert_null(strstr(helper_wire_words(words, &output, &errors, &redact), "slash"));
    redact_clear(&redact);
    secret_clear(&token);
    secret_clear(&output);
}

static int use_wiping_allocator(void **state)
{
    (void)state;
    json_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_one_line_of_json),
        cmocka_unit_test(test_what_no_helper_can_read_is_refused),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_with_a_nul_and_of_any_length),
        cmocka_unit_test(test_a_token_with_escapes_is_found_as_json_spells_it),
    };

    return cmocka_run_group_tests(tests, use_wiping_allocator, NULL);
}

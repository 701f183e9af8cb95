/*
 * answer: the bearer in a token answer, and a registry's words, which never repeat a secret.
 */
#include "answers.h"

#include "registry/answer.h"

static void test_tokens(void **state)
{
    static const struct {
        const char *body;
        const char *token; /* NULL: refused */
        const char *part;
    } rows[] = {
        {"{\"token\":\"abc\"}\n", "abc", NULL},
        {"{\"access_token\":\"abc\"}", "abc", NULL},
        {"{\"access_token\":\"other\",\"token\":\"abc\"}", "abc", NULL},
        {"{\"token\":\"\",\"access_token\":\"abc\"}", "abc", NULL},
        {"{\"token\":null,\"access_token\":\"abc\"}", "abc", NULL},
        {"{\"token\":\"a.b-c_d~e+f/g=\",\"expires_in\":300,\"issued_at\":\"2026-01-01\"}",
         "a.b-c_d~e+f/g=", NULL},
        {"{\"token\":\"abc\",\"refresh_token\":\"REF\"}", "abc", NULL},
        {"{\"token\":\"\\u0061bc\"}", "abc", NULL},
        {"{\"token\":\"!~\"}", "!~", NULL},
        {"{}", NULL, "contains no token"},
        {"{\"token\":\"\"}", NULL, "contains no token"},
        {"{\"token\":null}", NULL, "contains no token"},
        {"{\"token\":1}", NULL, "contains no token"},
        {"{\"token\":true}", NULL, "contains no token"},
        {"{\"token\":[\"SECRET\"]}", NULL, "contains no token"},
        {"{\"token\":{\"token\":\"SECRET\"}}", NULL, "contains no token"},
        {"{\"tokens\":\"SECRET\"}", NULL, "contains no token"},
        {"{\"refresh_token\":\"SECRET\"}", NULL, "contains no token"},
        {"[\"SECRET\"]", NULL, "contains no token"},
        {"\"SECRET\"", NULL, "contains no token"},
        {"null", NULL, "contains no token"},
        /* as Go reads them */
        {"{\"token\":\"SECRET\",\"token\":\"abc\"}", "abc", NULL},
        {"{\"token\":\"abc\",\"who\":\"caf\xe9\"}", "abc", NULL},
        {"{\"token\":\"abc\",\"who\":\"\xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \xe2\x82\"}", "abc",
         NULL},
        {"{\"token\":\"abc\",\"who\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}", "abc", NULL},
        {"{\"token\":\"SECRET\xe9\"}", NULL, "an HTTP header cannot carry"},
        {"", NULL, "not valid JSON"},
        {"<html>SECRET</html>", NULL, "not valid JSON"},
        {"token=SECRET", NULL, "not valid JSON"},
        {"{\"token\":\"SECRET\"", NULL, "not valid JSON"},
        {"{\"token\":\"abc\"}x", "abc", NULL},
        {"{\"token\":\"abc\"}\n{\"token\":\"SECRET\"}", "abc", NULL},
        {" \n{\"token\":\"abc\"} <!-- 3 ms -->", "abc", NULL},
        {"x{\"token\":\"SECRET\"}", NULL, "not valid JSON"},
        {"[\"SECRET\"]x", NULL, "not valid JSON"},
        {"{\"Token\":\"abc\"}", "abc", NULL},
        {"{\"ACCESS_TOKEN\":\"abc\"}", "abc", NULL},
        {"{\"TOKEN\":\"SECRET\",\"token\":\"abc\"}", "abc", NULL},
        {"{\"Token\":\"abc\",\"token\":\"\"}", "abc", NULL},
        {"{\"Access_Token\":\"SECRET\",\"Token\":\"abc\"}", "abc", NULL},
        /* half a surrogate pair, with what follows it or nothing */
        {"{\"token\":\"abc\",\"who\":\"\\ud800\"}", "abc", NULL},
        {"{\"token\":\"abc\",\"who\":\"\\uDFFFx\\ud83dx\\udc19\"}", "abc", NULL},
        {"{\"token\":\"abc\",\"who\":\"\\ud83d\\ud83d\\udc19\"}", "abc", NULL},
        {"{\"token\":\"abc\",\"who\":\"\\\\ud800 \\\" e9\"}", "abc", NULL},
        {"{\"token\":\"SECRET\\ud800\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\ud83d\\udc19\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\u12", NULL, "not valid JSON"},
        {"{\"token\":\"SECRET\\", NULL, "not valid JSON"},
        /* numbers that no double holds */
        {"{\"token\":\"abc\",\"expires_in\":1e999}", "abc", NULL},
        {"{\"token\":\"abc\",\"expires_in\":-1.5E+9999999,\"x\":true}", "abc", NULL},
        {"{\"token\":\"1e999\",\"expires_in\":99999999999999999999}", "1e999", NULL},
        {"{\"token\":\"SECRET\",\"x\":1e}", NULL, "not valid JSON"},
        {"{\"token\":\"SECRET \"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SEC RET\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\r\\nX-Evil: 1\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\u0000x\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"\\u0000\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\u007f\"}", NULL, "an HTTP header cannot carry"},
        {"{\"token\":\"SECRET\\u00e9\"}", NULL, "an HTTP header cannot carry"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = answer_of(200, "", rows[i].body);
        struct secret bearer = secret_of("old");
        struct redact redact = REDACT_INIT;
        struct error err = ERROR_INIT;
        int ret = answer_token(&bearer, &redact, &response, &err);

        assert_row(rows[i].body, ret == (rows[i].token != NULL ? 0 : -1));
        assert_row_string(rows[i].body, secret_text(&bearer), ret == 0 ? rows[i].token : "old");
        if (ret < 0) {
            assert_error(rows[i].body, &err, CLASS_UNPROVED, rows[i].part);
            assert_not_shown(rows[i].body, &err, "SECRET");
        }
        assert_row(rows[i].body, (ret == 0) == redact_finds(&redact, bearer.data, bearer.len));
        redact_clear(&redact);
        secret_clear(&bearer);
        http_response_clear(&response);
    }
}

static void test_large_and_cut_tokens(void **state)
{
    static char body[HTTP_BODY_MAX + 1];
    struct secret bearer = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct http_response response;
    struct error err = ERROR_INIT;

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"token\":\"%0*d\"}", HTTP_BODY_MAX - 12, 0);
    assert_int_equal(strlen(body), HTTP_BODY_MAX);
    response = answer_of(200, "", body);
    assert_int_equal(answer_token(&bearer, &redact, &response, &err), 0);
    assert_int_equal(bearer.len, HTTP_BODY_MAX - 12);
    secret_clear(&bearer);
    response.is_body_cut = true; /* what came is valid by accident only */
    assert_int_equal(answer_token(&bearer, &redact, &response, &err), -1);
    assert_error("cut", &err, CLASS_UNPROVED, "longer than 1048576 bytes");
    assert_int_equal(bearer.len, 0);
    redact_clear(&redact);
    http_response_clear(&response);
}

static void test_words(void **state)
{
    static const struct {
        const char *body;
        const char *words;
    } rows[] = {
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"denied\"}]}\n", "denied: denied"},
        {"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}\n",
         "unauthorized: authentication required"},
        {"{\"errors\":[{\"code\":\"A\",\"message\":\"b\"},{\"code\":\"C\",\"message\":\"d\"}]}",
         "a: b"},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":null,\"detail\":{\"x\":1}}]}", "denied"},
        {"{\"errors\":[{\"message\":\"only this\"}]}", "only this"},
        {"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\","
         "\"message\":\"retry-after: 880.092\xc2\xb5s, allowed: 44000/minute\"}]}",
         "toomanyrequests: retry-after: 880.092\xc2\xb5s, allowed: 44000/minute"},
        {"{\"details\":\"incorrect username or password\"}", "incorrect username or password"},
        {"{\"detail\":\"pulp says no\"}", "pulp says no"},
        {"{\"message\":\"Bad credentials\"}", "Bad credentials"},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"no such user\"}", "no such user"},
        {"{\"error\":\"invalid_grant\"}", "invalid_grant"},
        {"{\"errors\":[],\"message\":\"m\"}", "m"},
        {"{\"errors\":[1]}", ""},
        {"{\"errors\":[{}]}", ""},
        {"{\"errors\":\"text\"}", ""},
        {"{\"detail\":{\"a\":1},\"message\":\"m\"}", "m"},
        {"{}", ""},
        {"[]", ""},
        {"null", ""},
        {"", ""},
        {"\n", ""},
        {"Not Authorized\n", "Not Authorized"},
        {"first line\r\nsecond line", "first line"},
        {"<html><body>502</body></html>", ""},
        {"<html>\r\n<head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"},
        {"\n <!DOCTYPE html><TITLE lang=\"en\">\n Hotel  Wifi\t\n</TITLE >", "Hotel  Wifi"},
        {"<title>a\x1b[31m\nb</title><title>c</title>", "a?[31m?b"},
        {"<title></title>", ""},
        {"<title> \n </title>", ""},
        {"<title", ""},
        {"<title>", ""},
        {"<title>a", ""},
        {"<title</title>", ""},
        {"</title><title>a", ""},
        {"<?xml version=\"1.0\"?><Error><Code>Denied</Code></Error>", ""},
        {"{\"broken", ""},
        {"a\x1b[31mb\tc", "a?[31mb?c"},
        {"{\"message\":\"a\\nb\\u001b[31m\\u202ec\"}", "a?b?[31m?c"},
        {"caf\xc3\xa9 \xff", "caf\xc3\xa9 ?"},
        {"100% %s%n", "100% %s%n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = answer_of(403, "", rows[i].body);
        char words[ANSWER_WORDS_MAX];

        assert_ptr_equal(answer_words(words, &response, NULL), words);
        assert_row_string(rows[i].body, words, rows[i].words);
        http_response_clear(&response);
    }
}

static void test_web_pages(void **state)
{
    static const struct {
        const char *body;
        bool is_page;
    } rows[] = {
        {"<!DOCTYPE html>", true},
        {"\r\n\t <html>", true},
        {"\xef\xbb\xbf<html>", true},
        {"\xef\xbb\xbf{}", false},
        {"{}", false},
        {"true", false},
        {"Not Authorized", false},
        {"", false},
        {" ", false},
        {"a<b", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = answer_of(200, "", rows[i].body);

        assert_row(rows[i].body, answer_is_web_page(&response) == rows[i].is_page);
        http_response_clear(&response);
    }
}

/* As much as fits, for every length round the limit. */
static void test_long_words(void **state)
{
    for (int len = ANSWER_WORDS_MAX - 8; len < ANSWER_WORDS_MAX + 8; len++) {
        char body[2 * ANSWER_WORDS_MAX];
        char words[ANSWER_WORDS_MAX + 16];
        struct http_response response;

        (void)state;
        memset(words, 'G', sizeof(words));
        (void)snprintf(body, sizeof(body), "{\"message\":\"%0*d\"}", len, 0);
        response = answer_of(403, "", body);
        (void)answer_words(words, &response, NULL);
        assert_true(strlen(words) < ANSWER_WORDS_MAX);
        assert_true(strlen(words) > ANSWER_WORDS_MAX - 16);
        for (size_t i = ANSWER_WORDS_MAX; i < sizeof(words); i++)
            assert_int_equal(words[i], 'G');
        http_response_clear(&response);
    }
}

/* `needle`: what must not be in the words when the body repeats the secret. */
static void assert_hidden(const char *body, const char *secret, const char *needle)
{
    struct http_response response = answer_of(403, "", body);
    struct secret other = secret_of("unrelated");
    struct secret hidden = secret_of(secret);
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    char words[ANSWER_WORDS_MAX];

    assert_int_equal(redact_add(&redact, &other, &err), 0);
    assert_int_equal(redact_add(&redact, &hidden, &err), 0);
    (void)answer_words(words, &response, &redact);
    if (strcasestr(words, needle) != NULL)
        fail_msg("'%s' is shown in '%s'", needle, words);
    assert_row(body, words[0] != '\0');
    redact_clear(&redact);
    secret_clear(&other);
    secret_clear(&hidden);
    http_response_clear(&response);
}

static void test_secrets_are_hidden(void **state)
{
    (void)state;
    assert_hidden("bad password " TOKEN_CLASSIC, TOKEN_CLASSIC, "M7H4");
    assert_hidden(TOKEN_CLASSIC, TOKEN_CLASSIC, "M7H4");
    assert_hidden("{\"message\":\"bad " TOKEN_CLASSIC "!\"}", TOKEN_CLASSIC, "M7H4");
    assert_hidden("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"" TOKEN_CLASSIC "\"}]}",
                  TOKEN_CLASSIC, "M7H4");
    assert_hidden("{\"message\":\"\\u0067hp_"
                  "M7H4xx\"}",
                  "ghp_"
                  "M7H4xx",
                  "M7H4");
    assert_hidden("{\"message\":\"caf\xc3\xa9 caf\xc3\xa9\"}", "caf\xc3\xa9", "caf");
}

/* The code is shown in lower case: so must a secret in it be found. */
static void test_secret_in_the_code_is_hidden(void **state)
{
    (void)state;
    assert_hidden("{\"errors\":[{\"code\":\"" TOKEN_CLASSIC "\",\"message\":\"m\"}]}",
                  TOKEN_CLASSIC, "M7H4");
}

/* Words are cut; a secret that the cut runs through is a secret still. */
static void test_secrets_across_the_cut_are_hidden(void **state)
{
    char body[2048];

    (void)state;
    for (int before = 200; before < 340; before += 10) {
        (void)snprintf(body, sizeof(body), "{\"message\":\"%0*d %s\"}", before, 0, TOKEN_CLASSIC);
        assert_hidden(body, TOKEN_CLASSIC, "ghp_");
    }
    (void)snprintf(body, sizeof(body), "{\"message\":\"bad %s\"}", token_installation());
    assert_hidden(body, token_installation(), "ghs_");
}

static void test_nothing_to_hide(void **state)
{
    struct http_response response = answer_of(403, "", "{\"message\":\"plain words\"}");
    struct secret secret = secret_of("words!");
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    char words[ANSWER_WORDS_MAX];

    (void)state;
    assert_int_equal(redact_add(&redact, &secret, &err), 0);
    assert_string_equal(answer_words(words, &response, &redact), "plain words");
    redact_clear(&redact);
    secret_clear(&secret);
    http_response_clear(&response);
}

static void test_facts(void **state)
{
    static const struct {
        const char *body;
        enum outcome_code code;
        unsigned phrases;
    } rows[] = {
        {"", OUTCOME_CODE_NONE, 0},
        {"{}", OUTCOME_CODE_NONE, 0},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"denied\"}]}", OUTCOME_CODE_DENIED, 0},
        {"{\"errors\":[{\"code\":\"denied\"},{\"code\":\"UNAUTHORIZED\"}]}", OUTCOME_CODE_DENIED,
         0},
        {"{\"errors\":[{\"code\":\"Unauthorized\"}]}", OUTCOME_CODE_UNAUTHORIZED, 0},
        {"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}", OUTCOME_CODE_TOO_MANY_REQUESTS, 0},
        {"{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}", OUTCOME_CODE_NAME_UNKNOWN, 0},
        {"{\"errors\":[{\"code\":\"UNAUTHENTICATED\",\"message\":\"unauthenticated: User cannot be "
         "authenticated with the token provided.\"}]}",
         OUTCOME_CODE_OTHER, OUTCOME_SAYS_UNAUTHENTICATED},
        {"{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}",
         OUTCOME_CODE_MANIFEST_UNKNOWN, OUTCOME_SAYS_MANIFEST_UNKNOWN},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"permission_denied: The token provided "
         "does "
         "not match expected scopes.\"}]}",
         OUTCOME_CODE_DENIED, OUTCOME_SAYS_SCOPES},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"permission_denied: read_package\"}]}",
         OUTCOME_CODE_DENIED, OUTCOME_SAYS_READ_PACKAGE},
        {"{\"message\":\"`octo` forbids access via a personal access token (classic).\"}",
         OUTCOME_CODE_NONE, OUTCOME_SAYS_NO_CLASSIC},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"installation not allowed to Write\"}]}",
         OUTCOME_CODE_DENIED, OUTCOME_SAYS_INSTALLATION},
        {"permission_denied: The requested installation does not exist", OUTCOME_CODE_NONE,
         OUTCOME_SAYS_NOT_INSTALLED},
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"invalid token\"}]}", OUTCOME_CODE_DENIED,
         OUTCOME_SAYS_INVALID_TOKEN},
        {"<html><title>400 The SSL certificate error</title>", OUTCOME_CODE_NONE,
         OUTCOME_SAYS_CLIENT_CERTIFICATE},
        {"<html><title>400 The plain HTTP request was sent to HTTPS port</title>",
         OUTCOME_CODE_NONE, OUTCOME_SAYS_TLS_PORT},
        {"Client sent an HTTP request to an HTTPS server.", OUTCOME_CODE_NONE,
         OUTCOME_SAYS_TLS_PORT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_response response = {.status = 403, .body = secret_of(rows[i].body)};
        struct outcome outcome = {.phase = OUTCOME_TOKEN, .phrases = OUTCOME_PHRASES};

        answer_note(&outcome, &response, "octocat", "https://ghcr.io/v2/");
        assert_row(rows[i].body, outcome.status == 403 && outcome.phase == OUTCOME_TOKEN);
        assert_row(rows[i].body, outcome.code == rows[i].code);
        assert_row(rows[i].body, outcome.phrases == rows[i].phrases);
        http_response_clear(&response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_large_and_cut_tokens),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_web_pages),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_secrets_are_hidden),
        cmocka_unit_test(test_secret_in_the_code_is_hidden),
        cmocka_unit_test(test_secrets_across_the_cut_are_hidden),
        cmocka_unit_test(test_nothing_to_hide),
        cmocka_unit_test(test_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

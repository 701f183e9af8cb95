/*
 * syntax: what is JSON, held against jansson; and what strings say.
 */
#include "../support.h"

#include "store/text/syntax.h"

#include "base/json.h"
#include "random_document.h"

enum { DOCUMENTS = 1500, DAMAGES = 12 };

/* Both take it, or both refuse it for the same reason. */
static void check_alike(const char *text, size_t len)
{
    struct secret secret = SECRET_INIT;
    struct error ours = ERROR_INIT;
    struct error theirs = ERROR_INIT;
    bool is_valid;
    json_t *json;

    support_must(secret_append(&secret, text, len, SIZE_MAX - 1, &ours) == 0, "append");
    is_valid = syntax_check(&secret, "it", &ours) == 0;
    json = json_parse(secret_text(&secret), len, "it", CLASS_AUTHFILE, &theirs);
    if (is_valid != (json != NULL))
        fail_msg("'%.*s': '%s', but jansson: '%s'", (int)len, text, ours.message, theirs.message);
    if (!is_valid)
        assert_row(text, ours.cls == CLASS_AUTHFILE && strstr(ours.message, "(line ") != NULL);
    json_decref(json);
    secret_clear(&secret);
}

static void test_rows(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "{}",
        " \t\r\n{} \n",
        "[]",
        "null",
        "\"text\"",
        "1",
        "-0",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1.5",
        "1e5",
        "1e",
        "1e+",
        "1E-7",
        "1e400",
        "-1e400",
        "[1e-400]",
        "tru",
        "true",
        "truex",
        "nul",
        "True",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "{,}",
        "{'a':1}",
        "{} {}",
        "{} x",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{1:2}",
        "[1 2]",
        "[1}",
        "{\"a\":1]",
        "]",
        "}",
        "[[]",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
        "{\"\":0,\"\":1}",
        "{\"b\":1,\"a\":2,\"c\":3,\"b\":4}",
        "[{\"a\":1,\"b\":{\"a\":1,\"a\":1}}]",
        "{\"\\u0000\":0}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\\udc19\"}",
        "\"\\ud83d\"",
        "\"\\udc19\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\u12g4\"",
        "\"\\u12\"",
        "\"\\x\"",
        "\"\\",
        "\"",
        "\"a\nb\"",
        "\"\x01\"",
        "\"\x7f\"",
        "\"\xf0\x9f\x90\x99\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xe2\x82\"",
        "\"\xe2\x82",
        "\"\x80\"",
        "\"\xff\"",
        "\xef\xbb\xbf{}",
        "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
        "/**/{}",
        "[NaN]",
        "[1]\f",
        "99999999999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_alike(rows[i], strlen(rows[i]));
    check_alike("{}\0", 3);
    check_alike("{\0}", 3);
    check_alike("{\"a\":1\0}", 8);
    check_alike("[1\0]", 4);
}

/* Documents made at random, whole, and with a few bytes changed, doubled or gone. */
static void test_random_documents(void **state)
{
    static const char bytes[] = "{}[]\",:\\u0e-+.1tfn \n\x80\xc3\xed";
    size_t refused = 0;

    (void)state;
    for (uint64_t number = 0; number < DOCUMENTS; number++) {
        struct maker m = {.text = SECRET_INIT};

        put_document(&m, number);
        check_alike(m.text.data, m.text.len);
        for (int i = 0; i < DAMAGES && m.text.len > 1; i++) {
            struct secret damaged = secret_of("");
            struct error err = ERROR_INIT;
            size_t at = below(&m, (uint32_t)m.text.len);
            size_t past = at + below(&m, 3);
            char byte = bytes[below(&m, sizeof(bytes) - 1)];

            past = past < m.text.len ? past : m.text.len;
            support_must(secret_append(&damaged, m.text.data, at, TEXT_MAX, &err) == 0 &&
                             secret_append(&damaged, &byte, below(&m, 2), TEXT_MAX, &err) == 0 &&
                             secret_append(&damaged, m.text.data + past, m.text.len - past,
                                           TEXT_MAX, &err) == 0,
                         "append");
            check_alike(damaged.data, damaged.len);
            refused += syntax_check(&damaged, "it", &err) < 0;
            secret_clear(&damaged);
        }
        secret_clear(&m.text);
    }
    assert_in_range(refused, DOCUMENTS * DAMAGES / 10, DOCUMENTS * DAMAGES);
}

static void check_nested(size_t depth)
{
    static char text[2 * SYNTAX_DEPTH_MAX + 8];

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    check_alike(text, 2 * depth);
}

static void test_depth(void **state)
{
    (void)state;
    check_nested(1);
    check_nested(SYNTAX_DEPTH_MAX - 1);
    check_nested(SYNTAX_DEPTH_MAX);
    check_nested(SYNTAX_DEPTH_MAX + 1);
}

static void test_faults_are_named(void **state)
{
    static const char *const rows[][2] = {
        {"{\n\"secret\":\n  x}", "'/x' is not valid JSON (line 3, column 3)"},
        {"", "'/x' is not valid JSON (line 1, column 1)"},
        {"{\"secret\":1,\n\"secret\":2}", "'/x' has the same key twice in one object (line 2"},
        {"[1e999]", "'/x' has a number beyond the range of a double"},
        {"{\"secret\\u0000\":1}", "'/x' has a key with a NUL character"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret text = secret_of(rows[i][0]);
        struct error err = ERROR_INIT;

        assert_row(rows[i][0], syntax_check(&text, "'/x'", &err) == -1);
        assert_error(rows[i][0], &err, CLASS_AUTHFILE, rows[i][1]);
        assert_not_shown(rows[i][0], &err, "secret");
        secret_clear(&text);
    }
}

static void test_what_strings_say(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"\\u0061\\\"\\\\\\/\\b\\f\\n\\r\\t", "a\"\\/\b\f\n\r\t"},
        {"\\u00e9\\u20ac\\uD83D\\uDC19", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x99"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span inner = {.data = rows[i][0], .len = strlen(rows[i][0])};
        struct secret said = SECRET_INIT;
        struct error err = ERROR_INIT;
        char copy[32];
        char cut[3];

        assert_int_equal(syntax_append(&said, inner, &err), 0);
        assert_row_string(rows[i][0], secret_text(&said), rows[i][1]);
        assert_row_string(rows[i][0], syntax_copy(copy, sizeof(copy), inner), rows[i][1]);
        assert_row(rows[i][0], strncmp(syntax_copy(cut, sizeof(cut), inner), rows[i][1], 2) == 0);
        assert_true(syntax_is(inner, rows[i][1], strlen(rows[i][1])));
        assert_false(syntax_is(inner, "plain!", 6));
        assert_true(syntax_is_name(inner, rows[i][1]));
        secret_clear(&said);
    }
    assert_true(syntax_is_name((struct span){.data = "\\u0041uTH", .len = 9}, "auth"));
    assert_false(syntax_is_name((struct span){.data = "aut", .len = 3}, "auth"));
    assert_false(syntax_is_name((struct span){.data = "auths", .len = 5}, "auth"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_faults_are_named),
        cmocka_unit_test(test_what_strings_say),
    };

    json_init();
    return cmocka_run_group_tests_name("syntax", tests, NULL, NULL);
}

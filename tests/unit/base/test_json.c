/*
 * json: strict where jansson is lenient, and errors that say where but never what.
 */
#include "../support.h"

#include <stdlib.h>

#include "base/json.h"

static void assert_refused(const char *text, size_t len, const char *part)
{
    struct error err = ERROR_INIT;

    assert_row(text, json_parse(text, len, "'/x/config.json'", CLASS_AUTHFILE, &err) == NULL);
    assert_error(text, &err, CLASS_AUTHFILE, part);
    assert_error(text, &err, CLASS_AUTHFILE, "'/x/config.json'");
    assert_not_shown(text, &err, "secret");
}

static void test_what_is_accepted(void **state)
{
    static const char *const rows[] = {
        "{}",
        " \t\r\n{} \n",
        "[]",
        "null",
        "\"text\"",
        "1",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}",
        "{\"n\":99999999999999999999999999,\"m\":-0,\"e\":1e300,\"f\":18446744073709551616}",
        "{\"\":0}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\\udc19\"}",
        "{\"a\":\"\xf0\x9f\x90\x99\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        json_t *json = json_parse(rows[i], strlen(rows[i]), "it", CLASS_UNPROVED, &err);

        assert_row(rows[i], json != NULL);
        assert_row(rows[i], err.cls == CLASS_NONE);
        json_decref(json);
    }
}

static void test_what_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "secret",
        "{\"secret\"",
        "{\"secret\":}",
        "{\"a\":1,}",
        "[1,]",
        "{'secret':1}",
        "{} {}",
        "{} secret",
        "{}\n}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":+1}",
        "{\"a\":\"sec\nret\"}",
        "{\"a\":\"secret\xff\"}",
        "{\"a\":\"\\ud800secret\"}",
        "// secret\n{}",
        "\xef\xbb\xbf{}",
        "<html>secret</html>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i], strlen(rows[i]), "is not valid JSON (line ");
    /* Valid, but beyond what jansson holds. */
    assert_refused("[1e400]", 7, "has a number beyond the range of a double");
    assert_refused("{\"a\\u0000\":1}", 13, "has a key with a NUL character");
    assert_refused("{}\0", 3, "is not valid JSON");
    assert_refused("{\0}", 3, "is not valid JSON");
    assert_refused("{\"a\":1\0}", 8, "is not valid JSON"); /* jansson itself takes this */
}

/* jansson would keep the last one only. */
static void test_duplicate_keys_are_refused(void **state)
{
    static const char *const rows[] = {
        "{\"secret\":1,\"secret\":1}",
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"secret\"},\"ghcr.io\":{}}}",
        "[{\"a\":1,\"a\":2}]",
        "{\"a\":1,\"\\u0061\":2}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i], strlen(rows[i]), "has the same key twice in one object (line 1");
}

static void test_place_of_the_error(void **state)
{
    struct error err = ERROR_INIT;
    static const char text[] = "{\n \"a\": 1,\n \"b\": secret\n}";

    (void)state;
    assert_null(json_parse(text, strlen(text), "it", CLASS_UNPROVED, &err));
    assert_error("place", &err, CLASS_UNPROVED, "it is not valid JSON (line 3, column ");
}

/* Deeper than any stack: refused, not followed. */
static void test_depth(void **state)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH);
    struct error err = ERROR_INIT;

    (void)state;
    assert_non_null(text);
    memset(text, '[', DEPTH);
    assert_null(json_parse(text, DEPTH, "it", CLASS_UNPROVED, &err));
    assert_error("depth", &err, CLASS_UNPROVED, "it is nested deeper than 2048 levels");
    free(text);
}

static void test_length_is_the_limit(void **state)
{
    struct error err = ERROR_INIT;
    json_t *json = json_parse("{}secret", 2, "it", CLASS_UNPROVED, &err);

    (void)state;
    assert_non_null(json);
    json_decref(json);
}

static void test_member_text(void **state)
{
    static const char text[] = "{\"s\":\"v\",\"e\":\"\",\"n\":null,\"i\":1,\"o\":{\"s\":\"w\"}}";
    struct error err = ERROR_INIT;
    json_t *json = json_parse(text, strlen(text), "it", CLASS_UNPROVED, &err);

    (void)state;
    assert_string_equal(json_member_text(json, "s"), "v");
    assert_string_equal(json_member_text(json, "e"), "");
    assert_null(json_member_text(json, "n"));
    assert_null(json_member_text(json, "i"));
    assert_null(json_member_text(json, "o"));
    assert_null(json_member_text(json, "absent"));
    assert_null(json_member_text(json, "S"));
    assert_null(json_member_text(NULL, "s"));
    assert_null(json_member_text(json_object_get(json, "s"), "s"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_accepted),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_duplicate_keys_are_refused),
        cmocka_unit_test(test_place_of_the_error),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_length_is_the_limit),
        cmocka_unit_test(test_member_text),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

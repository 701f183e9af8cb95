#include "store/text/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct span span_of(const char *text)
{
    return (struct span){.data = text, .len = strlen(text)};
}

static void assert_span(struct span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(span.data, expected, span.len);
}

static void finds_the_member_asked_for(void **state)
{
    static const struct {
        const char *text;
        const char *value; /* of the member "k"; NULL: there is none */
        size_t count;
    } table[] = {
        {"{}", NULL, 0},
        {" \r\n\t{ \n } ", NULL, 0},
        {"{\"k\":1}", "1", 1},
        {"{\"k\" \t:\r\n 1 }", "1", 1},
        {"{\"a\":0,\"k\":-1.5E+10,\"z\":2}", "-1.5E+10", 3},
        {"{\"k\":true}", "true", 1},
        {"{\"k\":null , \"a\":false}", "null", 2},
        {"{\"k\":\"\"}", "\"\"", 1},
        {"{\"k\":\"a\\\"},b\\\\\"}", "\"a\\\"},b\\\\\"", 1},
        {"{\"k\":{\"k\":[1,{\"k\":2}]},\"a\":3}", "{\"k\":[1,{\"k\":2}]}", 2},
        {"{\"k\":[\"]\",[],{}]}", "[\"]\",[],{}]", 1},
        {"{\"k\":\"\xc3\xa9\"}", "\"\xc3\xa9\"", 1},
        /* the name elsewhere */
        {"{\"a\":{\"k\":1}}", NULL, 1},
        {"{\"a\":[\"k\",1]}", NULL, 1},
        {"{\"a\":\"k\"}", NULL, 1},
        {"{\"a\":\"\\\"k\\\":1\"}", NULL, 1},
        {"{\"kk\":1,\"K\":2,\"\":3}", NULL, 3},
        /* the name in escapes */
        {"{\"\\u006b\":1}", "1", 1},
        {"{\"\\u006B\":1}", "1", 1},
        {"{\"\\u006c\":1}", NULL, 1},
        {"{\"\\\"k\":1,\"k\\\\\":2}", NULL, 2},
        {"{\"k\\u0000\":1}", NULL, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct layout_object found;

        assert_true(layout_find(&found, span_of(table[i].text), "k"));
        assert_int_equal(found.count, table[i].count);
        assert_int_equal(found.has_found, table[i].value != NULL);
        assert_int_equal(*found.open, '{');
        assert_int_equal(*found.close, '}');
        assert_ptr_equal(found.open, strchr(table[i].text, '{'));
        assert_ptr_equal(found.close, strrchr(table[i].text, '}'));
        if (table[i].value != NULL)
            assert_span(found.found.value, table[i].value);
    }
}

static void an_escaped_slash_is_a_slash(void **state)
{
    struct layout_object found;

    (void)state;
    assert_true(layout_find(&found, span_of("{\"https:\\/\\/x\":7}"), "https://x"));
    assert_true(found.has_found);
    assert_span(found.found.key, "\"https:\\/\\/x\"");
    assert_span(found.found.value, "7");
}

static void tells_the_parts_of_members(void **state)
{
    struct layout_object found;

    (void)state;
    assert_true(
        layout_find(&found, span_of("{\n  \"a\": 1,\r\n\t\"k\" :\t[2] ,\"z\":{ } \n}"), "k"));
    assert_int_equal(found.count, 3);
    assert_span(found.first.lead, "\n  ");
    assert_span(found.first.key, "\"a\"");
    assert_span(found.first.middle, ": ");
    assert_span(found.first.value, "1");
    assert_span(found.found.lead, "\r\n\t");
    assert_span(found.found.key, "\"k\"");
    assert_span(found.found.middle, " :\t");
    assert_span(found.found.value, "[2]");
    assert_span(found.last.lead, "");
    assert_span(found.last.key, "\"z\"");
    assert_span(found.last.middle, ":");
    assert_span(found.last.value, "{ }");
}

static void what_is_no_object_is_said(void **state)
{
    static const char *const table[] = {"", " ", "null", "[]", "[{}]", "\"{}\"", "1", "true"};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct layout_object found;

        assert_false(layout_find(&found, span_of(table[i]), "k"));
    }
}

/* Every beginning of a valid text, in a block that ends with it: the sanitizers watch the border.
 */
static void no_byte_outside_is_read(void **state)
{
    static const char text[] =
        "{\"a\\\"\" : [1, {\"b\": \"\\\\\"}], \"\\u006b\":\"v\\\"\", \"z\":-1e5}";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *cut = malloc(len > 0 ? len : 1);
        struct layout_object found;

        assert_non_null(cut);
        memcpy(cut, text, len);
        (void)layout_find(&found, (struct span){.data = cut, .len = len}, "k");
        free(cut);
    }
}

static void style_is_that_of_the_first_member(void **state)
{
    static const struct {
        const char *text;
        const char *newline;
        const char *unit;
    } table[] = {
        {"{}", "\n", "\t"},
        {"{ \r\n }", "\n", "\t"},
        {"{\"a\":1}", "", ""},
        {"{ \"a\":1,\n\"b\":2}", "", ""},
        {"{\n\t\"a\":1}", "\n", "\t"},
        {"{\n  \"a\":1}", "\n", "  "},
        {"{\n    \"a\":1}", "\n", "    "},
        {"{\r\n  \"a\":1}", "\r\n", "  "},
        {"{\n\"a\":1}", "\n", ""},
        {"{\n\n \n\t\t\"a\":1}", "\n", "\t\t"},
        {"{\n  \"a\":1,\n\t\"b\":2}", "\n", "  "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct layout_object root;
        struct layout_style style;

        assert_true(layout_find(&root, span_of(table[i].text), "k"));
        style = layout_style_of(&root);
        assert_string_equal(style.newline, table[i].newline);
        assert_span(style.unit, table[i].unit);
    }
}

static void indent_follows_the_last_line_end(void **state)
{
    (void)state;
    assert_span(layout_indent(span_of("")), "");
    assert_span(layout_indent(span_of("  ")), "");
    assert_span(layout_indent(span_of("\n")), "");
    assert_span(layout_indent(span_of("\n\t ")), "\t ");
    assert_span(layout_indent(span_of(" \r\n  \r\n    ")), "    ");
    assert_span(layout_indent((struct span){.data = NULL, .len = 0}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_member_asked_for),
        cmocka_unit_test(an_escaped_slash_is_a_slash),
        cmocka_unit_test(tells_the_parts_of_members),
        cmocka_unit_test(what_is_no_object_is_said),
        cmocka_unit_test(no_byte_outside_is_read),
        cmocka_unit_test(style_is_that_of_the_first_member),
        cmocka_unit_test(indent_follows_the_last_line_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

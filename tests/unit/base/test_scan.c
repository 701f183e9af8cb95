/*
 * scan: a cursor that moves past what it accepts and never past the end.
 */
#include "../support.h"

#include "base/scan.h"

static struct scan over(const char *text)
{
    return scan_over(text, strlen(text));
}

static void test_char_and_end(void **state)
{
    struct scan s = over("ab");

    (void)state;
    assert_true(scan_is_at(&s, 'a'));
    assert_false(scan_char(&s, 'b'));
    assert_true(scan_char(&s, 'a'));
    assert_true(scan_char(&s, 'b'));
    assert_true(scan_is_at_end(&s));
    assert_false(scan_char(&s, 'b'));
    assert_false(scan_is_at(&s, '\0'));
    s = scan_over("abc", 1);
    assert_true(scan_char(&s, 'a'));
    assert_false(scan_char(&s, 'b'));
    s = scan_over("\0", 1);
    assert_false(scan_is_at_end(&s));
    assert_true(scan_char(&s, '\0'));
}

static void test_blanks(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {{"", 0}, {"a", 0}, {" a", 1}, {"\t", 1}, {" \t  b", 4}, {"\n", 0}, {"\v\f\r ", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan s = over(rows[i].text);

        assert_row(rows[i].text, scan_blanks(&s) == rows[i].count);
        assert_row(rows[i].text, s.p == rows[i].text + rows[i].count);
    }
}

static void test_tokens(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* of the token; 0: none */
    } rows[] = {
        {"", 0},          {"Bearer", 6},      {"Bearer realm", 6}, {"a=b", 1},
        {"a,b", 1},       {"\"a\"", 0},       {"a\"b", 1},         {"!#$%&'*+-.^_`|~09azAZ", 21},
        {"a/b", 1},       {"a:b", 1},         {"(a)", 0},          {"a@b", 1},
        {"a\x7f", 1},     {"a\xc3\xa9", 1},   {"\xc3\xa9", 0},     {"a\tb", 1},
        {"a;b", 1},       {"a?b", 1},         {"a\\b", 1},         {"a{b", 1},
        {"service=x", 7}, {"docker.io:80", 9}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan s = over(rows[i].text);
        struct span token = {.len = 99};

        assert_row(rows[i].text, scan_token(&s, &token) == (rows[i].len > 0));
        assert_row(rows[i].text, s.p == rows[i].text + rows[i].len);
        assert_row(rows[i].text, rows[i].len == 0 || token.data == rows[i].text);
        assert_row(rows[i].text, rows[i].len == 0 || token.len == rows[i].len);
    }
}

/* strchr() finds the closing NUL of a set: a NUL in the text must not count for it. */
static void test_run_stops_at_nul_and_end(void **state)
{
    struct scan s = scan_over("ab\0ab", 5);
    struct span run;

    (void)state;
    assert_true(scan_run(&s, "ab", &run));
    assert_int_equal(run.len, 2);
    assert_false(scan_run(&s, "ab", &run));
    assert_false(scan_is_at_end(&s));
    s = scan_over("aaaa", 3);
    assert_true(scan_run(&s, "a", &run));
    assert_int_equal(run.len, 3);
}

static void test_quoted_strings(void **state)
{
    static const struct {
        const char *text;
        const char *value; /* NULL: refused */
        size_t rest;       /* bytes behind it */
    } rows[] = {
        {"\"\"", "", 0},
        {"\"a\"", "a", 0},
        {"\"a,b=c\";x", "a,b=c", 2},
        {"\"a \\\"b\\\"\"", "a \"b\"", 0},
        {"\"\\\\\"", "\\", 0},
        {"\"\\a\"", "a", 0},
        {"\"\t\"", "\t", 0},
        {"\"\\\t\"", "\t", 0},
        {"\"\xc3\xa9\xff\"", "\xc3\xa9\xff", 0},
        {"\"1234567\"", "1234567", 0},
        {"\"12345678\"", NULL, 0},
        {"\"\\1\\2\\3\\4\\5\\6\\7\"", "1234567", 0},
        {"", NULL, 0},
        {"a", NULL, 0},
        {"\"", NULL, 0},
        {"\"a", NULL, 0},
        {"\"a\\", NULL, 0},
        {"\"a\\\"", NULL, 0},
        {"\"a\nb\"", NULL, 0},
        {"\"\r\"", NULL, 0},
        {"\"\\\n\"", NULL, 0},
        {"\"\x1b[m\"", NULL, 0},
        {"\"\x7f\"", NULL, 0},
        {" \"a\"", NULL, 0},
        {"'a'", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan s = over(rows[i].text);
        char value[8];

        assert_row(rows[i].text, scan_quoted(&s, value, sizeof(value)) == (rows[i].value != NULL));
        if (rows[i].value == NULL) {
            assert_row(rows[i].text, s.p == rows[i].text);
            continue;
        }
        assert_row_string(rows[i].text, value, rows[i].value);
        assert_row(rows[i].text, (size_t)(s.end - s.p) == rows[i].rest);
    }
}

static void test_quoted_string_with_nul_or_cut_short(void **state)
{
    struct scan s = scan_over("\"a\0b\"", 5);
    char value[8];

    (void)state;
    assert_false(scan_quoted(&s, value, sizeof(value)));
    s = scan_over("\"a\"", 2);
    assert_false(scan_quoted(&s, value, sizeof(value)));
    s = scan_over("\"a\\\"\"", 3); /* the pair's second byte is past the end */
    assert_false(scan_quoted(&s, value, sizeof(value)));
}

static void test_quoted_string_in_the_smallest_room(void **state)
{
    struct scan s = over("\"\"");
    char value[2] = "?";

    (void)state;
    assert_true(scan_quoted(&s, value, 1));
    assert_string_equal(value, "");
    s = over("\"a\"");
    assert_false(scan_quoted(&s, value, 1));
    assert_true(scan_quoted(&s, value, 2));
    assert_string_equal(value, "a");
    s = over("\"\"");
    assert_false(scan_quoted(&s, value, 0)); /* not even the NUL fits */
    assert_string_equal(value, "a");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool accepted;
        uint64_t value;
        size_t rest;
    } rows[] = {
        {"0", 0, true, 0, 0},
        {"1", 0, false, 0, 1},
        {"9", 5, false, 0, 1},
        {"65535", 65535, true, 65535, 0},
        {"65536", 65535, false, 0, 5},
        {"655350", 65535, false, 0, 6},
        {"00065535", 65535, true, 65535, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX, 0},
        {"18446744073709551616", UINT64_MAX, false, 0, 20},
        {"99999999999999999999999", UINT64_MAX, false, 0, 23},
        {"12ab", 99, true, 12, 2},
        {"", 9, false, 0, 0},
        {"-1", 9, false, 0, 2},
        {"+1", 9, false, 0, 2},
        {" 1", 9, false, 0, 2},
        {"a", 9, false, 0, 1},
        {"/", 9, false, 0, 1},
        {":", 9, false, 0, 1},
        {"0x10", 99, true, 0, 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan s = over(rows[i].text);
        uint64_t value = 0;

        assert_row(rows[i].text, scan_number(&s, rows[i].max, &value) == rows[i].accepted);
        assert_row(rows[i].text, value == rows[i].value);
        assert_row(rows[i].text, (size_t)(s.end - s.p) == rows[i].rest);
    }
}

static void test_spans(void **state)
{
    struct span span = {.data = "BeArEr realm", .len = 6};
    char dst[7] = "??????";

    (void)state;
    assert_true(span_is(span, "bearer"));
    assert_true(span_is(span, "BEARER"));
    assert_false(span_is(span, "beare"));
    assert_false(span_is(span, "bearer "));
    assert_false(span_is(span, ""));
    assert_false(span_copy(span, dst, 6));
    assert_string_equal(dst, "??????");
    assert_true(span_copy(span, dst, 7));
    assert_string_equal(dst, "BeArEr");
    span.len = 0;
    assert_true(span_is(span, ""));
    assert_false(span_copy(span, dst, 0));
    assert_true(span_copy(span, dst, 1));
    assert_string_equal(dst, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_char_and_end),
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_run_stops_at_nul_and_end),
        cmocka_unit_test(test_quoted_strings),
        cmocka_unit_test(test_quoted_string_with_nul_or_cut_short),
        cmocka_unit_test(test_quoted_string_in_the_smallest_room),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

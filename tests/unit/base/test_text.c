/*
 * text: what is shown is valid UTF-8, obeys nobody, and stays in its room.
 */
#include "../support.h"

#include "base/text.h"

static void test_what_is_shown(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", ""},
        {"plain text, 1 2 3 ~", "plain text, 1 2 3 ~"},
        {"Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x90\x99",
         "Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x90\x99"},
        {"a\nb\tc\rd", "a?b?c?d"},
        {"\x1b[31mred\x07\x08\x7f", "?[31mred???"},
        {"\xc2\x80\xc2\x9b\xc2\x9f", "???"},          /* C1 */
        {"\xc2\xa0|\xc2\xb5s", "\xc2\xa0|\xc2\xb5s"}, /* past C1 */
        {"a\xe2\x80\xae"
         "b\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9",
         "a?b???"},                         /* overrides, isolates */
        {"\xe2\x80\x8e\xe2\x80\x8f", "??"}, /* marks */
        {"\xe2\x80\xa8\xe2\x80\xa9", "??"}, /* line ends */
        {"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa"},
        {"\x80\xbf\xc3", "???"}, /* no lead, no tail */
        {"\xc3(", "?("},
        {"\xe2\x82", "??"},
        {"\xe2\x28\xa1", "?(?"},
        {"\xf0\x9f\x90", "???"},
        {"\xc0\xaf", "??"}, /* overlong */
        {"\xc1\xbf", "??"},
        {"\xe0\x80\xaf", "???"},
        {"\xe0\x9f\xbf", "???"},
        {"\xf0\x80\x80\xaf", "????"},
        {"\xe0\xa0\x80", "\xe0\xa0\x80"}, /* the least of its length */
        {"\xed\x9f\xbf", "\xed\x9f\xbf"},
        {"\xed\xa0\x80\xed\xbf\xbf", "??????"}, /* surrogates */
        {"\xee\x80\x80", "\xee\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}, /* U+10FFFF */
        {"\xf4\x90\x80\x80", "????"},
        {"\xf8\x88\x80\x80\x80", "?????"},
        {"\xfe\xff", "??"},
        {"##[add-mask]x ###[[a] #[b] # #[c]", "##?add-mask]x ###?[a] #[b] # #[c]"},
        {"x ##vso[task.prependpath]/x ##VSO[a] vso[b]",
         "x ##vso?task.prependpath]/x ##VSO?a] vso[b]"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char dst[64];

        assert_ptr_equal(text_printable(dst, sizeof(dst), rows[i].in, strlen(rows[i].in)), dst);
        assert_row_string(rows[i].in, dst, rows[i].out);
    }
}

static void test_what_is_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("a\0\n\xc3\xbc\xf0\x9f\x90\x99", 9));
    assert_false(text_is_utf8("\xf0\x9f\x90\x99", 3));
    assert_false(text_is_utf8("a\xfc", 2));
    assert_false(text_is_utf8("\xc0\xaf", 2));
    assert_false(text_is_utf8("\xed\xa0\x80", 3));
}

static void test_nul_inside_and_length(void **state)
{
    char dst[16];

    (void)state;
    (void)text_printable(dst, sizeof(dst), "a\0b", 3);
    assert_string_equal(dst, "a?b");
    (void)text_printable(dst, sizeof(dst), "abc", 2);
    assert_string_equal(dst, "ab");
    (void)text_printable(dst, sizeof(dst), "\xc3\xbc", 1); /* the tail is not ours to read */
    assert_string_equal(dst, "?");
}

/* Whole where it fits with its NUL; else cut at a character, "..." behind it. */
static void test_cut(void **state)
{
    static const struct {
        const char *in;
        size_t size;
        const char *out;
    } rows[] = {
        {"abcdefgh", 8, "abcd..."},
        {"abcdefghijkl", 8, "abcd..."},
        {"abcd\xc3\xbc"
         "xyz",
         8, "abcd..."},
        {"abc\xc3\xbcxyz", 8, "abc..."},
        {"ab\xe2\x82\xacxyz", 8, "ab..."},
        {"abcde\xe2\x82\xac", 8, "abcd..."},
        {"\xf0\x9f\x90\x99\xf0\x9f\x90\x99", 8, "\xf0\x9f\x90\x99..."},
        {"\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b", 8, "????..."},
        {"abcdefghi", 9, "abcde..."},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char dst[16];

        memset(dst, 'G', sizeof(dst));
        (void)text_printable(dst, rows[i].size, rows[i].in, strlen(rows[i].in));
        assert_row_string(rows[i].in, dst, rows[i].out);
        for (size_t g = rows[i].size; g < sizeof(dst); g++)
            assert_row(rows[i].in, dst[g] == 'G');
    }
}

static void test_what_fits_is_not_cut(void **state)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";

    (void)state;
    for (size_t size = 8; size < sizeof(text); size++) {
        for (size_t len = 0; len < size; len++) {
            char dst[32];
            char label[64];

            (void)snprintf(label, sizeof(label), "%zu bytes in %zu", len, size);
            (void)text_printable(dst, size, text, len);
            assert_row(label, strlen(dst) == len);
            assert_row(label, memcmp(dst, text, len) == 0);
        }
    }
}

/* Any bytes, any room: no control byte comes out, and nothing is written behind the room. */
static void test_any_bytes(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        char in[24];
        char dst[40];
        size_t size = 8 + round % 20;

        for (size_t i = 0; i < sizeof(in); i++) {
            seed = seed * 1103515245U + 12345U;
            in[i] = (char)(seed >> 16);
        }
        memset(dst, 'G', sizeof(dst));
        (void)text_printable(dst, size, in, round % sizeof(in));
        assert_true(strlen(dst) < size);
        for (size_t i = 0; dst[i] != '\0'; i++)
            assert_true((unsigned char)dst[i] >= 0x20 && dst[i] != 0x7f);
        for (size_t i = size; i < sizeof(dst); i++)
            assert_int_equal(dst[i], 'G');
    }
}

static void test_suffix(void **state)
{
    static const struct {
        const char *text;
        const char *suffix;
        bool has;
    } rows[] = {{"", "", true},
                {"a", "", true},
                {"", "a", false},
                {"x.ghe.com", ".ghe.com", true},
                {".ghe.com", ".ghe.com", true},
                {"ghe.com", ".ghe.com", false},
                {"x.ghe.com.", ".ghe.com", false},
                {"x.GHE.com", ".ghe.com", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].text, text_has_suffix(rows[i].text, rows[i].suffix) == rows[i].has);
}

static void test_a_name_in_a_message(void **state)
{
    char given[2 * sizeof(struct text_shown)];
    struct text_shown shown = text_shown("a\nb");

    (void)state;
    assert_string_equal(shown.text, "a?b");
    assert_string_equal(text_shown("").text, "");
    memset(given, 'x', sizeof(given));
    given[sizeof(given) - 1] = '\0';
    shown = text_shown(given);
    assert_int_equal(strlen(shown.text), sizeof(shown.text) - 1);
    assert_true(text_has_suffix(shown.text, "x..."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown),
        cmocka_unit_test(test_what_is_utf8),
        cmocka_unit_test(test_nul_inside_and_length),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_what_fits_is_not_cut),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_suffix),
        cmocka_unit_test(test_a_name_in_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

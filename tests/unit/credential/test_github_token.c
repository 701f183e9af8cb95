/*
 * github_token: the kind by prefix or shape, and the bytes that tokens are made of.
 */
#include "../support.h"

#include "credential/github_token.h"

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum github_token_kind kind;
    } rows[] = {
        {TOKEN_CLASSIC, GITHUB_TOKEN_CLASSIC},
        {TOKEN_FINE_GRAINED, GITHUB_TOKEN_FINE_GRAINED},
        {TOKEN_LEGACY, GITHUB_TOKEN_CLASSIC},
        {"ghp_x", GITHUB_TOKEN_CLASSIC},
        {"github_pat_x", GITHUB_TOKEN_FINE_GRAINED},
        {"gho_x", GITHUB_TOKEN_OAUTH},
        {"ghu_x", GITHUB_TOKEN_APP_USER},
        {"ghs_x", GITHUB_TOKEN_INSTALLATION},
        {"ghr_x", GITHUB_TOKEN_REFRESH},
        {"ghp_", GITHUB_TOKEN_UNKNOWN}, /* a prefix is no token */
        {"github_pat_", GITHUB_TOKEN_UNKNOWN},
        {"ghp", GITHUB_TOKEN_UNKNOWN},
        {"GHP_x", GITHUB_TOKEN_UNKNOWN},
        {"ghx_x", GITHUB_TOKEN_UNKNOWN},
        {" ghp_x", GITHUB_TOKEN_UNKNOWN},
        {"xghp_x", GITHUB_TOKEN_UNKNOWN},
        {"", GITHUB_TOKEN_UNKNOWN},
        {"octocat", GITHUB_TOKEN_UNKNOWN},
        {"ghost", GITHUB_TOKEN_UNKNOWN},
        {"github-actions[bot]", GITHUB_TOKEN_UNKNOWN},
        {"0123456789abcdef0123456789abcdef0123456", GITHUB_TOKEN_UNKNOWN},   /* 39 */
        {"0123456789abcdef0123456789abcdef012345678", GITHUB_TOKEN_UNKNOWN}, /* 41 */
        {"0123456789abcdef0123456789abcdef0123456g", GITHUB_TOKEN_UNKNOWN},
        {"g123456789abcdef0123456789abcdef01234567", GITHUB_TOKEN_UNKNOWN},
        {"0123456789ABCDEF0123456789ABCDEF01234567", GITHUB_TOKEN_UNKNOWN},
        {"0123456789abcdef0123456789abcdef0123456`", GITHUB_TOKEN_UNKNOWN},
        {"0123456789abcdef0123456789abcdef0123456/", GITHUB_TOKEN_UNKNOWN},
        {"0123456789abcdef0123456789abcdef0123456:", GITHUB_TOKEN_UNKNOWN},
        {"glpat-0123456789", GITHUB_TOKEN_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].text,
                   github_token_kind(rows[i].text, strlen(rows[i].text)) == rows[i].kind);
    assert_int_equal(github_token_kind(token_installation(), 520), GITHUB_TOKEN_INSTALLATION);
}

/* The length counts, not a NUL; nothing is read behind it. */
static void test_length_is_the_limit(void **state)
{
    (void)state;
    assert_int_equal(github_token_kind("ghp_x", 4), GITHUB_TOKEN_UNKNOWN);
    assert_int_equal(github_token_kind("ghp_x", 2), GITHUB_TOKEN_UNKNOWN);
    assert_int_equal(github_token_kind(TOKEN_LEGACY "0", 40), GITHUB_TOKEN_CLASSIC);
    assert_int_equal(github_token_kind(TOKEN_LEGACY, 39), GITHUB_TOKEN_UNKNOWN);
    assert_int_equal(github_token_kind("ghp_\0", 5), GITHUB_TOKEN_CLASSIC);
}

static void test_names(void **state)
{
    static const char *const names[] = {
        [GITHUB_TOKEN_UNKNOWN] = "unknown",           [GITHUB_TOKEN_CLASSIC] = "classic",
        [GITHUB_TOKEN_FINE_GRAINED] = "fine-grained", [GITHUB_TOKEN_OAUTH] = "oauth",
        [GITHUB_TOKEN_APP_USER] = "app-user",         [GITHUB_TOKEN_INSTALLATION] = "installation",
        [GITHUB_TOKEN_REFRESH] = "refresh",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(github_token_kind_name((enum github_token_kind)i), names[i]);
}

static void test_bytes(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool expected = c != 0 && strchr(allowed, c) != NULL;

        if (github_token_is_byte((char)c) != expected)
            fail_msg("byte 0x%02x", (unsigned)c);
    }
    for (const char *p = token_installation(); *p != '\0'; p++)
        assert_true(github_token_is_byte(*p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_length_is_the_limit),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

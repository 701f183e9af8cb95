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

/* Published by secret scanners, of which GitHub's own rules say that they are whole. */
static void test_checksum(void **state)
{
    static const char *const whole[] = {
        "ghp_"
        "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V4",
        "ghp_"
        "HEEjXavM6wKtyhAUwDblMznMEhWyTt4XwY6f",
        "ghp_"
        "yk8LTIKF7M9SgRPBFzu7nkPQBBLcAa2aAbrx",
        "ghp_"
        "vKdQ4XtRZOBFd16YZEgyLKyQ8Cee4g2NJ0mT",
        "ghp_"
        "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
        "ghp_"
        "IwdMx9WFWRRfMhTYiaVjZ78Jfuamvn0YWRM0",
        "ghp_"
        "Jwtbv3P1xSOcnNzB8vrMWhdbT0q7QP3yGq0R",
        "ghp_"
        "ZJDeVREhkptGF7Wvep0NwJWlPEQP7a0t2nxL",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(whole); i++) {
        char mistyped[41];

        assert_row(whole[i], github_token_oddity(whole[i], 40) == NULL);
        for (size_t at = 4; at < 40; at++) {
            const char *oddity;

            memcpy(mistyped, whole[i], sizeof(mistyped));
            mistyped[at] = mistyped[at] == 'a' ? 'b' : 'a';
            oddity = github_token_oddity(mistyped, 40);
            assert_row(mistyped, oddity != NULL);
            assert_row_string(mistyped, oddity, "has an invalid checksum");
        }
    }
}

static void test_oddities(void **state)
{
    static const struct {
        const char *text;
        const char *oddity; /* NULL: none */
    } rows[] = {
        {TOKEN_LEGACY, NULL},
        {TOKEN_FINE_GRAINED, NULL},
        {TOKEN_CLASSIC "x", "is too long for a token of its kind"},
        {TOKEN_FINE_GRAINED "x", "is too long for a token of its kind"},
        {"ghp_M7H4jxUDDWHP", "is too short for a token of its kind"},
        {"github_pat_11AAAAAAA0", "is too short for a token of its kind"},
        {"gho_16C7e42F292c6912E7710c838347Ae178B4", "is too short for a token of its kind"},
        {"gho_16C7e42F292c6912E7710c838347Ae178B4a", NULL}, /* no checksum is known of these */
        {"ghu_16C7e42F292c6912E7710c838347Ae178B4a", NULL},
        {"ghu_16C7e42F292c6912E7710c838347Ae178B4abcdef", NULL},
        {"ghr_16C7e42F292c6912E7710c838347Ae178B4a", NULL},
        {"ghs_16C7e42F292c6912E7710c838347Ae178B4a", NULL},
        {"ghs_16C7e42F292c6912E7710c838347Ae178B4", "is too short for a token of its kind"},
        {"ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnaCJ9", "is missing a part"},
        {"0123456789abcdef0123456789abcdef012345678", "does not look like a GitHub token"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *oddity = github_token_oddity(rows[i].text, strlen(rows[i].text));

        assert_row(rows[i].text, (oddity == NULL) == (rows[i].oddity == NULL));
        if (oddity != NULL)
            assert_row_string(rows[i].text, oddity, rows[i].oddity);
    }
    assert_null(github_token_oddity(token_installation(), 520));
}

static void test_begin_and_whole(void **state)
{
    static const char two[] = "octocat:gho_x ghp_x";

    (void)state;
    assert_ptr_equal(github_token_begin(two), two + 8);
    assert_null(github_token_begin(TOKEN_LEGACY));
    assert_null(github_token_begin(""));
    assert_true(github_token_is_whole(TOKEN_CLASSIC, 40));
    assert_true(github_token_is_whole(TOKEN_LEGACY, 40));
    assert_false(github_token_is_whole(TOKEN_CLASSIC " ", 41));
    assert_false(github_token_is_whole(two, sizeof(two) - 1));
    assert_false(github_token_is_whole("octocat", 7));
}

static void test_what_is_told(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {TOKEN_CLASSIC, true},
        {"GHCR_TOKEN=" TOKEN_CLASSIC, true},
        {"octocat:" TOKEN_CLASSIC, true},
        {"https://octocat:" TOKEN_CLASSIC "@ghcr.io", true},
        {"/home/octocat/.ghp_token", false},
        {TOKEN_LEGACY, true},
        {"--cacert=" TOKEN_LEGACY, true},
        {"Bearer " TOKEN_LEGACY, true},
        {"\"" TOKEN_LEGACY "\"", true},
        {"https://" TOKEN_LEGACY "@ghcr.io", true},
        {"https://octocat:" TOKEN_LEGACY "@ghcr.io", true},
        {"GHCR_TOKEN=" TOKEN_LEGACY " docker", true},
        /* the number of a commit, which tags, hosts and paths have */
        {"ghcr.io/o/app:" TOKEN_LEGACY, false},
        {"ghcr.io/o/app:build-" TOKEN_LEGACY, false},
        {"--config=/builds/ci-" TOKEN_LEGACY, false},
        {"--" TOKEN_LEGACY, true},
        {"octocat:" TOKEN_LEGACY "@ghcr.io", true},
        {"http://" TOKEN_LEGACY, true},
        {"https://" TOKEN_LEGACY ":x-oauth-basic@ghcr.io", true},
        {"https://" TOKEN_LEGACY ".preview.example.com", false},
        /* as others spell a token */
        {"Z2hwXzAxMjM0NTY3ODlhYmNkZWZYWVo=", true},
        {"https://ghp%5F0123456789abcdefXYZ@ghcr.io", true},
        {"echo Z2hwXzAxMjM0NTY3ODlhYmNkZWZYWVo= | base64 -d", true},
        {"ghcr.io/o/app:" TOKEN_LEGACY "@sha256:0", false},
        {TOKEN_LEGACY ".preview.example.com", false},
        {"/builds/" TOKEN_LEGACY "/ca.pem", false},
        {"x" TOKEN_LEGACY, false},
        {TOKEN_LEGACY "0", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].text, github_token_is_told(rows[i].text) == rows[i].is);
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
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_length_is_the_limit),
        cmocka_unit_test(test_checksum),        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_begin_and_whole), cmocka_unit_test(test_names),
        cmocka_unit_test(test_bytes),           cmocka_unit_test(test_what_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

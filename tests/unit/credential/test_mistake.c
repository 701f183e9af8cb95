/*
 * mistake: what is given where a GitHub token belongs, by the mistake that it comes from.
 */
#include "../support.h"

#include "base/base64.h"
#include "credential/mistake.h"

static void check(const char *text, const char *part)
{
    struct secret token = secret_of(text);
    const struct mistake *mistake = mistake_find(&token);

    assert_row(text, (mistake == NULL) == (part == NULL));
    if (mistake != NULL) {
        if (strstr(mistake->what, part) == NULL)
            fail_msg("row '%s': '%s' is not in '%s'", text, part, mistake->what);
        assert_row(text, mistake->hint != NULL && mistake->hint[0] != '\0');
    }
    secret_clear(&token);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text;
        const char *part; /* NULL: none */
    } rows[] = {
        {TOKEN_CLASSIC, NULL},
        {TOKEN_FINE_GRAINED, NULL},
        {TOKEN_LEGACY, NULL},
        {"ghp_x", NULL}, /* odd, but that is to warn of */
        {"ghr_x", NULL},
        {"ghx_0123456789abcdef0123456789abcdef01234567", NULL}, /* a kind to come */
        {"$GHCR_TOKEN", "not expanded"},
        {"${GHCR_TOKEN}", "shell variable"},
        {"${GHCR_TOKEN:-none}", "shell variable"},
        {"$(cat /run/secrets/ghcr-token)", "shell variable or command"},
        {"${{ secrets.GHCR_TOKEN }}", "GitHub Actions expression"},
        {"${{secrets.GHCR_TOKEN}}", "GitHub Actions expression"},
        {"$${{ secrets.GHCR_TOKEN }}", "one '$' too many"},
        {"glpat-0123456789abcdefghij", "GitLab token"},
        {"gldt-0123456789abcdefghij", "GitLab token"},
        {"glpat-short", "GitLab token"},
        {"dckr_pat_0123456789abcdefghijklmnopqrstuvwxyz", "Docker Hub token"},
        {"dckr_oat_0123456789abcdefghijklmnopqrstuvwxyz", "Docker Hub token"},
        {"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJlLWlzLW5vdC1jaGVja2Vk", "web token"},
        {"{{ ghcr_token }}", "placeholder"},
        {"<your token>", "placeholder"},
        {"{\"auths\":{}}", "JSON"},
        {"***", "masked"},
        {"null", "missing value"},
        {"None", "missing value"},
        {"nullnull", "password"},
        {"****************************************", "masked"},
        {"Authorization: Bearer " TOKEN_CLASSIC, "Authorization header"},
        {"authorization: basic b2N0b2NhdDp4", "Authorization header"},
        {"Bearer " TOKEN_CLASSIC, "Authorization header"},
        {"bearer eyJh.b.c", "Authorization header"},
        {"Basic b2N0b2NhdDp4", "Authorization header"},
        {"token " TOKEN_CLASSIC, "Authorization header"},
        {"GHCR_TOKEN=" TOKEN_CLASSIC, "label"},
        {"export GHCR_TOKEN=\"" TOKEN_CLASSIC "\"", "label"},
        {"token: " TOKEN_CLASSIC, "label"},
        {"token : '" TOKEN_CLASSIC "'", "label"},
        {"octocat:" TOKEN_CLASSIC, "user name in front"},
        {"octocat:" TOKEN_FINE_GRAINED, "user name in front"},
        {"\"" TOKEN_CLASSIC "\"", "quotation mark"},
        {"'" TOKEN_CLASSIC "'", "quotation mark"},
        {TOKEN_CLASSIC "`", "quotation mark"},
        {"\"hunter2\"", "quotation mark"},
        {" " TOKEN_CLASSIC, "contains a space"},
        {TOKEN_CLASSIC " ", "contains a space"},
        {TOKEN_CLASSIC " " TOKEN_CLASSIC, "contains a space"},
        {TOKEN_CLASSIC "\xc2\xa0", "a character that no GitHub token does"},
        {TOKEN_CLASSIC ";", "a character that no GitHub token does"},
        {"hunter2", "password"},
        {"<hunter2", "password"}, /* no placeholder, and no quotes */
        {"'hunter2", "password"},
        {"correct horse battery staple", "password"},
        {"octocat:hunter2", "password"},
        {"p\xc3\xa4ssword", "password"},
        {"0123456789abcdef0123456789abcdef0123456", "password"}, /* 39 */
        {"a password with more than forty characters, for once", "password"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(rows[i].text, rows[i].part);
}

static void test_base64(void **state)
{
    static const struct {
        const char *plain;
        const char *part;
    } rows[] = {
        {"octocat:" TOKEN_CLASSIC, "base64"},
        {"octocat:hunter2", "base64"},
        {TOKEN_CLASSIC, "base64"},
        {TOKEN_FINE_GRAINED, "base64"},
        {TOKEN_CLASSIC "\n", "base64"}, /* echo TOKEN | base64 */
        {TOKEN_CLASSIC "\r\n", "base64"},
        {"octocat:" TOKEN_CLASSIC "\n", "base64"},
        {":x", "password"},
        {"octocat", "password"},
        {"octocat:\x01\xff", "password"},
        {"octocat:\x7f", "password"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret plain = secret_of(rows[i].plain);
        struct secret encoded = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(base64_encode(&encoded, &plain, &err), 0);
        check(secret_text(&encoded), rows[i].part);
        secret_clear(&plain);
        secret_clear(&encoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

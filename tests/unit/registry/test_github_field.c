/*
 * github_field: when a token expires and what its scopes let it do, in GitHub's notation.
 */
#include "../support.h"

#include "registry/github_field.h"

static void test_expiry(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } rows[] = {
        {"1970-01-02 00:00:01 UTC", 86401},
        {"2026-11-28 08:00:00 UTC", 1795852800},
        {"2026-11-28 01:00:00 -0700", 1795852800},
        {"2026-11-28 09:30:00 +0130", 1795852800},
        {"2024-02-29 00:00:00 UTC", 1709164800},
        {"", 0},
        {"2026-11-28", 0},
        {"2026-11-28 08:00:00", 0},
        {"2026-11-28 08:00:00 PST", 0},
        {"2026-11-28 08:00:00 UTC x", 0},
        {"2026-13-28 08:00:00 UTC", 0},
        {"x-11-28 08:00:00 UTC", 0},
        {"2026_11-28 08:00:00 UTC", 0},
        {"2026-xx-28 08:00:00 UTC", 0},
        {"2026-11_28 08:00:00 UTC", 0},
        {"2026-11-xx 08:00:00 UTC", 0},
        {"2026-11-28T08:00:00 UTC", 0},
        {"2026-11-28 xx:00:00 UTC", 0},
        {"2026-11-28 08_00:00 UTC", 0},
        {"2026-11-28 08:xx:00 UTC", 0},
        {"2026-11-28 08:00_00 UTC", 0},
        {"2026-11-28 08:00:xx UTC", 0},
        {"2026-11-28 08:00:00 ", 0},
        {"2026-11-28 08:00:00 +01", 0},
        {"1969-12-31 23:59:59 UTC", 0},
        {"2026-00-28 08:00:00 UTC", 0},
        {"2026-11-28 24:00:00 UTC", 0},
        {"26-11-28 08:00:00 UTC", 0},
        {"1969-12-31 08:00:00 UTC", 0},
        {"2026-11-28T08:00:00Z", 0},
        {"2026-11-28 08:00:00 -07", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span span = {.data = rows[i].text, .len = strlen(rows[i].text)};

        assert_row(rows[i].text, github_parse_expiry(span) == rows[i].unix_s);
    }
}

static void test_scopes(void **state)
{
    static const struct {
        const char *scopes;
        bool can_pull;
    } rows[] = {
        {"read:packages", true},
        {"write:packages", true},
        {"repo, workflow, write:packages", true},
        {"repo,read:packages", true},
        {"repo", false},
        {"delete:packages", false},
        {"", false},
        {"read:package", false},
        {"xread:packages", false},
        {"read:packagesx", false},
        {", ,read:packages", true},
        {"repo;read:packages", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].scopes, github_scopes_can_pull(rows[i].scopes) == rows[i].can_pull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * key: hosts of keys, and which keys stand for which.
 */
#include "../support.h"

#include "store/key.h"

static void test_hosts(void **state)
{
    static const char *const rows[][2] = {
        {"ghcr.io", "ghcr.io"},
        {"ghcr.io:443", "ghcr.io:443"},
        {"ghcr.io/owner/image", "ghcr.io"},
        {"https://ghcr.io", "ghcr.io"},
        {"http://ghcr.io/", "ghcr.io"},
        {"https://index.docker.io/v1/", "index.docker.io"},
        {"https://", ""},
        {"HTTPS://ghcr.io", "HTTPS:"}, /* as docker has it: no scheme, so a path */
        {"/", ""},
        {"", ""},
    };
    char host[64];
    char small[5];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row_string(rows[i][0], key_host(host, sizeof(host), rows[i][0]), rows[i][1]);
    assert_string_equal(key_host(small, sizeof(small), "https://ghcr.io"), "ghcr");
}

#define HUB "https://index.docker.io/v1/"

static void test_what_stands_for_what(void **state)
{
    static const struct {
        const char *key;
        const char *wanted;
        bool is_fallback; /* docker's */
        bool is_spelling;
    } rows[] = {
        {"ghcr.io", "ghcr.io", false, false},
        {"https://ghcr.io", "ghcr.io", true, true},
        {"http://ghcr.io/v2/", "ghcr.io", true, true},
        {"ghcr.io/owner", "ghcr.io", true, false},
        {"ghcr.io/", "ghcr.io", true, false},
        {"https://ghcr.io/owner", "ghcr.io", true, true},
        {"ghcr.io:443", "ghcr.io", false, false},
        {"ghcr.i", "ghcr.io", false, false},
        {"ghcr.iox", "ghcr.io", false, false},
        {"GHCR.IO", "ghcr.io", false, false},
        {"", "ghcr.io", false, false},
        {"https://h:5000/v2/", "h:5000", true, true},
        /* A namespace has one spelling. */
        {"ghcr.io", "ghcr.io/owner", false, false},
        {"https://ghcr.io/owner", "ghcr.io/owner", false, false},
        /* Docker Hub. */
        {"docker.io", HUB, false, true},
        {"https://registry-1.docker.io/v2/", HUB, false, true},
        {HUB, "docker.io", false, true},
        {"index.docker.io", "docker.io", false, true},
        {"docker.io/library", "docker.io", true, false},
        {"hub.docker.io", HUB, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].key,
                   key_is_fallback(rows[i].key, rows[i].wanted) == rows[i].is_fallback);
        assert_row(rows[i].key,
                   key_is_spelling(rows[i].key, rows[i].wanted) == rows[i].is_spelling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_what_stands_for_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * tls: what is set where the system has no roots of its own, or none that can be read.
 */
#include "../support.h"

#include "registry/http/trust.h"

#include "../store/files.h"

static CURL *easy;

static int set_up(void **state)
{
    easy = curl_easy_init();
    assert_non_null(easy);
    return support_setup(state);
}

static int tear_down(void **state)
{
    curl_easy_cleanup(easy);
    return support_teardown(state);
}

/* Whatever the TLS library knows by itself. */
static void test_no_roots_are_named(void **state)
{
    struct trust trust = {.file = "", .dir = ""};

    (void)state;
    assert_int_equal(trust_first_reach(&trust), TRUST_BUNDLE);
    assert_int_equal(trust_set(easy, &trust, TRUST_BUNDLE), CURLE_OK);
}

/* A registry's own roots serve all the same. */
static void test_a_bundle_that_cannot_be_read(void **state)
{
    struct trust trust = {.file = "nowhere.pem", .extra = secret_of("of the registry's own")};

    (void)state;
    assert_int_equal(trust_set(easy, &trust, TRUST_BUNDLE), CURLE_OK);
    support_write("nowhere.pem", "the system's");
    assert_int_equal(trust_set(easy, &trust, TRUST_BUNDLE), CURLE_OK);
    trust_clear(&trust);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_roots_are_named),
        TEST(test_a_bundle_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * warning: what is collected is kept in order, cut where it is too long, dropped where there is too
 * much.
 */
#include "../support.h"

#include "base/warning.h"

static void test_order_is_kept(void **state)
{
    static struct warnings warnings;

    (void)state;
    warnings_add(&warnings, "plain");
    warnings_add(&warnings, "%s has %d", "it", 7);
    warnings_add(&warnings, "%s", "100 %s %n");
    assert_int_equal(warnings.count, 3);
    assert_string_equal(warnings.items[0], "plain");
    assert_string_equal(warnings.items[1], "it has 7");
    assert_string_equal(warnings.items[2], "100 %s %n");
}

static void test_long_ones_are_cut(void **state)
{
    static struct warnings warnings;
    char text[WARNING_LEN_MAX + 64];

    (void)state;
    for (size_t len = WARNING_LEN_MAX - 1; len <= WARNING_LEN_MAX + 2; len++) {
        size_t kept = len < WARNING_LEN_MAX ? len : WARNING_LEN_MAX;

        memset(text, 'x', len);
        text[len] = '\0';
        warnings_add(&warnings, "%s", text);
        assert_int_equal(strlen(warnings.items[warnings.count - 1]), kept);
    }
}

static void test_too_many_are_dropped(void **state)
{
    static struct {
        struct warnings warnings;
        char behind[16];
    } held = {.behind = "untouched"};
    char text[32];

    (void)state;
    for (int i = 0; i < WARNINGS_MAX + 3; i++)
        warnings_add(&held.warnings, "number %d", i);
    assert_int_equal(held.warnings.count, WARNINGS_MAX);
    for (int i = 0; i < WARNINGS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "number %d", i);
        assert_string_equal(held.warnings.items[i], text);
    }
    assert_string_equal(held.behind, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_kept),
        cmocka_unit_test(test_long_ones_are_cut),
        cmocka_unit_test(test_too_many_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

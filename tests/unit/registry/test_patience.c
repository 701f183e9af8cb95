/*
 * patience: slower and slower, to the limit and not past it.
 */
#include "../support.h"

#include "registry/retry.h"

enum { WAITS_MAX = 10 };

/* Refused each time after `cost_ms`. */
static void wait_out(const char *label, int64_t limit_ms, int64_t cost_ms, const int64_t *waits)
{
    struct fake_clock fake = {.now_ms = 1000};
    struct clock clock = fake_clock_face(&fake);
    struct patience patience = {.clock = &clock, .limit_ms = limit_ms};
    size_t i = 0;

    assert_row(label, patience_left(&patience) == limit_ms);
    for (int64_t wait_ms; (wait_ms = patience_next(&patience)) > 0; i++) {
        assert_row(label, i < WAITS_MAX);
        if (wait_ms != waits[i])
            fail_msg("row '%s': wait %zu is %lld", label, i, (long long)wait_ms);
        fake.now_ms += wait_ms + cost_ms;
    }
    assert_row(label, i == WAITS_MAX || waits[i] == 0);
    assert_row(label, patience_left(&patience) == 0);
}

static void test_waits(void **state)
{
    static const struct {
        const char *label;
        int64_t limit_ms;
        int64_t cost_ms;
        int64_t waits[WAITS_MAX + 1];
    } rows[] = {
        {"none", 0, 0, {0}},
        {"one, cut", 1000, 0, {1000}},
        {"just one", 5000, 0, {5000}},
        {"two", 5001, 0, {5000, 1}},
        {"some minutes", 300000, 0, {5000, 10000, 20000, 40000, 60000, 60000, 60000, 45000}},
        {"with answers that take their time", 30000, 500, {5000, 10000, 14000}},
        {"an answer that takes all of it", 30000, 26000, {5000}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wait_out(rows[i].label, rows[i].limit_ms, rows[i].cost_ms, rows[i].waits);
}

/* A day of it: no overflow, and never faster than once a minute. */
static void test_a_day(void **state)
{
    struct fake_clock fake = {.now_ms = 0};
    struct clock clock = fake_clock_face(&fake);
    struct patience patience = {.clock = &clock, .limit_ms = 86400000};
    size_t count = 0;

    (void)state;
    for (int64_t wait_ms; (wait_ms = patience_next(&patience)) > 0; count++)
        fake.now_ms += wait_ms;
    assert_int_equal(fake.now_ms, 86400000);
    assert_in_range(count, 1440, 1450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

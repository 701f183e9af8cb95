/*
 * clock: what the machine's own promises. getentropy() is linked through here, so that a system
 * without it can be played.
 */
#include "../support.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

static bool has_no_entropy;

int __real_getentropy(void *buffer, size_t len);
int __wrap_getentropy(void *buffer, size_t len);

int __wrap_getentropy(void *buffer, size_t len)
{
    if (!has_no_entropy)
        return __real_getentropy(buffer, len);
    errno = ENOSYS;
    return -1;
}

static void test_time_goes_on(void **state)
{
    const struct clock *clock = clock_system();
    int64_t before = clock_now(clock);

    (void)state;
    clock->sleep_ms(clock->ctx, 2);
    assert_true(clock_now(clock) >= before + 2);
    assert_true(clock->unix_s(clock->ctx) >= (int64_t)time(NULL) - 1);
    assert_int_equal(clock_left(clock, before), 0);
    assert_in_range(clock_left(clock, clock_now(clock) + 60000), 1, 60000);
}

static void test_chance_stays_below(void **state)
{
    const struct clock *clock = clock_system();

    (void)state;
    for (int round = 0; round < 2; round++) {
        has_no_entropy = round == 1;
        assert_int_equal(clock->random_below(clock->ctx, 1), 0);
        for (int i = 0; i < 100; i++)
            assert_in_range(clock->random_below(clock->ctx, 62), 0, 61);
    }
    has_no_entropy = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_goes_on),
        cmocka_unit_test(test_chance_stays_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * process: hardened wholly or not at all. What it sets is seen in tests/cli/test_hygiene.py.
 */
#include "../nth.h"
#include "../support.h"

#include "cli/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../store/files.h"

int __real_getrlimit(__rlimit_resource_t which, struct rlimit *limit);
int __wrap_getrlimit(__rlimit_resource_t which, struct rlimit *limit);
int __real_setrlimit(__rlimit_resource_t which, const struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t which, const struct rlimit *limit);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __real_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old);

int __wrap_getrlimit(__rlimit_resource_t which, struct rlimit *limit)
{
    return nth_strikes() ? -1 : __real_getrlimit(which, limit);
}

int __wrap_setrlimit(__rlimit_resource_t which, const struct rlimit *limit)
{
    return nth_strikes() ? -1 : __real_setrlimit(which, limit);
}

int __wrap_prctl(int option, ...)
{
    return nth_strikes() ? -1 : __real_prctl(option, 0, 0, 0, 0);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return nth_strikes() ? -1 : __real_sigprocmask(how, set, old);
}

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    return nth_strikes() ? -1 : __real_sigaction(number, action, old);
}

/* It changes the process, and so is tried in others. Returns the first call that is not made. */
static int fail_at_each(void)
{
    int n = 1;

    for (;; n++) {
        int ret;

        nth_arm((unsigned)n);
        ret = process_harden();
        if (!nth_disarm())
            return ret == 0 ? n : 100;
        if (ret == 0)
            return 101;
    }
}

static void test_every_failing_call(void **state)
{
    (void)state;
    /* getrlimit, setrlimit, prctl, sigprocmask, and three times sigaction */
    assert_int_equal(support_in_child(false, fail_at_each), 8);
}

static int lack_dev_null(void)
{
    support_must(close(STDIN_FILENO) == 0, "close");
    support_must(chroot(".") == 0, "chroot");
    return process_harden() < 0 ? 0 : 1;
}

static void test_closed_input_without_dev_null(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(support_in_child(false, lack_dev_null), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failing_call),
        cmocka_unit_test_setup_teardown(test_closed_input_without_dev_null, support_setup,
                                        support_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

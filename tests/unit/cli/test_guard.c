/*
 * process, its guard: a process that cannot be made or waited for, and one whose parent is gone.
 * What it does with signals is in tests/cli/test_exec.py.
 */
#include "../support.h"

#include "cli/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../forks.h"

static bool has_no_mask;
static bool has_no_child; /* somebody else has waited for it */

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    if (!has_no_child)
        return __real_waitpid(pid, status, options);
    errno = ECHILD;
    return -1;
}

int __real_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    if (!has_no_mask)
        return __real_sigprocmask(how, set, old);
    errno = EINVAL;
    return -1;
}

static int work(void *ctx)
{
    return *(int *)ctx;
}

static void note(void *ctx)
{
    ++*(int *)ctx;
}

static int run(int *status, struct error *err)
{
    int ctx = 7;

    *err = ERROR_INIT;
    *status = -1;
    return process_run_guarded(work, note, &ctx, status, err);
}

static void test_the_status_is_handed_on(void **state)
{
    struct error err;
    int status;

    (void)state;
    assert_int_equal(run(&status, &err), 0);
    assert_int_equal(status, 7);
}

static void test_without_a_process(void **state)
{
    struct error err;
    int status;

    (void)state;
    has_no_fork = true;
    assert_int_equal(run(&status, &err), -1);
    has_no_fork = false;
    assert_error("fork", &err, CLASS_INTERNAL, strerror(EAGAIN));
    has_no_child = true;
    assert_int_equal(run(&status, &err), -1);
    has_no_child = false;
    assert_error("waitpid", &err, CLASS_INTERNAL, strerror(ECHILD));
    assert_true(waitpid(-1, NULL, 0) > 0);
}

/* It may be killed before the child has asked to end with it. */
static void test_a_parent_that_is_gone(void **state)
{
    struct error err;
    int status;

    (void)state;
    is_orphan = true;
    assert_int_equal(run(&status, &err), 0);
    is_orphan = false;
    assert_int_equal(status, 128 + SIGTERM);
}

static void test_signals_that_cannot_be_blocked(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    has_no_mask = true;
    assert_int_equal(process_guard(&err), -1);
    has_no_mask = false;
    assert_error("mask", &err, CLASS_INTERNAL, "cannot block signals");
    err = ERROR_INIT;
    assert_int_equal(process_guard(&err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_that_cannot_be_blocked),
        cmocka_unit_test(test_the_status_is_handed_on),
        cmocka_unit_test(test_without_a_process),
        cmocka_unit_test(test_a_parent_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

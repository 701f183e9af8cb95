/*
 * guard: a process that cannot be made or waited for, and one whose parent is gone. What it does
 * with signals is in tests/cli/test_exec.py.
 */
#include "../support.h"

#include "cli/guard.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_no_fork;
static bool has_no_child; /* somebody else has waited for it */
static bool is_orphan;

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __real_getppid(void);
pid_t __wrap_getppid(void);

pid_t __wrap_fork(void)
{
    if (!has_no_fork)
        return __real_fork();
    errno = EAGAIN;
    return -1;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    if (!has_no_child)
        return __real_waitpid(pid, status, options);
    errno = ECHILD;
    return -1;
}

pid_t __wrap_getppid(void)
{
    return is_orphan ? 1 : __real_getppid();
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
    return guard_run(work, note, &ctx, status, err);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_status_is_handed_on),
        cmocka_unit_test(test_without_a_process),
        cmocka_unit_test(test_a_parent_that_is_gone),
    };

    struct error err = ERROR_INIT;

    /* As exec does: the end of a child waits to be fetched. */
    if (guard_begin(&err) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

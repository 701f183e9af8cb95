/*
 * process: hardened wholly or not at all, and what is taken out of its environment. What it sets is
 * seen in tests/cli/test_hygiene.py.
 */
#include "../nth.h"
#include "../support.h"

#include "cli/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../store/files.h"

extern char **environ;

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

static void forget_secret(const char *text)
{
    struct secret secret = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(secret_append_text(&secret, text, &err), 0);
    environment_forget_secret(&secret);
    secret_clear(&secret);
}

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static void test_a_secret_goes_from_every_variable(void **state)
{
    (void)state;
    set_variable("FIRST", "s3cret-token");
    set_variable("SECOND", "s3cret-token\n");
    set_variable("LONGER", "s3cret-token-2");
    set_variable("LINES", "s3cret-token\nand more");
    set_variable("OTHER", "x");
    forget_secret("s3cret-token");
    assert_null(environment("FIRST"));
    assert_null(environment("SECOND"));
    assert_string_equal(environment("LONGER"), "s3cret-token-2");
    assert_string_equal(environment("LINES"), "s3cret-token\nand more");
    assert_string_equal(environment("OTHER"), "x");
}

/* execve(2) takes any list; getenv(3) finds the first of a name. */
static void test_every_copy_of_a_variable_goes(void **state)
{
    static char first[] = "TWICE=s3cret-token";
    static char other[] = "TWICES=kept";
    static char second[] = "TWICE=s3cret-token-2";
    static char *list[] = {first, other, second, NULL};
    char **before = environ;

    (void)state;
    environ = list;
    environment_forget("TWICE");
    assert_null(environment("TWICE"));
    assert_string_equal(environment("TWICES"), "kept");
    assert_null(memmem(first, sizeof(first), "token", strlen("token")));
    assert_null(memmem(second, sizeof(second), "token", strlen("token")));
    environ = before;
}

static void test_all_of_the_environment_goes(void **state)
{
    static char variable[] = "PUT=s3cret-token"; /* as the kernel puts them */
    static const char nothing[sizeof(variable)];

    (void)state;
    assert_int_equal(putenv(variable), 0);
    environment_forget_all();
    assert_null(environment("PUT"));
    assert_null(environment("PATH"));
    assert_memory_equal(variable, nothing, sizeof(variable));
    environment_forget_all(); /* nor is there any more */
}

static void test_what_is_short_may_stand_there_by_chance(void **state)
{
    (void)state;
    set_variable("CI", "1");
    set_variable("USER", "root");
    forget_secret("1");
    forget_secret("root");
    forget_secret("");
    assert_string_equal(environment("CI"), "1");
    assert_string_equal(environment("USER"), "root");
    environment_forget("CI"); /* by its name it goes all the same */
    assert_null(environment("CI"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failing_call),
        cmocka_unit_test_setup_teardown(test_closed_input_without_dev_null, support_setup,
                                        support_teardown),
        cmocka_unit_test(test_a_secret_goes_from_every_variable),
        cmocka_unit_test(test_what_is_short_may_stand_there_by_chance),
        cmocka_unit_test(test_every_copy_of_a_variable_goes),
        cmocka_unit_test(test_all_of_the_environment_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * spawn: what a new program finds (its descriptors, signals, session, arguments, environment), and
 * that it does not outlive us. syscall() is linked through here, so that a system without
 * close_range() can be played, and getppid(), for a parent that is gone.
 */
#include "../support.h"

#include "store/spawn.h"

#include <sys/wait.h>

#include "scripts.h"

static char *const environment[] = {(char[]){"PATH=/usr/bin:/bin"}, (char[]){"LC_ALL=C"}, NULL};

static bool has_no_close_range;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    unsigned arguments[3];
    va_list rest;

    if (has_no_close_range) {
        errno = ENOSYS;
        return -1;
    }
    va_start(rest, number);
    for (size_t i = 0; i < COUNT(arguments); i++)
        arguments[i] = va_arg(rest, unsigned);
    va_end(rest);
    return __real_syscall(number, arguments[0], arguments[1], arguments[2]);
}

static bool is_orphan;

pid_t __real_getppid(void);
pid_t __wrap_getppid(void);

pid_t __wrap_getppid(void)
{
    return is_orphan ? 1 : __real_getppid();
}

static int start(struct spawned *out, const char *const *argv, struct error *err)
{
    struct spawn spawn = {.path = argv[0], .argv = argv, .environment = environment};

    return spawn_start(out, &spawn, err);
}

/* What a shell program of this text writes, to be cleared. */
static struct secret output_of(const char *body)
{
    const char *const argv[] = {"/bin/sh", "-c", body, NULL};
    struct spawned spawned = SPAWNED_INIT;
    struct secret output = SECRET_INIT;
    struct error err = ERROR_INIT;
    char block[4096];
    ssize_t n;
    int status;

    assert_int_equal(start(&spawned, argv, &err), 0);
    spawn_close(&spawned, SPAWN_IN);
    support_must(fcntl(spawned.fds[SPAWN_OUT], F_SETFL, 0) == 0, "fcntl");
    while ((n = read(spawned.fds[SPAWN_OUT], block, sizeof(block))) > 0)
        assert_int_equal(secret_append(&output, block, (size_t)n, SIZE_MAX - 1, &err), 0);
    assert_int_equal(waitpid(spawned.pid, &status, 0), spawned.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (size_t i = 0; i < SPAWN_PIPES; i++)
        spawn_close(&spawned, i);
    return output;
}

static void assert_output(const char *body, const char *expected)
{
    struct secret output = output_of(body);

    assert_row_string(body, secret_text(&output), expected);
    secret_clear(&output);
}

static void test_three_descriptors_and_no_other(void **state)
{
    int inherited = open("/dev/null", O_RDONLY); /* as a careless parent would leave us one */
    int high = fcntl(inherited, F_DUPFD, 700);

    (void)state;
    support_must(inherited >= 0 && high >= 700, "open");
    assert_output("exec ls /proc/self/fd", "0\n1\n2\n3\n"); /* the last is that directory */
    has_no_close_range = true;
    assert_output("exec ls /proc/self/fd", "0\n1\n2\n3\n");
    has_no_close_range = false;
    support_must(close(inherited) == 0 && close(high) == 0, "close");
}

static void test_no_signal_is_blocked_or_ignored(void **state)
{
    sigset_t all;
    sigset_t before;

    (void)state;
    support_must(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
                     signal(SIGTERM, SIG_IGN) != SIG_ERR,
                 "signal");
    support_must(sigfillset(&all) == 0 && sigprocmask(SIG_SETMASK, &all, &before) == 0, "mask");
    assert_output("exec grep -E '^Sig(Blk|Ign)' /proc/self/status",
                  "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    support_must(sigprocmask(SIG_SETMASK, &before, NULL) == 0, "mask");
    support_must(signal(SIGXFSZ, SIG_DFL) != SIG_ERR && signal(SIGTERM, SIG_DFL) != SIG_ERR,
                 "signal");
}

static void test_a_session_without_a_terminal(void **state)
{
    (void)state;
    /* Behind the name: state, parent, group, session, terminal. */
    assert_output("set -- $(sed 's/.*) //' /proc/$$/stat); [ $3 = $$ ] && [ $4 = $$ ] && echo $5; "
                  "(: </dev/tty) 2>/dev/null || echo none",
                  "0\nnone\n");
}

static void test_the_given_environment_and_nothing_else(void **state)
{
    (void)state;
    support_must(setenv("GHCR_TOKEN", "x", 1) == 0, "setenv");
    assert_output("tr '\\0' '\\n' </proc/$$/environ", "PATH=/usr/bin:/bin\nLC_ALL=C\n");
    support_must(unsetenv("GHCR_TOKEN") == 0, "unsetenv");
}

static void test_its_ends_of_the_pipes_block(void **state)
{
    (void)state;
    assert_output("for fd in 0 1 2; do grep -q '^flags:.*4...$' /proc/$$/fdinfo/$fd && echo $fd; "
                  "done; echo done",
                  "done\n");
}

static void assert_not_started(const char *path, int errnum)
{
    const char *const argv[] = {path, NULL};
    struct spawned spawned = SPAWNED_INIT;
    struct error err = ERROR_INIT;
    size_t before = support_count("/proc/self/fd");

    assert_row(path, start(&spawned, argv, &err) < 0);
    assert_error(path, &err, CLASS_HELPER, "cannot start '");
    assert_error(path, &err, CLASS_HELPER, strerror(errnum));
    assert_row(path, support_count("/proc/self/fd") == before);
    assert_row(path, spawned.pid == -1);
    assert_row(path, waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void test_what_cannot_be_started(void **state)
{
    (void)state;
    assert_not_started("./absent", ENOENT);
    support_write("plain", "text\n");
    assert_not_started("./plain", EACCES);
    support_must(chmod("plain", 0755) == 0, "chmod");
    assert_not_started("./plain", ENOEXEC);
}

/* Valgrind looks at the script alone before its execve(), and gives up when that then fails. */
static bool is_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload_") != NULL;
}

static void test_whose_interpreter_is_not_there(void **state)
{
    (void)state;
    if (is_under_valgrind())
        skip();
    support_write("lost", "#!/nowhere/sh\n");
    support_must(chmod("lost", 0755) == 0, "chmod");
    assert_not_started("./lost", ENOENT);
}

/* In a process of its own: start a program that would live for long, then die by a signal. */
static int start_and_die(void)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "trap '' TERM HUP INT; echo $$ >pid; "
                                       "sleep 600; sleep 600",
                                       NULL};
    struct spawned spawned = SPAWNED_INIT;
    struct error err = ERROR_INIT;

    if (start(&spawned, argv, &err) < 0 || scripts_pid("pid") != spawned.pid)
        return 1;
    support_must(signal(SIGTERM, SIG_DFL) != SIG_ERR && raise(SIGTERM) == 0, "raise");
    return 2;
}

static void test_it_does_not_outlive_us(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(false, start_and_die), 128 + SIGTERM);
    assert_true(scripts_is_gone(scripts_pid("pid")));
}

/* We may end before it has asked to end with us. */
static void test_it_does_not_start_without_us(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c", "echo started >started", NULL};
    struct spawned spawned = SPAWNED_INIT;
    struct error err = ERROR_INIT;
    int status;

    (void)state;
    is_orphan = true;
    assert_int_equal(start(&spawned, argv, &err), 0);
    is_orphan = false;
    assert_int_equal(waitpid(spawned.pid, &status, 0), spawned.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
    for (size_t i = 0; i < SPAWN_PIPES; i++)
        spawn_close(&spawned, i);
    assert_int_equal(support_count("."), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_descriptors_and_no_other),
        cmocka_unit_test(test_no_signal_is_blocked_or_ignored),
        cmocka_unit_test(test_a_session_without_a_terminal),
        cmocka_unit_test(test_the_given_environment_and_nothing_else),
        cmocka_unit_test(test_its_ends_of_the_pipes_block),
        IN_DIRECTORY(test_what_cannot_be_started),
        IN_DIRECTORY(test_whose_interpreter_is_not_there),
        IN_DIRECTORY(test_it_does_not_outlive_us),
        IN_DIRECTORY(test_it_does_not_start_without_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

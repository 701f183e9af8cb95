/*
 * child: how a process begins. What a fork is and how it is waited for; which program PATH leads
 * to; what it finds (its descriptors, signals, session, arguments, environment); and that it does
 * not outlive us. Linked through here: syscall() and getrlimit(), so that a system without
 * close_range() can be played, fork(), and getppid(), for a parent that is gone.
 */
#include "../support.h"

#include "base/child.h"
#include "base/fork.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../arguments.h"
#include "../forks.h"
#include "../store/scripts.h"

#define NAME "docker-credential-x"

static char *const environment[] = {(char[]){"PATH=/usr/bin:/bin"}, (char[]){"LC_ALL=C"}, NULL};

static bool has_no_close_range;
static bool has_no_list; /* of what is open: /proc is not there */
static bool has_no_limit;
static bool has_low_limit;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long a[ARGUMENTS];

    if ((has_no_close_range && number == SYS_close_range) ||
        (has_no_list && number == SYS_getdents64)) {
        errno = ENOSYS;
        return -1;
    }
    ARGUMENTS_TAKE(a, number);
    return __real_syscall(number, a[0], a[1], a[2]);
}

int __real_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);

int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    int ret = has_no_limit ? -1 : __real_getrlimit(resource, limit);

    if (ret == 0 && has_low_limit)
        limit->rlim_cur = limit->rlim_max = 64;
    return ret;
}

/* A fork. */

static sigset_t mask(void)
{
    sigset_t now;

    memset(&now, 0, sizeof(now)); /* the call fills in what the kernel has, which is less */
    support_must(sigprocmask(SIG_SETMASK, NULL, &now) == 0, "mask");
    return now;
}

static void test_a_fork_and_its_mask(void **state)
{
    sigset_t before = mask();
    sigset_t after;
    int status = -1;
    pid_t pid = fork_child(SIGTERM);

    (void)state;
    after = mask();
    if (pid == 0)
        _exit(memcmp(&before, &after, sizeof(after)) == 0 ? 7 : 8);
    assert_true(pid > 0);
    assert_memory_equal(&before, &after, sizeof(after));
    assert_int_equal(fork_wait(pid, NULL, 0, &status), 1);
    assert_int_equal(fork_exit_status(status), 7);
    assert_int_equal(fork_wait(pid, NULL, 0, &status), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_no_fork(void **state)
{
    sigset_t before = mask();
    sigset_t after;

    (void)state;
    has_no_fork = true;
    assert_int_equal(fork_child(SIGTERM), -1);
    assert_int_equal(errno, EAGAIN);
    has_no_fork = false;
    after = mask();
    assert_memory_equal(&before, &after, sizeof(after));
}

/* We may end before it has asked to end with us. */
static void test_a_parent_that_is_gone(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    is_orphan = true;
    pid = fork_child(SIGTERM);
    if (pid == 0)
        _exit(9);
    is_orphan = false;
    assert_int_equal(fork_wait(pid, NULL, 0, &status), 1);
    assert_int_equal(fork_exit_status(status), 128 + SIGTERM);
}

static void test_a_wait_with_an_end(void **state)
{
    struct fake_clock fake = {.now_ms = 0};
    struct clock clock = fake_clock_face(&fake);
    int status = -1;
    pid_t pid = fork_child(SIGKILL);

    (void)state;
    if (pid == 0)
        for (;;)
            (void)pause();
    assert_int_equal(fork_wait(pid, &clock, 50, &status), 0);
    assert_int_equal(fake.now_ms, 50);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(fork_wait(pid, clock_system(), support_in_ms(SCRIPTS_PATIENCE_MS), &status),
                     1);
    assert_int_equal(fork_exit_status(status), 128 + SIGKILL);
}

static int fork_and_die(void)
{
    pid_t pid = fork_child(SIGKILL);

    if (pid == 0) {
        char line[32];

        (void)snprintf(line, sizeof(line), "%ld\n", (long)getpid());
        support_write("pid", line);
        for (;;)
            (void)pause();
    }
    return scripts_pid("pid") == pid ? 0 : 1;
}

static void test_a_fork_ends_with_us(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(false, fork_and_die), 0);
    assert_true(scripts_is_gone(scripts_pid("pid")));
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_descriptors_that_are_closed(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        int fd = open("/dev/null", O_RDONLY);
        int low = fcntl(fd, F_DUPFD, 500);
        int high = fcntl(fd, F_DUPFD, 900);

        support_must(low == 500 && high == 900, "dup");
        has_no_close_range = way > 0;
        has_no_list = way > 1;
        has_no_limit = way > 2;
        fork_close_range(500, 899, false);
        assert_true(is_open(fd) && !is_open(low) && is_open(high));
        fork_close_range(600, UINT_MAX, true);
        assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFD), 0);
        has_no_close_range = has_no_list = has_no_limit = false;
        support_must(close(fd) == 0 && close(high) == 0, "close");
    }
}

/* One may be above any limit that is there now. */
static int check_above_the_limit(void)
{
    int fd = open("/dev/null", O_RDONLY);

    support_must(dup2(fd, 900) == 900, "dup2");
    has_no_close_range = has_low_limit = true;
    fork_close_range((unsigned)fd, UINT_MAX, true);
    if (fcntl(900, F_GETFD) != FD_CLOEXEC || fcntl(fd, F_GETFD) != FD_CLOEXEC)
        return 1;
    fork_close_range((unsigned)fd + 1, UINT_MAX, false);
    return is_open(900) || !is_open(fd) ? 2 : 0;
}

static void test_descriptors_above_the_limit(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(false, check_above_the_limit), 0);
}

/* Another program. */

static void start(struct child_result *result, const char *const *argv)
{
    struct secret input = SECRET_INIT;
    struct error err = ERROR_INIT;
    struct child child = {
        .path = argv[0],
        .argv = argv,
        .environment = environment,
        .input = &input,
        .clock = clock_system(),
        .deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS),
        .cls = CLASS_HELPER,
    };

    if (child_run(result, &child, &err) < 0)
        fail_msg("%s: %s", argv[0], err.message);
}

static void assert_output(const char *body, const char *expected)
{
    const char *const argv[] = {"/bin/sh", "-c", body, NULL};
    struct child_result result = CHILD_RESULT_INIT;

    start(&result, argv);
    assert_row(body, result.end == CHILD_EXITED && result.code == 0);
    assert_row_string(body, secret_text(&result.output), expected);
    child_result_clear(&result);
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
    struct child_result result = CHILD_RESULT_INIT;
    size_t before = support_count("/proc/self/fd");

    start(&result, argv);
    assert_row(path, result.end == CHILD_UNSTARTED && result.code == errnum);
    assert_row(path, result.output.len == 0 && result.errors.len == 0);
    assert_row(path, support_count("/proc/self/fd") == before);
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
    has_no_fork = true;
    assert_not_started("/bin/true", EAGAIN);
    has_no_fork = false;
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

/* In a process of its own: start a program that would live for long, and be killed by it. */
static int start_and_die(void)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "trap '' TERM HUP INT; echo $$ >pid; kill -TERM $PPID; "
                                       "sleep 600; sleep 600",
                                       NULL};
    struct child_result result = CHILD_RESULT_INIT;

    support_must(signal(SIGTERM, SIG_DFL) != SIG_ERR, "signal");
    start(&result, argv);
    return 1;
}

static void test_it_does_not_outlive_us(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(false, start_and_die), 128 + SIGTERM);
    assert_true(scripts_is_gone(scripts_pid("pid")));
}

static void test_it_does_not_start_without_us(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c", "echo started >started", NULL};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    is_orphan = true;
    start(&result, argv);
    is_orphan = false;
    assert_true(result.end == CHILD_EXITED && result.code == 128 + SIGKILL);
    assert_int_equal(support_count("."), 0);
    child_result_clear(&result);
}

/* What PATH leads to. */

static void make_program(const char *path, mode_t mode)
{
    support_write(path, "#!/bin/sh\n");
    support_must(chmod(path, mode) == 0, path);
}

/* `search` with every "@" replaced by the test's directory. */
static const char *expand(const char *search)
{
    static char expanded[3 * PATH_MAX];
    size_t used = 0;

    for (; *search != '\0'; search++)
        used +=
            (size_t)snprintf(expanded + used, sizeof(expanded) - used, "%.*s",
                             *search == '@' ? PATH_MAX : 1, *search == '@' ? support_dir : search);
    expanded[used] = '\0';
    return expanded;
}

static void assert_finds(const char *search, const char *expected)
{
    char path[PATH_MAX];

    assert_row(search, child_find(path, NAME, expand(search)) == CHILD_FOUND);
    assert_row_string(search, path, expand(expected));
}

static void assert_finds_nothing(const char *search)
{
    char path[PATH_MAX] = "";

    assert_row(search, child_find(path, NAME, expand(search)) == CHILD_ABSENT);
    assert_row(search, path[0] == '\0');
}

static int setup_path(void **state)
{
    int ret = support_setup(state);

    support_must(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0, "mkdir");
    return ret;
}

static void test_the_first_that_can_be_run(void **state)
{
    char path[PATH_MAX];

    (void)state;
    make_program("b/" NAME, 0755);
    assert_finds("@/a:@/b", "@/b/" NAME);
    assert_finds("/nowhere:@/b/:/usr/bin", "@/b//" NAME);
    make_program("a/" NAME, 0600);
    assert_finds("@/a:@/b", "@/b/" NAME);
    assert_int_equal(child_find(path, NAME, expand("@/a")), CHILD_NOT_EXECUTABLE);
    assert_string_equal(path, expand("@/a/" NAME));
    make_program("a/" NAME, 0755);
    assert_finds("@/a:@/b", "@/a/" NAME);
    support_must(chmod("a/" NAME, 0700) == 0, "chmod");
    assert_finds("@/a", "@/a/" NAME);
}

static void test_what_is_none(void **state)
{
    char path[PATH_MAX];

    (void)state;
    support_must(mkdir("a/" NAME, 0755) == 0, "mkdir");
    assert_finds_nothing("@/a:@/b");
    assert_finds_nothing("");
    assert_int_equal(child_find(path, NAME, NULL), CHILD_ABSENT);
}

/* An empty directory of PATH means the working directory. */
static void test_directories_that_are_not_absolute_do_not_count(void **state)
{
    (void)state;
    make_program("a/" NAME, 0755);
    make_program(NAME, 0755);
    assert_finds_nothing("a:.:./a::");
    assert_finds_nothing(":");
    assert_finds("a::@/a:", "@/a/" NAME);
}

static void test_a_directory_too_long_is_skipped(void **state)
{
    static char search[2 * PATH_MAX];

    (void)state;
    make_program("a/" NAME, 0755);
    memset(search, 'x', PATH_MAX);
    search[0] = '/';
    assert_finds_nothing(search);
    memcpy(search + PATH_MAX, ":@/a", sizeof(":@/a"));
    assert_finds(search, "@/a/" NAME);
}

static bool has(char *const *variables, const char *variable)
{
    for (; *variables != NULL; variables++) {
        if (strcmp(*variables, variable) == 0)
            return true;
    }
    return false;
}

static void test_environment_without_some(void **state)
{
    static char kept[][48] = {"GHCR_TOKEN2=another", "GHCR_TOKE=another",
                              "X_EMPTY=", "GHCR_USERNAME=octocat"};
    static char ours[] = "GHCR_TOKEN=secret-token";
    static char withheld[] = "X_WITHHELD=http://user:password@proxy";
    char **variables;

    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++)
        support_must(putenv(kept[i]) == 0, "putenv");
    support_must(putenv(ours) == 0 && putenv(withheld) == 0, "putenv");
    variables = child_environment("GHCR_TOKEN");
    assert_true(has(variables, withheld));
    free(variables);
    for (size_t i = 0; i <= CHILD_WITHHELD_MAX; i++)
        child_withhold("X_WITHHELD");
    variables = child_environment("GHCR_TOKEN");
    assert_non_null(variables);
    for (size_t i = 0; i < COUNT(kept); i++)
        assert_row(kept[i], has(variables, kept[i]));
    assert_false(has(variables, ours) || has(variables, withheld));
    free(variables);
}

static void test_no_environment(void **state)
{
    char **variables;

    (void)state;
    support_must(clearenv() == 0, "clearenv");
    variables = child_environment("GHCR_TOKEN");
    assert_non_null(variables);
    assert_null(variables[0]);
    free(variables);
}

static int ignore_sigpipe(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR; /* as main() does */
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)
#define IN_PATH(test)      cmocka_unit_test_setup_teardown(test, setup_path, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fork_and_its_mask),
        cmocka_unit_test(test_no_fork),
        cmocka_unit_test(test_a_parent_that_is_gone),
        cmocka_unit_test(test_a_wait_with_an_end),
        IN_DIRECTORY(test_a_fork_ends_with_us),
        cmocka_unit_test(test_descriptors_that_are_closed),
        cmocka_unit_test(test_descriptors_above_the_limit),
        cmocka_unit_test(test_three_descriptors_and_no_other),
        cmocka_unit_test(test_no_signal_is_blocked_or_ignored),
        cmocka_unit_test(test_a_session_without_a_terminal),
        cmocka_unit_test(test_the_given_environment_and_nothing_else),
        cmocka_unit_test(test_its_ends_of_the_pipes_block),
        IN_DIRECTORY(test_what_cannot_be_started),
        IN_DIRECTORY(test_whose_interpreter_is_not_there),
        IN_DIRECTORY(test_it_does_not_outlive_us),
        IN_DIRECTORY(test_it_does_not_start_without_us),
        IN_PATH(test_the_first_that_can_be_run),
        IN_PATH(test_what_is_none),
        IN_PATH(test_directories_that_are_not_absolute_do_not_count),
        IN_PATH(test_a_directory_too_long_is_skipped),
        cmocka_unit_test(test_environment_without_some),
        cmocka_unit_test(test_no_environment),
    };

    return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}

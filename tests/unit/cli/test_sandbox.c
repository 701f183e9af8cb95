/*
 * sandbox: that the result comes back, that no other end than its own is taken for one, and that
 * the job is done where there can be no other process, or a filter kills it. fork(), pipe2(),
 * setsid(), syscall() and waitpid() are linked through here.
 */
#include "../support.h"

#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int errno_of_fork;
static int errno_of_pipe;
static unsigned interruptions; /* of waitpid() */

static bool kills_for_landlock; /* a filter of system calls */
static bool kills_for_young;    /* calls that an old one does not know */
static bool kills_for_setsid;

pid_t __real_setsid(void);
pid_t __wrap_setsid(void);
long __wrap_syscall(long number, ...);
pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);

static void kill_for(bool is_forbidden)
{
    if (!is_forbidden)
        return;
    (void)signal(SIGSYS, SIG_DFL);
    (void)raise(SIGSYS);
}

pid_t __wrap_setsid(void)
{
    kill_for(kills_for_setsid);
    return __real_setsid();
}

/* The kernel knows none of them. */
long __wrap_syscall(long number, ...)
{
    kill_for(kills_for_landlock && number == SYS_landlock_create_ruleset);
    kill_for(kills_for_young && number == SYS_close_range);
    errno = ENOSYS;
    return -1;
}

pid_t __wrap_fork(void)
{
    errno = errno_of_fork;
    return errno_of_fork == 0 ? __real_fork() : -1;
}

int __wrap_pipe2(int ends[2], int flags)
{
    errno = errno_of_pipe;
    return errno_of_pipe == 0 ? __real_pipe2(ends, flags) : -1;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return __real_waitpid(pid, status, options);
}

/* Longer than a pipe takes at once. */
struct outcome {
    char block[100000];
    char given;
    pid_t pid;
};

struct work {
    void (*also)(void);
    bool is_done;
    bool is_forgotten;
    int64_t limit_ms; /* 0: plenty */
};

static void work(void *ctx, void *result)
{
    struct work *mine = ctx;
    struct outcome *outcome = result;

    mine->is_done = true;
    if (mine->also != NULL)
        mine->also();
    memset(outcome->block, outcome->given + 1, sizeof(outcome->block));
    outcome->pid = getpid();
}

static void forget(void *ctx)
{
    ((struct work *)ctx)->is_forgotten = true;
}

static struct outcome outcome;

static int run(struct work *mine, struct error *err)
{
    struct sandbox_job job = {
        .name = "the job",
        .work = work,
        .forget = forget,
        .ctx = mine,
        .clock = clock_system(),
        .deadline_ms = clock_now(clock_system()) + mine->limit_ms,
    };

    if (mine->limit_ms == 0)
        job.deadline_ms += 60000;
    outcome = (struct outcome){.given = 'a'};
    return sandbox_run(&job, &outcome, sizeof(outcome), err);
}

static void assert_result(void)
{
    assert_int_equal(outcome.block[0], 'b');
    assert_int_equal(outcome.block[sizeof(outcome.block) - 1], 'b');
}

static void test_result(void **state)
{
    struct work mine = {.is_done = false};
    struct error err = ERROR_INIT;

    (void)state;
    interruptions = 2;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(&mine, &err), 0);
        assert_result();
        assert_int_not_equal(outcome.pid, getpid());
    }
    assert_false(mine.is_done); /* but by another */
    assert_false(mine.is_forgotten);
    assert_int_equal(__real_waitpid(-1, NULL, WNOHANG), -1); /* and none is left */
}

static void stop(void)
{
    (void)raise(SIGKILL);
}

static void crash(void)
{
    (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler */
    (void)raise(SIGSEGV);
}

static void leave(void)
{
    _exit(3);
}

static void leave_well(void)
{
    _exit(0);
}

static void test_no_other_end_is_one(void **state)
{
    static const struct {
        void (*also)(void);
        const char *message;
    } ends[] = {
        {crash, "the job was killed by signal 11"},
        {stop, "the job was killed by signal 9"},
        {leave, "the job exited with status 3"},
        {leave_well, "the job exited without a result"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct work mine = {.also = ends[i].also};
        struct error err = ERROR_INIT;

        assert_int_equal(run(&mine, &err), -1);
        assert_int_equal(err.cls, CLASS_INTERNAL);
        assert_string_equal(err.message, ends[i].message);
        assert_non_null(strstr(err.hint, "--verbose"));
        assert_int_equal(__real_waitpid(-1, NULL, WNOHANG), -1);
    }
}

/* Limits of processes, of memory and of descriptors, and filters of system calls. */
static void test_done_here_where_it_must(void **state)
{
    static const struct {
        int *call;
        int errnum;
    } failures[] = {{&errno_of_fork, EAGAIN},
                    {&errno_of_fork, ENOMEM},
                    {&errno_of_fork, EPERM},
                    {&errno_of_pipe, EMFILE}};

    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct work mine = {.is_done = false};
        struct error err = ERROR_INIT;
        int free_before = dup(STDERR_FILENO);
        int free_behind;

        (void)close(free_before);
        *failures[i].call = failures[i].errnum;
        assert_int_equal(run(&mine, &err), 0);
        *failures[i].call = 0;
        free_behind = dup(STDERR_FILENO);
        (void)close(free_behind);
        assert_int_equal(free_behind, free_before);
        assert_result();
        assert_int_equal(outcome.pid, getpid());
        assert_true(mine.is_done);
        assert_false(mine.is_forgotten); /* it is still of use here */
    }
}

/* As systemd's SystemCallFilter=@system-service does for Landlock. */
static void test_a_filter_that_kills(void **state)
{
    struct work mine = {.is_done = false};
    struct error err = ERROR_INIT;

    (void)state;
    kills_for_landlock = true;
    assert_int_equal(run(&mine, &err), 0);
    assert_result();
    assert_int_not_equal(outcome.pid, getpid());
    kills_for_young = true;
    assert_int_equal(run(&mine, &err), 0);
    assert_result();
    assert_int_not_equal(outcome.pid, getpid());
    assert_false(mine.is_done);
    kills_for_setsid = true;
    assert_int_equal(run(&mine, &err), 0);
    kills_for_landlock = kills_for_young = kills_for_setsid = false;
    assert_result();
    assert_int_equal(outcome.pid, getpid());
    assert_true(mine.is_done);
    assert_int_equal(__real_waitpid(-1, NULL, WNOHANG), -1);
}

static void halt(void)
{
    (void)raise(SIGSTOP);
}

static void sleep_on(void)
{
    for (;;)
        (void)pause();
}

static bool has_no_child(void)
{
    for (int i = 0; i < 1000; i++) {
        if (__real_waitpid(-1, NULL, WNOHANG) < 0)
            return true;
        (void)usleep(10000);
    }
    return false;
}

/* A debugger, a frozen terminal, or a stranger that wants to keep us. */
static void test_it_is_not_waited_for_beyond_the_deadline(void **state)
{
    static void (*const never[])(void) = {halt, sleep_on};

    (void)state;
    for (size_t i = 0; i < COUNT(never); i++) {
        struct work mine = {.also = never[i], .limit_ms = 200};
        struct error err = ERROR_INIT;

        assert_int_equal(run(&mine, &err), -1);
        assert_int_equal(err.cls, CLASS_UNREACHABLE);
        assert_string_equal(err.message, "the job timed out");
        assert_true(has_no_child());
    }
}

static void flood(void)
{
    static char block[2 * sizeof(struct outcome)];

    for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
        (void)!write(fd, block, sizeof(block));
    _exit(0);
}

static void test_more_than_a_result_is_none(void **state)
{
    struct work mine = {.also = flood};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(run(&mine, &err), -1);
    assert_int_equal(err.cls, CLASS_INTERNAL);
    assert_true(has_no_child());
}

static void close_all_and_sleep(void)
{
    for (int fd = 0; fd < 256; fd++)
        (void)close(fd);
    sleep_on();
}

static void test_it_cannot_part_with_the_pipe_and_stay(void **state)
{
    struct work mine = {.also = close_all_and_sleep};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(run(&mine, &err), -1);
    assert_string_equal(err.message, "the job was killed by signal 9");
    assert_true(has_no_child());
}

static void break_a_filter(void)
{
    kill_for(true);
}

/* Or a stranger that has taken the process over would have the job done once more, outside. */
static void test_no_such_end_once_it_has_begun(void **state)
{
    struct work mine = {.also = break_a_filter};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(run(&mine, &err), -1);
    assert_string_equal(err.message, "the job was killed by signal 31");
    assert_false(mine.is_done);
}

/* Whoever was started by exec may have children that it does not know. */
static void test_others_are_not_waited_for(void **state)
{
    struct work mine = {.is_done = false};
    struct error err = ERROR_INIT;
    pid_t other = __real_fork();
    int status = 0;

    (void)state;
    if (other == 0)
        _exit(7);
    assert_int_equal(run(&mine, &err), 0);
    assert_int_equal(__real_waitpid(other, &status, 0), other);
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void look_at_death(void)
{
    int number = 0;

    if (prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0) != 0 || number != SIGKILL ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        abort();
}

static void test_it_dies_with_us_and_gains_no_rights(void **state)
{
    struct work mine = {.also = look_at_death};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(run(&mine, &err), 0);
}

static void speak(void)
{
    static const char said[] =
        "ghcr-login: one\ntwo \033[31mred\302\233\n##[error]\n::error::x\n\n";

    (void)!write(STDERR_FILENO, said, sizeof(said) - 1);
    (void)!write(STDOUT_FILENO, "and the last", strlen("and the last"));
}

/* Run it with another standard error, and take that back. */
static int run_telling(struct work *mine, int to, struct error *err)
{
    int ours = dup(STDERR_FILENO);
    int ret;

    assert_true(dup2(to, STDERR_FILENO) == STDERR_FILENO);
    ret = run(mine, err);
    assert_true(dup2(ours, STDERR_FILENO) == STDERR_FILENO);
    (void)close(ours);
    return ret;
}

/* A terminal would obey it, and answer into the shell; a runner of jobs obeys lines. */
static void test_what_it_says_is_shown_not_obeyed(void **state)
{
    static const char shown[] = "ghcr-login: one\nghcr-login: two ?[31mred?\n"
                                "ghcr-login: ##?error]\nghcr-login: ::error::x\nghcr-login: \n"
                                "ghcr-login: and the last\n";
    struct work mine = {.also = speak};
    struct error err = ERROR_INIT;
    char told[256] = "";
    int ends[2];

    (void)state;
    assert_int_equal(__real_pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(run_telling(&mine, ends[1], &err), 0);
    assert_result();
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], told, sizeof(told) - 1), strlen(shown));
    assert_string_equal(told, shown);
    (void)close(ends[0]);
}

static void speak_a_lot(void)
{
    for (int i = 0; i < 200000; i++)
        (void)!write(STDERR_FILENO, "ghcr-login: x\n", strlen("ghcr-login: x\n"));
}

/* It goes to a log, which may fill a disk. */
static void test_what_it_says_has_an_end(void **state)
{
    static const char last[] = "ghcr-login: the job wrote too much; the rest is not shown\n";
    struct work mine = {.also = speak_a_lot};
    struct error err = ERROR_INIT;
    static char told[1000000];
    FILE *log = tmpfile();
    size_t len;

    (void)state;
    assert_non_null(log);
    assert_int_equal(run_telling(&mine, fileno(log), &err), 0);
    assert_result();
    rewind(log);
    len = fread(told, 1, sizeof(told), log);
    assert_true(len > 100000 && len < 300000);
    assert_string_equal(told + len - strlen(last), last);
    assert_int_equal(fclose(log), 0);
}

static void speak_without_end(void)
{
    for (;;)
        (void)!write(STDERR_FILENO, "a line\n", strlen("a line\n"));
}

/* A pager that waits, a terminal that is stopped. */
static void test_nobody_reads_what_it_says(void **state)
{
    struct work mine = {.also = speak_without_end, .limit_ms = 300};
    struct error err = ERROR_INIT;
    int ends[2];

    (void)state;
    assert_int_equal(__real_pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(run_telling(&mine, ends[1], &err), -1);
    assert_string_equal(err.message, "the job timed out");
    assert_true(has_no_child());
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* Several at once. */

enum { SEVERAL = 2 * SANDBOX_AT_ONCE + 3 };

struct seen {
    size_t started;
    size_t done; /* that was told last */
    struct work works[SEVERAL];
    struct outcome outcomes[SEVERAL];
    struct sandbox_task tasks[SEVERAL];
};

static struct seen seen;

/* Each begins in its turn, with its time. */
static void see_start(void *ctx, struct sandbox_task *task)
{
    struct seen *mine = ctx;
    const struct work *its = task->job.ctx;
    int64_t limit_ms = its->limit_ms > 0 ? its->limit_ms : 60000;

    assert_ptr_equal(task, &mine->tasks[mine->started]);
    mine->started++;
    task->job.deadline_ms = clock_now(clock_system()) + limit_ms;
}

static void see_done(void *ctx, size_t done)
{
    struct seen *mine = ctx;

    assert_true(done >= mine->done && mine->started - done <= SANDBOX_AT_ONCE);
    mine->done = done;
}

static void enter(void *ctx)
{
    ((struct work *)ctx)->also = NULL; /* or it would end this process */
}

static void run_several(void)
{
    struct sandbox_watch watch = {.on_start = see_start, .on_wait = see_done, .ctx = &seen};

    seen.started = seen.done = 0;
    for (size_t i = 0; i < SEVERAL; i++) {
        seen.outcomes[i] = (struct outcome){.given = 'a'};
        seen.tasks[i] = (struct sandbox_task){
            .job = {.name = "the job",
                    .work = work,
                    .forget = forget,
                    .enter = seen.works[i].is_forgotten ? enter : NULL,
                    .ctx = &seen.works[i],
                    .clock = clock_system()},
            .result = &seen.outcomes[i],
            .size = sizeof(seen.outcomes[i]),
        };
    }
    sandbox_run_all(seen.tasks, SEVERAL, &watch);
    assert_int_equal(seen.started, SEVERAL);
    assert_true(has_no_child());
}

/* One crashes, one never ends, one is told beforehand not to: each has its own end. */
static void test_several_at_once(void **state)
{
    int64_t began_ms = clock_now(clock_system());

    (void)state;
    memset(&seen, 0, sizeof(seen));
    seen.works[0] = (struct work){.also = sleep_on, .limit_ms = 300};
    seen.works[3] = (struct work){.also = crash};
    seen.works[5] = (struct work){.also = crash, .is_forgotten = true};
    seen.works[SEVERAL - 1] = (struct work){.also = halt, .limit_ms = 300};
    run_several();
    assert_int_equal(seen.done, SEVERAL);
    assert_true(clock_now(clock_system()) - began_ms < 50000);
    for (size_t i = 0; i < SEVERAL; i++) {
        const struct sandbox_task *task = &seen.tasks[i];
        bool is_late = i == 0 || i == SEVERAL - 1;

        assert_false(seen.works[i].is_done);
        assert_int_equal(task->ret, is_late || i == 3 ? -1 : 0);
        assert_int_equal(task->err.cls, is_late  ? CLASS_UNREACHABLE
                                        : i == 3 ? CLASS_INTERNAL
                                                 : CLASS_NONE);
        assert_true(task->ret < 0 || seen.outcomes[i].block[99999] == 'b');
    }
}

/* One after the other, here: all that there is to fear is that one of them is left out. */
static void test_several_without_another_process(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    errno_of_fork = EAGAIN;
    run_several();
    errno_of_fork = 0;
    for (size_t i = 0; i < SEVERAL; i++) {
        assert_true(seen.works[i].is_done && seen.tasks[i].ret == 0);
        assert_int_equal(seen.outcomes[i].pid, getpid());
    }
}

static void test_several_under_a_filter_that_kills(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    kills_for_landlock = true;
    run_several();
    kills_for_landlock = false;
    for (size_t i = 0; i < SEVERAL; i++)
        assert_true(!seen.works[i].is_done && seen.tasks[i].ret == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_no_other_end_is_one),
        cmocka_unit_test(test_done_here_where_it_must),
        cmocka_unit_test(test_a_filter_that_kills),
        cmocka_unit_test(test_it_is_not_waited_for_beyond_the_deadline),
        cmocka_unit_test(test_more_than_a_result_is_none),
        cmocka_unit_test(test_it_cannot_part_with_the_pipe_and_stay),
        cmocka_unit_test(test_no_such_end_once_it_has_begun),
        cmocka_unit_test(test_others_are_not_waited_for),
        cmocka_unit_test(test_what_it_says_is_shown_not_obeyed),
        cmocka_unit_test(test_what_it_says_has_an_end),
        cmocka_unit_test(test_nobody_reads_what_it_says),
        cmocka_unit_test(test_it_dies_with_us_and_gains_no_rights),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_several_without_another_process),
        cmocka_unit_test(test_several_under_a_filter_that_kills),
    };

    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}

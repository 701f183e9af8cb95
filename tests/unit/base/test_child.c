/*
 * child: data both ways without a deadlock, every way to end, and what is left when it is over.
 */
#include "../support.h"

#include "base/child.h"

#include <poll.h>

#include "../store/scripts.h"

enum { LARGE = 256 * 1024 };

static bool is_unwatched;

int __real_poll(struct pollfd *fds, nfds_t count, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms);

int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
    if (!is_unwatched)
        return __real_poll(fds, count, wait_ms);
    errno = ENOMEM;
    return -1;
}

/* All that a run needs; a program of this text for /bin/sh. */
struct scene {
    const char *body;
    struct secret input;
    int64_t wait_ms;
    bool is_alone; /* it has no input, and leaves nothing behind */
};

static int run(struct child_result *result, const struct scene *scene, struct error *err)
{
    char *const environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    const char *const argv[] = {"sh", "-c", scene->body, NULL};
    struct child child = {
        .path = "/bin/sh",
        .argv = argv,
        .environment = environment,
        .input = scene->is_alone ? NULL : &scene->input,
        .ends_all = scene->is_alone,
        .clock = clock_system(),
        .deadline_ms = support_in_ms(scene->wait_ms > 0 ? scene->wait_ms : SCRIPTS_PATIENCE_MS),
        .cls = CLASS_HELPER,
    };
    size_t before = support_count("/proc/self/fd");
    int ret = child_run(result, &child, err);

    assert_int_equal(support_count("/proc/self/fd"), before);
    assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    return ret;
}

/* Run, and see that it ended so; its output stays in *result. */
static void assert_ends(struct child_result *result, const struct scene *scene, enum child_end end,
                        int code)
{
    struct error err = ERROR_INIT;

    if (run(result, scene, &err) < 0)
        fail_msg("'%s': %s", scene->body, err.message);
    assert_row(scene->body, result->end == end);
    assert_row(scene->body, result->code == code);
}

static struct secret large(char byte)
{
    static char block[LARGE];
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    memset(block, byte, sizeof(block));
    assert_int_equal(secret_append(&out, block, sizeof(block), SIZE_MAX - 1, &err), 0);
    return out;
}

static void test_ends(void **state)
{
    static const struct {
        const char *body;
        enum child_end end;
        int code;
        const char *output;
        const char *errors;
    } rows[] = {
        {"exit 0", CHILD_EXITED, 0, "", ""},
        {"cat", CHILD_EXITED, 0, "the input", ""},
        {"cat >&2; exit 3", CHILD_EXITED, 3, "", "the input"},
        {"exec <&-; echo out; echo err >&2; exit 255", CHILD_EXITED, 255, "out\n", "err\n"},
        {"exec >&- 2>&-; exit 4", CHILD_EXITED, 4, "", ""},
        {"exec <&- >&- 2>&-; sleep 0.05; exit 5", CHILD_EXITED, 5, "", ""},
        {"echo out; kill -KILL $$", CHILD_KILLED, SIGKILL, "out\n", ""},
        {"kill -TERM $$", CHILD_KILLED, SIGTERM, "", ""},
        /* We ignore it; it does not. */
        {"kill -PIPE $$", CHILD_KILLED, SIGPIPE, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene scene = {.body = rows[i].body, .input = secret_of("the input")};
        struct child_result result = CHILD_RESULT_INIT;

        assert_ends(&result, &scene, rows[i].end, rows[i].code);
        assert_row_string(rows[i].body, secret_text(&result.output), rows[i].output);
        assert_row_string(rows[i].body, secret_text(&result.errors), rows[i].errors);
        child_result_clear(&result);
        secret_clear(&scene.input);
    }
}

/* Both directions, each larger than a pipe. */
static void test_input_that_is_larger_than_a_pipe(void **state)
{
    struct scene scene = {.body = "head -c 65536; cat >/dev/null", .input = large('x')};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_int_equal(result.output.len, CHILD_OUTPUT_MAX);
    scene.body = "wc -c";
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "262144\n");
    child_result_clear(&result);
    secret_clear(&scene.input);
}

/* It reads only when its own words, more than a pipe holds, have been read. */
static void test_nobody_waits_for_the_other(void **state)
{
    struct scene scene = {.body = "head -c 204800 /dev/zero >&2; wc -c", .input = large('x')};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "262144\n");
    child_result_clear(&result);
    secret_clear(&scene.input);
}

/* EPIPE is no error of ours, whether it strikes or the input was small enough for the pipe. */
static void test_input_that_is_not_read(void **state)
{
    struct scene scene = {.body = "exec <&-; sleep 0.05; echo done", .input = large('x')};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "done\n");
    scene.body = "exit 6";
    assert_ends(&result, &scene, CHILD_EXITED, 6);
    child_result_clear(&result);
    secret_clear(&scene.input);
}

static void test_no_input(void **state)
{
    struct scene scene = {.body = "cat; echo end"};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "end\n");
    child_result_clear(&result);
}

static void test_errors_without_end_are_read_and_cut(void **state)
{
    struct scene scene = {.body = "head -c 204800 /dev/zero | tr '\\0' e >&2; echo out"};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "out\n");
    assert_int_equal(result.errors.len, CHILD_ERRORS_MAX);
    child_result_clear(&result);
}

static void test_a_flood(void **state)
{
    struct scene scene = {.body = "echo $$ >pid; head -c 65537 /dev/zero; exec sleep 600"};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_FLOODED, 0);
    assert_true(scripts_is_gone(scripts_pid("pid")));
    scene.body = "exec yes";
    assert_ends(&result, &scene, CHILD_FLOODED, 0);
    child_result_clear(&result);
}

static void test_time_is_up(void **state)
{
    static const char *const rows[] = {
        "echo $$ >pid; exec sleep 600",
        "echo $$ >pid; exec >&- 2>&-; exec sleep 600",
        "trap '' TERM; echo $$ >pid; while :; do sleep 600; done",
        "echo $$ >pid; while :; do echo x; sleep 0.01; done",
        "echo $$ >pid; kill -STOP $$",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene scene = {.body = rows[i], .wait_ms = 150};
        struct child_result result = CHILD_RESULT_INIT;

        (void)unlink("pid");
        assert_ends(&result, &scene, CHILD_LATE, 0);
        assert_row(rows[i], scripts_is_gone(scripts_pid("pid")));
        child_result_clear(&result);
    }
}

static void test_time_was_up_before(void **state)
{
    struct scene scene = {.body = "exec sleep 600", .wait_ms = 1};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_LATE, 0);
    child_result_clear(&result);
}

/* Its children go with it, even those that ignore SIGTERM while it does not. */
static void test_its_children_are_killed_with_it(void **state)
{
    struct scene scene = {
        .body = "(trap '' TERM; sh -c 'echo $PPID >pid'; while :; do sleep 600; done) & wait",
        .wait_ms = 300,
    };
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_LATE, 0);
    assert_true(scripts_is_gone(scripts_pid("pid")));
    child_result_clear(&result);
}

/* As an agent does that it started: this is neither waited for nor killed. */
static void test_what_it_leaves_behind_may_hold_the_pipes(void **state)
{
    struct scene scene = {.body = "sleep 600 & echo $! >pid; echo out; exit 7"};
    struct child_result result = CHILD_RESULT_INIT;
    int64_t half_ms = support_in_ms(SCRIPTS_PATIENCE_MS / 2);
    pid_t left;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 7);
    assert_string_equal(secret_text(&result.output), "out\n");
    assert_true(clock_left(clock_system(), half_ms) > 0);
    left = scripts_pid("pid");
    assert_int_equal(kill(left, SIGKILL), 0);
    assert_true(scripts_is_gone(left));
    child_result_clear(&result);
}

/* Nothing to read, not even the end of a pipe; and whom it leaves behind is killed at once. */
static void test_one_that_is_alone(void **state)
{
    struct scene scene = {.body = "readlink /proc/self/fd/0; sleep 600 & echo $! >pid; exit 7",
                          .is_alone = true};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 7);
    assert_string_equal(secret_text(&result.output), "/dev/null\n");
    assert_true(scripts_is_gone(scripts_pid("pid")));
    child_result_clear(&result);
}

/* In a session of its own, orphaned, and deaf to SIGTERM; two deep. */
#define DAEMON                                                                                     \
    "setsid sh -c 'trap \"\" TERM; setsid sh -c \"echo \\$\\$ >pid; sleep 600; :\" & sleep 600' "  \
    ">/dev/null 2>&1 & while [ ! -s pid ]; do sleep 0.01; done; "

static void test_nothing_leaves_the_session_of_one_that_is_alone(void **state)
{
    static const struct {
        const char *body;
        enum child_end end;
        int code;
    } rows[] = {
        {DAEMON "exit 7", CHILD_EXITED, 7},
        {DAEMON "kill -HUP $$", CHILD_KILLED, SIGHUP},
        {DAEMON "kill -KILL $PPID; sleep 600", CHILD_KILLED, SIGKILL}, /* what guards it */
        {DAEMON "exec sleep 600", CHILD_LATE, 0},
        {DAEMON "trap '' TERM; while :; do sleep 600; done", CHILD_LATE, 0},
        {DAEMON "exec cat /dev/zero", CHILD_FLOODED, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene scene = {
            .body = rows[i].body, .is_alone = true, .wait_ms = rows[i].end == CHILD_LATE ? 500 : 0};
        struct child_result result = CHILD_RESULT_INIT;

        (void)unlink("pid");
        assert_ends(&result, &scene, rows[i].end, rows[i].code);
        if (i != 2)
            assert_row(rows[i].body, scripts_is_gone(scripts_pid("pid")));
        else
            assert_int_equal(kill(scripts_pid("pid"), SIGKILL), 0);
        child_result_clear(&result);
    }
}

static int run_one_that_is_alone(void)
{
    struct scene scene = {.body = DAEMON "echo $$ >main; sleep 600; :", .is_alone = true};
    struct child_result result = CHILD_RESULT_INIT;
    struct error err = ERROR_INIT;

    return run(&result, &scene, &err);
}

/* However this process ends: nobody is left to tell the guard then. */
static void test_nothing_outlives_who_waits_for_it(void **state)
{
    pid_t waiting;

    (void)state;
    waiting = fork();
    support_must(waiting >= 0, "fork");
    if (waiting == 0)
        _exit(run_one_that_is_alone());
    support_must(scripts_pid("main") > 0 && kill(waiting, SIGKILL) == 0, "kill");
    support_must(waitpid(waiting, NULL, 0) == waiting, "waitpid");
    assert_true(scripts_is_gone(scripts_pid("main")));
    assert_true(scripts_is_gone(scripts_pid("pid")));
}

/* Some wrappers end a little before the filter that their output goes through. */
static void test_what_others_write_for_it_counts_for_a_while(void **state)
{
    struct scene scene = {.body = "(sleep 0.02; echo late) & exit 0"};
    struct child_result result = CHILD_RESULT_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "late\n");
    child_result_clear(&result);
}

static void test_a_result_is_replaced_only_by_another(void **state)
{
    struct scene scene = {.body = "echo one"};
    struct child_result result = CHILD_RESULT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    is_unwatched = true;
    assert_int_equal(run(&result, &scene, &err), -1);
    is_unwatched = false;
    assert_error("unwatched", &err, CLASS_HELPER, "cannot wait for '/bin/sh'");
    assert_string_equal(secret_text(&result.output), "one\n");
    scene.body = "echo two";
    assert_ends(&result, &scene, CHILD_EXITED, 0);
    assert_string_equal(secret_text(&result.output), "two\n");
    child_result_clear(&result);
    assert_null(result.output.data);
}

/* As some supervisors start their programs. */
static void test_who_was_started_with_sigchld_ignored(void **state)
{
    struct scene scene = {.body = "exit 8"};
    struct child_result result = CHILD_RESULT_INIT;
    struct sigaction now;

    (void)state;
    support_must(signal(SIGCHLD, SIG_IGN) != SIG_ERR, "signal");
    assert_ends(&result, &scene, CHILD_EXITED, 8);
    support_must(sigaction(SIGCHLD, NULL, &now) == 0, "sigaction");
    assert_true(now.sa_handler == SIG_IGN);
    support_must(signal(SIGCHLD, SIG_DFL) != SIG_ERR, "signal");
    child_result_clear(&result);
}

static int ignore_sigpipe(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR; /* as main() does */
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_ends),
        IN_DIRECTORY(test_input_that_is_larger_than_a_pipe),
        IN_DIRECTORY(test_nobody_waits_for_the_other),
        IN_DIRECTORY(test_input_that_is_not_read),
        IN_DIRECTORY(test_no_input),
        IN_DIRECTORY(test_errors_without_end_are_read_and_cut),
        IN_DIRECTORY(test_a_flood),
        IN_DIRECTORY(test_time_is_up),
        IN_DIRECTORY(test_time_was_up_before),
        IN_DIRECTORY(test_its_children_are_killed_with_it),
        IN_DIRECTORY(test_what_it_leaves_behind_may_hold_the_pipes),
        IN_DIRECTORY(test_one_that_is_alone),
        IN_DIRECTORY(test_nothing_leaves_the_session_of_one_that_is_alone),
        IN_DIRECTORY(test_nothing_outlives_who_waits_for_it),
        IN_DIRECTORY(test_what_others_write_for_it_counts_for_a_while),
        IN_DIRECTORY(test_a_result_is_replaced_only_by_another),
        IN_DIRECTORY(test_who_was_started_with_sigchld_ignored),
    };

    return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}

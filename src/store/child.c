#include "store/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TICK_MS = 50,    /* between looks at a child that is silent */
    PAUSE_MS = 1,    /* between looks at one that is about to end */
    LINGER_MS = 500, /* for the output of others, when the child itself has exited */
    GRACE_MS = 500,  /* from SIGTERM to SIGKILL */
    READ_BLOCK = 16384,
};

struct run {
    const struct child *child;
    struct spawned process;
    size_t written; /* of the input */
    struct child_result result;
};

/* It is not waited for yet, so that its number stays its own while signals are sent to it. */
static bool has_ended(const struct run *run)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)run->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == run->process.pid;
}

static int fail(const struct run *run, const char *what, struct error *err)
{
    return error_set_errno(err, CLASS_HELPER, errno, "cannot %s '%s'", what,
                           run->child->spawn.path);
}

static bool is_passing(ssize_t n)
{
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static int feed(struct run *run, struct error *err)
{
    const struct secret *input = run->child->input;
    ssize_t n = write(run->process.fds[SPAWN_IN], secret_text(input) + run->written,
                      input->len - run->written);
    bool is_unread = n < 0 && errno == EPIPE; /* it reads no more; its status will say why */

    if (!is_unread && !is_passing(n))
        return fail(run, "write to", err);
    if (n > 0)
        run->written += (size_t)n;
    if (run->written == input->len || is_unread)
        spawn_close(&run->process, SPAWN_IN);
    return 0;
}

/* Read once, and keep `max` bytes at most of all that comes; *is_over tells that more came. */
static int drain(struct run *run, size_t pipe, struct secret *kept, size_t max, bool *is_over,
                 struct error *err)
{
    char block[READ_BLOCK];
    ssize_t n = read(run->process.fds[pipe], block, sizeof(block));
    size_t len = n > 0 ? (size_t)n : 0;
    size_t room = max - kept->len;
    int ret;

    if (!is_passing(n))
        return fail(run, "read from", err);
    if (n == 0)
        spawn_close(&run->process, pipe);
    *is_over = len > room;
    ret = secret_append(kept, block, *is_over ? room : len, max, err);
    explicit_bzero(block, sizeof(block));
    return ret;
}

/* Move what can be moved now, waiting up to `wait_ms` for that. */
static int exchange(struct run *run, int wait_ms, bool *is_flooded, struct error *err)
{
    const int *fds = run->process.fds;
    struct pollfd polled[SPAWN_PIPES] = {
        [SPAWN_IN] = {.fd = fds[SPAWN_IN], .events = POLLOUT},
        [SPAWN_OUT] = {.fd = fds[SPAWN_OUT], .events = POLLIN},
        [SPAWN_ERR] = {.fd = fds[SPAWN_ERR], .events = POLLIN},
    };
    bool is_cut; /* error output may be as long as it likes */
    int ready = poll(polled, SPAWN_PIPES, wait_ms);

    if (ready < 0 && errno != EINTR)
        return fail(run, "wait for", err);
    if (ready <= 0)
        return 0;
    if (polled[SPAWN_IN].revents != 0 && feed(run, err) < 0)
        return -1;
    if (polled[SPAWN_ERR].revents != 0 &&
        drain(run, SPAWN_ERR, &run->result.errors, CHILD_ERRORS_MAX, &is_cut, err) < 0)
        return -1;
    if (polled[SPAWN_OUT].revents == 0)
        return 0;
    return drain(run, SPAWN_OUT, &run->result.output, CHILD_OUTPUT_MAX, is_flooded, err);
}

/* Until it has ended, or must be ended: *end tells. */
static int converse(struct run *run, enum child_end *end, struct error *err)
{
    const struct clock *clock = run->child->clock;
    int64_t deadline_ms = run->child->deadline_ms;
    bool is_flooded = false;

    *end = CHILD_LATE;
    while (!is_flooded) {
        bool is_open = run->process.fds[SPAWN_OUT] >= 0 || run->process.fds[SPAWN_ERR] >= 0;
        int64_t left;

        if (*end == CHILD_LATE && has_ended(run)) {
            *end = CHILD_EXITED;
            deadline_ms = clock_now(clock) + LINGER_MS;
        }
        left = clock_left(clock, deadline_ms);
        if (left == 0 || (*end == CHILD_EXITED && !is_open))
            return 0;
        if (exchange(run,
                     !is_open         ? PAUSE_MS
                     : left < TICK_MS ? (int)left
                                      : TICK_MS,
                     &is_flooded, err) < 0)
            return -1;
    }
    *end = CHILD_FLOODED;
    return 0;
}

static void wait_a_while(const struct run *run)
{
    const struct clock *clock = run->child->clock;
    int64_t deadline_ms = clock_now(clock) + GRACE_MS;

    while (!has_ended(run) && clock_left(clock, deadline_ms) > 0)
        clock->sleep_ms(clock->ctx, PAUSE_MS);
}

static void stop(const struct run *run)
{
    (void)kill(-run->process.pid, SIGTERM);
    wait_a_while(run);
    (void)kill(-run->process.pid, SIGKILL); /* and what is left of its group, if it has ended */
    wait_a_while(run);
}

/* Take leave of it. One that even SIGKILL does not end (a dead file system) is not waited for. */
static int judge(struct run *run, enum child_end end, struct error *err)
{
    bool is_stopped = end != CHILD_EXITED;
    int status = 0;
    pid_t pid = waitpid(run->process.pid, &status, is_stopped ? WNOHANG : 0);

    run->result.end = end;
    if (is_stopped)
        return 0;
    if (pid < 0)
        return fail(run, "learn the end of", err);
    if (WIFSIGNALED(status))
        run->result.end = CHILD_KILLED;
    run->result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

static int run_to_the_end(struct run *run, struct error *err)
{
    enum child_end end;
    int ret;

    if (spawn_start(&run->process, &run->child->spawn, err) < 0)
        return -1;
    ret = converse(run, &end, err);
    if (ret < 0)
        end = CHILD_LATE;
    if (end != CHILD_EXITED)
        stop(run);
    return judge(run, end, err) < 0 ? -1 : ret;
}

int child_run(struct child_result *out, const struct child *child, struct error *err)
{
    struct run run = {.child = child, .process = SPAWNED_INIT, .result = CHILD_RESULT_INIT};
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct sigaction before;
    bool is_set;
    int ret;

    /* A process that was started with SIGCHLD ignored never learns how its children end. */
    is_set = sigaction(SIGCHLD, &by_default, &before) == 0;
    ret = run_to_the_end(&run, err);
    if (is_set)
        (void)sigaction(SIGCHLD, &before, NULL);
    for (size_t i = 0; i < SPAWN_PIPES; i++)
        spawn_close(&run.process, i);
    if (ret == 0) {
        child_result_clear(out);
        *out = run.result;
        run.result = CHILD_RESULT_INIT; /* moved */
    }
    child_result_clear(&run.result);
    return ret;
}

void child_result_clear(struct child_result *result)
{
    secret_clear(&result->output);
    secret_clear(&result->errors);
    *result = CHILD_RESULT_INIT;
}

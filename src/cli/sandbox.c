#include "cli/sandbox.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/confinement.h"
#include "cli/process.h"

enum {
    LINE_MAX_SHOWN = 2048, /* less than a pipe takes at once */
    SAID_MAX = 256 * 1024, /* of all lines: somebody's log may be on a disk */
    READ_BLOCK = 16384,
};

/* What comes before any result: all that a filter of system calls may kill for is done. */
static const char entered = 1;

/* One try at a task, and what has come of it. */
struct attempt {
    struct sandbox_task *task; /* NULL: none is under way */
    enum confinement depth;
    struct secret told;        /* on the one pipe: `entered` and a result */
    char line[LINE_MAX_SHOWN]; /* on the other: what standard error has not been told yet */
    size_t line_len;
    size_t said; /* bytes that it has been told */
    pid_t child;
    int result; /* our ends of the pipes; -1: at its end */
    int errors;
};

static void do_apart(const struct attempt *attempt, int result_fd, int errors_fd)
{
    const struct sandbox_task *task = attempt->task;
    const struct sandbox_job *job = &task->job;
    int ret;

    confinement_enter(result_fd, errors_fd, attempt->depth);
    ret = io_write_all(result_fd, &entered, sizeof(entered));
    if (job->enter != NULL)
        job->enter(job->ctx);
    job->work(job->ctx, task->result);
    job->forget(job->ctx);
    if (ret == 0)
        ret = io_write_all(result_fd, task->result, task->size);
    process_end(ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Standard error. */

static int left_ms(const struct attempt *attempt)
{
    int64_t left = clock_left(attempt->task->job.clock, attempt->task->job.deadline_ms);

    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Unless that would block: its reader may have stopped. A line end takes the place of the NUL. */
static void write_line(struct attempt *attempt, char *line)
{
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};
    size_t len = strlen(line);

    line[len++] = '\n';
    attempt->said += len;
    if (poll(&reader, 1, left_ms(attempt)) > 0)
        (void)!io_write_all(STDERR_FILENO, line, len);
}

/*
 * Pass a line on. All of ours begin in one way, and so does whatever else is said: to a runner of
 * jobs a line that begins with "::" is a command.
 */
static void say_line(struct attempt *attempt)
{
    static const char name[] = "ghcr-login: ";
    char shown[sizeof(name) + LINE_MAX_SHOWN];
    bool is_named =
        attempt->line_len >= sizeof(name) - 1 && memcmp(attempt->line, name, sizeof(name) - 1) == 0;
    size_t at = is_named ? 0 : sizeof(name) - 1;

    memcpy(shown, name, at);
    (void)text_printable(shown + at, LINE_MAX_SHOWN + 1, attempt->line, attempt->line_len);
    attempt->line_len = 0;
    if (attempt->said > SAID_MAX)
        return;
    if (attempt->said + strlen(shown) >= SAID_MAX) {
        (void)snprintf(shown, sizeof(shown), "%s%s wrote too much; the rest is not shown", name,
                       attempt->task->job.name);
        attempt->said = SAID_MAX;
    }
    write_line(attempt, shown);
}

static void say_text(struct attempt *attempt, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\n')
            attempt->line[attempt->line_len++] = text[i];
        if (text[i] == '\n' || attempt->line_len == sizeof(attempt->line))
            say_line(attempt);
    }
}

/* Returns whether there may be more. */
static bool relay(struct attempt *attempt)
{
    char block[READ_BLOCK];
    ssize_t n = read(attempt->errors, block, sizeof(block));

    if (n > 0)
        say_text(attempt, block, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static void sandbox_close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* a pipe: nothing is lost */
    *fd = -1;
}

/* The result. */

/* Anything longer than a result is invalid, and is not waited for. */
static int listen_once(struct attempt *attempt, struct error *err)
{
    char block[READ_BLOCK];
    ssize_t n = read(attempt->result, block, sizeof(block));
    int ret = 0;

    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot read the result of %s",
                               attempt->task->job.name);
    if (n == 0)
        sandbox_close_end(&attempt->result);
    if (n > 0 && (size_t)n > sizeof(entered) + attempt->task->size - attempt->told.len)
        ret = error_set(err, CLASS_INTERNAL, "internal error: malformed result of %s",
                        attempt->task->job.name);
    else if (n > 0)
        ret = secret_append(&attempt->told, block, (size_t)n, SIZE_MAX - 1, err);
    explicit_bzero(block, sizeof(block));
    return ret;
}

/* What one attempt came to. */
enum attempt_end {
    ATTEMPT_FAILED, /* with *err set */
    ATTEMPT_DONE,
    ATTEMPT_UNBEGUN, /* no stranger was heard yet, so that another may be made */
};

static int give_up_late(const struct attempt *attempt, struct error *err)
{
    return error_set(err, CLASS_UNREACHABLE, "%s timed out", attempt->task->job.name);
}

static int judge_end(int status, const char *name, struct error *err)
{
    static const char hint[] = "if it happens again, report it with the output of --verbose";

    if (WIFSIGNALED(status))
        return error_set_hint(err, CLASS_INTERNAL, hint, "%s was killed by signal %d", name,
                              WTERMSIG(status));
    if (WEXITSTATUS(status) != EXIT_SUCCESS)
        return error_set_hint(err, CLASS_INTERNAL, hint, "%s exited with status %d", name,
                              WEXITSTATUS(status));
    return error_set_hint(err, CLASS_INTERNAL, hint, "%s exited without a result", name);
}

/* What became of a process that has closed the pipe: by its end, if it is not up to something. */
static enum attempt_end take_result(const struct attempt *attempt, struct error *err)
{
    const struct sandbox_task *task = attempt->task;
    const struct secret *told = &attempt->told;
    int status = 0;
    int ended = fork_wait(attempt->child, task->job.clock, task->job.deadline_ms, &status);

    if (ended > 0 && told->len == sizeof(entered) + task->size) {
        memcpy(task->result, secret_text(told) + sizeof(entered), task->size);
        return ATTEMPT_DONE;
    }
    if (ended > 0 && told->len == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return ATTEMPT_UNBEGUN; /* a filter of system calls that does not know what we call */
    if (ended < 0)
        (void)error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    else if (ended == 0)
        (void)give_up_late(attempt, err);
    else
        (void)judge_end(status, task->job.name, err);
    return ATTEMPT_FAILED;
}

/*
 * The SIGKILL is for who does not end, and changes nothing for who does. Not even that may end one
 * that is late at once, which is not waited for.
 */
static enum attempt_end attempt_finish(struct attempt *attempt)
{
    struct error *err = &attempt->task->err;
    enum attempt_end end = ATTEMPT_FAILED;

    (void)kill(attempt->child, SIGKILL);
    /* Its last words. Who else may have the pipe open is not waited for, nor is a flood drunk. */
    if (err->cls == CLASS_NONE && attempt->errors >= 0) {
        (void)fcntl(attempt->errors, F_SETFL, O_NONBLOCK);
        for (size_t i = 0; i < 64 && relay(attempt); i++)
            ;
    }
    if (attempt->line_len > 0)
        say_line(attempt);
    if (err->cls == CLASS_NONE)
        end = take_result(attempt, err);
    sandbox_close_end(&attempt->result);
    sandbox_close_end(&attempt->errors);
    secret_clear(&attempt->told);
    return end;
}

/* Whether it is under way. */
static bool attempt_begin(struct attempt *attempt)
{
    int results[2] = {-1, -1};
    int errors[2] = {-1, -1};

    if (pipe2(results, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0) {
        attempt->child = fork_child(SIGKILL);
        if (attempt->child == 0)
            do_apart(attempt, results[1], errors[1]);
    }
    sandbox_close_end(&results[1]);
    sandbox_close_end(&errors[1]);
    attempt->result = results[0];
    attempt->errors = errors[0];
    if (attempt->child > 0)
        return true;
    sandbox_close_end(&attempt->result);
    sandbox_close_end(&attempt->errors);
    return false;
}

/* Several. */

struct crowd {
    struct sandbox_task *tasks;
    size_t count;
    size_t next; /* of those that have not begun */
    size_t done;
    const struct sandbox_watch *watch;
    struct attempt attempts[SANDBOX_AT_ONCE];
};

/* In that confinement or in less; where there can be no other process, it is done here and now. */
static void crowd_try(struct crowd *crowd, struct attempt *attempt, struct sandbox_task *task,
                      unsigned depth)
{
    for (; depth < CONFINEMENTS; depth++) {
        *attempt = (struct attempt){.task = task, .depth = (enum confinement)depth, .child = -1};
        if (attempt_begin(attempt))
            return;
    }
    attempt->task = NULL;
    task->job.work(task->job.ctx, task->result);
    task->ret = 0;
    crowd->done++;
}

static void crowd_start(struct crowd *crowd)
{
    for (size_t i = 0; i < SANDBOX_AT_ONCE && crowd->next < crowd->count; i++) {
        while (crowd->attempts[i].task == NULL && crowd->next < crowd->count) {
            struct sandbox_task *task = &crowd->tasks[crowd->next++];

            task->err = ERROR_INIT;
            if (crowd->watch != NULL && crowd->watch->on_start != NULL)
                crowd->watch->on_start(crowd->watch->ctx, task);
            crowd_try(crowd, &crowd->attempts[i], task, 0);
        }
    }
}

/* As poll(2), for as long as nobody is late; poll() looks at no end that is closed. */
static int crowd_poll(const struct crowd *crowd, struct pollfd ends[2 * SANDBOX_AT_ONCE])
{
    enum { LOOK_MS = 1000 };
    bool is_watched = crowd->watch != NULL && crowd->watch->on_wait != NULL;
    int wait_ms = is_watched ? LOOK_MS : INT_MAX;

    for (size_t i = 0; i < SANDBOX_AT_ONCE; i++) {
        const struct attempt *attempt = &crowd->attempts[i];
        bool is_there = attempt->task != NULL;

        ends[2 * i] = (struct pollfd){.fd = is_there ? attempt->result : -1, .events = POLLIN};
        ends[2 * i + 1] = (struct pollfd){.fd = is_there ? attempt->errors : -1, .events = POLLIN};
        if (is_there && left_ms(attempt) < wait_ms)
            wait_ms = left_ms(attempt);
    }
    return poll(ends, (nfds_t)2 * SANDBOX_AT_ONCE, wait_ms);
}

/* Until it has told all of its result, has ended, or must be ended. Returns whether it goes on. */
static bool attempt_attend(struct attempt *attempt, const struct pollfd *ends, int ready)
{
    struct error *err = &attempt->task->err;

    if (ready < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process") == 0;
    if (ready > 0 && ends[1].revents != 0 && !relay(attempt))
        sandbox_close_end(&attempt->errors);
    if (ready > 0 && ends[0].revents != 0 && listen_once(attempt, err) < 0)
        return false;
    if (attempt->result >= 0 && left_ms(attempt) == 0)
        return give_up_late(attempt, err) == 0;
    return attempt->result >= 0;
}

static void crowd_attend(struct crowd *crowd)
{
    struct pollfd ends[2 * SANDBOX_AT_ONCE];
    int ready = crowd_poll(crowd, ends);

    if (ready < 0 && errno == EINTR)
        ready = 0;
    for (size_t i = 0; i < SANDBOX_AT_ONCE; i++) {
        struct attempt *attempt = &crowd->attempts[i];
        struct sandbox_task *task = attempt->task;
        enum attempt_end end;

        if (task == NULL || attempt_attend(attempt, &ends[2 * i], ready))
            continue;
        end = attempt_finish(attempt);
        attempt->task = NULL;
        if (end == ATTEMPT_UNBEGUN) {
            crowd_try(crowd, attempt, task, (unsigned)attempt->depth + 1);
        } else {
            task->ret = end == ATTEMPT_DONE ? 0 : -1;
            crowd->done++;
        }
    }
}

void sandbox_run_all(struct sandbox_task *tasks, size_t count, const struct sandbox_watch *watch)
{
    struct crowd crowd = {.tasks = tasks, .count = count, .watch = watch};

    (void)fflush(NULL); /* or both would write it */
    crowd_start(&crowd);
    while (crowd.done < count) {
        crowd_attend(&crowd);
        if (watch != NULL && watch->on_wait != NULL)
            watch->on_wait(watch->ctx, crowd.done);
        crowd_start(&crowd);
    }
}

#else

void sandbox_run_all(struct sandbox_task *tasks, size_t count, const struct sandbox_watch *watch)
{
    for (size_t i = 0; i < count; i++) {
        tasks[i].err = ERROR_INIT;
        if (watch != NULL && watch->on_start != NULL)
            watch->on_start(watch->ctx, &tasks[i]);
        tasks[i].job.work(tasks[i].job.ctx, tasks[i].result);
        tasks[i].ret = 0;
    }
}

#endif

int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    struct sandbox_task task = {.job = *job, .result = result, .size = size};

    sandbox_run_all(&task, 1, NULL);
    if (task.ret < 0)
        *err = task.err;
    return task.ret;
}

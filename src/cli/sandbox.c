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

#include "base/child.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/confinement.h"
#include "cli/process.h"

enum { LINE_MAX_SHOWN = 2048, READ_BLOCK = 16384 }; /* a line is less than a pipe takes at once */

/* What comes before any result: all that a filter of system calls may kill for is done. */
static const char entered = 1;

/* One try at it, and what has come of it. */
struct attempt {
    const struct sandbox_job *job;
    enum confinement depth;
    size_t size;               /* of a result */
    struct secret told;        /* on the one pipe: `entered` and a result */
    char line[LINE_MAX_SHOWN]; /* on the other: what standard error has not been told yet */
    size_t line_len;
    pid_t child;
    int result; /* our ends of the pipes; -1: at its end */
    int errors;
};

static void do_apart(const struct attempt *attempt, void *result, int result_fd, int errors_fd)
{
    const struct sandbox_job *job = attempt->job;
    int ret;

    confinement_enter(result_fd, errors_fd, attempt->depth);
    ret = io_write_all(result_fd, &entered, sizeof(entered));
    job->work(job->ctx, result);
    job->forget(job->ctx);
    if (ret == 0)
        ret = io_write_all(result_fd, result, attempt->size);
    process_end(ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Standard error. */

static int left_ms(const struct attempt *attempt)
{
    int64_t left = clock_left(attempt->job->clock, attempt->job->deadline_ms);

    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Pass a line on, unless that would hold us up: whoever reads it may have stopped. */
static void say_line(struct attempt *attempt)
{
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};
    char shown[LINE_MAX_SHOWN + 2];
    size_t len;

    (void)text_printable(shown, LINE_MAX_SHOWN + 1, attempt->line, attempt->line_len);
    attempt->line_len = 0;
    len = strlen(shown);
    shown[len++] = '\n';
    if (poll(&reader, 1, left_ms(attempt)) > 0)
        (void)!io_write_all(STDERR_FILENO, shown, len);
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

/* More than a result is none, and is not waited for. */
static int listen_once(struct attempt *attempt, struct error *err)
{
    char block[READ_BLOCK];
    ssize_t n = read(attempt->result, block, sizeof(block));
    int ret = 0;

    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot read the result of %s",
                               attempt->job->name);
    if (n == 0)
        sandbox_close_end(&attempt->result);
    if (n > 0 && (size_t)n > sizeof(entered) + attempt->size - attempt->told.len)
        ret = error_set(err, CLASS_INTERNAL, "internal error: malformed result of %s",
                        attempt->job->name);
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
    return error_set(err, CLASS_UNREACHABLE, "%s timed out", attempt->job->name);
}

/* Until it has told all of its result, has ended, or must be ended. */
static int follow_child(struct attempt *attempt, struct error *err)
{
    while (attempt->result >= 0) {
        struct pollfd ends[] = {{.fd = attempt->result, .events = POLLIN},
                                {.fd = attempt->errors, .events = POLLIN}};
        int left = left_ms(attempt);
        int ready = poll(ends, 2, left);

        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
        if (ready == 0 || left == 0)
            return give_up_late(attempt, err);
        if (ready > 0 && ends[1].revents != 0 && !relay(attempt))
            sandbox_close_end(&attempt->errors);
        if (ready > 0 && ends[0].revents != 0 && listen_once(attempt, err) < 0)
            return -1;
    }
    return 0;
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
static enum attempt_end take_result(const struct attempt *attempt, void *result, struct error *err)
{
    const struct sandbox_job *job = attempt->job;
    const struct secret *told = &attempt->told;
    int status = 0;
    int ended = child_wait(attempt->child, job->clock, job->deadline_ms, &status);

    if (ended > 0 && told->len == sizeof(entered) + attempt->size) {
        memcpy(result, secret_text(told) + sizeof(entered), attempt->size);
        return ATTEMPT_DONE;
    }
    if (ended > 0 && told->len == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return ATTEMPT_UNBEGUN; /* a filter of system calls that does not know what we call */
    if (ended < 0)
        (void)error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    else if (ended == 0)
        (void)give_up_late(attempt, err);
    else
        (void)judge_end(status, job->name, err);
    return ATTEMPT_FAILED;
}

/*
 * The SIGKILL is for who does not end, and changes nothing for who does. Not even that may end one
 * that is late at once, which is not waited for.
 */
static enum attempt_end attend_child(struct attempt *attempt, void *result, struct error *err)
{
    int ret = follow_child(attempt, err);

    (void)kill(attempt->child, SIGKILL);
    /* Its last words. Who else may have the pipe open is not waited for, nor is a flood drunk. */
    if (ret == 0 && attempt->errors >= 0) {
        (void)fcntl(attempt->errors, F_SETFL, O_NONBLOCK);
        for (size_t i = 0; i < 64 && relay(attempt); i++)
            ;
    }
    if (attempt->line_len > 0)
        say_line(attempt);
    return ret == 0 ? take_result(attempt, result, err) : ATTEMPT_FAILED;
}

static enum attempt_end try_apart(struct attempt *attempt, void *result, struct error *err)
{
    int results[2] = {-1, -1};
    int errors[2] = {-1, -1};
    enum attempt_end end = ATTEMPT_UNBEGUN;

    if (pipe2(results, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0) {
        attempt->child = child_fork(SIGKILL);
        if (attempt->child == 0)
            do_apart(attempt, result, results[1], errors[1]);
    }
    sandbox_close_end(&results[1]);
    sandbox_close_end(&errors[1]);
    attempt->result = results[0];
    attempt->errors = errors[0];
    if (attempt->child > 0)
        end = attend_child(attempt, result, err);
    sandbox_close_end(&attempt->result);
    sandbox_close_end(&attempt->errors);
    secret_clear(&attempt->told);
    return end;
}

int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    enum attempt_end end = ATTEMPT_UNBEGUN;

    (void)fflush(NULL); /* or both would write it */
    for (unsigned depth = 0; end == ATTEMPT_UNBEGUN && depth < CONFINEMENTS; depth++) {
        struct attempt attempt = {
            .job = job, .depth = (enum confinement)depth, .size = size, .child = -1};

        end = try_apart(&attempt, result, err);
    }
    if (end == ATTEMPT_UNBEGUN)
        job->work(job->ctx, result);
    return end == ATTEMPT_FAILED ? -1 : 0;
}

#else

int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    (void)size;
    (void)err;
    job->work(job->ctx, result);
    return 0;
}

#endif

#include "cli/sandbox.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/confinement.h"
#include "cli/process.h"

/* What comes before any result: all that a filter of system calls may kill for is done. */
static const char entered = 1;

/* One try at it. */
struct attempt {
    const struct sandbox_job *job;
    void *result;
    size_t size;
    bool with_landlock;
};

static void do_apart(const struct attempt *attempt, pid_t parent, int fd)
{
    const struct sandbox_job *job = attempt->job;
    int ret;

    process_die_with(parent, SIGKILL);
    confinement_enter(fd, attempt->with_landlock);
    ret = io_write_all(fd, &entered, sizeof(entered));
    job->work(job->ctx, attempt->result);
    job->forget(job->ctx);
    if (ret == 0)
        ret = io_write_all(fd, attempt->result, attempt->size);
    process_end(ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Only this one is waited for: whoever exec'ed us may have left us other children. */
static int wait_for(pid_t child, int *status)
{
    pid_t ended;

    do {
        ended = waitpid(child, status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == child ? 0 : -1;
}

static int judge(int status, const char *name, struct error *err)
{
    if (WIFSIGNALED(status))
        (void)error_set(err, CLASS_INTERNAL, "%s ended with signal %d", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != EXIT_SUCCESS)
        (void)error_set(err, CLASS_INTERNAL, "%s ended with status %d", name, WEXITSTATUS(status));
    else
        (void)error_set(err, CLASS_INTERNAL, "%s ended without a result", name);
    return error_hint(err, "if it does so again, report it with what --verbose shows");
}

/* What became of a process that has closed the pipe: by its end, if it is not up to something. */
static int take(const struct attempt *attempt, const struct secret *told, pid_t child,
                struct error *err)
{
    int status = 0;

    if (wait_for(child, &status) < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    if (told->len == sizeof(entered) + attempt->size) {
        memcpy(attempt->result, told->data + sizeof(entered), attempt->size);
        return 0;
    }
    if (told->len == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return 1;
    return judge(status, attempt->job->name, err);
}

/*
 * Returns 1 where a filter of system calls has let it come to nothing: no stranger was heard yet.
 * The SIGKILL is for who does not end, and changes nothing for who does. Not even that may end one
 * that is late at once, which is not waited for.
 */
static int follow(const struct attempt *attempt, pid_t child, int fd, struct error *err)
{
    const struct sandbox_job *job = attempt->job;
    struct io_input input = {.name = job->name,
                             .cls = CLASS_INTERNAL,
                             .max = sizeof(entered) + attempt->size,
                             .clock = job->clock,
                             .deadline_ms = job->deadline_ms};
    struct secret told = SECRET_INIT;
    int ret = io_read_all(&told, fd, &input, err);

    if (ret < 0 && clock_left(job->clock, job->deadline_ms) == 0)
        err->cls = CLASS_UNREACHABLE; /* it did not come to its end in time */
    (void)close(fd);
    (void)kill(child, SIGKILL);
    if (ret == 0)
        ret = take(attempt, &told, child, err);
    secret_clear(&told);
    return ret;
}

/* As sandbox_run(), or 1: it could not be begun. */
static int try(const struct attempt *attempt, struct error *err)
{
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return 1;
    child = fork();
    if (child == 0)
        do_apart(attempt, parent, ends[1]);
    (void)close(ends[1]);
    if (child > 0)
        return follow(attempt, child, ends[0], err);
    (void)close(ends[0]);
    return 1;
}

int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    struct attempt attempt = {.job = job, .result = result, .size = size, .with_landlock = true};
    int ret;

    (void)fflush(NULL); /* or both would write it */
    ret = try(&attempt, err);
    if (ret > 0) {
        attempt.with_landlock = false;
        ret = try(&attempt, err);
    }
    if (ret <= 0)
        return ret;
    job->work(job->ctx, result);
    return 0;
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

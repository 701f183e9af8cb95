#include "cli/sandbox.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/confinement.h"
#include "cli/process.h"

static bool receive(int fd, char *result, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, result, size);

        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        result += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void do_apart(const struct sandbox_job *job, void *result, size_t size, pid_t parent, int fd)
{
    int ret;

    process_die_with(parent, SIGKILL);
    confinement_enter(fd);
    job->work(job->ctx, result);
    job->forget(job->ctx);
    ret = io_write_all(fd, result, size);
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

static int judge(int status, bool is_done, const char *name, struct error *err)
{
    if (WIFSIGNALED(status))
        (void)error_set(err, CLASS_INTERNAL, "%s ended with signal %d", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != EXIT_SUCCESS)
        (void)error_set(err, CLASS_INTERNAL, "%s ended with status %d", name, WEXITSTATUS(status));
    else if (!is_done)
        (void)error_set(err, CLASS_INTERNAL, "%s ended without a result", name);
    else
        return 0;
    return error_hint(err, "if it does so again, report it with what --verbose shows");
}

static int follow(pid_t child, int fd, const char *name, void *result, size_t size,
                  struct error *err)
{
    bool is_done = receive(fd, result, size);
    int status = 0;

    (void)close(fd);
    if (wait_for(child, &status) < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    return judge(status, is_done, name, err);
}

int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
{
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    pid_t child = -1;

    (void)fflush(NULL); /* or both would write it */
    if (pipe2(ends, O_CLOEXEC) == 0) {
        child = fork();
        if (child == 0)
            do_apart(job, result, size, parent, ends[1]);
        (void)close(ends[1]);
    }
    if (child > 0)
        return follow(child, ends[0], job->name, result, size, err);
    if (ends[0] >= 0)
        (void)close(ends[0]);
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

#include "base/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

enum {
    SIGNAL_BASE = 128,       /* as the shell has it */
    DESCRIPTORS_MAX = 65536, /* that are looked at if there is no close_range() */
    PAUSE_MS = 1,            /* between looks at a child that is about to end */
};

static void die_with(pid_t parent, int death)
{
    pid_t found;

#if defined(__linux__)
    (void)prctl(PR_SET_PDEATHSIG, death, 0, 0, 0);
#endif
    found = getppid(); /* 0: it has no number in this namespace of processes */
    if (found != parent && found != 0)
        _exit(SIGNAL_BASE + death); /* it ended before that was set */
}

pid_t fork_child(int death)
{
    pid_t parent = getpid();
    sigset_t before;
    sigset_t all;
    bool is_masked;
    int errnum;
    pid_t pid;

    /*
     * A signal between fork() and the child's own setting would be taken by a handler of ours, in
     * the wrong process.
     */
    (void)sigfillset(&all);
    is_masked = sigprocmask(SIG_BLOCK, &all, &before) == 0;
    pid = fork();
    errnum = errno;
    if (pid == 0)
        die_with(parent, death);
    if (is_masked)
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = errnum;
    return pid;
}

int fork_wait(pid_t pid, const struct clock *clock, int64_t deadline_ms, int *status)
{
    for (;;) {
        pid_t ended = waitpid(pid, status, clock != NULL ? WNOHANG : 0);

        if (ended == pid)
            return 1;
        if (ended < 0 && errno != EINTR)
            return -1;
        if (clock != NULL && clock_left(clock, deadline_ms) == 0)
            return 0;
        if (clock != NULL)
            clock->sleep_ms(clock->ctx, PAUSE_MS);
    }
}

int fork_exit_status(int status)
{
    return WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

void fork_close_range(unsigned first, unsigned last, bool on_exec)
{
    struct rlimit limit;
    unsigned end = DESCRIPTORS_MAX;

#if defined(SYS_close_range)
    enum { ON_EXEC = 1U << 2 }; /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

    if (syscall(SYS_close_range, first, last, on_exec ? ON_EXEC : 0) == 0)
        return;
#endif
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < end)
        end = (unsigned)limit.rlim_max;
    for (unsigned fd = first; fd <= last && fd < end; fd++) {
        if (on_exec)
            (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        else
            (void)close((int)fd);
    }
}

/* What we ignore, SIGPIPE for one, would stay ignored. */
void fork_reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL); /* SIGKILL, SIGSTOP and libc's own refuse */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

#include "base/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
    DESCRIPTORS_MAX = 65536, /* that are looked at if the kernel lists none */
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

static void close_one(unsigned fd, bool on_exec)
{
    if (on_exec)
        (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    else
        (void)close((int)fd); /* many are not open */
}

#if defined(SYS_getdents64)

/* As getdents64(2) has it; libc knows it by no name that is everywhere. */
struct listed {
    uint64_t inode;
    int64_t next;
    uint16_t len;
    unsigned char type;
    char name[];
};

/* UINT_MAX: "." or "..". */
static unsigned listed_number(const struct listed *listed)
{
    unsigned number = 0;

    for (const char *c = listed->name; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return UINT_MAX;
        number = number * 10 + (unsigned)(*c - '0');
    }
    return number;
}

/* Returns whether the kernel lists them: those above today's limit, too. */
static bool close_listed(unsigned first, unsigned last, bool on_exec)
{
    _Alignas(struct listed) char block[2048];
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long len = dir < 0 ? -1 : syscall(SYS_getdents64, dir, block, sizeof(block));
    bool is_listed = len > 0;

    for (; len > 0; len = syscall(SYS_getdents64, dir, block, sizeof(block))) {
        const struct listed *listed;

        for (long at = 0; at < len; at += listed->len) {
            unsigned fd;

            listed = (const void *)(block + at);
            fd = listed_number(listed);
            if (fd != UINT_MAX && fd >= first && fd <= last && fd != (unsigned)dir)
                close_one(fd, on_exec);
        }
    }
    if (dir >= 0)
        (void)close(dir);
    return is_listed;
}

#else

static bool close_listed(unsigned first, unsigned last, bool on_exec)
{
    (void)first;
    (void)last;
    (void)on_exec;
    return false;
}

#endif

void fork_close_each(unsigned first, unsigned last, bool on_exec)
{
    struct rlimit limit;
    unsigned end = DESCRIPTORS_MAX;

    if (close_listed(first, last, on_exec))
        return;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < end)
        end = (unsigned)limit.rlim_max;
    for (unsigned fd = first; fd <= last && fd < end; fd++)
        close_one(fd, on_exec);
}

void fork_close_range(unsigned first, unsigned last, bool on_exec)
{
#if defined(SYS_close_range)
    enum { ON_EXEC = 1U << 2 }; /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

    if (syscall(SYS_close_range, first, last, on_exec ? ON_EXEC : 0) == 0)
        return;
#endif
    fork_close_each(first, last, on_exec);
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

#include "store/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

enum {
    FIRST_OTHER = STDERR_FILENO + 1,
    DESCRIPTORS_MAX = 1024, /* that are looked at where there is no close_range() */
    COULD_NOT_START = 127,
    STATUS = SPAWN_PIPES, /* one more pipe: it tells why exec failed */
    ALL_PIPES,
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* a pipe: nothing is lost */
    *fd = -1;
}

static void close_ends(int *fds)
{
    for (size_t i = 0; i < ALL_PIPES; i++)
        close_end(&fds[i]);
}

static int open_pipes(int *ours, int *theirs)
{
    for (size_t i = 0; i < ALL_PIPES; i++) {
        bool we_write = i == SPAWN_IN;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return -1;
        ours[i] = ends[we_write];
        theirs[i] = ends[!we_write];
        /* The two ends have flags of their own: the program's ends block, as it expects. */
        if (i != STATUS && fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0)
            return -1;
    }
    return 0;
}

/*
 * From here to become(): the child before exec. Only what is async-signal-safe, for libcurl may
 * have threads.
 */

/* What we ignore, SIGPIPE for one, would stay ignored. */
static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL); /* SIGKILL, SIGSTOP and libc's own refuse */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ours are close-on-exec anyhow; this is for those that we were started with. */
static void close_others_on_exec(void)
{
#if defined(SYS_close_range)
    enum { ON_EXEC = 1U << 2 }; /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

    if (syscall(SYS_close_range, FIRST_OTHER, ~0U, ON_EXEC) == 0)
        return;
#endif
    for (int fd = FIRST_OTHER; fd < DESCRIPTORS_MAX; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void die_with(pid_t parent)
{
    pid_t found;

#if defined(__linux__)
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#endif
    found = getppid(); /* 0: it has no number in this namespace of processes */
    if (found != parent && found != 0)
        _exit(COULD_NOT_START); /* it ended before that was set */
}

static void become(const struct spawn *spawn, const int *theirs, pid_t parent)
{
    int errnum;

    (void)setsid(); /* cannot fail: a new process leads no group */
    reset_signals();
    die_with(parent);
    if (dup2(theirs[SPAWN_IN], STDIN_FILENO) >= 0 && dup2(theirs[SPAWN_OUT], STDOUT_FILENO) >= 0 &&
        dup2(theirs[SPAWN_ERR], STDERR_FILENO) >= 0) {
        close_others_on_exec();
        (void)execve(spawn->path, (char *const *)(uintptr_t)spawn->argv, spawn->environment);
    }
    errnum = errno;
    while (write(theirs[STATUS], &errnum, sizeof(errnum)) < 0 && errno == EINTR)
        ;
    _exit(COULD_NOT_START);
}

/* Whether exec failed, and why: when it succeeds, it closes the pipe without a word. */
static bool has_failed(int fd, int *errnum)
{
    ssize_t n;

    do {
        n = read(fd, errnum, sizeof(*errnum));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(*errnum);
}

/* Returns the new process, or -1 with errno set. */
static pid_t start(int *ours, const struct spawn *spawn)
{
    int theirs[ALL_PIPES] = {-1, -1, -1, -1};
    pid_t parent = getpid();
    pid_t pid = open_pipes(ours, theirs) == 0 ? fork() : -1;
    int errnum = errno;

    if (pid == 0)
        become(spawn, theirs, parent);
    close_ends(theirs);
    if (pid > 0 && has_failed(ours[STATUS], &errnum)) {
        (void)waitpid(pid, NULL, 0);
        pid = -1;
    }
    close_end(&ours[STATUS]);
    errno = errnum;
    return pid;
}

int spawn_start(struct spawned *out, const struct spawn *spawn, struct error *err)
{
    int ours[ALL_PIPES] = {-1, -1, -1, -1};
    pid_t pid = start(ours, spawn);

    if (pid < 0) {
        (void)error_set_errno(err, CLASS_HELPER, errno, "cannot start '%s'", spawn->path);
        close_ends(ours);
        return -1;
    }
    out->pid = pid;
    for (size_t i = 0; i < SPAWN_PIPES; i++)
        out->fds[i] = ours[i];
    return 0;
}

void spawn_close(struct spawned *spawned, size_t pipe)
{
    close_end(&spawned->fds[pipe]);
}

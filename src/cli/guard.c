#include "cli/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "base/child.h"

/* All but those of a fault of our own, of job control, and what is ignored or cannot be caught. */
static sigset_t guarded(void)
{
    static const int others[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,
                                 SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGPIPE, SIGXFSZ};
    sigset_t set;

    (void)sigfillset(&set);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        (void)sigdelset(&set, others[i]);
    return set;
}

/* What was blocked before is not ours to open. */
static sigset_t mask_before;

int guard_begin(struct error *err)
{
    sigset_t set = guarded();

    if (sigprocmask(SIG_BLOCK, &set, &mask_before) == 0)
        return 0;
    return error_set_errno(err, CLASS_INTERNAL, errno, "cannot block signals");
}

/* A hangup comes from the kernel too, but to the leader of the session alone. */
static bool is_from_terminal(const siginfo_t *info)
{
    return info->si_code > 0 &&
           (info->si_signo == SIGINT || info->si_signo == SIGQUIT || info->si_signo == SIGWINCH);
}

/* Hand signals on until it has ended. Returns 0 and its status, or -1 with errno set. */
static int guard_wait(pid_t child, int *status)
{
    sigset_t set = guarded();
    siginfo_t info;
    pid_t ended;

    while ((ended = waitpid(child, status, WNOHANG)) == 0) {
        /* A child that ends after this look has its SIGCHLD waiting here. */
        if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && !is_from_terminal(&info))
            (void)kill(child, info.si_signo); /* not waited for: its number is still its own */
    }
    return ended < 0 ? -1 : 0;
}

int guard_run(int (*work)(void *ctx), void (*before_wait)(void *ctx), void *ctx, int *status,
              struct error *err)
{
    pid_t child = child_fork(SIGTERM);
    int ended;

    if (child < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot fork");
    if (child == 0) {
        (void)sigprocmask(SIG_SETMASK, &mask_before, NULL);
        exit(work(ctx));
    }
    before_wait(ctx);
    if (guard_wait(child, &ended) < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    *status = child_exit_status(ended);
    return 0;
}

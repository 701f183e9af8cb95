#include "cli/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process.h"

enum { SIGNAL_BASE = 128 }; /* as the shell has it */

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

/* Hand signals on until it has ended. Returns its status, or -1 with errno set. */
static int wait_for(pid_t child)
{
    sigset_t set = guarded();
    int status = 0;
    siginfo_t info;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        /* A child that ends after this look has its SIGCHLD waiting here. */
        if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && !is_from_terminal(&info))
            (void)kill(child, info.si_signo); /* not waited for: its number is still its own */
    }
    if (ended < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

int guard_run(int (*work)(void *ctx), void (*before_wait)(void *ctx), void *ctx, int *status,
              struct error *err)
{
    pid_t parent = getpid();
    pid_t child = fork();

    switch (child) {
    case -1:
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot make another process");
    case 0:
        (void)sigprocmask(SIG_SETMASK, &mask_before, NULL);
        process_die_with(parent, SIGTERM);
        exit(work(ctx));
    default:
        break;
    }
    before_wait(ctx);
    *status = wait_for(child);
    if (*status < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    return 0;
}

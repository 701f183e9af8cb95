#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/secret.h"

extern char **environ;

/* What is set, and to what. What they would kill for is reported by write(2): EPIPE, EFBIG. */
static const struct {
    int number;
    void (*handler)(int);
} dispositions[] = {
    {SIGPIPE, SIG_IGN},
    {SIGXFSZ, SIG_IGN},
    {SIGCHLD, SIG_DFL}, /* who ignores it never learns how a child ended */
};

enum { DISPOSITIONS = sizeof(dispositions) / sizeof(dispositions[0]) };

/* How this process was started. */
static struct {
    sigset_t mask;
    struct sigaction actions[DISPOSITIONS];
    struct rlimit core;
    mode_t umask;
    const char *key_log; /* stays where it is when the variable goes */
} before;

/*
 * A closed descriptor 0, 1 or 2 would be given to the next file: to the auth file, say. Where all
 * are open, /dev/null need not be there: a container from scratch has none.
 */
static int open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -1;
    }
    return 0;
}

/* The soft limit alone, because the hard one cannot be raised again. */
static int forbid_core(void)
{
    struct rlimit none;

    if (getrlimit(RLIMIT_CORE, &before.core) < 0)
        return -1;
    none = before.core;
    none.rlim_cur = 0;
    return setrlimit(RLIMIT_CORE, &none);
}

static int set_signals(void)
{
    if (sigprocmask(SIG_SETMASK, NULL, &before.mask) < 0)
        return -1;
    for (size_t i = 0; i < DISPOSITIONS; i++) {
        struct sigaction action = {.sa_handler = dispositions[i].handler};

        if (sigaction(dispositions[i].number, &action, &before.actions[i]) < 0)
            return -1;
    }
    return 0;
}

int process_harden(void)
{
    if (open_standard_descriptors() < 0 || forbid_core() < 0 || secret_forbid_dump() < 0)
        return -1;
    /* libcurl would write the keys of the TLS session there. */
    before.key_log = getenv("SSLKEYLOGFILE");
    (void)unsetenv("SSLKEYLOGFILE");
    before.umask = umask(077);
    return set_signals();
}

void process_restore(void)
{
    if (before.key_log != NULL)
        (void)setenv("SSLKEYLOGFILE", before.key_log, 1);
    (void)umask(before.umask);
    (void)setrlimit(RLIMIT_CORE,
                    &before.core); /* no more than the hard limit, which is as it was */
    for (size_t i = 0; i < DISPOSITIONS; i++)
        (void)sigaction(dispositions[i].number, &before.actions[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &before.mask, NULL);
}

/* All but those of a fault of our own, of job control, and what is ignored or cannot be caught. */
static sigset_t guarded_signals(void)
{
    static const int others[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,
                                 SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGPIPE, SIGXFSZ};
    sigset_t set;

    (void)sigfillset(&set);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        (void)sigdelset(&set, others[i]);
    return set;
}

int process_guard(struct error *err)
{
    sigset_t set = guarded_signals();

    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
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
static int wait_and_hand_on(pid_t child, int *status)
{
    sigset_t set = guarded_signals();
    siginfo_t info;
    pid_t ended;

    while ((ended = waitpid(child, status, WNOHANG)) == 0) {
        /* A child that ends after this look has its SIGCHLD waiting here. */
        if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && !is_from_terminal(&info))
            (void)kill(child, info.si_signo); /* not waited for: its number is still its own */
    }
    return ended < 0 ? -1 : 0;
}

int process_run_guarded(int (*work)(void *ctx), void (*before_wait)(void *ctx), void *ctx,
                        int *status, struct error *err)
{
    pid_t child = fork_child(SIGTERM);
    int ended;

    if (child < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot fork");
    if (child == 0) {
        (void)sigprocmask(SIG_SETMASK, &before.mask,
                          NULL); /* what was blocked is not ours to open */
        exit(work(ctx));
    }
    before_wait(ctx);
    if (wait_and_hand_on(child, &ended) < 0)
        return error_set_errno(err, CLASS_INTERNAL, errno, "cannot wait for a process");
    *status = fork_exit_status(ended);
    return 0;
}

const char *environment(const char *name)
{
    return getenv(name);
}

void environment_forget(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    if (len == 0)
        return;
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        if (strncmp(*each, name, len) == 0 && (*each)[len] == '=')
            explicit_bzero(*each + len + 1, strlen(*each + len + 1));
    }
    (void)unsetenv(
        name); /* every one of them; a name with '=' it does not take, nor is there one */
}

void environment_forget_all(void)
{
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        explicit_bzero(*each, strlen(*each));
        *each = NULL;
    }
}

/* Line ends after the value are not part of the token: credential/input.c has cut them off, too. */
void environment_forget_secret(const struct secret *secret)
{
    char **kept = environ;

    if (secret->len < ENVIRONMENT_SECRET_MIN)
        return;
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        char *value = strchr(*each, '=');
        size_t len = value != NULL ? strcspn(++value, "\r\n") : 0;
        bool is_line = len > 0 && value[len + strspn(value + len, "\r\n")] == '\0';

        if (is_line && len == secret->len && memcmp(value, secret->data, len) == 0)
            explicit_bzero(value, strlen(value));
        else
            *kept++ = *each;
    }
    if (kept != NULL)
        *kept = NULL;
}

void process_end(int status)
{
    (void)fflush(NULL); /* standard output was before: see report_print() */
    _exit(status);
}

#include "cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

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

/* The soft limit alone, for the hard one cannot be raised again. */
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

void process_end(int status)
{
    (void)fflush(NULL); /* standard output was before: see report_print() */
    _exit(status);
}

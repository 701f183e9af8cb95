/*
 * Kernels that are played to the confinement, older or without a part of what it takes: syscall()
 * and prctl() are linked through here (ld's --wrap).
 */
#ifndef TESTS_CLI_KERNELS_H
#define TESTS_CLI_KERNELS_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/confinement.h"

#include "../../arguments.h"

/* The kernels that are played. */
static struct {
    long landlock;  /* its version at most; 0: all of it */
    int no_create;  /* errno in place of a ruleset; 0: none */
    int no_enforce; /* the same where it is to be enforced */
    int no_filter;  /* and for a filter of system calls */
    bool no_close_range;
} kernel;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

long __wrap_syscall(long number, ...)
{
    long a[ARGUMENTS];
    long ret;
    int errnum = number == SYS_landlock_create_ruleset  ? kernel.no_create
                 : number == SYS_landlock_restrict_self ? kernel.no_enforce
                 : number == SYS_close_range            ? kernel.no_close_range * ENOSYS
                                                        : 0;

    if (errnum != 0) {
        errno = errnum;
        return -1;
    }
    ARGUMENTS_TAKE(a, number);
    ret = __real_syscall(number, a[0], a[1], a[2], a[3]);
    if (number == SYS_landlock_create_ruleset && a[0] == 0 && kernel.landlock != 0 &&
        ret > kernel.landlock)
        return kernel.landlock;
    return ret;
}

int __wrap_prctl(int option, ...)
{
    long a[ARGUMENTS];

    if (option == PR_SET_SECCOMP && kernel.no_filter != 0) {
        errno = kernel.no_filter;
        return -1;
    }
    ARGUMENTS_TAKE(a, option);
    return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

static void enter(enum confinement depth)
{
    confinement_enter(dup(STDERR_FILENO), STDERR_FILENO, depth);
}

#endif

/*
 * For tests that link fork() and getppid() through themselves (ld's --wrap): a machine without room
 * for a process, and a parent that is gone.
 */
#ifndef TESTS_UNIT_FORKS_H
#define TESTS_UNIT_FORKS_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static bool has_no_fork;
static bool is_orphan;

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t __wrap_fork(void)
{
    if (!has_no_fork)
        return __real_fork();
    errno = EAGAIN;
    return -1;
}

pid_t __real_getppid(void);
pid_t __wrap_getppid(void);

pid_t __wrap_getppid(void)
{
    return is_orphan ? 1 : __real_getppid();
}

#endif

/*
 * Locks and types of file systems as a test plays them: flock(), fcntl() and fstatfs() are linked
 * through here.
 */
#ifndef TESTS_STORE_LOCKING_H
#define TESTS_STORE_LOCKING_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/vfs.h>

enum { NFS = 0x6969, TMPFS = 0x01021994 };

static int flock_errnum;     /* flock() fails with it */
static unsigned flock_times; /* so often; 0: ever */
static unsigned flock_calls;
static void (*flock_begins)(int fd);

int __real_flock(int, int);
int __wrap_flock(int, int);

int __wrap_flock(int fd, int operation)
{
    flock_calls++;
    if (flock_begins != NULL)
        flock_begins(fd);
    if (flock_errnum == 0 || (flock_times > 0 && flock_calls > flock_times))
        return __real_flock(fd, operation);
    errno = flock_errnum;
    return -1;
}

static int fcntl_errnum; /* a lock by fcntl() fails with it */

int __real_fcntl(int, int, ...);
int __wrap_fcntl(int, int, ...);

int __wrap_fcntl(int fd, int command, ...)
{
    va_list rest;
    void *argument;

    va_start(rest, command);
    argument = va_arg(rest, void *);
    va_end(rest);
    if (command != F_OFD_SETLK || fcntl_errnum == 0)
        return __real_fcntl(fd, command, argument);
    errno = fcntl_errnum;
    return -1;
}

static long fs_type = TMPFS; /* of every directory; 0: its own; -1: nobody can tell */

int __real_fstatfs(int, struct statfs *);
int __wrap_fstatfs(int, struct statfs *);

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    int ret = fs_type < 0 ? -1 : __real_fstatfs(fd, fs);

    if (ret == 0 && fs_type != 0)
        fs->f_type = fs_type;
    return ret;
}

static inline void locking_reset(void)
{
    flock_errnum = 0;
    flock_times = 0;
    flock_calls = 0;
    flock_begins = NULL;
    fcntl_errnum = 0;
    fs_type = TMPFS;
}

#endif

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
static int ofd_errnum;   /* one of an open file does */
static int busy_errnum;  /* what it says of a lock that is held; 0: as ever */

int __real_fcntl(int, int, ...);
int __wrap_fcntl(int, int, ...);

static int lock_record(int fd, int command, void *argument)
{
    int errnum = fcntl_errnum == 0 && command == F_OFD_SETLK ? ofd_errnum : fcntl_errnum;
    int ret = errnum == 0 ? __real_fcntl(fd, command, argument) : -1;

    if (errnum != 0)
        errno = errnum;
    else if (ret < 0 && errno == EAGAIN && busy_errnum != 0)
        errno = busy_errnum;
    return ret;
}

int __wrap_fcntl(int fd, int command, ...)
{
    va_list rest;
    void *argument;

    va_start(rest, command);
    argument = va_arg(rest, void *);
    va_end(rest);
    if (command == F_OFD_SETLK || command == F_SETLK)
        return lock_record(fd, command, argument);
    return __real_fcntl(fd, command, argument);
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
    ofd_errnum = 0;
    busy_errnum = 0;
    fs_type = TMPFS;
}

#endif

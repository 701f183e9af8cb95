#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *const names[] = {
#define INJECT_STRING(name) #name,
    INJECT_LIST(INJECT_STRING)
#undef INJECT_STRING
};

static struct {
    bool is_armed;
    bool has_struck;
    struct inject_fault fault;
    enum inject_call missing;
    int missing_errnum;
    unsigned counts[INJECT_CALLS];
    unsigned steps;
} state;

void (*inject_observer)(enum inject_call call, unsigned step);

const char *inject_name(enum inject_call call)
{
    return names[call];
}

void inject_arm(const struct inject_fault *fault, enum inject_call missing, int missing_errnum)
{
    state.has_struck = false;
    state.fault = *fault;
    state.missing = missing;
    state.missing_errnum = missing_errnum;
    for (size_t i = 0; i < INJECT_CALLS; i++)
        state.counts[i] = 0;
    state.steps = 0;
    state.is_armed = true;
}

bool inject_disarm(void)
{
    state.is_armed = false;
    return state.has_struck;
}

unsigned inject_count(enum inject_call call)
{
    return state.counts[call];
}

unsigned inject_steps(void)
{
    return state.steps;
}

static void observe(enum inject_call call)
{
    if (call == INJECT_malloc)
        return;
    state.steps++;
    if (inject_observer == NULL)
        return;
    state.is_armed = false;
    inject_observer(call, state.steps);
    state.is_armed = true;
}

enum verdict { GO, FAIL, HALF };

/* What becomes of one call; errno is set where it is to fail. */
static enum verdict judge(enum inject_call call)
{
    const struct inject_fault *fault = &state.fault;
    unsigned number;

    if (!state.is_armed)
        return GO;
    number = ++state.counts[call];
    observe(call);
    if (call == state.missing) {
        errno = state.missing_errnum;
        return FAIL;
    }
    if (call != fault->call || fault->nth == 0 || number < fault->nth)
        return GO;
    if (number > fault->nth && fault->how != INJECT_EVER && fault->how != INJECT_SHORT_THEN_FAIL)
        return GO;
    state.has_struck = true;
    errno = fault->errnum;
    if (number == fault->nth && fault->how >= INJECT_SHORT)
        return HALF;
    return FAIL;
}

/* A wrapper that fails, or hands its arguments on. */
#define WRAP(type, failed, name, parameters, arguments)                                            \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return judge(INJECT_##name) == FAIL ? failed : __real_##name arguments;                    \
    }

WRAP(void *, NULL, malloc, (size_t size), (size))
WRAP(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
WRAP(int, -1, flock, (int fd, int operation), (fd, operation))
WRAP(int, -1, stat, (const char *path, struct stat *st), (path, st))
WRAP(int, -1, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, -1, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group))
WRAP(ssize_t, -1, readlink, (const char *path, char *buf, size_t size), (path, buf, size))
WRAP(int, -1, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(int, -1, fstatat, (int dir, const char *path, struct stat *st, int flags),
     (dir, path, st, flags))
WRAP(int, -1, linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags),
     (from_dir, from, to_dir, to, flags))
WRAP(int, -1, renameat, (int from_dir, const char *from, int to_dir, const char *to),
     (from_dir, from, to_dir, to))
WRAP(int, -1, fremovexattr, (int fd, const char *name), (fd, name))
WRAP(int, -1, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(off_t, -1, lseek, (int fd, off_t offset, int whence), (fd, offset, whence))
WRAP(int, -1, ftruncate, (int fd, off_t len), (fd, len))
WRAP(ssize_t, -1, flistxattr, (int fd, char *list, size_t size), (fd, list, size))
WRAP(ssize_t, -1, fgetxattr, (int fd, const char *name, void *value, size_t size),
     (fd, name, value, size))
WRAP(int, -1, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags),
     (fd, name, value, size, flags))
WRAP(DIR *, NULL, fdopendir, (int fd), (fd))
WRAP(int, -1, renameat2,
     (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
     (from_dir, from, to_dir, to, flags))

/* These do more than fail or go on. */

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    enum verdict verdict = judge(INJECT_close);
    int errnum = errno;

    if (verdict != FAIL)
        return __real_close(fd);
    (void)__real_close(fd); /* as Linux does, whatever it returns */
    errno = errnum;
    return -1;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return judge(INJECT_fsync) == FAIL ? -1 : 0;
}

ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
    enum verdict verdict = judge(INJECT_read);

    return verdict == FAIL ? -1 : __real_read(fd, buf, verdict == HALF ? 1 : size);
}

ssize_t __real_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
    enum verdict verdict = judge(INJECT_write);

    return verdict == FAIL ? -1 : __real_write(fd, buf, verdict == HALF ? (size + 1) / 2 : size);
}

ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
    enum verdict verdict = judge(INJECT_pwrite);

    if (verdict == FAIL)
        return -1;
    return __real_pwrite(fd, buf, verdict == HALF ? (size + 1) / 2 : size, offset);
}

static mode_t mode_of(int flags, va_list *rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(*rest, mode_t) : 0;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, &rest);
    va_end(rest);
    return judge(INJECT_open) == FAIL ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, &rest);
    va_end(rest);
    return judge(INJECT_openat) == FAIL ? -1 : __real_openat(dir, path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list rest;
    void *argument;

    va_start(rest, command);
    argument = va_arg(rest, void *); /* all that is used here takes a pointer */
    va_end(rest);
    return judge(INJECT_fcntl) == FAIL ? -1 : __real_fcntl(fd, command, argument);
}

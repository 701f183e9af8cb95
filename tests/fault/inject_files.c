/*
 * The wrappers round libc's calls for memory, files and directories.
 */
#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

INJECT_WRAP(void *, NULL, malloc, (size_t size), (size))
INJECT_WRAP(void *, NULL, calloc, (size_t count, size_t size), (count, size))
INJECT_WRAP(void *, NULL, realloc, (void *block, size_t size), (block, size))
INJECT_WRAP(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
INJECT_WRAP(int, -1, flock, (int fd, int operation), (fd, operation))
INJECT_WRAP(int, -1, stat, (const char *path, struct stat *st), (path, st))
INJECT_WRAP(int, -1, lstat, (const char *path, struct stat *st), (path, st))
INJECT_WRAP(int, -1, fstat, (int fd, struct stat *st), (fd, st))
INJECT_WRAP(int, -1, fstatfs, (int fd, struct statfs *fs), (fd, fs))
INJECT_WRAP(int, -1, statfs, (const char *path, struct statfs *fs), (path, fs))
INJECT_WRAP(int, -1, statx, (int dir, const char *path, int flags, unsigned mask, struct statx *st),
            (dir, path, flags, mask, st))
INJECT_WRAP(int, -1, access, (const char *path, int mode), (path, mode))
INJECT_WRAP(int, -1, faccessat, (int dir, const char *path, int mode, int flags),
            (dir, path, mode, flags))
INJECT_WRAP(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
INJECT_WRAP(int, -1, fchmodat, (int dir, const char *path, mode_t mode, int flags),
            (dir, path, mode, flags))
INJECT_WRAP(int, -1, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group))
INJECT_WRAP(ssize_t, -1, readlink, (const char *path, char *buf, size_t size), (path, buf, size))
INJECT_WRAP(char *, NULL, realpath, (const char *path, char *real), (path, real))
INJECT_WRAP(int, -1, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
INJECT_WRAP(char *, NULL, mkdtemp, (char *path), (path))
INJECT_WRAP(int, -1, ftruncate, (int fd, off_t length), (fd, length))
INJECT_WRAP(int, -1, rmdir, (const char *path), (path))
INJECT_WRAP(int, -1, chdir, (const char *path), (path))
INJECT_WRAP(int, -1, symlinkat, (const char *target, int dir, const char *path),
            (target, dir, path))
INJECT_WRAP(int, -1, fstatat, (int dir, const char *path, struct stat *st, int flags),
            (dir, path, st, flags))
INJECT_WRAP(int, -1, linkat,
            (int from_dir, const char *from, int to_dir, const char *to, int flags),
            (from_dir, from, to_dir, to, flags))
INJECT_WRAP(int, -1, renameat, (int from_dir, const char *from, int to_dir, const char *to),
            (from_dir, from, to_dir, to))
INJECT_WRAP(int, -1, renameat2,
            (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
            (from_dir, from, to_dir, to, flags))
INJECT_WRAP(int, -1, fremovexattr, (int fd, const char *name), (fd, name))
INJECT_WRAP(int, -1, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
INJECT_WRAP(ssize_t, -1, flistxattr, (int fd, char *list, size_t size), (fd, list, size))
INJECT_WRAP(ssize_t, -1, fgetxattr, (int fd, const char *name, void *value, size_t size),
            (fd, name, value, size))
INJECT_WRAP(int, -1, fsetxattr,
            (int fd, const char *name, const void *value, size_t size, int flags),
            (fd, name, value, size, flags))
INJECT_WRAP(DIR *, NULL, fdopendir, (int fd), (fd))
INJECT_WRAP(DIR *, NULL, opendir, (const char *path), (path))
INJECT_WRAP(struct dirent *, NULL, readdir, (DIR * dir), (dir))
INJECT_WRAP(int, -1, scandir,
            (const char *path, struct dirent ***names, int (*filter)(const struct dirent *),
             int (*compare)(const struct dirent **, const struct dirent **)),
            (path, names, filter, compare))
INJECT_WRAP(int, 1, ferror, (FILE * file), (file))

/* These do more than fail or go on. */

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    enum inject_verdict verdict = inject_judge(INJECT_close);
    int errnum = errno;

    if (verdict != INJECT_FAIL)
        return __real_close(fd);
    (void)__real_close(fd); /* as Linux does, whatever it returns */
    errno = errnum;
    return -1;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return inject_judge(INJECT_fsync) == INJECT_FAIL ? -1 : 0;
}

/* What was to be written is lost. */
int __real_fflush(FILE *file);
int __wrap_fflush(FILE *file);
int __wrap_fflush(FILE *file)
{
    if (inject_judge(INJECT_fflush) != INJECT_FAIL)
        return __real_fflush(file);
    if (file != NULL)
        __fpurge(file);
    return EOF;
}

ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
    enum inject_verdict verdict = inject_judge(INJECT_read);

    return verdict == INJECT_FAIL ? -1 : __real_read(fd, buf, verdict == INJECT_HALF ? 1 : size);
}

ssize_t __real_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
    enum inject_verdict verdict = inject_judge(INJECT_write);

    if (verdict == INJECT_FAIL)
        return -1;
    return __real_write(fd, buf, verdict == INJECT_HALF ? (size + 1) / 2 : size);
}

ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
    enum inject_verdict verdict = inject_judge(INJECT_pread);

    if (verdict == INJECT_FAIL)
        return -1;
    return __real_pread(fd, buf, verdict == INJECT_HALF ? 1 : size, offset);
}

static mode_t mode_of(int flags, va_list *rest)
{
    bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

    return has_mode ? va_arg(*rest, mode_t) : 0;
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
    return inject_judge(INJECT_open) == INJECT_FAIL ? -1 : __real_open(path, flags, mode);
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
    return inject_judge(INJECT_openat) == INJECT_FAIL ? -1 : __real_openat(dir, path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list rest;
    void *argument;

    va_start(rest, command);
    argument = va_arg(rest, void *); /* as wide as any other */
    va_end(rest);
    if (inject_judge(INJECT_fcntl) == INJECT_FAIL)
        return -1;
    return __real_fcntl(fd, command, argument);
}

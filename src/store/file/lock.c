#include "store/file/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file/identity.h"
#include "store/path.h"

enum { LOCK_POLL_MS = 20 };

#if defined(F_OFD_SETLK)
#define SIDE_LOCK_COMMAND F_OFD_SETLK
#else
#define SIDE_LOCK_COMMAND F_SETLK
#endif

/* Each try returns 1 when the lock is held, 0 when somebody else has it, -1 with errno set. */

static int try_directory(struct lock *lock)
{
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
        return 1;
    return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* Whether the file behind `fd` still has its name: its last holder may have removed it. */
static int is_still_named(int fd, const struct lock *lock)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 && fstatat(lock->fd, lock->name, &named, 0) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/*
 * A run of root's that is killed must not leave what keeps the owner of the directory out; but what
 * was there before may be another name of any file, and is given to nobody.
 */
static int open_side_file(const struct lock *lock)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(lock->fd, lock->name, flags | O_CREAT | O_EXCL, 0600);
    struct stat dir;

    if (fd >= 0 && fstat(lock->fd, &dir) == 0)
        identity_give(fd, &dir);
    if (fd >= 0 || errno != EEXIST)
        return fd;
    fd = openat(lock->fd, lock->name, flags);
    if (fd < 0 && errno == ENOENT)
        errno = EAGAIN; /* its holder has just removed it */
    return fd;
}

static int try_side_file(struct lock *lock)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open_side_file(lock);
    int errnum = 0;

    if (fd < 0)
        return errno == EAGAIN ? 0 : -1;
    if (fcntl(fd, SIDE_LOCK_COMMAND, &whole) < 0)
        errnum = errno;
    else if (is_still_named(fd, lock)) {
        lock->side_fd = fd;
        return 1;
    }
    (void)close(fd);
    errno = errnum;
    return errnum == 0 || errnum == EAGAIN || errnum == EACCES ? 0 : -1;
}

static int wait_for(int (*try_lock)(struct lock *), struct lock *lock, const struct clock *clock,
                    int64_t deadline_ms)
{
    int held;

    while ((held = try_lock(lock)) == 0 && clock_left(clock, deadline_ms) > 0)
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, LOCK_POLL_MS));
    return held;
}

static int fail(int held, const struct lock *lock, const char *dir, struct error *err)
{
    int errnum = errno;

    if (held == 0) {
        (void)error_set(err, CLASS_AUTHFILE, "the directory '%s' stays locked by another process",
                        dir);
        return error_hint(err, "wait for it, or find it: lsof '%s'", dir);
    }
    (void)error_set_errno(err, CLASS_AUTHFILE, errnum, "cannot lock the directory '%s'", dir);
    if (errnum == EACCES && lock->name[0] != '\0' && faccessat(lock->fd, lock->name, F_OK, 0) == 0)
        (void)error_hint(err, "remove '%s/%s', if its owner has no login under way", dir,
                         lock->name);
    return -1;
}

int lock_acquire(struct lock *lock, int dir_fd, const char *dir, const char *name,
                 const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    int held = -1;

    *lock = LOCK_INIT;
    /* One more open file description, so that closing ours ends the lock and nothing else does. */
    lock->fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->fd >= 0) {
        held = wait_for(try_directory, lock, clock, deadline_ms);
        if (held < 0 && path_beside(lock->name, name, ".ghcr-login-lock", "") == 0)
            held = wait_for(try_side_file, lock, clock, deadline_ms);
    }
    if (held > 0)
        return 0;
    (void)fail(held, lock, dir, err);
    lock_release(lock);
    return -1;
}

void lock_release(struct lock *lock)
{
    if (lock->side_fd >= 0) {
        (void)unlinkat(lock->fd, lock->name, 0);
        (void)close(lock->side_fd);
    }
    if (lock->fd >= 0)
        (void)close(lock->fd);
    *lock = LOCK_INIT;
}

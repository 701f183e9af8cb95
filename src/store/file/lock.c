#include "store/file/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/file/attributes.h"
#include "store/path.h"

enum { LOCK_POLL_MS = 20 };

/* Who can write to the directory as well needs no lock to be in the way. */
static bool lock_can_be_held_by_readers(int dir_fd)
{
    struct stat st;

    return fstat(dir_fd, &st) == 0 && (st.st_mode & 044) != 0 && (st.st_mode & 022) == 0;
}

/* Each try returns 1 when the lock is held, 0 when somebody else has it, -1 with errno set. */

static int try_directory(struct lock *lock)
{
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0) {
        lock->has_directory = true;
        return 1;
    }
    return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* Whether the file open as `fd` still has its name: its last holder may have removed it. */
static bool is_still_named(int fd, const struct lock *lock)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 && fstatat(lock->fd, lock->name, &named, 0) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/*
 * A run of root's must not leave what keeps the owner of the directory out; but what was there
 * before may be another name of any file, and is given to nobody.
 */
static int open_side_file(const struct lock *lock, bool *is_ours)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY; /* not ours may be odd */
    int fd = openat(lock->fd, lock->name, flags | O_CREAT | O_EXCL, 0600);
    struct stat dir;

    *is_ours = fd >= 0;
    if (fd >= 0 && fstat(lock->fd, &dir) == 0)
        identity_give(fd, &dir);
    if (fd >= 0 || errno != EEXIST)
        return fd;
    fd = openat(lock->fd, lock->name, flags);
    if (fd < 0 && (errno == ENOENT || errno == ESTALE))
        errno = EAGAIN; /* its holder has just removed it */
    return fd;
}

/* Whether somebody holds the lock that was just refused. */
static bool is_side_file_held(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/*
 * The lock belongs to the open file. Kernels and sandboxes that do not have such locks have those
 * of a process, which end with any descriptor of that file: this process has one.
 * Returns 0, or -1 with errno set; EAGAIN: somebody holds it.
 */
static int lock_side_file(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int ret = fcntl(fd, IO_SETLK, &whole);

    if (ret < 0 && errno == EINVAL)
        ret = fcntl(fd, F_SETLK, &whole);
    /* POSIX permits EACCES for a lock that is held (CIFS says so), and a refusal looks the same. */
    if (ret < 0 && errno == EACCES)
        errno = is_side_file_held(fd) ? EAGAIN : EACCES;
    return ret;
}

static int try_side_file(struct lock *lock)
{
    bool is_ours;
    int fd = open_side_file(lock, &is_ours);
    int errnum = 0;

    if (fd < 0)
        return errno == EAGAIN ? 0 : -1;
    /* The run that made it removes it, even if another run is quicker to lock it. */
    lock->is_litter = lock->is_litter || is_ours;
    if (lock_side_file(fd) < 0)
        errnum = errno;
    else if (is_still_named(fd, lock)) {
        lock->side_fd = fd;
        return 1;
    }
    if (is_ours && errnum != 0 && errnum != EAGAIN)
        (void)unlinkat(lock->fd, lock->name, 0); /* it serves nobody */
    (void)close(fd);
    errno = errnum;
    return errnum == 0 || errnum == EAGAIN || errnum == EINTR ? 0 : -1;
}

/* Of two locks that are refused the side file is the one that something can be done about. */
static int wait_for(int (*try_lock)(struct lock *), struct lock *lock, const struct clock *clock,
                    int64_t deadline_ms)
{
    int held;

    while ((held = try_lock(lock)) == 0 && clock_left(clock, deadline_ms) > 0)
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, LOCK_POLL_MS));
    if (held < 0 && (lock->errnum == 0 || try_lock == try_side_file))
        lock->errnum = errno;
    return held;
}

/* A run on another host may have left it, to which this directory is exported. */
static bool has_side_file(const struct lock *lock)
{
    struct stat st;

    return fstatat(lock->fd, lock->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What somebody else has held all the time, or LOCK_HAD. */
enum lock_outcome { LOCK_HAD, LOCK_DIRECTORY_BUSY, LOCK_SIDE_FILE_BUSY };

/*
 * The directory comes first, so that of each host one run alone asks for the side file; and all
 * keep to that, so that no two wait for each other.
 */
static enum lock_outcome lock_all(struct lock *lock, const struct clock *clock, int64_t deadline_ms)
{
    bool is_readers = lock->is_local && lock_can_be_held_by_readers(lock->fd);
    bool can_side = lock->name[0] != '\0';
    bool wants_side = !lock->is_local || is_readers || has_side_file(lock);
    int directory = -1;
    int side = -1;

    if (!is_readers || !can_side)
        directory = wait_for(try_directory, lock, clock, deadline_ms);
    if (can_side && directory != 0 && (wants_side || directory < 0))
        side = wait_for(try_side_file, lock, clock, deadline_ms);
    if (is_readers && can_side && side < 0)
        directory = wait_for(try_directory, lock, clock, deadline_ms);
    /* If only the side file could be locked, a run that was killed may have left it. */
    lock->is_litter = lock->is_local && (lock->is_litter || (!is_readers && directory < 0));
    if (side > 0 || (directory > 0 && lock->is_local))
        lock->errnum = 0;
    else if (!can_side)
        lock->errnum = ENAMETOOLONG;
    if (directory == 0)
        return LOCK_DIRECTORY_BUSY;
    return side == 0 ? LOCK_SIDE_FILE_BUSY : LOCK_HAD;
}

int lock_acquire(struct lock *lock, int dir_fd, const char *dir, const char *name,
                 const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    enum lock_outcome outcome;

    *lock = LOCK_INIT;
    /* One more open file description, so that closing ours ends the lock and nothing else does. */
    lock->fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->fd < 0)
        return path_fail(err, "lock the directory", dir);
    lock->is_local = path_is_local(lock->fd);
    if (path_beside(lock->name, name, ".ghcr-login-lock", "") < 0)
        lock->name[0] = '\0';
    outcome = lock_all(lock, clock, deadline_ms);
    if (outcome == LOCK_HAD)
        return 0;
    (void)error_set(err, CLASS_AUTHFILE, "the directory '%s' is still locked by another process",
                    dir);
    (void)error_hint(err, "wait for that process, or find it with lsof '%s%s%s'", dir,
                     outcome == LOCK_SIDE_FILE_BUSY ? "/" : "",
                     outcome == LOCK_SIDE_FILE_BUSY ? lock->name : "");
    lock_release(lock);
    return -1;
}

bool lock_is_alone(const struct lock *lock)
{
    return lock->is_local && (lock->has_directory || lock->side_fd >= 0);
}

void lock_warn(const struct lock *lock, const char *dir, struct warnings *warnings)
{
    struct stat st;
    bool is_anothers = lock->errnum == EACCES && lock->name[0] != '\0' &&
                       fstatat(lock->fd, lock->name, &st, AT_SYMLINK_NOFOLLOW) == 0;

    if (lock->fd < 0 || lock->errnum == 0)
        return;
    warnings_add(
        warnings,
        "cannot lock the directory '%s'%s: %s; if two logins run at once, one may be lost%s%s%s",
        dir, lock->has_directory ? " against other hosts" : "", strerror(lock->errnum),
        is_anothers ? " (remove '" : "", is_anothers ? lock->name : "",
        is_anothers ? "' there if its owner has no login running)" : "");
}

void lock_release(struct lock *lock)
{
    if (lock->side_fd >= 0) {
        if (lock->is_litter)
            (void)unlinkat(lock->fd, lock->name, 0);
        (void)close(lock->side_fd);
    }
    if (lock->fd >= 0)
        (void)close(lock->fd);
    *lock = LOCK_INIT;
}

#include "store/locked_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "store/path.h"

#define TEMPORARY_MARK ".ghcr-login."

enum { LOCK_POLL_MS = 20 };

static int fail(struct error *err, const char *what, const char *path)
{
    return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot %s '%s'", what, path);
}

static int wait_for_lock(struct locked_file *file, const struct clock *clock, int64_t deadline_ms,
                         struct error *err)
{
    while (flock(file->dir_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return fail(err, "lock the directory", file->dir);
        if (clock_left(clock, deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "the directory '%s' stays locked by another run",
                            file->dir);
            return error_hint(err, "wait for it, or find it: lsof '%s'", file->dir);
        }
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, LOCK_POLL_MS));
    }
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* what was written is synced before */
    *fd = -1;
}

/* Temporary files that a killed run left; nobody else's, for we hold the lock. */
static void remove_leftovers(const struct locked_file *file)
{
    char prefix[NAME_MAX + 32];
    int fd = openat(file->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL) {
        close_fd(&fd);
        return; /* they are litter, not a reason to fail */
    }
    (void)snprintf(prefix, sizeof(prefix), ".%.*s" TEMPORARY_MARK, NAME_MAX, path_base(file->path));
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            (void)unlinkat(file->dir_fd, entry->d_name, 0);
    }
    (void)closedir(dir);
}

int locked_file_open(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err)
{
    *file = LOCKED_FILE_INIT;
    if (path_resolve(file->path, path, err) < 0)
        return -1;
    path_directory(file->dir, file->path);
    if (path_make_directory(file->dir, err) < 0)
        return -1;
    file->dir_fd = open(file->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->dir_fd < 0)
        return fail(err, "open the directory", file->dir);
    if (wait_for_lock(file, clock, deadline_ms, err) < 0) {
        locked_file_close(file);
        return -1;
    }
    remove_leftovers(file);
    return 0;
}

void locked_file_close(struct locked_file *file)
{
    close_fd(&file->fd);
    close_fd(&file->dir_fd); /* and with it the lock */
}

int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
{
    char name[PATH_MAX + 3];
    struct io_input input = {.name = name, .cls = CLASS_AUTHFILE, .max = max};

    (void)snprintf(name, sizeof(name), "'%s'", file->path);
    close_fd(&file->fd);
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 && errno == ENOENT) {
        secret_clear(text);
        return 0;
    }
    if (file->fd < 0 || fstat(file->fd, &file->seen) < 0)
        return fail(err, "open", file->path);
    if (S_ISDIR(file->seen.st_mode))
        return error_set_errno(err, CLASS_AUTHFILE, EISDIR, "cannot read '%s'", file->path);
    if (!S_ISREG(file->seen.st_mode))
        return error_set(err, CLASS_AUTHFILE, "'%s' is not a regular file", file->path);
    return io_read_all(text, file->fd, &input, err);
}

int locked_file_peek(const char *path, struct secret *text, size_t max, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    int ret = path_resolve(file.path, path, err);

    if (ret == 0)
        ret = locked_file_read(&file, text, max, err);
    locked_file_close(&file);
    return ret;
}

/*
 * Those of the file that is replaced. A new file is 0600, and made by root it belongs to the owner
 * of its directory: under sudo that may be a user's home.
 */
static int set_owner_and_mode(const struct locked_file *file, int fd, struct error *err)
{
    bool is_new = file->fd < 0;
    struct stat model = file->seen;
    mode_t mode = is_new ? 0600 : model.st_mode & 0777;

    if (is_new && geteuid() != 0)
        return 0; /* as mkostemp() made it */
    if (is_new && fstat(file->dir_fd, &model) < 0)
        return fail(err, "look at the directory", file->dir);
    if (fchown(fd, model.st_uid, model.st_gid) < 0) {
        if (is_new || model.st_uid != geteuid()) {
            (void)fail(err, "keep the owner of", file->path);
            return error_hint(err, "run as the user who owns the file");
        }
        mode &= 0707; /* what one group may do is not given to another */
    }
    return fchmod(fd, mode) < 0 ? fail(err, "set the mode of", file->path) : 0;
}

static int write_temporary(const struct locked_file *file, char *temporary, const char *data,
                           size_t len, struct error *err)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    int ret = -1;

    if (fd < 0) {
        temporary[0] = '\0';
        return fail(err, "make a temporary file beside", file->path);
    }
    if (set_owner_and_mode(file, fd, err) < 0)
        goto out;
    if (io_write_all(fd, data, len) < 0 || fsync(fd) < 0) {
        (void)fail(err, "write a temporary file beside", file->path);
        goto out;
    }
    ret = 0;
out:
    if (close(fd) < 0 && ret == 0)
        ret = fail(err, "write a temporary file beside", file->path);
    return ret;
}

static bool is_same_version(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether `path` holds what was read: that very file, or none. */
static bool is_as_seen(const struct locked_file *file, const char *path)
{
    struct stat now;

    if (lstat(path, &now) < 0)
        return errno == ENOENT && file->fd < 0;
    return file->fd >= 0 && is_same_version(&now, &file->seen);
}

#if defined(RENAME_EXCHANGE)
static int exchange(const char *a, const char *b)
{
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}
#else
static int exchange(const char *a, const char *b)
{
    (void)a;
    (void)b;
    errno = ENOSYS;
    return -1;
}
#endif

static enum locked_file_result fail_to_replace(const struct locked_file *file, struct error *err)
{
    bool is_mount = errno == EBUSY;

    (void)fail(err, "replace", file->path);
    if (is_mount)
        (void)error_hint(err, "the file is a bind mount: mount its directory instead");
    return LOCKED_FILE_FAILED;
}

/*
 * Swap the new file in, and look at what came out. Where that is not what was read, a peer has
 * replaced the file in the instant since it was last looked at: swap back. Where in turn something
 * else than our file comes back out, it is a still newer one, and belongs in the place.
 */
static enum locked_file_result swap_in(const struct locked_file *file, char *temporary,
                                       struct error *err)
{
    struct stat ours;
    struct stat back;

    if (lstat(temporary, &ours) < 0 || exchange(temporary, file->path) < 0) {
        if (errno == ENOENT)
            return LOCKED_FILE_STALE;
        if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
            return fail_to_replace(file, err);
        /* A file system without the exchange: the last look must do. */
        if (rename(temporary, file->path) < 0)
            return fail_to_replace(file, err);
        temporary[0] = '\0';
        return LOCKED_FILE_REPLACED;
    }
    if (is_as_seen(file, temporary))
        return LOCKED_FILE_REPLACED;
    if (exchange(temporary, file->path) < 0) {
        if (rename(temporary, file->path) < 0)
            (void)fail_to_replace(file, err);
        temporary[0] = '\0'; /* whatever has that name now is not ours to remove */
        return err->cls == CLASS_NONE ? LOCKED_FILE_STALE : LOCKED_FILE_FAILED;
    }
    if (lstat(temporary, &back) == 0 && !is_same_version(&ours, &back))
        (void)exchange(temporary, file->path); /* as the two before, it can only work */
    return LOCKED_FILE_STALE;
}

/* A first file must not replace one that a peer made meanwhile. */
static enum locked_file_result link_in(const struct locked_file *file, const char *temporary,
                                       struct error *err)
{
    if (link(temporary, file->path) == 0)
        return LOCKED_FILE_REPLACED;
    if (errno == EEXIST)
        return LOCKED_FILE_STALE;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) { /* no hard links here */
        if (rename(temporary, file->path) == 0)
            return LOCKED_FILE_REPLACED;
    }
    return fail(err, "create", file->path);
}

static enum locked_file_result put_in_place(const struct locked_file *file, char *temporary,
                                            struct error *err)
{
    enum locked_file_result result;

    if (!is_as_seen(file, file->path))
        return LOCKED_FILE_STALE;
    result = file->fd >= 0 ? swap_in(file, temporary, err) : link_in(file, temporary, err);
    if (result == LOCKED_FILE_REPLACED && fsync(file->dir_fd) < 0 && errno != EINVAL)
        return fail(err, "sync the directory", file->dir);
    return result;
}

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    char temporary[PATH_MAX];
    sigset_t all;
    sigset_t before;
    int len = snprintf(temporary, sizeof(temporary), "%s/.%s" TEMPORARY_MARK "XXXXXX", file->dir,
                       path_base(file->path));

    if (len < 0 || (size_t)len >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return fail(err, "make a temporary file beside", file->path);
    }
    /* A signal waits until the temporary file is gone; none of this takes long. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    if (write_temporary(file, temporary, text->data, text->len, err) == 0)
        result = put_in_place(file, temporary, err);
    if (temporary[0] != '\0')
        (void)unlink(temporary);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

int locked_file_check_writable(const char *path, struct error *err)
{
    char real[PATH_MAX];
    char dir[PATH_MAX];
    char nearest[PATH_MAX];

    if (path_resolve(real, path, err) < 0)
        return -1;
    path_directory(dir, real);
    path_nearest_directory(nearest, dir);
    if (access(nearest, W_OK | X_OK) == 0)
        return 0;
    (void)fail(err, "write into the directory", nearest);
    (void)error_wrap(err, "cannot store in '%s'", real);
    return error_hint(err, "name a directory that this user can write with --config DIR");
}

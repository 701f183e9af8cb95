#include "store/in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "store/identity.h"
#include "store/path.h"

enum { POLL_MS = 20 };

int in_place_refuse(const char *path, struct error *err)
{
    (void)error_set_errno(err, CLASS_AUTHFILE, EBUSY, "cannot replace '%s'", path);
    return error_hint(err, "the file is a bind mount of its own: mount its directory instead, or "
                           "have it written through with --in-place");
}

/* The copy, and how messages speak of it. */
struct copy {
    char name[NAME_MAX + 1];
    char path[PATH_MAX + NAME_MAX + 2];
};

static int name_copy(struct copy *copy, const struct in_place *file)
{
    char dir[PATH_MAX];
    char inode[32];

    (void)snprintf(inode, sizeof(inode), "%" PRIuMAX, (uintmax_t)file->st->st_ino);
    if (path_beside(copy->name, path_base(file->path), ".ghcr-login-copy-", inode) < 0)
        return -1;
    path_directory(dir, file->path);
    (void)snprintf(copy->path, sizeof(copy->path), "%s/%s", dir, copy->name);
    return 0;
}

/* Write `text` from byte `from` on, cut off what is behind it, and sync. -1: errno is set. */
static int write_from(int fd, const struct secret *text, size_t from)
{
    if (lseek(fd, (off_t)from, SEEK_SET) < 0 ||
        io_write_all(fd, secret_text(text) + from, text->len - from) < 0 ||
        ftruncate(fd, (off_t)text->len) < 0)
        return -1;
    return fsync(fd);
}

/* Write the first byte alone, and sync. */
static int write_first(int fd, const char *byte)
{
    ssize_t n;

    do {
        n = pwrite(fd, byte, 1, 0);
    } while (n < 0 && errno == EINTR);
    return n == 1 ? fsync(fd) : -1;
}

/*
 * Write over a text that is there. The first byte is NUL until all the others are on disk: what is
 * half written is then never a valid text that mixes the two. Returns 0, or -1 with errno set.
 */
static int write_over(int fd, const struct secret *text)
{
    if (text->len == 0)
        return write_from(fd, text, 0);
    if (write_first(fd, "") < 0 || write_from(fd, text, 1) < 0)
        return -1;
    return write_first(fd, text->data);
}

bool in_place_is_half_written(const struct secret *text)
{
    return text->len > 0 && text->data[0] == '\0';
}

/* Whether the lock was had; where there are no locks that is no reason to wait. */
static bool lock_file(int fd, int how, const struct clock *clock, int64_t deadline_ms)
{
    while (flock(fd, how | LOCK_NB) < 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        if (clock_left(clock, deadline_ms) == 0)
            return false;
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, POLL_MS));
    }
    return true;
}

int in_place_wait(const struct in_place *file, int fd, const struct clock *clock,
                  int64_t deadline_ms, struct error *err)
{
    if (lock_file(fd, LOCK_SH, clock, deadline_ms)) {
        (void)flock(fd, LOCK_UN);
        return 0;
    }
    (void)error_set(err, CLASS_AUTHFILE, "'%s' is being written by another process", file->path);
    return error_hint(err, "try again; or find it: lsof '%s'", file->path);
}

/* In a directory that others can write, anybody could have put it there. */
static bool is_trusted(const struct stat *copy, const struct stat *file)
{
    return S_ISREG(copy->st_mode) && (copy->st_mode & 022 & ~file->st_mode) == 0 &&
           (copy->st_uid == geteuid() || copy->st_uid == file->st_uid);
}

static int refuse_copy(const char *copy, const char *path, struct error *err)
{
    (void)error_set(err, CLASS_AUTHFILE,
                    "'%s' is half written, and its copy '%s' belongs to another user or can be "
                    "written by one",
                    path, copy);
    return error_hint(err, "look at the copy; if it is right, move it over the file");
}

static int miss_copy(const char *copy, const char *path, struct error *err)
{
    (void)error_set(err, CLASS_AUTHFILE,
                    "'%s' begins with a NUL byte: a crash in the middle of a write left it so",
                    path);
    return error_hint(err,
                      "there is no copy '%s' (in a container that wrote through a mount it is "
                      "beside the mount there); repair the file or move it away",
                      copy);
}

static int fail_to_open_copy(const char *copy, struct error *err)
{
    int errnum = errno;

    (void)path_fail(err, "open the copy", copy);
    if (errnum == EACCES)
        (void)error_hint(err, "it has the whole text of a half-written file, and belongs to "
                              "another user: log in as that user, or as root, once");
    return -1;
}

int in_place_recover(struct secret *text, const struct in_place *file, size_t max,
                     struct error *err)
{
    struct copy copy;
    struct io_input input = {.name = copy.path, .cls = CLASS_AUTHFILE, .max = max};
    struct stat st;
    int ret = -1;
    int fd;

    if (name_copy(&copy, file) < 0)
        return path_fail(err, "find the copy of", file->path);
    fd = openat(file->dir_fd, copy.name, PATH_TO_READ);
    if (fd < 0 && errno == ENOENT)
        return miss_copy(copy.path, file->path, err);
    if (fd < 0 || fstat(fd, &st) < 0)
        (void)fail_to_open_copy(copy.path, err);
    else if (!is_trusted(&st, file->st))
        (void)refuse_copy(copy.path, file->path, err);
    else
        ret = io_read_all(text, fd, &input, err);
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
    return ret;
}

void in_place_drop_copy(const struct in_place *file)
{
    struct copy copy;

    if (name_copy(&copy, file) == 0)
        path_remove_secret(file->dir_fd, copy.name, file->left); /* there is hardly ever one */
}

/* By root for the file's owner, who may be the one that needs it. */
static int open_copy(const struct copy *copy, const struct in_place *file)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = openat(file->dir_fd, copy->name, flags, 0600);

    if (fd < 0 && errno == EEXIST && unlinkat(file->dir_fd, copy->name, 0) == 0)
        fd = openat(file->dir_fd, copy->name, flags, 0600); /* it was of no use, or a link, say */
    if (fd >= 0)
        identity_give(fd, file->st);
    return fd;
}

static int make_copy(const struct copy *copy, const struct in_place *file, const struct secret *old,
                     struct error *err)
{
    int fd = open_copy(copy, file);
    int ret;

    if (fd < 0)
        return path_fail(err, "make the copy", copy->path);
    ret = write_from(fd, old, 0) < 0 ? path_fail(err, "write the copy", copy->path) : 0;
    if (close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write the copy", copy->path);
    if (ret == 0 && path_sync_directory(file->dir_fd) < 0)
        ret = path_fail(err, "sync the directory of", copy->path);
    if (ret < 0)
        path_remove_secret(file->dir_fd, copy->name, file->left);
    return ret;
}

int in_place_open(const struct in_place *file, const struct clock *clock, int64_t deadline_ms,
                  struct error *err)
{
    int fd = openat(file->dir_fd, path_base(file->path), O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return path_fail(err, "write through", file->path);
    if (lock_file(fd, LOCK_EX, clock, deadline_ms))
        return fd;
    (void)close(fd);
    (void)error_set(err, CLASS_AUTHFILE, "'%s' stays locked by another process", file->path);
    return error_hint(err, "wait for it, or find it: lsof '%s'", file->path);
}

/* The old text, whole: what is put back where the new one cannot be written. */
static int read_old(struct secret *old, const struct in_place *file, int fd, struct error *err)
{
    struct io_input input = {
        .name = file->path, .cls = CLASS_AUTHFILE, .max = (size_t)file->st->st_size};

    return io_read_all(old, fd, &input, err);
}

int in_place_write(const struct in_place *file, int fd, bool is_damaged, const struct secret *text,
                   struct error *err)
{
    struct secret old = SECRET_INIT;
    struct copy copy;
    bool is_whole = true; /* the file itself is, so that the copy can go */
    int ret = -1;

    if (name_copy(&copy, file) < 0)
        return path_fail(err, "copy", file->path);
    if (!is_damaged && (read_old(&old, file, fd, err) < 0 || make_copy(&copy, file, &old, err) < 0))
        goto out;
    if (write_over(fd, text) == 0) {
        ret = 0;
    } else {
        (void)path_fail(err, "write through", file->path);
        is_whole = !is_damaged && write_over(fd, &old) == 0;
    }
    if (is_whole)
        path_remove_secret(file->dir_fd, copy.name, file->left);
    else
        (void)error_hint(err, "the file is damaged; its text is in '%s'", copy.path);
out:
    secret_clear(&old);
    return ret;
}

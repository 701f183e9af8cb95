#include "store/in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "store/path.h"

int in_place_hint(struct error *err)
{
    return error_hint(err, "the file is a bind mount of its own: mount its directory instead, or "
                           "have it written through with --in-place");
}

int in_place_copy_path(char copy[PATH_MAX], const char *path, struct error *err)
{
    char dir[PATH_MAX];

    path_directory(dir, path);
    if (snprintf(copy, PATH_MAX, "%s/.%s.ghcr-login-copy", dir, path_base(path)) < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return path_fail(err, "copy", path);
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
    return error_hint(err, "there is no copy '%s'; repair the file or move it away", copy);
}

int in_place_recover(struct secret *text, const char *path, const struct stat *file, size_t max,
                     struct error *err)
{
    char copy[PATH_MAX];
    struct io_input input = {.name = copy, .cls = CLASS_AUTHFILE, .max = max};
    struct stat st;
    int ret = -1;
    int fd;

    if (in_place_copy_path(copy, path, err) < 0)
        return -1;
    fd = open(copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return miss_copy(copy, path, err);
    if (fd < 0 || fstat(fd, &st) < 0)
        (void)path_fail(err, "open the copy", copy);
    else if (!is_trusted(&st, file))
        (void)refuse_copy(copy, path, err);
    else
        ret = io_read_all(text, fd, &input, err);
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
    return ret;
}

void in_place_drop_copy(const char *path)
{
    struct error ignored = ERROR_INIT;
    char copy[PATH_MAX];

    if (in_place_copy_path(copy, path, &ignored) == 0)
        (void)unlink(copy); /* there is hardly ever one */
}

static int make_copy(const char *copy, const struct secret *old, struct error *err)
{
    char dir[PATH_MAX];
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(copy, flags, 0600);
    int ret;

    if (fd < 0 && errno == EEXIST && unlink(copy) == 0) /* of no use, or a link, say */
        fd = open(copy, flags, 0600);
    if (fd < 0)
        return path_fail(err, "make the copy", copy);
    ret = write_from(fd, old, 0) < 0 ? path_fail(err, "write the copy", copy) : 0;
    if (close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write the copy", copy);
    path_directory(dir, copy);
    if (ret == 0 && path_sync_directory(dir) < 0)
        ret = path_fail(err, "sync the directory", dir);
    if (ret < 0)
        (void)unlink(copy);
    return ret;
}

int in_place_write(const char *path, const struct secret *old, bool has_copy,
                   const struct secret *text, struct error *err)
{
    char copy[PATH_MAX];
    bool is_whole = false; /* whether the file itself is, so that the copy can go */
    int ret = -1;
    int fd;

    if (in_place_copy_path(copy, path, err) < 0)
        return -1;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return path_fail(err, "write through", path);
    if (!has_copy && make_copy(copy, old, err) < 0)
        goto out;
    if (write_over(fd, text) == 0) {
        is_whole = true;
        ret = 0;
    } else {
        (void)path_fail(err, "write through", path);
        is_whole = write_over(fd, old) == 0;
    }
    if (is_whole)
        (void)unlink(copy);
    else
        (void)error_hint(err, "the file is damaged; its text is in '%s'", copy);
out:
    (void)close(fd); /* synced before */
    return ret;
}

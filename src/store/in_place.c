#include "store/in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
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

bool in_place_has_copy(const char *copy)
{
    struct stat st;

    return lstat(copy, &st) == 0 && S_ISREG(st.st_mode);
}

static int make_copy(const char *copy, const struct secret *old, struct error *err)
{
    char dir[PATH_MAX];
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(copy, flags, 0600);
    int ret;

    if (fd < 0 && errno == EEXIST && unlink(copy) == 0) /* no copy, but a link, say */
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

int in_place_write(const char *path, const struct secret *old, const struct secret *text,
                   struct error *err)
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
    /* A copy that is there is of a run that was killed, and may be the only whole text. */
    if (!in_place_has_copy(copy) && make_copy(copy, old, err) < 0)
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

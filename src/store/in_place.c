#include "store/in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "store/path.h"

static int fail(const char *what, const char *path, struct error *err)
{
    return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot %s '%s'", what, path);
}

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
    return fail("copy", path, err);
}

/* Write all of `text`, cut off what is behind it, and sync. Returns 0, or -1 with errno set. */
static int write_whole(int fd, const struct secret *text)
{
    if (lseek(fd, 0, SEEK_SET) < 0 || io_write_all(fd, secret_text(text), text->len) < 0 ||
        ftruncate(fd, (off_t)text->len) < 0)
        return -1;
    return fsync(fd);
}

static int make_copy(const char *copy, const struct secret *old, struct error *err)
{
    char dir[PATH_MAX];
    int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int ret;

    if (fd < 0)
        return fail("make the copy", copy, err);
    ret = write_whole(fd, old) < 0 ? fail("write the copy", copy, err) : 0;
    if (close(fd) < 0 && ret == 0)
        ret = fail("write the copy", copy, err);
    path_directory(dir, copy);
    if (ret == 0 && path_sync_directory(dir) < 0)
        ret = fail("sync the directory", dir, err);
    if (ret < 0)
        (void)unlink(copy);
    return ret;
}

int in_place_write(const char *path, const struct secret *old, const struct secret *text,
                   struct error *err)
{
    char copy[PATH_MAX];
    bool is_whole = true;
    int ret = -1;
    int fd;

    if (in_place_copy_path(copy, path, err) < 0)
        return -1;
    (void)unlink(copy); /* of a run that was killed; what it was for has been read by now */
    if (make_copy(copy, old, err) < 0)
        return -1;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        (void)fail("write through", path, err);
        goto out;
    }
    ret = write_whole(fd, text);
    if (ret < 0) {
        (void)fail("write through", path, err);
        is_whole = write_whole(fd, old) == 0;
        if (!is_whole)
            (void)error_hint(err, "the file is damaged; its text is in '%s'", copy);
    }
    (void)close(fd); /* synced before */
out:
    if (is_whole)
        (void)unlink(copy);
    return ret;
}

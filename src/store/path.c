#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/identity.h"

enum { LINKS_MAX = 40 }; /* as Linux' own limit, path_resolution(7) */

int path_fail(struct error *err, const char *what, const char *path)
{
    return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot %s '%s'", what, path);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void path_directory(char dir[PATH_MAX], const char *path)
{
    size_t len = (size_t)(path_base(path) - path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0 || len >= PATH_MAX) {
        (void)snprintf(dir, PATH_MAX, ".");
        return;
    }
    memmove(dir, path, len);
    dir[len] = '\0';
}

static int too_long(const char *path, struct error *err)
{
    return error_set_errno(err, CLASS_AUTHFILE, ENAMETOOLONG, "cannot open '%.200s...'", path);
}

/* Put the target of a link where the link stood. */
static int follow(char real[PATH_MAX], const char *target)
{
    char dir[PATH_MAX];
    char joined[2 * PATH_MAX + 1];

    path_directory(dir, real);
    (void)snprintf(joined, sizeof(joined), "%s%s%s", target[0] == '/' ? "" : dir,
                   target[0] == '/' ? "" : "/", target);
    if (strlen(joined) >= PATH_MAX)
        return -1;
    memcpy(real, joined, strlen(joined) + 1);
    return 0;
}

int path_resolve(char real[PATH_MAX], const char *path, struct error *err)
{
    char target[PATH_MAX];

    if (strlen(path) >= PATH_MAX)
        return too_long(path, err);
    memmove(real, path, strlen(path) + 1);
    for (int links = 0; links <= LINKS_MAX; links++) {
        ssize_t len = readlink(real, target, sizeof(target) - 1);

        if (len < 0 && (errno == EINVAL || errno == ENOENT || errno == ENOTDIR))
            return 0; /* no link */
        if (len < 0)
            return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot open '%s'", path);
        target[len] = '\0';
        if (follow(real, target) < 0)
            return too_long(path, err);
    }
    return error_set_errno(err, CLASS_AUTHFILE, ELOOP, "cannot open '%s'", path);
}

bool path_is_same(const char *a, const char *b)
{
    struct error ignored = ERROR_INIT;
    char real[2][PATH_MAX];
    char dir[2][PATH_MAX];
    struct stat st[2];

    if (path_resolve(real[0], a, &ignored) < 0 || path_resolve(real[1], b, &ignored) < 0)
        return false;
    if (strcmp(real[0], real[1]) == 0)
        return true;
    path_directory(dir[0], real[0]);
    path_directory(dir[1], real[1]);
    return strcmp(path_base(real[0]), path_base(real[1])) == 0 && stat(dir[0], &st[0]) == 0 &&
           stat(dir[1], &st[1]) == 0 && st[0].st_dev == st[1].st_dev &&
           st[0].st_ino == st[1].st_ino;
}

void path_nearest_directory(char found[PATH_MAX], const char *dir)
{
    struct stat st;

    (void)snprintf(found, PATH_MAX, "%s", dir);
    /* A link that dangles is there, and nothing can be made behind it. */
    while (lstat(found, &st) < 0 && errno == ENOENT && strcmp(found, ".") != 0 &&
           strcmp(found, "/") != 0)
        path_directory(found, found);
}

int path_sync_directory(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd >= 0 ? fsync(fd) : -1;
    int errnum = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = errnum;
    return ret < 0 && errno == EINVAL ? 0 : ret; /* EINVAL: a file system without the need */
}

/* Relative to its parent, which is opened once: what is moved about meanwhile does not matter. */
static int make_one(const char *dir, struct error *err)
{
    struct identity identity = IDENTITY_INIT;
    char parent[PATH_MAX];
    struct stat above;
    int ret = -1;
    int fd;

    path_directory(parent, dir);
    fd = open(parent, PATH_ONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &above) == 0) {
        if (identity_take(&identity, &above, err) == 0)
            ret = mkdirat(fd, path_base(dir), 0700) == 0 || errno == EEXIST ? 0 : -1;
    }
    if (ret < 0)
        (void)error_set_errno(err, CLASS_AUTHFILE, errno, "cannot make the directory '%s'", dir);
    identity_restore(&identity);
    if (fd >= 0)
        (void)close(fd);
    return ret;
}

int path_make_directory(const char *dir, struct error *err)
{
    struct stat st;
    char parent[PATH_MAX];

    if (stat(dir, &st) == 0 || errno != ENOENT)
        return 0; /* what is wrong with it shows when it is opened */
    path_directory(parent, dir);
    if (strcmp(parent, dir) != 0 && path_make_directory(parent, err) < 0)
        return -1;
    return make_one(dir, err);
}

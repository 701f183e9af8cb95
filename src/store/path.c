#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as Linux' own limit, path_resolution(7) */

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

/* Made by root: to the owner of what it stands in. By descriptor, for a name there is not ours. */
static int give_to_owner_of(const char *parent, const char *dir, struct error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat made;
    struct stat above;
    int ret = 0;

    if (fd < 0 || fstat(fd, &made) < 0 || stat(parent, &above) < 0 ||
        (made.st_uid == 0 && above.st_uid != 0 && fchown(fd, above.st_uid, above.st_gid) < 0))
        ret = error_set_errno(err, CLASS_AUTHFILE, errno, "cannot give '%s' to its user", dir);
    if (fd >= 0)
        (void)close(fd);
    return ret;
}

static int make_one(const char *dir, struct error *err)
{
    char parent[PATH_MAX];

    if (mkdir(dir, 0700) < 0)
        return errno == EEXIST ? 0
                               : error_set_errno(err, CLASS_AUTHFILE, errno,
                                                 "cannot make the directory '%s'", dir);
    path_directory(parent, dir);
    return geteuid() == 0 ? give_to_owner_of(parent, dir, err) : 0;
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

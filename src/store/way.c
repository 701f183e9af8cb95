#include "store/way.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/path.h"

enum { LINKS_MAX = 40 }; /* as Linux' own limit, path_resolution(7) */

bool way_is_trusted(uid_t owner)
{
    return owner == geteuid() || owner == 0;
}

/* Podman without root runs a helper where the machine's root is nobody, who owns "/" then. */
static bool way_is_unmapped(uid_t owner)
{
    enum { OVERFLOW = 65534 };
    char map[64] = "";
    int fd = owner == OVERFLOW ? open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, map, sizeof(map) - 1) : -1;

    if (fd >= 0)
        (void)close(fd);                               /* it was only read */
    return n > 0 && strstr(map, "4294967295") == NULL; /* else all users are the machine's */
}

/* A group of the same number is the user's own: where such groups are usual, so is this mode. */
static bool is_open_to_others(const struct stat *st)
{
    bool is_shared =
        (st->st_mode & S_IWOTH) != 0 || ((st->st_mode & S_IWGRP) != 0 && st->st_gid != st->st_uid);

    return S_ISDIR(st->st_mode) && is_shared && (st->st_mode & S_ISVTX) == 0;
}

static int check_step(const struct stat *st, const char *step, const char *path, struct error *err)
{
    bool is_foreign = !way_is_trusted(st->st_uid) && !way_is_unmapped(st->st_uid);

    if (!is_foreign && !is_open_to_others(st))
        return 0;
    (void)error_set(err, CLASS_AUTHFILE, "'%s' is ignored: other users can replace it", path);
    return is_foreign
               ? error_hint(err, "'%s', on the path to it, belongs to another user", step)
               : error_hint(err, "make the path to it writable by its owner only: chmod go-w '%s'",
                            step);
}

/* A path that is followed step by step: what has been gone, with no link in it, and the rest. */
struct way {
    char done[PATH_MAX];
    char rest[PATH_MAX];
    unsigned links;
};

/* The target of the link at way->done, whose directory has `len` bytes of that, comes next. */
static int way_follow(struct way *way, size_t len)
{
    char target[PATH_MAX];
    char joined[2 * PATH_MAX];
    ssize_t n = readlink(way->done, target, sizeof(target) - 1);

    if (n < 0)
        return -1;
    target[n] = '\0';
    way->done[target[0] == '/' ? 0 : len] = '\0';
    (void)snprintf(joined, sizeof(joined), "%s/%s", target, way->rest);
    if (strlen(joined) >= sizeof(way->rest) || ++way->links > LINKS_MAX) {
        errno = ELOOP;
        return -1;
    }
    memcpy(way->rest, joined, strlen(joined) + 1);
    return 0;
}

/* One name further, into *st. Returns 1, 0 at the end, or -1 with errno set. */
static int way_step(struct way *way, struct stat *st, char step[PATH_MAX])
{
    const char *name = way->rest + strspn(way->rest, "/");
    size_t name_len = strcspn(name, "/");
    size_t len = strlen(way->done);

    if (name_len == 0)
        return 0;
    if (len + 1 + name_len >= sizeof(way->done)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    way->done[len] = '/';
    memcpy(way->done + len + 1, name, name_len);
    way->done[len + 1 + name_len] = '\0';
    memmove(way->rest, name + name_len, strlen(name + name_len) + 1);
    memcpy(step, way->done, sizeof(way->done));
    if (lstat(way->done, st) < 0)
        return -1;
    return S_ISLNK(st->st_mode) && way_follow(way, len) < 0 ? -1 : 1;
}

int way_check(const char *path, struct error *err)
{
    struct way way = {.links = 0};
    char step[PATH_MAX];
    struct stat st;
    int ret;

    (void)snprintf(way.done, sizeof(way.done), "%s", path[0] == '/' ? "" : ".");
    (void)snprintf(way.rest, sizeof(way.rest), "%s", path);
    while ((ret = way_step(&way, &st, step)) > 0) {
        if (check_step(&st, step, path, err) < 0)
            return -1;
    }
    return ret == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : path_fail(err, "stat", way.done);
}

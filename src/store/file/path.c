#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/file/attributes.h"

enum { LINKS_MAX = 40 }; /* as Linux' own limit, path_resolution(7) */

struct path_quoted path_quoted(const char *path)
{
    struct path_quoted quoted;

    (void)snprintf(quoted.text, sizeof(quoted.text), "'%s'", path);
    return quoted;
}

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

int path_beside(char beside[NAME_MAX + 1], const char *name, const char *mark, const char *tail)
{
    if (snprintf(beside, NAME_MAX + 1, ".%s%s%s", name, mark, tail) <= NAME_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
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

/* What no file can have for a name; mkdir(2) or the network must not come before that is told. */
static bool is_directory_name(const char *name)
{
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Whether it may be a link, for all that is known where readlink(2) is refused. */
static bool may_be_link(const char *path)
{
    int errnum = errno;
    struct stat st;
    bool may_be = lstat(path, &st) == 0 ? S_ISLNK(st.st_mode) : errno != ENOENT;

    errno = errnum;
    return may_be;
}

int path_resolve(char real[PATH_MAX], const char *path, struct error *err)
{
    char target[PATH_MAX];

    if (strlen(path) >= PATH_MAX)
        return too_long(path, err);
    memmove(real, path, strlen(path) + 1);
    for (int links = 0; links <= LINKS_MAX; links++) {
        ssize_t len;

        if (is_directory_name(path_base(real)))
            return error_set_errno(err, CLASS_AUTHFILE, EISDIR, "cannot open '%s'", path);
        len = readlink(real, target, sizeof(target) - 1);
        if (len < 0 && (errno == EINVAL || errno == ENOENT || errno == ENOTDIR ||
                        (path_is_refusal(errno) && !may_be_link(real))))
            return 0; /* no link */
        if (len < 0)
            return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot open '%s'", path);
        target[len] = '\0';
        if (follow(real, target) < 0)
            return too_long(path, err);
    }
    return error_set_errno(err, CLASS_AUTHFILE, ELOOP, "cannot open '%s'", path);
}

int path_leads_to(const char *path, int dir_fd, const char *name, bool *leads, struct error *err)
{
    char real[PATH_MAX];
    char dir[PATH_MAX];
    struct stat named;
    struct stat opened;
    bool is_there;

    if (path_resolve(real, path, err) < 0)
        return -1;
    path_directory(dir, real);
    is_there = stat(dir, &named) == 0;
    if ((!is_there && errno != ENOENT) || fstat(dir_fd, &opened) < 0)
        return path_fail(err, "stat the directory", dir);
    *leads = strcmp(path_base(real), name) == 0 && is_there && named.st_dev == opened.st_dev &&
             named.st_ino == opened.st_ino;
    return 0;
}

bool path_is_same(const char *a, const char *b)
{
    struct error ignored = ERROR_INIT;
    char real[2][PATH_MAX];
    char dir[PATH_MAX];
    bool is_same = false;
    int fd;

    if (path_resolve(real[0], a, &ignored) < 0 || path_resolve(real[1], b, &ignored) < 0)
        return false;
    if (strcmp(real[0], real[1]) == 0)
        return true;
    path_directory(dir, real[0]);
    fd = open(dir, PATH_ONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || path_leads_to(real[1], fd, path_base(real[0]), &is_same, &ignored) < 0)
        is_same = false;
    if (fd >= 0)
        (void)close(fd);
    return is_same;
}

void path_nearest_directory(char found[PATH_MAX], const char *dir)
{
    struct stat st;

    (void)snprintf(found, PATH_MAX, "%s", dir);
    /* A dangling link exists, and nothing can be made below it. */
    while (lstat(found, &st) < 0 && errno == ENOENT && strcmp(found, ".") != 0 &&
           strcmp(found, "/") != 0)
        path_directory(found, found);
}

enum { MOUNT_UNKNOWN = -1 };

/* Before Linux 5.8, and in a sandbox without statx(2). */
static long long mount_by_fdinfo(int dir_fd, const char *name)
{
    int flags = PATH_ONLY | O_CLOEXEC | O_NOFOLLOW | (name[0] == '\0' ? O_DIRECTORY : 0);
    int fd = openat(dir_fd, name[0] == '\0' ? "." : name, flags);
    long long id = MOUNT_UNKNOWN;
    char path[64];
    char text[1024];
    ssize_t len = -1;
    int info = -1;
    const char *found;

    if (fd >= 0) {
        (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        info = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (info >= 0)
        len = read(info, text, sizeof(text) - 1);
    if (len > 0) {
        text[len] = '\0';
        found = strstr(text, "mnt_id:");
        if (found != NULL)
            id = strtoll(found + strlen("mnt_id:"), NULL, 10);
    }
    if (info >= 0)
        (void)close(info);
    if (fd >= 0)
        (void)close(fd); /* nothing was written through either */
    return id;
}

/* Of the file `name` of the directory, or, if that is "", of the directory. */
static long long mount_of(int dir_fd, const char *name)
{
#if defined(STATX_MNT_ID)
    int flags = name[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    struct statx st;

    if (statx(dir_fd, name, flags, STATX_MNT_ID, &st) == 0 && (st.stx_mask & STATX_MNT_ID) != 0)
        return (long long)st.stx_mnt_id;
#endif
    return mount_by_fdinfo(dir_fd, name);
}

static bool are_different(long long mount, long long other)
{
    return mount != MOUNT_UNKNOWN && other != MOUNT_UNKNOWN && mount != other;
}

bool path_is_mount(int dir_fd, const char *name)
{
    return are_different(mount_of(dir_fd, name), mount_of(dir_fd, ""));
}

bool path_is_on_another_mount(int fd, int other_fd)
{
    return are_different(mount_of(fd, ""), mount_of(other_fd, ""));
}

/*
 * File systems that one kernel alone has, by statfs(2)'s number: <linux/magic.h> has only some.
 * What lies over another (overlayfs) cannot have a network's for its upper half.
 */
static const unsigned long local_types[] = {
    0xef53,     /* ext2, ext3, ext4 */
    0x58465342, /* xfs */
    0x9123683e, /* btrfs */
    0x2fc12fc1, /* zfs */
    0xf2f52010, /* f2fs */
    0xca451a4e, /* bcachefs */
    0x3153464a, /* jfs */
    0x52654973, /* reiserfs */
    0x3434,     /* nilfs2 */
    0x24051905, /* ubifs */
    0x01021994, /* tmpfs */
    0x858458f6, /* ramfs */
    0x794c7630, /* overlayfs */
    0x4d44,     /* vfat */
    0x2011bab0, /* exfat */
};

bool path_is_local(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++) {
        if (((unsigned long)fs.f_type & 0xffffffff) == local_types[i])
            return true;
    }
    return false;
}

bool path_is_refusal(int errnum)
{
    return errnum == EINVAL || errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == EROFS ||
           errnum == EPERM || errnum == EACCES || errnum == EXDEV;
}

int path_sync(int fd)
{
    int ret;

    do {
        ret = fsync(fd);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 && path_is_refusal(errno) ? 0 : ret;
}

void path_remove_secret(int dir_fd, const char *name, char *left)
{
    struct stat st;

    if (unlinkat(dir_fd, name, 0) < 0 && left != NULL &&
        fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        (void)snprintf(left, NAME_MAX + 1, "%s", name);
}

/* Relative to its parent, which is opened once: a directory moved in between does not matter. */
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
        (void)error_set_errno(err, CLASS_AUTHFILE, errno, "cannot create the directory '%s'", dir);
    identity_restore(&identity);
    if (fd >= 0)
        (void)close(fd);
    return ret;
}

int path_make_directory(const char *dir, struct error *err)
{
    struct stat st;
    char upper[PATH_MAX];
    size_t len = strlen(dir);

    if (stat(dir, &st) == 0)
        return 0;
    for (size_t at = 1; at <= len && at < PATH_MAX; at++) {
        if (dir[at] != '/' && dir[at] != '\0')
            continue;
        (void)snprintf(upper, sizeof(upper), "%.*s", (int)at, dir);
        if (stat(upper, &st) == 0)
            continue;
        if (errno != ENOENT)
            return 0; /* what is wrong with it shows when it is opened */
        if (make_one(upper, err) < 0)
            return -1;
    }
    return 0;
}

bool path_is_trusted_owner(uid_t owner)
{
    return owner == geteuid() || owner == 0;
}

/* Podman without root runs a helper where the machine's root is nobody, who owns "/" then. */
static bool path_is_unmapped(uid_t owner)
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
static bool way_is_open_to_others(const struct stat *st)
{
    bool is_shared =
        (st->st_mode & S_IWOTH) != 0 || ((st->st_mode & S_IWGRP) != 0 && st->st_gid != st->st_uid);

    return S_ISDIR(st->st_mode) && is_shared && (st->st_mode & S_ISVTX) == 0;
}

static int way_check_step(const struct stat *st, const char *step, const char *path,
                          struct error *err)
{
    bool is_foreign = !path_is_trusted_owner(st->st_uid) && !path_is_unmapped(st->st_uid);

    if (!is_foreign && !way_is_open_to_others(st))
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

int path_check_way(const char *path, struct error *err)
{
    struct way way = {.links = 0};
    char step[PATH_MAX];
    struct stat st;
    int ret;

    (void)snprintf(way.done, sizeof(way.done), "%s", path[0] == '/' ? "" : ".");
    (void)snprintf(way.rest, sizeof(way.rest), "%s", path);
    while ((ret = way_step(&way, &st, step)) > 0) {
        if (way_check_step(&st, step, path, err) < 0)
            return -1;
    }
    return ret == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : path_fail(err, "stat", way.done);
}

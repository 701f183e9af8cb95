#include "store/file/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/file/attributes.h"
#include "store/file/replace.h"
#include "store/path.h"

enum { SHELL_WORD_MAX = 120 }; /* a command that is cut off must not be shown */

/* Docker must be told the place, too, for the pull that follows. */
#define ELSEWHERE                                                                                  \
    "store elsewhere with --config DIR or --authfile FILE (with --config DIR, pull with "          \
    "'DOCKER_CONFIG=DIR docker pull ...')"

static int hint_elsewhere(struct error *err)
{
    return error_hint(err, ELSEWHERE);
}

int obstacle_refuse_mount(const char *path, struct error *err)
{
    return error_set_hint(err, CLASS_AUTHFILE,
                          "the file itself is a mount point: mount its directory instead, store "
                          "elsewhere with --config DIR, or use 'ghcr-login exec'",
                          "cannot replace '%s': %s", path, strerror(EBUSY));
}

/* `path`, or the nearest above it that this user may look at; 0 when its status is in *st. */
static int stat_nearest(char nearest[PATH_MAX], const char *path, struct stat *st)
{
    (void)snprintf(nearest, PATH_MAX, "%s", path);
    while (stat(nearest, st) < 0) {
        if (errno != EACCES || strcmp(nearest, "/") == 0 || strcmp(nearest, ".") == 0)
            return -1;
        path_directory(nearest, nearest);
    }
    return 0;
}

/* Whether what a hint shows can be pasted as it is, between single quotes. */
static bool is_plain_word(const char *path)
{
    size_t len = 0;

    while (path[len] > ' ' && path[len] < 0x7f && path[len] != '\'' && path[len] != '\\')
        len++;
    return len <= SHELL_WORD_MAX && path[len] == '\0';
}

/*
 * Whether it is what a login under sudo would have left: the auth file at `path`, or the directory
 * made for it, in a directory of this user's. Anything else is not this user's to have.
 */
static bool may_be_left_by_sudo(const char *found, const char *path)
{
    char dir[PATH_MAX];
    char above[PATH_MAX];
    struct stat st;

    path_directory(dir, path);
    path_directory(above, found);
    return (strcmp(found, path) == 0 || strcmp(found, dir) == 0) && strcmp(found, ".") != 0 &&
           stat(above, &st) == 0 && st.st_uid == geteuid();
}

static void hint_at_sudo(const char *found, bool is_directory, struct error *err)
{
    if (is_plain_word(found))
        (void)error_hint(err,
                         "'%s' belongs to root, perhaps from a login under sudo: give it back "
                         "(sudo chown %s\"$(id -u):$(id -g)\" -- '%s'), or store elsewhere with "
                         "--config DIR or --authfile FILE",
                         found, is_directory ? "-R " : "", found);
    else
        (void)error_hint(err,
                         "'%s' belongs to root, perhaps from a login under sudo: give it back with "
                         "sudo chown, or store elsewhere with --config DIR or --authfile FILE",
                         found);
}

/* Of whom `culprit` is, which keeps this user from the auth file at `path`. */
static void hint_at_owner(const char *culprit, const char *path, struct error *err)
{
    char found[PATH_MAX];
    const struct passwd *user;
    struct stat st;

    if (geteuid() == 0 || stat_nearest(found, culprit, &st) < 0 || st.st_uid == geteuid())
        return;
    if (st.st_uid == 0 && may_be_left_by_sudo(found, path)) {
        hint_at_sudo(found, S_ISDIR(st.st_mode), err);
        return;
    }
    user = getpwuid(st.st_uid);
    if (st.st_uid == 0)
        (void)error_hint(
            err, "'%s' belongs to root: store elsewhere with --config DIR or --authfile FILE",
            found);
    else
        (void)error_hint(err,
                         "'%s' belongs to the user %s (%lu): run as that user, or store elsewhere "
                         "with --config DIR or --authfile FILE",
                         found, user != NULL ? user->pw_name : "unknown", (unsigned long)st.st_uid);
}

void obstacle_hint_at(const char *culprit, const char *path, int errnum, struct error *err)
{
    if (errnum == EROFS)
        (void)error_hint(err, "the file system is read-only here (under systemd: ProtectHome=, "
                              "ProtectSystem=): allow it with ReadWritePaths=, or " ELSEWHERE);
    else if (errnum == ENOSPC || errnum == EDQUOT)
        (void)error_hint(err, "free some space (df -h and df -i show what is full, quota shows the "
                              "user's limits), or " ELSEWHERE);
    else if (errnum == EACCES || errnum == EPERM)
        hint_at_owner(culprit, path, err);
}

void obstacle_hint(const char *path, int errnum, struct error *err)
{
    struct error ignored = ERROR_INIT;
    char real[PATH_MAX];

    if (path_resolve(real, path, &ignored) < 0)
        (void)snprintf(real, sizeof(real), "%s", path);
    obstacle_hint_at(real, real, errnum, err);
}

void obstacle_hint_unread(const char *path, struct error *err)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        (void)error_hint(err,
                         "docker creates a directory when the source of a bind mount is missing: "
                         "remove it (rmdir), and mount the directory that contains the file");
    obstacle_hint(path, access(path, R_OK) < 0 ? errno : 0, err);
}

void obstacle_warn_of_readers(const char *path, struct warnings *warnings)
{
    struct stat st;

    if (stat(path, &st) == 0 && (st.st_mode & 066) != 0)
        warnings_add(warnings, "other users can %s '%s' (mode %04o): run chmod 600 '%s'",
                     (st.st_mode & 044) != 0 ? "read" : "change", path,
                     (unsigned)st.st_mode & 07777, path);
}

/* The auth file's place, as far as it exists. */
struct site {
    char path[PATH_MAX];    /* links resolved */
    char dir[PATH_MAX];     /* its directory */
    char nearest[PATH_MAX]; /* the same, or the nearest above it that exists */
    int fd;                 /* of that */
};

static int preflight_refuse(const struct site *site, const char *what, const char *culprit,
                            int errnum, struct error *err)
{
    (void)error_set_errno(err, CLASS_AUTHFILE, errnum, "cannot %s '%s'", what, culprit);
    obstacle_hint_at(culprit, site->path, errnum, err);
    return hint_elsewhere(err);
}

/* chattr(1) can set what not even root gets round: then nothing can be replaced, or made to go. */
#if defined(STATX_ATTR_IMMUTABLE)
static bool is_frozen(const struct site *site, const char *name)
{
    struct statx st;

    return statx(site->fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
           (st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}
#else
static bool is_frozen(const struct site *site, const char *name)
{
    (void)site;
    (void)name;
    return false;
}
#endif

static int refuse_frozen(const char *what, const char *culprit, struct error *err)
{
    return error_set_hint(err, CLASS_AUTHFILE,
                          "it is immutable or append-only (see lsattr): run chattr -i -a on it, or "
                          "store elsewhere with --config DIR or --authfile FILE",
                          "cannot %s '%s': %s", what, culprit, strerror(EPERM));
}

static int refuse_owner(const struct site *site, int errnum, struct error *err)
{
    if (geteuid() != 0)
        return preflight_refuse(site, "replace", site->path, errnum, err);
    return error_set_hint(err, CLASS_AUTHFILE,
                          "give root CAP_CHOWN, or run as the user who owns the file",
                          "cannot keep the owner of '%s': %s", site->path, strerror(errnum));
}

/* What the old file has is given to the trial as to a new one. */
static int try_attributes(const struct site *site, int trial_fd, const struct stat *old,
                          struct error *err)
{
    int fd = openat(site->fd, path_base(site->path), PATH_TO_READ);
    bool ignored;
    int ret = 0;
    char byte;

    if (fd < 0 && (errno == ENOENT || errno == ESTALE))
        return 0; /* somebody replaces it right now */
    if (fd < 0 || pread(fd, &byte, 1, 0) < 0)
        ret = preflight_refuse(site, "read", site->path, errno, err);
    else if (attributes_copy(trial_fd, fd, old, site->path, &ignored, err) < 0)
        ret = hint_elsewhere(err);
    explicit_bzero(&byte, sizeof(byte));
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
    return ret;
}

static int check_file(const struct site *site, int trial_fd, struct error *err)
{
    const char *name = path_base(site->path);
    struct stat st;
    bool ignored;

    if (fstatat(site->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : preflight_refuse(site, "stat", site->path, errno, err);
    if (path_is_mount(site->fd, name))
        return obstacle_refuse_mount(site->path, err);
    if (attributes_keep_owner(trial_fd, &st, &ignored) < 0)
        return refuse_owner(site, errno, err);
    if (try_attributes(site, trial_fd, &st, err) < 0)
        return -1;
    return is_frozen(site, name) ? refuse_frozen("replace", site->path, err) : 0;
}

/*
 * Root makes a first file, and what is missing above it, as the owner of the directory. Returns a
 * file to try things with, or -1 with *err set.
 */
static int try_writing(const struct site *site, struct error *err)
{
    struct identity identity = IDENTITY_INIT;
    const char *name = path_base(site->path);
    bool is_whole = strcmp(site->nearest, site->dir) == 0;
    struct stat st;
    bool is_new = !is_whole || fstatat(site->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0;
    int errnum = 0;
    int fd;

    /* Of names that nothing has: that it finds nothing to rename shows that it may. */
    if (temporary_try_rename(site->fd, name, is_new) < 0)
        return preflight_refuse(site, "rename files in the directory", site->nearest, errno, err);

    if (is_new && fstat(site->fd, &st) == 0 && identity_take(&identity, &st, err) < 0)
        return -1;
    fd = temporary_try(site->fd, name);
    if (fd < 0 || (!is_whole && temporary_try_directory(site->fd, path_base(site->dir)) < 0))
        errnum = errno;
    identity_restore(&identity);
    if (errnum == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd); /* it has no name */
    return preflight_refuse(site, "write to the directory", site->nearest, errnum, err);
}

/* The lock is on the file's own directory, which has to be opened for that. */
static int check_reading(const struct site *site, struct error *err)
{
    int fd;

    if (strcmp(site->nearest, site->dir) != 0)
        return 0;
    fd = openat(site->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return preflight_refuse(site, "read the directory", site->nearest, errno, err);
    (void)close(fd); /* nothing was done in it */
    return 0;
}

static int check_directory(const struct site *site, struct error *err)
{
    struct stat st = {.st_nlink = 1};

    if (site->fd < 0)
        return preflight_refuse(site, "write to the directory", site->nearest, errno, err);
    if (fstat(site->fd, &st) < 0 || st.st_nlink == 0) /* 0: removed */
        return preflight_refuse(site, "write to the directory", site->nearest,
                                st.st_nlink == 0 ? ENOENT : errno, err);
    if (stat(site->nearest, &st) < 0)
        return preflight_refuse(site, "stat the directory", site->nearest, errno, err);
    if (fstatat(site->fd, path_base(site->path), &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
        return preflight_refuse(site, "stat", site->path, errno, err);
    if (is_frozen(site, ""))
        return refuse_frozen("write to the directory", site->nearest, err);
    return check_reading(site, err);
}

/* What is read back later: here there is nothing left to read. */
static int try_reading(const struct site *site, int trial_fd, struct error *err)
{
    struct path_quoted quoted = path_quoted(site->path);
    struct io_input input = {.name = quoted.text, .cls = CLASS_AUTHFILE, .max = 1};
    struct secret nothing = SECRET_INIT;
    int ret = io_read_all(&nothing, trial_fd, &input, err);

    secret_clear(&nothing);
    return ret;
}

static int check_site(const struct site *site, struct error *err)
{
    int ret = check_directory(site, err);
    int trial_fd = ret == 0 ? try_writing(site, err) : -1;

    if (trial_fd < 0)
        return error_wrap(err, "cannot store in '%s'", site->path);
    ret = try_reading(site, trial_fd, err);
    if (ret == 0 && strcmp(site->nearest, site->dir) == 0)
        ret = check_file(site, trial_fd, err);
    if (close(trial_fd) < 0 && ret == 0)
        ret = preflight_refuse(site, "write to the directory", site->nearest, errno, err);
    return ret;
}

/*
 * All that replacing the file will ask of the kernel, done to things that go again: a token that
 * was sent and cannot be stored would be a login half done.
 */
int preflight_check(const char *path, struct error *err)
{
    struct site site;
    int ret;

    if (path_resolve(site.path, path, err) < 0) {
        obstacle_hint(path, EACCES, err);
        return hint_elsewhere(err);
    }
    if (!temporary_has_room(path_base(site.path))) {
        errno = ENAMETOOLONG;
        (void)path_fail(err, "create a temporary file next to", site.path);
        return hint_elsewhere(err);
    }
    path_directory(site.dir, site.path);
    path_nearest_directory(site.nearest, site.dir);
    site.fd = open(site.nearest, PATH_ONLY | O_DIRECTORY | O_CLOEXEC);
    ret = check_site(&site, err);
    if (site.fd >= 0)
        (void)close(site.fd); /* nothing was written through it */
    return ret;
}

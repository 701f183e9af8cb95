#include "store/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/identity.h"
#include "store/in_place.h"
#include "store/path.h"
#include "store/temporary.h"

enum { SHELL_WORD_MAX = 120 }; /* a command that is cut off must not be shown */

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
                         "'%s' belongs to root: a login under sudo may have left it; give it back "
                         "(sudo chown %s\"$(id -u):$(id -g)\" -- '%s'), or name another place with "
                         "--config DIR or --authfile FILE",
                         found, is_directory ? "-R " : "", found);
    else
        (void)error_hint(err,
                         "'%s' belongs to root: a login under sudo may have left it; give it back "
                         "with sudo chown, or name another place with --config DIR or "
                         "--authfile FILE",
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
        (void)error_hint(err,
                         "'%s' belongs to root: name another place with --config DIR or "
                         "--authfile FILE",
                         found);
    else
        (void)error_hint(err,
                         "'%s' belongs to the user %s (%lu): run as that user, or name another "
                         "place with --config DIR or --authfile FILE",
                         found, user != NULL ? user->pw_name : "unknown", (unsigned long)st.st_uid);
}

static void hint_at(const char *culprit, const char *path, int errnum, struct error *err)
{
    if (errnum == EROFS)
        (void)error_hint(err, "the file system is read-only here (under systemd: ProtectHome=, "
                              "ProtectSystem=); allow it with ReadWritePaths=, or store elsewhere "
                              "with --config DIR or --authfile FILE");
    else if (errnum == EACCES || errnum == EPERM)
        hint_at_owner(culprit, path, err);
}

void preflight_hint(const char *path, int errnum, struct error *err)
{
    struct error ignored = ERROR_INIT;
    char real[PATH_MAX];

    if (path_resolve(real, path, &ignored) < 0)
        (void)snprintf(real, sizeof(real), "%s", path);
    hint_at(real, real, errnum, err);
}

void preflight_hint_unread(const char *path, struct error *err)
{
    preflight_hint(path, access(path, R_OK) < 0 ? errno : 0, err);
}

static int hint_elsewhere(struct error *err)
{
    return error_hint(err, "store elsewhere with --config DIR or --authfile FILE");
}

/* The auth file's place, as far as it exists. */
struct site {
    char path[PATH_MAX];    /* links resolved */
    char dir[PATH_MAX];     /* its directory */
    char nearest[PATH_MAX]; /* the same, or the nearest above it that exists */
    int fd;                 /* of that */
};

static int refuse(const struct site *site, const char *what, const char *culprit, int errnum,
                  struct error *err)
{
    (void)error_set_errno(err, CLASS_AUTHFILE, errnum, "cannot %s '%s'", what, culprit);
    hint_at(culprit, site->path, errnum, err);
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
    (void)error_set_errno(err, CLASS_AUTHFILE, EPERM, "cannot %s '%s'", what, culprit);
    return error_hint(err, "it is immutable or append-only, as lsattr shows: chattr -i -a ends "
                           "that; or name another place with --config DIR or --authfile FILE");
}

static int check_file(const struct site *site, bool in_place, struct error *err)
{
    const char *name = path_base(site->path);
    struct stat st;

    if (fstatat(site->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : refuse(site, "look at", site->path, errno, err);
    if (path_is_mount(site->fd, name)) {
        if (in_place)
            return faccessat(site->fd, name, W_OK, AT_EACCESS) == 0
                       ? 0
                       : refuse(site, "write through", site->path, errno, err);
        return in_place_refuse(site->path, err);
    }
    if (st.st_uid != geteuid() && geteuid() != 0)
        return refuse(site, "replace", site->path, EPERM, err);
    return is_frozen(site, name) ? refuse_frozen("replace", site->path, err) : 0;
}

/* Root makes a first file, and what is missing above it, as the owner of the directory. */
static int check_writing(const struct site *site, struct error *err)
{
    struct identity identity = IDENTITY_INIT;
    struct stat st;
    bool is_new = faccessat(site->fd, path_base(site->path), F_OK, 0) < 0 ||
                  strcmp(site->nearest, site->dir) != 0;
    int errnum = 0;

    if (is_new && fstat(site->fd, &st) == 0 && identity_take(&identity, &st, err) < 0)
        return -1;
    if (faccessat(site->fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        errnum = errno;
    identity_restore(&identity);
    return errnum == 0 ? 0 : refuse(site, "write into the directory", site->nearest, errnum, err);
}

static int check_directory(const struct site *site, struct error *err)
{
    if (site->fd < 0)
        return refuse(site, "write into the directory", site->nearest, errno, err);
    if (is_frozen(site, ""))
        return refuse_frozen("write into the directory", site->nearest, err);
    if (check_writing(site, err) < 0)
        return -1;
    /* The lock is on the file's own directory, which has to be opened for that. */
    if (strcmp(site->nearest, site->dir) == 0 && faccessat(site->fd, ".", R_OK, AT_EACCESS) < 0)
        return refuse(site, "read the directory", site->nearest, errno, err);
    return 0;
}

int preflight_check(const char *path, bool in_place, struct error *err)
{
    struct site site;
    int ret;

    if (path_resolve(site.path, path, err) < 0) {
        preflight_hint(path, EACCES, err);
        return hint_elsewhere(err);
    }
    if (!temporary_has_room(path_base(site.path))) {
        errno = ENAMETOOLONG;
        (void)path_fail(err, "make a temporary file beside", site.path);
        return hint_elsewhere(err);
    }
    path_directory(site.dir, site.path);
    path_nearest_directory(site.nearest, site.dir);
    site.fd = open(site.nearest, PATH_ONLY | O_DIRECTORY | O_CLOEXEC);
    ret = check_directory(&site, err);
    if (ret < 0)
        (void)error_wrap(err, "cannot store in '%s'", site.path);
    else if (strcmp(site.nearest, site.dir) == 0)
        ret = check_file(&site, in_place, err);
    if (site.fd >= 0)
        (void)close(site.fd); /* nothing was written through it */
    return ret;
}

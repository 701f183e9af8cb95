#include "store/file/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file/identity.h"
#include "store/file/obstacle.h"
#include "store/path.h"
#include "store/file/temporary.h"

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
    (void)error_set_errno(err, CLASS_AUTHFILE, EPERM, "cannot %s '%s'", what, culprit);
    return error_hint(err, "it is immutable or append-only, as lsattr shows: chattr -i -a ends "
                           "that; or name another place with --config DIR or --authfile FILE");
}

/*
 * Whether a new file could be given to the owner of this one, which is tried on a file that has no
 * name: root may lack CAP_CHOWN, or the owner a number in root's user namespace.
 */
static bool is_owner_kept(const struct stat *st)
{
#if defined(MFD_CLOEXEC)
    int fd = memfd_create("ghcr-login", MFD_CLOEXEC);
    bool is_given;

    if (fd >= 0) {
        is_given = st->st_uid == geteuid() || fchown(fd, st->st_uid, st->st_gid) == 0;
        (void)close(fd); /* nothing was written to it */
        return is_given;
    }
#endif
    errno = EPERM;
    return st->st_uid == geteuid() || geteuid() == 0;
}

static int refuse_owner(const struct site *site, int errnum, struct error *err)
{
    if (geteuid() != 0)
        return refuse(site, "replace", site->path, errnum, err);
    (void)error_set_errno(err, CLASS_AUTHFILE, errnum, "cannot keep the owner of '%s'", site->path);
    return error_hint(err, "root needs CAP_CHOWN for that; or run as the user who owns the file");
}

static int check_file(const struct site *site, struct error *err)
{
    const char *name = path_base(site->path);
    struct stat st;

    if (fstatat(site->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : refuse(site, "look at", site->path, errno, err);
    if (path_is_mount(site->fd, name))
        return obstacle_refuse_mount(site->path, err);
    if (!is_owner_kept(&st))
        return refuse_owner(site, errno, err);
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
    struct stat st;

    if (site->fd < 0)
        return refuse(site, "write into the directory", site->nearest, errno, err);
    if (fstat(site->fd, &st) == 0 && st.st_nlink == 0)
        return refuse(site, "write into the directory", site->nearest, ENOENT, err); /* removed */
    if (is_frozen(site, ""))
        return refuse_frozen("write into the directory", site->nearest, err);
    if (check_writing(site, err) < 0)
        return -1;
    /* The lock is on the file's own directory, which has to be opened for that. */
    if (strcmp(site->nearest, site->dir) == 0 && faccessat(site->fd, ".", R_OK, AT_EACCESS) < 0)
        return refuse(site, "read the directory", site->nearest, errno, err);
    return 0;
}

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
        ret = check_file(&site, err);
    if (site.fd >= 0)
        (void)close(site.fd); /* nothing was written through it */
    return ret;
}

#include "store/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/identity.h"
#include "store/in_place.h"
#include "store/path.h"

/* Whether the file is a mount of its own, which rename(2) cannot replace: EBUSY. */
#if defined(STATX_MNT_ID)
static bool is_mount(const char *path, const char *dir)
{
    struct statx of_file;
    struct statx of_dir;

    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &of_file) == 0 &&
           statx(AT_FDCWD, dir, 0, STATX_MNT_ID, &of_dir) == 0 &&
           (of_file.stx_mask & of_dir.stx_mask & STATX_MNT_ID) != 0 &&
           of_file.stx_mnt_id != of_dir.stx_mnt_id;
}
#else
static bool is_mount(const char *path, const char *dir)
{
    (void)path;
    (void)dir;
    return false; /* then the write finds out */
}
#endif

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

static void hint_at_owner(const char *path, struct error *err)
{
    char nearest[PATH_MAX];
    const struct passwd *user;
    struct stat st;

    if (stat_nearest(nearest, path, &st) < 0 || st.st_uid == geteuid())
        return;
    user = getpwuid(st.st_uid);
    if (st.st_uid == 0)
        (void)error_hint(err,
                         "'%s' belongs to root: a login under sudo may have left it; give it back "
                         "(sudo chown -R \"$(id -u):$(id -g)\" '%s'), or name another place with "
                         "--config DIR or --authfile FILE",
                         nearest, nearest);
    else
        (void)error_hint(err,
                         "'%s' belongs to the user %s (%lu): run as that user, or name another "
                         "place with --config DIR or --authfile FILE",
                         nearest, user != NULL ? user->pw_name : "unknown",
                         (unsigned long)st.st_uid);
}

void preflight_hint(const char *path, int errnum, struct error *err)
{
    if (errnum == EROFS)
        (void)error_hint(err, "the file system is read-only here (under systemd: ProtectHome=, "
                              "ProtectSystem=); allow it with ReadWritePaths=, or store elsewhere "
                              "with --config DIR or --authfile FILE");
    else if (errnum == EACCES || errnum == EPERM)
        hint_at_owner(path, err);
}

static int hint_elsewhere(struct error *err)
{
    return error_hint(err, "store elsewhere with --config DIR or --authfile FILE");
}

static int refuse(const char *what, const char *path, int errnum, struct error *err)
{
    (void)error_set_errno(err, CLASS_AUTHFILE, errnum, "cannot %s '%s'", what, path);
    preflight_hint(path, errnum, err);
    return hint_elsewhere(err);
}

static int check_file(const char *path, const char *dir, bool in_place, struct error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : refuse("look at", path, errno, err);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return refuse("replace", path, EPERM, err);
    if (!is_mount(path, dir))
        return 0;
    if (in_place)
        return access(path, W_OK) == 0 ? 0 : refuse("write through", path, errno, err);
    (void)error_set_errno(err, CLASS_AUTHFILE, EBUSY, "cannot replace '%s'", path);
    return in_place_hint(err);
}

/* Root makes a first file as the owner of its directory, if it may. */
static int check_identity(const char *path, const char *nearest, struct error *err)
{
    struct identity identity = IDENTITY_INIT;
    struct stat st;
    int ret = 0;

    if (access(path, F_OK) < 0 && stat(nearest, &st) == 0)
        ret = identity_take(&identity, &st, err);
    identity_restore(&identity);
    return ret;
}

int preflight_check(const char *path, bool in_place, struct error *err)
{
    char real[PATH_MAX];
    char dir[PATH_MAX];
    char nearest[PATH_MAX];

    if (path_resolve(real, path, err) < 0) {
        preflight_hint(path, EACCES, err);
        return hint_elsewhere(err);
    }
    path_directory(dir, real);
    path_nearest_directory(nearest, dir);
    /* The lock is on the file's own directory, which has to be opened for that. */
    if (access(nearest, W_OK | X_OK | (strcmp(nearest, dir) == 0 ? R_OK : 0)) == 0)
        return check_identity(real, nearest, err) < 0 ? -1 : check_file(real, dir, in_place, err);
    (void)refuse("write into the directory", nearest, errno, err);
    return error_wrap(err, "cannot store in '%s'", real);
}

#include "store/file/obstacle.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/path.h"

enum { SHELL_WORD_MAX = 120 }; /* a command that is cut off must not be shown */

int obstacle_refuse_mount(const char *path, struct error *err)
{
    (void)error_set_errno(err, CLASS_AUTHFILE, EBUSY, "cannot replace '%s'", path);
    return error_hint(err, "the file is a mount point of its own: mount its directory instead, or "
                           "store elsewhere with --config DIR, or use 'ghcr-login exec'");
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

void obstacle_hint_at(const char *culprit, const char *path, int errnum, struct error *err)
{
    if (errnum == EROFS)
        (void)error_hint(err, "the file system is read-only here (under systemd: ProtectHome=, "
                              "ProtectSystem=); allow it with ReadWritePaths=, or store elsewhere "
                              "with --config DIR or --authfile FILE");
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
    obstacle_hint(path, access(path, R_OK) < 0 ? errno : 0, err);
}

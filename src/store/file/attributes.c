#include "store/file/attributes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "store/path.h"

#if defined(__linux__)
#include <sys/xattr.h>

enum { ATTRIBUTE_NAMES_MAX = 4096, ATTRIBUTE_VALUE_MAX = 65536 };

static const char acl_name[] = "system.posix_acl_access";

/* Best effort: some belong to the system, and some file systems have none. */
static int copy_one(int fd, int old_fd, const char *name)
{
    char value[ATTRIBUTE_VALUE_MAX];
    ssize_t len = fgetxattr(old_fd, name, value, sizeof(value));

    return len >= 0 ? fsetxattr(fd, name, value, (size_t)len, 0) : -1;
}

static void copy_extended(int fd, int old_fd)
{
    char names[ATTRIBUTE_NAMES_MAX];
    ssize_t len = flistxattr(old_fd, names, sizeof(names));

    for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
        if (strcmp(name, acl_name) != 0)
            (void)copy_one(fd, old_fd, name);
    }
}

static bool is_absent(int errnum)
{
    return errnum == ENODATA || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

/* Whether the mode is all that is said about who may do what; an unreadable list may say more. */
static bool has_acl(int fd)
{
    return fgetxattr(fd, acl_name, NULL, 0) >= 0 || !is_absent(errno);
}

/* Take away what the directory's default list gave; -1 where it is still there. */
static int drop_acl(int fd)
{
    return fremovexattr(fd, acl_name) == 0 || is_absent(errno) ? 0 : -1;
}

/* Sets the mode too: the list holds all of it. */
static void copy_acl(int fd, int old_fd)
{
    (void)copy_one(fd, old_fd, acl_name);
}
#else
static void copy_extended(int fd, int old_fd)
{
    (void)fd;
    (void)old_fd;
}

static bool has_acl(int fd)
{
    (void)fd;
    return false;
}

static int drop_acl(int fd)
{
    (void)fd;
    return 0;
}

static void copy_acl(int fd, int old_fd)
{
    copy_extended(fd, old_fd);
}
#endif

/*
 * Beside an access control list the mode's group bits are no group's rights, but the most that any
 * of the list's users and groups may do. So they are set only with the file's own list or with
 * none, and never with what the directory would have all its files get.
 */
static int copy_rights(int fd, int old_fd, mode_t mode, bool keeps_group)
{
    bool is_listed = has_acl(old_fd);
    bool is_plain = drop_acl(fd) == 0;
    mode_t narrow = keeps_group && !is_listed && is_plain ? mode : mode & 0707;

    if (fchmod(fd, narrow) < 0)
        return -1;
    if (is_listed && keeps_group)
        copy_acl(fd, old_fd);
    return 0;
}

int attributes_copy(int fd, int old_fd, const struct stat *old, const char *path, struct error *err)
{
    bool keeps_group = true;

    if (fchown(fd, old->st_uid, old->st_gid) < 0) {
        if (old->st_uid != geteuid()) {
            (void)path_fail(err, "keep the owner of", path);
            return error_hint(err, "run as the user who owns the file");
        }
        keeps_group = false; /* what one group may do is not given to another */
    }
    if (copy_rights(fd, old_fd, old->st_mode & 0777, keeps_group) < 0)
        return path_fail(err, "set the mode of", path);
    copy_extended(fd, old_fd);
    return 0;
}

#include "store/attributes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "store/path.h"

#if defined(__linux__)
#include <sys/xattr.h>

enum { ATTRIBUTE_NAMES_MAX = 4096, ATTRIBUTE_VALUE_MAX = 65536 };

/*
 * Best effort: some belong to the system, and some file systems have none. An access control list
 * is another spelling of the mode, and stays away where that could not be kept.
 */
static void copy_extended(int fd, int old_fd, bool with_acl)
{
    char names[ATTRIBUTE_NAMES_MAX];
    char value[ATTRIBUTE_VALUE_MAX];
    ssize_t len = flistxattr(old_fd, names, sizeof(names));

    for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
        bool wanted = with_acl || strcmp(name, "system.posix_acl_access") != 0;
        ssize_t value_len = wanted ? fgetxattr(old_fd, name, value, sizeof(value)) : -1;

        if (value_len >= 0)
            (void)fsetxattr(fd, name, value, (size_t)value_len, 0);
    }
}
#else
static void copy_extended(int fd, int old_fd, bool with_acl)
{
    (void)with_acl;
    (void)fd;
    (void)old_fd;
}
#endif

int attributes_copy(int fd, int old_fd, const struct stat *old, const char *path, struct error *err)
{
    mode_t mode = old->st_mode & 0777;

    if (fchown(fd, old->st_uid, old->st_gid) < 0) {
        if (old->st_uid != geteuid()) {
            (void)path_fail(err, "keep the owner of", path);
            return error_hint(err, "run as the user who owns the file");
        }
        mode &= 0707; /* what one group may do is not given to another */
    }
    if (fchmod(fd, mode) < 0)
        return path_fail(err, "set the mode of", path);
    copy_extended(fd, old_fd, mode == (old->st_mode & 0777));
    return 0;
}

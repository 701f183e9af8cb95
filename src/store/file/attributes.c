#include "store/file/attributes.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

#if defined(__linux__)
#include <sys/xattr.h>

enum { ATTRIBUTE_VALUE_MAX = 65536, LISTINGS_MAX = 5 };

static const char acl_name[] = "system.posix_acl_access";
static const char user_prefix[] = "user.";

static int copy_one(int fd, int old_fd, const char *name)
{
    char value[ATTRIBUTE_VALUE_MAX];
    ssize_t len = fgetxattr(old_fd, name, value, sizeof(value));

    return len >= 0 ? fsetxattr(fd, name, value, (size_t)len, 0) : -1;
}

/*
 * The names of all attributes, each with its '\0', and their length in *len: 0 if there are
 * none, -1 with errno set if they cannot be told. The caller frees it.
 */
static char *list_names(int fd, ssize_t *len)
{
    char *names = NULL;

    *len = flistxattr(fd, NULL, 0);
    for (int i = 0; i<LISTINGS_MAX && * len> 0; i++) {
        free(names);
        names = malloc((size_t)*len);
        if (names == NULL) {
            *len = -1;
            break;
        }
        *len = flistxattr(fd, names, (size_t)*len);
        if (*len >= 0 || errno != ERANGE)
            break;
        *len = flistxattr(fd, NULL, 0); /* there are more by now */
    }
    return names;
}

static bool is_absent(int errnum)
{
    return errnum == ENODATA || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

/* Best effort: some belong to the system, and some file systems have none. */
static void copy_extended(int fd, int old_fd, bool *is_poorer)
{
    ssize_t len;
    char *names = list_names(old_fd, &len);

    if (len < 0 && !is_absent(errno))
        *is_poorer = true;
    for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
        if (strcmp(name, acl_name) != 0 && copy_one(fd, old_fd, name) < 0 &&
            strncmp(name, user_prefix, sizeof(user_prefix) - 1) == 0)
            *is_poorer = true;
    }
    free(names);
}

/* Whether the mode is all that is said about who may do what; an unreadable list may say more. */
static bool has_acl(int fd)
{
    return fgetxattr(fd, acl_name, NULL, 0) >= 0 || !is_absent(errno);
}

/* Take away what the directory's default list gave; -1 if it is still there. */
static int drop_acl(int fd)
{
    bool is_there = fgetxattr(fd, acl_name, NULL, 0) >= 0;

    if (!is_there && is_absent(errno))
        return 0;
    if (fremovexattr(fd, acl_name) == 0 || errno == ENODATA)
        return 0;
    return !is_there && errno == EOPNOTSUPP ? 0 : -1; /* a list that was seen is not absent */
}

/* Sets the mode too: the list holds all of it. */
static int copy_acl(int fd, int old_fd)
{
    return copy_one(fd, old_fd, acl_name);
}
#else
static void copy_extended(int fd, int old_fd, bool *is_poorer)
{
    (void)fd;
    (void)old_fd;
    (void)is_poorer;
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

static int copy_acl(int fd, int old_fd)
{
    (void)fd;
    (void)old_fd;
    return 0;
}
#endif

/* Nothing is changed that is right already: chmod(2) may be refused here, and fewer rights do. */
static int set_mode(int fd, mode_t mode, bool *is_poorer)
{
    struct stat now;
    int ret = fstat(fd, &now);
    bool is_narrow = ret == 0 && (now.st_mode & 07777 & ~mode) == 0;

    if (ret == 0 && (now.st_mode & 07777) == mode)
        return 0;
    ret = fchmod(fd, mode);
    if (ret == 0 || !is_narrow)
        return ret;
    *is_poorer = true;
    return 0;
}

/*
 * Beside an access control list the mode's group bits are no group's rights, but the most that any
 * of the list's users and groups may do. So they are set only with the file's own list or with
 * none, and never with what the directory would have all its files get.
 */
static int copy_rights(int fd, int old_fd, mode_t mode, bool keeps_group, bool *is_poorer)
{
    bool is_listed = has_acl(old_fd);
    bool is_plain = drop_acl(fd) == 0;
    mode_t narrow = keeps_group && !is_listed && is_plain ? mode : mode & 0707;

    if (set_mode(fd, narrow, is_poorer) < 0)
        return -1;
    if (narrow != mode && keeps_group && (!is_listed || copy_acl(fd, old_fd) < 0))
        *is_poorer = true;
    return 0;
}

int attributes_keep_owner(int fd, const struct stat *old, bool *keeps_group)
{
    struct stat now;

    if (fstat(fd, &now) < 0)
        return -1;
    *keeps_group = true;
    if ((now.st_uid == old->st_uid && now.st_gid == old->st_gid) ||
        fchown(fd, old->st_uid, old->st_gid) == 0)
        return 0;
    *keeps_group = false; /* what one group may do is not given to another */
    return now.st_uid == old->st_uid || old->st_uid == geteuid() ? 0 : -1;
}

int attributes_copy(int fd, int old_fd, const struct stat *old, const char *path, bool *is_poorer,
                    struct error *err)
{
    bool keeps_group;

    if (attributes_keep_owner(fd, old, &keeps_group) < 0)
        return error_set_hint(err, CLASS_AUTHFILE, "run as the user who owns the file",
                              "cannot keep the owner of '%s': %s", path, strerror(errno));
    if (copy_rights(fd, old_fd, old->st_mode & 0777, keeps_group, is_poorer) < 0)
        return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot set the mode of '%s'", path);
    copy_extended(fd, old_fd, is_poorer);
    return 0;
}

static int identity_remember(struct identity *identity, struct error *err)
{
    identity->group = getegid();
    identity->group_count = getgroups(0, NULL);
    if (identity->group_count < 0)
        return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot read root's groups");
    identity->groups = calloc((size_t)identity->group_count + 1, sizeof(gid_t));
    if (identity->groups == NULL)
        return error_no_memory(err);
    if (getgroups(identity->group_count, identity->groups) == identity->group_count)
        return 0;
    return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot read root's groups");
}

static void identity_forget(struct identity *identity)
{
    int errnum = errno;

    free(identity->groups);
    *identity = IDENTITY_INIT;
    errno = errnum;
}

static int identity_become(struct identity *identity, const struct stat *st)
{
    identity->is_taken = setgroups(0, NULL) == 0;
    if (!identity->is_taken || setegid(st->st_gid) < 0)
        return -1;
    return seteuid(st->st_uid);
}

/* In a user namespace most users have no number, and root there no power over them. */
static bool identity_is_unmapped(const struct stat *st)
{
    if (seteuid(st->st_uid) < 0)
        return errno == EINVAL;
    if (seteuid(0) < 0)
        abort();
    return false;
}

static int identity_stay_hidden(struct identity *identity, struct error *err)
{
    int errnum;

    if (secret_forbid_dump() == 0)
        return 0;
    errnum = errno;
    identity_restore(identity);
    return error_set_errno(err, CLASS_INTERNAL, errnum, "cannot harden the process");
}

int identity_take(struct identity *identity, const struct stat *st, struct error *err)
{
    int errnum;

    *identity = IDENTITY_INIT;
    if (geteuid() != 0 || st->st_uid == 0)
        return 0;
    if (identity_remember(identity, err) < 0) {
        identity_forget(identity);
        return -1;
    }
    if (identity_become(identity, st) == 0)
        return identity_stay_hidden(identity, err);
    errnum = errno;
    identity_restore(identity);
    if (errnum == EINVAL || identity_is_unmapped(st))
        return 0;
    return error_set_hint(err, CLASS_AUTHFILE,
                          "give root CAP_SETUID and CAP_SETGID, or run as that user",
                          "cannot act as user %lu, who owns the directory: %s",
                          (unsigned long)st->st_uid, strerror(errnum));
}

void identity_restore(struct identity *identity)
{
    bool is_taken = identity->is_taken;
    int errnum = errno;

    /* Root's real identity is untouched, so that this cannot fail; to go on as half of one must
     * not. */
    if (identity->is_taken && (seteuid(0) < 0 || setegid(identity->group) < 0 ||
                               setgroups((size_t)identity->group_count, identity->groups) < 0))
        abort();
    identity_forget(identity);
    if (is_taken && secret_forbid_dump() < 0)
        errno = errnum; /* it has succeeded before, and there is nothing that it could lack */
}

void identity_give(int fd, const struct stat *st)
{
    int errnum = errno;

    if (geteuid() == 0 && fchown(fd, st->st_uid, st->st_gid) < 0)
        errno = errnum; /* no matter */
}

#include "store/file/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

static int remember(struct identity *identity, struct error *err)
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

static int stay_hidden(struct identity *identity, struct error *err)
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
    if (remember(identity, err) < 0) {
        identity_forget(identity);
        return -1;
    }
    if (identity_become(identity, st) == 0)
        return stay_hidden(identity, err);
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

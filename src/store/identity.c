#include "store/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

int identity_take(struct identity *identity, const struct stat *st, struct error *err)
{
    identity->is_taken = false;
    if (geteuid() != 0 || st->st_uid == 0)
        return 0;
    identity->group_count = getgroups(IDENTITY_GROUPS_MAX, identity->groups);
    if (identity->group_count < 0 || setgroups(0, NULL) < 0)
        return error_set_errno(err, CLASS_AUTHFILE, errno, "cannot act as user %lu",
                               (unsigned long)st->st_uid);
    identity->is_taken = true;
    if (setegid(st->st_gid) == 0 && seteuid(st->st_uid) == 0)
        return 0;
    (void)error_set_errno(err, CLASS_AUTHFILE, errno, "cannot act as user %lu",
                          (unsigned long)st->st_uid);
    identity_restore(identity);
    return -1;
}

void identity_restore(struct identity *identity)
{
    int errnum = errno;

    if (!identity->is_taken)
        return;
    /* Root's real identity is untouched, so that this cannot fail; to go on as half of one must
     * not. */
    if (seteuid(0) < 0 || setegid(getgid()) < 0 ||
        setgroups((size_t)identity->group_count, identity->groups) < 0)
        abort();
    identity->is_taken = false;
    errno = errnum;
}

/*
 * Root working in another user's directory: under sudo, in a user's home. Root creates files there
 * as that user, so that they have the right owner from the start.
 *
 * It is the directory's owner that counts: a link that the user made is followed as by open(2), and
 * in its own directories root works as root. Once a directory is open, all that is done is done in
 * that one, even if the user moves directories and links in the meantime.
 */
#ifndef STORE_FILE_IDENTITY_H
#define STORE_FILE_IDENTITY_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

/* Root's own, to go back to. */
struct identity {
    bool is_taken;
    gid_t group;
    gid_t *groups;
    int group_count;
};

#define IDENTITY_INIT ((struct identity){.is_taken = false})

/*
 * As root, become the owner of what `st` describes, without any other group, until
 * identity_restore(); for root's own things, as anybody else, and in a user namespace that does not
 * know the owner, do nothing.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE, CLASS_INTERNAL) and the identity as it was.
 */
int identity_take(struct identity *identity, const struct stat *st, struct error *err)
    __attribute__((warn_unused_result));

/*
 * As root, give the new file `fd` to the owner of what *st describes. If that cannot be done it
 * stays root's, which is safe.
 */
void identity_give(int fd, const struct stat *st);

/* Become root again, and release what *identity holds. Accepts one that did nothing. */
void identity_restore(struct identity *identity);

#endif

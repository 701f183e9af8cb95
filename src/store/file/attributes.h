/*
 * Whose a file is that is made or replaced, and what it keeps: owner, mode, access control list and
 * other extended attributes of the file that it replaces; of a new one, the owner of its directory.
 */
#ifndef STORE_FILE_ATTRIBUTES_H
#define STORE_FILE_ATTRIBUTES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Give `fd`, a new file of mode 0600, what `old_fd` has, whose status is *old. The owner must be
 * kept; a group that cannot be kept loses its rights; extended attributes are copied where the
 * system permits it. *is_poorer becomes true if rights or an attribute of the user's were lost.
 * `path` is for messages. Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int attributes_copy(int fd, int old_fd, const struct stat *old, const char *path, bool *is_poorer,
                    struct error *err) __attribute__((warn_unused_result));

/*
 * The first step of that alone: give `fd` owner and group of *old, if it has others. Returns 0 and
 * whether that is so of the group too, or -1 with errno set.
 */
int attributes_keep_owner(int fd, const struct stat *old, bool *keeps_group)
    __attribute__((warn_unused_result));

/*
 * Root working in another user's directory: under sudo, in a user's home. Root creates files there
 * as that user, so that they have the right owner from the start.
 *
 * It is the directory's owner that counts: a link that the user made is followed as by open(2), and
 * in its own directories root works as root. Once a directory is open, all that is done is done in
 * that one, even if the user moves directories and links in the meantime.
 *
 * What is kept here is root's own identity, to go back to.
 */
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

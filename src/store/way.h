/*
 * The path of a file whose content is acted on, such as a record's command: could another user
 * redirect it?
 *
 * That a file and its directory are the user's own is not enough. Who may write to a directory
 * above can put a link there, to a file that is the user's all the same: one of a repository that
 * they cloned or, for root, of an image's layer.
 */
#ifndef STORE_WAY_H
#define STORE_WAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* The effective user, or root. */
bool way_is_trusted(uid_t owner);

/*
 * Every directory and link that the path leads through must be a trusted user's, and writable by
 * nobody else. A sticky directory is as good, for what is in it has to be a trusted user's, too;
 * and so is one that is writable for a group with the number of its owner, which is the owner's own
 * where such groups are usual (umask 002). Owners that a user namespace cannot name count as root:
 * podman without root runs a helper in one. The way may end before the file. Returns 0, or -1 with
 * *err set (CLASS_AUTHFILE).
 */
int way_check(const char *path, struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * Copy owner, mode, access control list and other extended attributes to the file that replaces
 * another.
 */
#ifndef STORE_FILE_ATTRIBUTES_H
#define STORE_FILE_ATTRIBUTES_H

#include <stdbool.h>
#include <sys/stat.h>

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

#endif

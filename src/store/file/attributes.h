/*
 * Owner, mode, access control list and other extended attributes of a file that takes another's
 * place.
 */
#ifndef STORE_FILE_ATTRIBUTES_H
#define STORE_FILE_ATTRIBUTES_H

#include <sys/stat.h>

#include "base/error.h"

/*
 * Give `fd`, a new file of mode 0600, what `old_fd` has, whose status is *old. The owner must be
 * kept; a group that cannot be kept loses its rights; extended attributes are copied where the
 * system permits it. `path` is for messages.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int attributes_copy(int fd, int old_fd, const struct stat *old, const char *path, struct error *err)
    __attribute__((warn_unused_result));

#endif

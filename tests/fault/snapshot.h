/*
 * What stands in the working directory and below it: names, modes and texts.
 */
#ifndef TESTS_FAULT_SNAPSHOT_H
#define TESTS_FAULT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SNAPSHOT_MAX = 64, SNAPSHOT_TEXT_MAX = 2048, SNAPSHOT_PATH_MAX = 256 };

struct snapshot_item {
    char path[SNAPSHOT_PATH_MAX];
    mode_t mode;
    uid_t owner;
    size_t len;
    char text[SNAPSHOT_TEXT_MAX]; /* of a file; of a link, its target */
};

struct snapshot {
    struct snapshot_item items[SNAPSHOT_MAX];
    size_t count;
};

void snapshot_take(struct snapshot *out);

/*
 * What is in `now` that was neither in `before` nor in `after`, or is gone that was in both: a
 * path, or NULL when each item is the old or the new one, whole. *is_extra tells that the path
 * itself is new.
 */
const char *snapshot_stray(const struct snapshot *now, const struct snapshot *before,
                           const struct snapshot *after, bool *is_extra);

#endif

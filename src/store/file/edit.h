/*
 * A change to the file at a path: read, changed and replaced under lock, and read back, again and
 * again until nobody comes in between.
 */
#ifndef STORE_FILE_EDIT_H
#define STORE_FILE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

/*
 * What is to become of a text: fill *out, and tell in *changed whether it differs from `in`. `name`
 * speaks of the file in errors: "'/x/config.json'". Called once for each time the file is read;
 * what it makes of its own output is no change. Returns 0, or -1 with *err set.
 */
typedef int edit_fn(void *ctx, struct secret *out, const struct secret *in, const char *name,
                    bool *changed, struct error *err);

struct edit {
    const char *path;
    size_t max; /* bytes of the file */
    edit_fn *change;
    void *ctx;
    const struct clock *clock;
    int64_t deadline_ms; /* of whatever is waited for: other runs of this program */
};

/*
 * Make the change. Where nothing is due nothing is written, and a directory that may not be locked
 * is no hindrance. On success the last text that `change` saw is what was read back.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE, or what `change` says) and the file as it was,
 * or, where *changed and the error says so, the new one.
 */
int edit_apply(const struct edit *edit, bool *changed, struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

#endif

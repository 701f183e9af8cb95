/*
 * Read an auth file without a lock; nothing is created.
 */
#ifndef STORE_LOOK_H
#define STORE_LOOK_H

#include <stdbool.h>

#include "base/error.h"
#include "store/text/document.h"

/*
 * Read the auth file at `path`; one that is absent is an empty document. `is_bare`: its text is the
 * object of "auths" itself, as in ~/.dockercfg. Returns 0 and replaces *out (release with
 * document_clear()), or -1 with *err set (CLASS_AUTHFILE) and what to do.
 */
int look_at(struct document *out, const char *path, bool is_bare, struct error *err)
    __attribute__((warn_unused_result));

#endif

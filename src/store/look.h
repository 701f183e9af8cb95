/*
 * Read an auth file without a lock, or the variable that goes before it; nothing is created.
 */
#ifndef STORE_LOOK_H
#define STORE_LOOK_H

#include <stdbool.h>

#include "base/error.h"
#include "store/reader.h"
#include "store/snapshot.h"
#include "store/text/document.h"

/*
 * Read the auth file at `path`; one that is absent is an empty document. `is_bare`: its text is the
 * object of "auths" itself, as in ~/.dockercfg. Returns 0 and replaces *out (release with
 * document_clear()), or -1 with *err set (CLASS_AUTHFILE) and what to do.
 */
int look_at(struct document *out, const char *path, bool is_bare, struct error *err)
    __attribute__((warn_unused_result));

/*
 * What `reader` takes of `text`, which its variable holds: all or nothing. An entry without an
 * "auth", or with one that it cannot decode, any other member, or anything after the object costs
 * the whole (docker/cli's cli/config/configfile/file.go). Returns 1 and replaces *out, 0 if it
 * takes nothing, or -1 with *err set (CLASS_INTERNAL).
 */
int look_at_variable(struct document *out, const struct reader *reader, const char *text,
                     struct error *err) __attribute__((warn_unused_result));

/*
 * The same in a snapshot, which keeps what comes of it, and lends *out until it is cleared. Where
 * the variable is not set, or holds nothing that its reader takes, look_once_at_variable() returns
 * NULL.
 */
int look_once(const struct document **out, struct snapshot *snapshot, const struct location *file,
              struct error *err) __attribute__((warn_unused_result));
const struct document *look_once_at_variable(struct snapshot *snapshot, const struct reader *reader,
                                             const struct location_request *places);

/* holding_check_all() of what look_once() gave. */
int look_check_all(struct snapshot *snapshot, const struct document *document,
                   const struct reader *reader, struct error *err)
    __attribute__((warn_unused_result));

#endif

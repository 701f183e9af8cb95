/*
 * One entry put into the auth file at a path: read, edited and replaced under lock, and read back.
 */
#ifndef STORE_AUTH_FILE_H
#define STORE_AUTH_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/warning.h"
#include "store/location.h"

/* What is to be stored, and where. */
struct auth_file {
    const char *path;
    enum auth_format format;
    const char *key;           /* of the entry: "ghcr.io" */
    const char *host;          /* what helpers are named by: the key without a namespace */
    const struct secret *auth; /* base64 of user:token */
    bool in_place;             /* a file that cannot be replaced may be written through */
};

/*
 * Before any network: could this entry be stored, and would its reader find it? Reads, changes
 * nothing. Returns 0, or -1 with *err set: CLASS_AUTHFILE for a file that is unreadable, malformed
 * or cannot be written (a read-only file that already holds the entry is fine); CLASS_HELPER where
 * the file hands the registry to a credential helper, for its reader would then not look at the
 * entry.
 */
int auth_file_check(const struct auth_file *file, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Store it. Waits for other runs of this program until `deadline_ms`. On success the entry has been
 * read back from the file; *changed tells whether it had to be written. Warns of entries beside it
 * that some reader takes first.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE) and the file as it was, or, where the error says
 * that the entry was written, the new one.
 */
int auth_file_store(const struct auth_file *file, const struct clock *clock, int64_t deadline_ms,
                    bool *changed, struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * Store or remove one entry of an auth file where its readers look for it: in the file itself, or
 * in the credential helper that the file names for the registry.
 *
 * In a helper the credential is stored as docker does it: the helper gets it, and Docker's file the
 * entry {} in place of whatever it held. Podman's file is not changed then.
 */
#ifndef STORE_AUTH_FILE_H
#define STORE_AUTH_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "store/entry.h"

/* What came of it, or would. */
struct auth_file_result {
    bool changed;                       /* the file or the helper */
    char helper[READER_HELPER_MAX + 1]; /* that has the entry; "": the file has */
};

/*
 * Before any network: could this entry be stored? Changes nothing; result->changed tells whether
 * storing would. Returns 0, or -1 with *err set: CLASS_AUTHFILE for a file that is unreadable,
 * malformed or cannot be written (a read-only file that already holds the entry is fine);
 * CLASS_HELPER for a helper that is not there or does not answer.
 */
int auth_file_check(const struct entry *entry, struct auth_file_result *result, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Store it, where auth_file_check() found that it belongs: in result->helper, or the file. That the
 * file names another helper by now is an error. On success the entry has been read back from where
 * it was stored; warns of entries beside it that some reader takes first.
 * Returns 0, or -1 with *err set and all as it was, or, where result->changed, not.
 */
int auth_file_store(const struct entry *entry, struct auth_file_result *result,
                    struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Take it away, under the key and every other spelling of it ("https://ghcr.io/"), which docker or
 * podman would go on using; and from the helper. With `key` NULL: every entry of the file, each
 * from the helper that has it, and what the helpers of "credHelpers" have for their hosts. Only
 * entries that hold `username` and `token`, where these are given, which is judged under the lock.
 * That nothing was there is no error: then result->changed is false. `dry_run`: only tell. Returns
 * as auth_file_store().
 */
int auth_file_remove(const struct entry *entry, bool dry_run, struct auth_file_result *result,
                     struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

#endif

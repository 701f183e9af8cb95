/*
 * What stands in the text of an auth file: Docker's config.json, Podman's auth.json. Pure.
 *
 * jansson judges that the text is valid (a key that stands twice is refused). Names of members are
 * found as docker finds them, without regard to case; host keys exactly.
 *
 * Every error is CLASS_AUTHFILE (or CLASS_INTERNAL) and quotes nothing of the text.
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024, DOCUMENT_HELPER_MAX = 255 }; /* bytes */

/*
 * The credential helper that is asked about `host` instead of "auths": that of "credHelpers", else,
 * by docker alone (`has_store`), "credsStore"; "" when the file is read. An empty name in
 * "credHelpers" tells docker to read the file; podman takes it for a helper. Returns 0 and fills
 * helper[DOCUMENT_HELPER_MAX + 1], or -1 with *err set.
 */
int document_helper(char *helper, const struct secret *in, const char *name, const char *host,
                    bool has_store, struct error *err) __attribute__((warn_unused_result));

/* One entry of "auths" as it stands; each empty where there is none. */
struct document_entry {
    struct secret auth;
    struct secret username;
    struct secret password;
    struct secret identitytoken;
};

/*
 * The entry under exactly `key`. Returns 1 and fills *out (release with document_entry_clear()), 0
 * where there is none, or -1 with *err set.
 */
int document_find(struct document_entry *out, const struct secret *in, const char *name,
                  const char *key, struct error *err) __attribute__((warn_unused_result));

void document_entry_clear(struct document_entry *entry);

/*
 * Call `visit` with each entry's key and "auth" where that is a text, until it returns false.
 * Returns 0, or -1 with *err set where the text is no auth file.
 */
int document_each_auth(const struct secret *in, const char *name,
                       bool (*visit)(void *ctx, const char *key, const char *auth, size_t len),
                       void *ctx, struct error *err) __attribute__((warn_unused_result));

/*
 * Call `visit` with each key of "auths" that begins in `prefix` (all for ""), until it returns
 * false. Returns 0, or -1 with *err set where the text is no auth file.
 */
int document_each_key(const struct secret *in, const char *name, const char *prefix,
                      bool (*visit)(void *ctx, const char *key), void *ctx, struct error *err)
    __attribute__((warn_unused_result));

#endif

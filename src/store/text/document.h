/*
 * An auth file's text, read once: Docker's config.json, Podman's auth.json. Pure.
 *
 * jansson judges that the text is valid (a key that stands twice is refused). Names of members are
 * found as docker finds them, without regard to case; host keys exactly. Docker merges members that
 * differ in nothing but case; which of them would win cannot be told, so that two are refused. In
 * an entry the last of such texts wins.
 *
 * Order: document_parse(), then any question or change (edit.h), then document_clear().
 */
#ifndef STORE_TEXT_DOCUMENT_H
#define STORE_TEXT_DOCUMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/scan.h"
#include "base/secret.h"
#include "store/reader.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024 }; /* bytes */

struct json_t; /* jansson's */

struct document {
    struct secret text;
    struct json_t *root;     /* the same as a tree; NULL for a blank text */
    char name[PATH_MAX + 3]; /* in errors: "'/x/config.json'" */
};

#define DOCUMENT_INIT ((struct document){.root = NULL})

/*
 * Read `text`, which moves into *out; one that is empty or blank counts as an empty document.
 * Returns 0 and replaces *out, or -1 with *err set: CLASS_AUTHFILE, which quotes nothing of the
 * text, or CLASS_INTERNAL.
 */
int document_parse(struct document *out, struct secret *text, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/* Accepts one that was never read. */
void document_clear(struct document *document);

#define DOCUMENT_NO_NAME "(no name)"

/*
 * The credential helper that `reader` asks about `host` instead of "auths": that of "credHelpers",
 * else "credsStore", if it obeys that; "" when it reads the file. What an empty name in
 * "credHelpers" is to it: the file, or DOCUMENT_NO_NAME, a helper that cannot be run.
 * Fills helper[READER_HELPER_MAX + 1] and returns it.
 */
const char *document_helper(char *helper, const struct document *document,
                            const struct reader *reader, const char *host);

/* One entry of "auths" as it stands, in the document; each text empty where there is none. */
struct document_entry {
    struct span auth;
    struct span username;
    struct span password;
    struct span identitytoken;
    struct span registrytoken;
    bool is_malformed; /* one of these is no text, or the entry no object: readers give up */
};

/* The entry under exactly `key`; false where there is none. */
bool document_find(struct document_entry *out, const struct document *document, const char *key);

/*
 * Call `visit` with each key of "auths", or each host of "credHelpers", in turn, until it returns
 * false. Returns whether it never did.
 */
bool document_each_key(const struct document *document, bool (*visit)(void *ctx, const char *key),
                       void *ctx);
bool document_each_helped(const struct document *document,
                          bool (*visit)(void *ctx, const char *host), void *ctx);

/*
 * For edit.c: the member of the whole that docker takes for `name`, and as the text spells
 * it. NULL, and `name`, where there is none.
 */
struct json_t *document_member(const struct document *document, const char *name,
                               const char **spelling);

#endif

/*
 * An auth file's text, read once: Docker's config.json, Podman's auth.json. Pure.
 *
 * The text stays what it is; beside it stands where the members of "auths" and "credHelpers" are.
 * Names of members are found as docker finds them, without regard to case; host keys exactly.
 * Docker merges members that differ in nothing but case; which of them would win cannot be told, so
 * two are refused, as is a key that occurs twice. In an entry the last of such texts wins.
 *
 * Order: document_parse(), then any question or change (edit.h), then document_clear().
 */
#ifndef STORE_TEXT_DOCUMENT_H
#define STORE_TEXT_DOCUMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scan.h"
#include "base/secret.h"
#include "store/reader.h"

enum { DOCUMENT_MAX = 8 * 1024 * 1024 }; /* bytes */

/* The objects whose members are looked at. */
enum document_object {
    DOCUMENT_AUTHS,
    DOCUMENT_HELPERS, /* "credHelpers" */
    DOCUMENT_OBJECTS,
};

/* Offsets: of the decoded key in `keys`, of the value in `text`. */
struct document_item {
    uint32_t key;
    uint32_t value;
    uint32_t len;
};

struct document_list {
    struct document_item *items;
    size_t count;
    size_t cap;
    uint32_t *slots; /* of items by the hash of their keys, counted from 1; 0: a free one */
    size_t slot_count;
    char name[16]; /* of the object as the text spells it; "": it is not there */
};

struct document {
    struct secret text;
    struct secret keys; /* each with a NUL after it */
    struct document_list lists[DOCUMENT_OBJECTS];
    struct span store;       /* the value of "credsStore", in the text */
    char name[PATH_MAX + 3]; /* in errors: "'/x/config.json'" */
};

#define DOCUMENT_INIT ((struct document){.text = {.data = NULL}})

/*
 * Read `text`, which moves into *out; one that is empty or blank counts as an empty document.
 * Returns 0 and replaces *out, or -1 with *err set: CLASS_AUTHFILE, which quotes nothing of the
 * text, or CLASS_INTERNAL.
 */
int document_parse(struct document *out, struct secret *text, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/* Accepts one that was never read. */
void document_clear(struct document *document);

/* Whether there is nothing in it, not even an object. */
bool document_is_blank(const struct document *document);

/*
 * One member of "auths" or "credHelpers":
 *
 *     struct document_member m = document_members(document, DOCUMENT_AUTHS);
 *     while (document_next(&m))
 *         ... m.key, m.value ...
 */
struct document_member {
    const char *key;   /* decoded; lives in the document */
    struct span value; /* as it stands in the text */
    size_t number;     /* of the member, from 0 */
    const struct document *document;
    const struct document_list *list;
    size_t next;
};

struct document_member document_members(const struct document *document,
                                        enum document_object object);

/* To the next one; false if there is no more. */
bool document_next(struct document_member *member);

/* The member under exactly `key`; false if there is none. */
bool document_get(struct document_member *out, const struct document *document,
                  enum document_object object, const char *key);

/*
 * Every key that has something to do with a credential: those of "auths", then those of
 * "credHelpers" that are not among them.
 */
struct document_keys {
    struct document_member member;
    bool is_in_helpers;
};

struct document_keys document_keys(const struct document *document);

/* To the next one, keys->member.key; false if there is no more. */
bool document_next_key(struct document_keys *keys);

/* Of a value: whether it is a text, an object, or nothing. */
bool document_is_text(struct span value);
bool document_is_object(struct span value);
bool document_is_null(struct span value);

/* What "credsStore" names; "": nothing. Fills store[READER_HELPER_MAX + 1] and returns it. */
const char *document_store(char *store, const struct document *document);

#define DOCUMENT_NO_NAME "(no name)"

/*
 * The credential helper that `reader` asks about `host` instead of "auths": that of "credHelpers",
 * else "credsStore", if it obeys that; "" when it reads the file. What an empty name in
 * "credHelpers" is to it: the file, or DOCUMENT_NO_NAME, a helper that cannot be run.
 * Fills helper[READER_HELPER_MAX + 1] and returns it.
 */
const char *document_helper(char *helper, const struct document *document,
                            const struct reader *reader, const char *host);

/*
 * One entry of "auths" as it stands: what is between the quotes of each text, escapes and all
 * (syntax.h), empty if there is none.
 */
struct document_entry {
    struct span auth;
    struct span username;
    struct span password;
    struct span identitytoken;
    struct span registrytoken;
    size_t count;      /* of all its members */
    bool is_malformed; /* one of these is no text, or the entry no object: readers give up */
};

struct document_entry document_entry_of(struct span value);

/* The entry under exactly `key`; false if there is none. */
bool document_find(struct document_entry *out, const struct document *document, const char *key);

#endif

/*
 * The credential that one entry of an auth file holds, as its reader would take it. Pure.
 */
#ifndef STORE_TEXT_DECODE_H
#define STORE_TEXT_DECODE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "store/text/document.h"
#include "store/location.h"

struct holding {
    struct secret username; /* "<token>" where there is but a token */
    struct secret token;    /* empty: the entry is there, but holds nothing to use */
    /* What the token is where a registry gave it in exchange for a password: "an identity token",
       "a registry token". NULL: a password. */
    const char *token_kind;
    bool is_decoded; /* docker's: the token is out of "auth", and does not stand there by itself */
};

#define HOLDING_INIT ((struct holding){.token_kind = NULL})

/*
 * What `reader` finds under exactly `key`. Returns 1 and replaces *out (release with
 * holding_clear()), 0 where there is no such entry, or -1 with *err set (CLASS_AUTHFILE).
 */
int holding_find(struct holding *out, const struct document *document, const char *key,
                 enum auth_format reader, struct error *err) __attribute__((warn_unused_result));

/*
 * Whether `reader` can read the whole file, all of which is of the types that it wants (shape.h),
 * and docker can decode each "auth". Otherwise podman takes nothing from it, and docker no "auth",
 * or by chance not all; what else stands in an entry it takes, and it asks helpers. Returns 0, or
 * -1 with the empty *err set (CLASS_AUTHFILE).
 */
int holding_check_all(const struct document *document, enum auth_format reader, struct error *err)
    __attribute__((warn_unused_result));

void holding_clear(struct holding *holding);

#endif

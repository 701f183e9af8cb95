/*
 * The credential that one entry of an auth file, or a helper, holds, as its reader takes it.
 */
#ifndef STORE_HOLDING_H
#define STORE_HOLDING_H

#include <stdbool.h>

#include "base/secret.h"

struct holding {
    struct secret username; /* "<token>" if there is but a token */
    struct secret token;    /* empty: the entry is there, but holds nothing to use */
    /* What the token is where a registry gave it in exchange for a password: "an identity token",
       "a registry token". NULL: a password. */
    const char *token_kind;
    bool is_decoded; /* the token is out of "auth", and does not stand there by itself */
};

#define HOLDING_INIT ((struct holding){.token_kind = NULL})

/* Accepts NULL. */
void holding_clear(struct holding *holding);

/* Whether both are the same user name with the same token, wherever they stand. */
bool holding_is_same(const struct holding *a, const struct holding *b);

#endif

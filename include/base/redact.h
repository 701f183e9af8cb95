/*
 * Keep a credential out of the output, in any spelling that a server, a helper or a log may give
 * it. Code that shows text from outside (a registry, an API, a helper, the environment) checks it
 * here first, and does not show it if it contains a secret.
 *
 * A secret of one line is found by any run of REDACT_RUN bytes of it (of a shorter one all but a
 * byte at an end, of one below 8 bytes the whole), a secret of more lines, or a JSON object, as a
 * whole, and by any line of REDACT_LINE bytes or more and any unbroken stretch of a key: a service
 * account's key holds names of projects and accounts, which a registry may well repeat. Each is
 * found plainly, in base64 (either alphabet, at any offset, so that user:token is found too; padded
 * or not), in hex, and URL-, form-, JSON- and HTML-escaped, also where these are mixed; case of
 * ASCII letters aside, as far as the spelling survives that.
 *
 * A struct redact has copies of the secrets, and is made once for a credential.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

enum {
    REDACT_RUN = 12,
    REDACT_LINE = 40,
    REDACT_ITEMS_MAX = 24, /* a credential takes three, and each image has a bearer of its own */
};

/* In place of words that repeat a secret. */
#define REDACT_WORDS "its output contains the credential and is not shown"

struct redact_item {
    struct secret text;
    size_t run; /* bytes that give it away; 0: it has many lines */
};

struct redact {
    struct redact_item items[REDACT_ITEMS_MAX];
    size_t count;
};

#define REDACT_INIT ((struct redact){.count = 0})

/*
 * Begin with a credential, `username` NULL if it has no name. `auth` is the base64 of
 * username:token, if it is at hand; it is made if that is NULL. Returns 0 and fills *out
 * (release with redact_clear()), or -1 with *err set and *out empty: there is no memory.
 */
int redact_start(struct redact *out, const char *username, const struct secret *token,
                 const struct secret *auth, struct error *err) __attribute__((warn_unused_result));

/* Add one more secret, such as a bearer; an empty one is ignored. Past REDACT_ITEMS_MAX it takes
 * the place of the last. Returns 0, or -1 with *err set and *redact as it was. */
int redact_add(struct redact *redact, const struct secret *secret, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Whether a text repeats one of them; true also if there is no memory to find that out. False
 * if `redact` is NULL or empty.
 */
bool redact_finds(const struct redact *redact, const char *text, size_t len);

/* Wipe and release. Accepts an empty one. */
void redact_clear(struct redact *redact);

#endif

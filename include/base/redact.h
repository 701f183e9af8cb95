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
 * or not), base32 and hex, URL-, form-, JSON-, C- and HTML-escaped and quoted-printable, also where
 * these are mixed or one is in another, as a list of numbers, in pieces with other characters in
 * between, and backwards; case of ASCII letters aside, as far as the spelling survives that. One of
 * less than 8 bytes, which words may hold by chance, is found in the first of these only.
 *
 * What has the form of a GitHub token is found as well, though nobody knows it: another one than
 * the credential. Its case counts, and at least 16 bytes of it must follow the prefix.
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
    REDACT_ITEMS_MAX = 24, /* a credential, bearers, and what else is known to be secret */
    REDACT_FORMS = 5,
    REDACT_HASHES = 1 << 16,
};

/* In place of words that repeat a secret. */
#define REDACT_WORDS "its output contains the credential and is not shown"

/* In place of a value, such as a path, that does. */
#define REDACT_VALUE "(hidden: contains a credential)"

struct redact_item {
    struct secret forms[REDACT_FORMS]; /* as it is, without what parts it, and in base64 */
    bool has_many_lines;
};

struct redact {
    struct redact_item items[REDACT_ITEMS_MAX];
    size_t count;
    unsigned char seen[REDACT_HASHES / 8]; /* a bit for bytes that a secret has anywhere */
};

#define REDACT_INIT ((struct redact){.count = 0})

/*
 * Add a secret, such as the credential's or a bearer; an empty one, or one that it has, is ignored.
 * Past REDACT_ITEMS_MAX it takes the place of the last. Returns 0, or -1 with *err set and *redact
 * as it was: there is no memory. Release with redact_clear().
 */
int redact_add(struct redact *redact, const struct secret *secret, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Whether a text repeats one of them, or a GitHub token; true also if there is no memory to find
 * that out, which a text of up to 2048 bytes does not take. `redact` may be NULL or empty.
 */
bool redact_finds(const struct redact *redact, const char *text, size_t len);

/* The text itself, or REDACT_VALUE if it repeats one. */
const char *redact_value(const struct redact *redact, const char *text);

/* Put `instead` into text[size] if that repeats one. */
void redact_replace(const struct redact *redact, char *text, size_t size, const char *instead);

/* Wipe and release. Accepts an empty one. */
void redact_clear(struct redact *redact);

#endif

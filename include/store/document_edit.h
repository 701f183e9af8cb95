/*
 * A change to the text of an auth file. Text in, text out. Pure.
 *
 * It changes one member and keeps every other byte: unknown keys, their order, indentation,
 * numbers. jansson judges that the text is valid, and that the result is the input with that one
 * member changed. Errors are as document.h has them.
 */
#ifndef STORE_DOCUMENT_EDIT_H
#define STORE_DOCUMENT_EDIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

enum document_change {
    DOCUMENT_STORE,  /* the entry `key` becomes {"auth": AUTH} and nothing else */
    DOCUMENT_MARK,   /* the entry `key` becomes {}: docker's sign that a helper has it */
    DOCUMENT_REMOVE, /* there is no entry `key` */
    DOCUMENT_BYPASS, /* "credHelpers" has "" for the host `key`: docker then reads the file */
    DOCUMENT_UNHELP, /* "credHelpers" does not have the host `key`: podman then reads the file */
};

struct document_edit {
    enum document_change change;
    const char *key; /* needs no JSON escapes */
    const struct secret *auth;
};

/*
 * Make one change. What the entry held before goes, because a stale "identitytoken" would win. A
 * text that is empty or blank counts as an empty document. `name` speaks of the text in errors:
 * "'/x/config.json'".
 * Returns 0 and replaces *out (release with secret_clear()); *changed tells whether it differs from
 * the input, which it does not when readers already find there what is meant.
 * Returns -1 with *err set and *out untouched.
 */
int document_edit(struct secret *out, const struct secret *in, const char *name,
                  const struct document_edit *edit, bool *changed, struct error *err)
    __attribute__((warn_unused_result));

#endif

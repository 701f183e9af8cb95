/*
 * Write one member into the text of an auth file, or remove it, in the layout of the text around
 * it, and keep every other byte. Pure. For edit.c, which knows what the text means.
 */
#ifndef STORE_TEXT_SPLICE_H
#define STORE_TEXT_SPLICE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

/* What is written in place of a member's value. */
enum splice_value {
    SPLICE_ENTRY,        /* {"auth": AUTH} */
    SPLICE_EMPTY_OBJECT, /* {} */
    SPLICE_EMPTY_TEXT,   /* "" */
    SPLICE_OWN_HELPER,   /* the name of this program's own credential helper */
};

struct splice {
    const char *object; /* the member of the text that holds the member */
    const char *key;    /* neither name needs JSON escapes, if it has to be written */
    enum splice_value value;
    const struct secret *auth; /* of SPLICE_ENTRY */
};

/*
 * Write the member, in place of what is there, or after the last. `in` is valid JSON: an object,
 * whose member `object` is an object, null or absent; NULL makes a new document. Returns 0 and
 * replaces *out (release with secret_clear()), or -1 with *err set and *out untouched.
 */
int splice_set(struct secret *out, const struct secret *in, const struct splice *splice,
               struct error *err) __attribute__((warn_unused_result));

/*
 * Take members of the member `object` away, each with one comma: those whose numbers `goes` marks,
 * counted from 0, which has one mark for each. The same otherwise.
 */
int splice_remove(struct secret *out, const struct secret *in, const char *object, const bool *goes,
                  struct error *err) __attribute__((warn_unused_result));

#endif

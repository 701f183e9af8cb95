/*
 * One entry written into the text of an auth file, laid out as the text around it is, with every
 * other byte kept. Pure. For document.c, which knows what the text means.
 */
#ifndef STORE_SPLICE_H
#define STORE_SPLICE_H

#include "base/error.h"
#include "base/secret.h"

/*
 * Write {"auth": AUTH} as the member `key` of the member `auths_name` of `in`, in place of what is
 * there or behind the last. `in` is valid JSON: an object, whose member `auths_name` is an object,
 * null or absent; NULL makes a new document. Neither name needs JSON escapes.
 * Returns 0 and replaces *out (release with secret_clear()), or -1 with *err set and *out
 * untouched.
 */
int splice_entry(struct secret *out, const struct secret *in, const char *auths_name,
                 const char *key, const struct secret *auth, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * The WWW-Authenticate grammar of RFC 9110 section 11.6.1, read as docker reads it. Pure.
 *
 * Fields may come several times and hold several challenges each. Of those, Bearer is preferred to
 * Basic, and the first of a kind to a later one; schemes that are neither are skipped. What is well
 * formed before a fault counts; unquoted values, empty values and missing commas are accepted. But
 * realm and service of Bearer, once they are found, decide where a password goes: if one of them is
 * malformed or duplicated, the field is refused.
 */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include <stddef.h>

#include "base/error.h"

enum { CHALLENGE_VALUE_MAX = 4096 };

enum challenge_scheme {
    CHALLENGE_NONE, /* no challenge, or none that we can answer */
    CHALLENGE_BASIC,
    CHALLENGE_BEARER,
};

struct challenge {
    enum challenge_scheme scheme;
    char realm[CHALLENGE_VALUE_MAX];   /* "" when absent */
    char service[CHALLENGE_VALUE_MAX]; /* "" when absent */
};

/*
 * Merge one field value into *challenge, which starts zeroed. Returns 0, or -1 with *err set
 * (CLASS_UNPROVED) and *challenge untouched.
 */
int challenge_add_field(struct challenge *challenge, const char *field, size_t len,
                        struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * What a user name and a token may hold. Pure.
 *
 * Both cut exactly one line end (CR LF, LF or CR) off *value and then refuse rather than repair.
 * `where` names the source in messages; the refused value itself is never shown.
 * Return 0, or -1 with *err set (CLASS_CREDENTIAL).
 */
#ifndef CREDENTIAL_RULES_H
#define CREDENTIAL_RULES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/place.h"
#include "base/secret.h"
#include "credential/input.h"

struct rules {
    const char *where;      /* names the source: "environment variable 'GHCR_TOKEN'" */
    bool is_github;         /* refuse also what no GitHub token can be: see mistake.h */
    enum input_kind source; /* what may be wrong with it */
    enum place place;       /* whose hints to give */
};

int rules_check_token(struct secret *value, const struct rules *rules, struct error *err)
    __attribute__((warn_unused_result));

int rules_check_name(struct secret *value, const char *where, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * Docker's credential helpers: the programs docker-credential-NAME that keep what an auth file
 * would hold, by their own protocol.
 *
 * The helper is found on PATH and run without a shell, as base/child.h tells: it gets nothing but
 * its request, and is killed at the deadline. It has our environment without GHCR_TOKEN, which
 * is for this program alone; of other variables that hold a token it is the caller's to take them
 * out before. The token is never in its arguments.
 *
 * Every error is CLASS_HELPER (or "out of memory") and tells these apart: a NAME that is no file
 * name; no such program; not executable; could not be started; failed, with status and words;
 * killed by a signal; did not end in time; answered too much, no JSON, or less than was asked for.
 * Its words are shown, but not where they repeat, in any form (helper_wire_forms()), the credential
 * that is to be stored, or that was got last.
 *
 * Order: json_init() before.
 */
#ifndef STORE_HELPER_H
#define STORE_HELPER_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

struct helper {
    const char *name;     /* of docker-credential-NAME; not empty, no '/' */
    const char *file;     /* that hands the registry to it, for errors; NULL: nobody is to blame */
    const char *username; /* with `token`, which its words are not to repeat */
    const struct secret *token; /* NULL: none is known but what it is given to store */
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock, for each call */
};

/*
 * `server_url` is the key of the entry: "ghcr.io". It replaces what the helper has for it.
 * Returns 0, or -1 with *err set.
 */
int helper_store(const struct helper *helper, const char *server_url, const char *username,
                 const struct secret *token, struct error *err) __attribute__((warn_unused_result));

/*
 * Returns 1 and replaces *username and *token (release with secret_clear()), 0 when the helper has
 * nothing for it, or -1 with *err set. The user name "<token>" means that *token is an identity
 * token, not a password. Neither holds a NUL byte; nothing else is checked.
 */
int helper_get(const struct helper *helper, const char *server_url, struct secret *username,
               struct secret *token, struct error *err) __attribute__((warn_unused_result));

/*
 * Returns 0 when nothing is there for it afterwards, or -1 with *err set. Some helpers fail when
 * nothing was there; so one that fails is asked whether there is.
 */
int helper_erase(const struct helper *helper, const char *server_url, struct error *err)
    __attribute__((warn_unused_result));

#endif

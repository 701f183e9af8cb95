/*
 * Docker's credential helpers: the programs docker-credential-NAME that keep what an auth file
 * would hold, by their own protocol.
 *
 * The helper is found on PATH and run without a shell, as base/child.h tells: it gets nothing but
 * its request, and is killed at the deadline. It has our environment without GHCR_TOKEN, which is
 * for this program alone; the caller has to remove other variables that hold a token. The token is
 * never in its arguments.
 *
 * Every error is CLASS_HELPER (or "out of memory") and tells these apart: a NAME that is no file
 * name; no such program; not executable; could not be started; failed, with status and words;
 * killed by a signal; timed out; answered too much, no JSON, or less than was asked for. Its words
 * are shown, but not where they repeat, in any spelling (base/redact.h), the credential that is to
 * be stored, or that was got last.
 *
 * This program's own helper (READER_OWN_HELPER) is never run: record_answer() says what it would,
 * nothing can be stored in it, and there is nothing to erase.
 *
 * Order: json_init() before.
 */
#ifndef STORE_HELPER_H
#define STORE_HELPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
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
 * The same for one of several names of a registry. If it fails, *has_refused tells whether the
 * helper itself said so, by its exit status: it may serve another of them.
 */
int helper_probe(const struct helper *helper, const char *server_url, struct secret *username,
                 struct secret *token, bool *has_refused, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Returns 0 when nothing is there for it afterwards, or -1 with *err set. Some helpers fail when
 * nothing was there; so one that fails is asked whether there is.
 */
int helper_erase(const struct helper *helper, const char *server_url, struct error *err)
    __attribute__((warn_unused_result));

/*
 * What it has a credential for, as it lists that: names into *out, each with a NUL after it.
 * Returns 0, or -1 with *err set.
 */
int helper_list(const struct helper *helper, struct secret *out, struct error *err)
    __attribute__((warn_unused_result));

/*
 * What goes to and comes from a helper, as texts: pure, and open to tests and fuzzing. The protocol
 * is that of Docker's docker-credential-helpers: "store" takes one line of JSON, "get" answers with
 * one, and a helper that fails says why on its standard output.
 */

enum {
    HELPER_REQUEST_MAX = 64 * 1024, /* bytes: helpers in Go read no longer line */
    HELPER_WORDS_MAX = 320,         /* bytes, with the closing NUL */
};

/*
 * The request of "store": one JSON object and a line end. Returns 0 and replaces *out (release with
 * secret_clear()), or -1 with *err set: CLASS_HELPER if no helper could read it.
 */
int helper_wire_request(struct secret *out, const char *server_url, const char *username,
                        const struct secret *token, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The answer to "get". Names of members are taken without regard to case, as docker takes them. The
 * user name "<token>" says that the token is an identity token, and is returned as it is. An answer
 * whose user name and secret are both empty or not there means that there is none:
 * docker-credential-pass says so of an entry that was erased.
 * Returns 1 and replaces *username and *token (release with secret_clear()), 0 for none, or -1 with
 * *err set (CLASS_HELPER; the message speaks of "its answer" and quotes nothing of it).
 */
int helper_wire_answer(struct secret *username, struct secret *token, const struct secret *answer,
                       struct error *err) __attribute__((warn_unused_result));

/* Whether the output of one that failed says that there is no such credential. */
bool helper_wire_is_not_found(const struct secret *output);

/*
 * Why it failed, in its own words: the first line of its output, or of its error output where that
 * is blank; fit to be shown, up to a brace (JSON may hold a secret), and not if it repeats a
 * secret of `redact` anywhere. "" when it said nothing. Fills words[HELPER_WORDS_MAX] and returns
 * it.
 */
const char *helper_wire_words(char words[HELPER_WORDS_MAX], const struct secret *output,
                              const struct secret *errors, const struct redact *redact);

#endif

/*
 * What goes to and comes from a credential helper, as texts. Pure. The protocol is that of Docker's
 * docker-credential-helpers: "store" takes one line of JSON, "get" answers with one, and who fails
 * says why on its standard output.
 */
#ifndef STORE_HELPER_WIRE_H
#define STORE_HELPER_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

enum {
    HELPER_REQUEST_MAX = 64 * 1024, /* bytes: helpers in Go read no longer line */
    HELPER_WORDS_MAX = 320,         /* bytes, with the closing NUL */
    HELPER_FORMS = 4,
};

/* A token, and what it looks like where it is not itself; one text each. */
struct helper_forms {
    struct secret items[HELPER_FORMS]; /* those of no token are empty */
};

/*
 * Fill an empty *out (release with helper_forms_clear()) with the token, the token as JSON spells
 * it, its base64, and the base64 of USERNAME:TOKEN. The token is one that helper_wire_request()
 * takes. Returns 0, or -1 with *err set.
 */
int helper_wire_forms(struct helper_forms *out, const char *username, const struct secret *token,
                      struct error *err) __attribute__((warn_unused_result));

void helper_forms_clear(struct helper_forms *forms);

/*
 * The request of "store": one JSON object and a line end. Returns 0 and replaces *out (release with
 * secret_clear()), or -1 with *err set: CLASS_HELPER where no helper could read it.
 */
int helper_wire_request(struct secret *out, const char *server_url, const char *username,
                        const struct secret *token, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The answer to "get". Names of members are taken without regard to case, as docker takes them. The
 * user name "<token>" says that the token is an identity token, and is returned as it is. An answer
 * whose user name and secret are both empty means that there is none: docker-credential-pass says
 * so of an entry that was erased.
 * Returns 1 and replaces *username and *token (release with secret_clear()), 0 for none, or -1 with
 * *err set (CLASS_HELPER; the message speaks of "its answer" and quotes nothing of it).
 */
int helper_wire_answer(struct secret *username, struct secret *token, const struct secret *answer,
                       struct error *err) __attribute__((warn_unused_result));

/* Whether the output of one that failed says that there is no such credential. */
bool helper_wire_is_not_found(const struct secret *output);

/*
 * Why it failed, in its own words: the first line of its output, or of its error output where that
 * is blank; fit to be shown, up to a brace (JSON may hold a secret), and not if it wrote any of
 * `forms` anywhere. "" when it said nothing. Fills words[HELPER_WORDS_MAX] and returns it.
 */
const char *helper_wire_words(char words[HELPER_WORDS_MAX], const struct secret *output,
                              const struct secret *errors, const struct helper_forms *forms);

#endif

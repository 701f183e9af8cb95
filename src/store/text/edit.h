/*
 * Changes to an auth file's text. Pure.
 *
 * Each changes members of one object and keeps every other byte: unknown keys, their order,
 * indentation, numbers. The result is parsed, and compared member by member: it is the text with
 * these changed, and nothing else.
 * After an error (CLASS_AUTHFILE or CLASS_INTERNAL) the document is good for nothing but
 * document_clear().
 */
#ifndef STORE_TEXT_EDIT_H
#define STORE_TEXT_EDIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "store/text/document.h"

enum document_change {
    DOCUMENT_STORE,  /* the entry `key` becomes {"auth": AUTH} and nothing else */
    DOCUMENT_MARK,   /* the entry `key` becomes {}: docker's sign that a helper has it */
    DOCUMENT_REMOVE, /* there is no entry `key` */
    DOCUMENT_BYPASS, /* "credHelpers" has "" for the host `key`: docker then reads the file */
    DOCUMENT_HELP,   /* "credHelpers" has this program's own helper for the host `key` */
    DOCUMENT_UNHELP, /* "credHelpers" does not have the host `key`: podman then reads the file */
};

struct document_edit {
    enum document_change change;
    const char *key; /* needs no JSON escapes */
    const struct secret *auth;
};

/* Whether the change would be one: readers do not find there yet what is meant. */
bool document_is_due(const struct document *document, const struct document_edit *edit);

/*
 * Make one change, if it is due. What the entry held before goes, because a stale "identitytoken"
 * would win. *changed tells whether the text differs from before. Returns 0, or -1 with *err set.
 */
int document_edit(struct document *document, const struct document_edit *edit, bool *changed,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * Take away those entries that `goes` marks: a mark for each, in the order of the text. Returns as
 * document_edit().
 */
int document_prune(struct document *document, const bool *goes, bool *changed, struct error *err)
    __attribute__((warn_unused_result));

#endif

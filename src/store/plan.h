/*
 * Plan the changes to an auth file's text for one entry. For auth_file.c; pure.
 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

#include "store/text/document.h"
#include "store/file/locked_file.h"
#include "store/entry.h"

/* Names of one host that docker's logout tries with a helper: each of these, and the host. */
enum { PLAN_SCHEMES = 3 };
extern const char *const plan_schemes[PLAN_SCHEMES];

/* The `ctx` of the edits below; release with plan_clear(). */
struct plan {
    const struct entry *entry;
    struct document document;           /* that was read last, as it is changed */
    char helper[READER_HELPER_MAX + 1]; /* as that names it; "": the file is read */
    const char *expected;      /* what `helper` has to be: another is an error; NULL: anything */
    bool is_erased;            /* from the helper, under the host with any of these schemes; */
    bool erased[PLAN_SCHEMES]; /* and what tells of it in the file goes too */
    bool keeps_own;            /* plan_drop leaves this program's own helper where it is named */
    bool is_owner_moved;       /* what is changed for the reader sends the owner to "credsStore" */
    bool is_read;              /* `document` is what was made of the text that was read last */
    bool is_starved;           /* memory was lacking for a look at what is to go */
};

/*
 * Edits, as edit.h has them. plan_put: the entry into the text, or the sign that a helper has it;
 * with no_helper the helper is passed by; with at_pull this program's own helper is named, and no
 * entry is left. plan_drop: no entry for the key, however it is spelled
 * (for any key if that is NULL), save those that auth_file_remove() is to leave; nor this
 * program's own helper.
 */
edit_fn plan_put;
edit_fn plan_drop;

/*
 * Whether plan_put would change the document that `plan` holds, and who is its helper.
 * Returns 1 or 0, or -1 with *err set (CLASS_HELPER).
 */
int plan_is_due(struct plan *plan, struct error *err) __attribute__((warn_unused_result));

/*
 * Whether plan_drop would take something away from the document that `plan` holds.
 * Returns 1 or 0, or -1 with *err set (CLASS_INTERNAL).
 */
int plan_is_there(struct plan *plan, struct error *err) __attribute__((warn_unused_result));

/* Whether what was found is what is to be removed. */
bool plan_is_wanted(const struct entry *entry, const struct secret *username,
                    const struct secret *token);

void plan_clear(struct plan *plan);

#endif

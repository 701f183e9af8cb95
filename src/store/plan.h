/*
 * What is to become of an auth file's text for one entry. For auth_file.c; pure.
 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

#include "store/auth_file.h"
#include "store/text/document.h"
#include "store/file/edit.h"

/* Names of one host that docker's logout tries with a helper: each of these, and the host. */
enum { ENTRY_SCHEMES = 3 };
extern const char *const entry_schemes[ENTRY_SCHEMES];

/* The `ctx` of the edits below; release with entry_clear(). */
struct entry {
    const struct auth_file *file;
    struct document document; /* that was read last, as far as it is changed; its text is given */
    char helper[DOCUMENT_HELPER_MAX + 1]; /* as that names it; "": the file is read */
    const char *expected;       /* what `helper` has to be: another is an error; NULL: anything */
    bool is_erased;             /* from the helper, under the host with any of these schemes; */
    bool erased[ENTRY_SCHEMES]; /* and what tells of it in the file goes too */
    bool is_docker_moved;       /* what is changed for podman sends docker to "credsStore" */
    bool is_starved;            /* memory was lacking for a look at what is to go */
};

/*
 * Edits, as edit.h has them. entry_put: the entry into the text, or the sign that a helper has it;
 * with no_helper the helper is passed by. entry_drop: no entry for the key, however it is spelled
 * (for any key where that is NULL), save those that auth_file_remove() is to leave.
 */
edit_fn entry_put;
edit_fn entry_drop;

/*
 * Whether entry_put would change the document that `entry` holds, and who is its helper.
 * Returns 0, or -1 with *err set (CLASS_HELPER).
 */
int entry_is_due(struct entry *entry, bool *is_due, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Whether entry_drop would take something away from the document that `entry` holds.
 * Returns 0, or -1 with *err set (CLASS_INTERNAL).
 */
int entry_is_there(struct entry *entry, bool *is_there, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The helper that the document hands `host` to; "" where there is none. Fills
 * helper[DOCUMENT_HELPER_MAX + 1] and returns it.
 */
const char *entry_helper(char *helper, const struct auth_file *file,
                         const struct document *document, const char *host);

/* Whether what was found is what is to be removed. */
bool entry_is_wanted(const struct auth_file *file, const struct secret *username,
                     const struct secret *token);

void entry_clear(struct entry *entry);

#endif

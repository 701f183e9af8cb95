/*
 * What is to become of an auth file's text for one entry. For auth_file.c; pure.
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "store/auth_file.h"
#include "store/edit.h"

/* The `ctx` of the edits below. */
struct entry {
    const struct auth_file *file;
    char helper[DOCUMENT_HELPER_MAX + 1]; /* as the text just read names it; "": the file is read */
    const char *expected; /* what `helper` has to be: another is an error; NULL: anything */
};

/*
 * Edits, as edit.h has them. entry_put: the entry into the text, or the sign that a helper has it;
 * with no_helper the helper is passed by. entry_drop: no entry for the key, however it is spelled.
 */
edit_fn entry_put;
edit_fn entry_drop;

#endif

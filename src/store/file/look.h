/*
 * A look at an auth file: no lock is taken, and nothing is made.
 */
#ifndef STORE_FILE_LOOK_H
#define STORE_FILE_LOOK_H

#include "base/error.h"
#include "store/text/document.h"

/*
 * Read the file at `path`. One that is absent is an empty document. Returns 0 and replaces *out
 * (release with document_clear()), or -1 with *err set (CLASS_AUTHFILE) and what to do.
 */
int look_into(struct document *out, const char *path, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * A program of somebody else's, before it is run: where it is, and which environment it gets.
 */
#ifndef STORE_PROGRAM_H
#define STORE_PROGRAM_H

#include <limits.h>

#include "base/error.h"

/*
 * Fill path[PATH_MAX] with the first executable file `name` in the directories of `search`, which
 * has the form of $PATH (NULL: none). Directories that are not absolute are passed over: a program
 * that gets secrets is not taken from wherever this one happens to run.
 * Returns 0, or -1 with *err set (CLASS_HELPER): there is none, or it is not executable.
 */
int program_find(char path[PATH_MAX], const char *name, const char *search, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The environment of this process without GHCR_TOKEN, which is ours alone. Returns a list that ends
 * in NULL, to be released with free(); its texts are those of this process. NULL with *err set when
 * there is no memory.
 */
char **program_environment(struct error *err) __attribute__((warn_unused_result));

#endif

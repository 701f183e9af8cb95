/*
 * A program of somebody else's, before it is run: where it is, and which environment it gets.
 */
#ifndef STORE_PROGRAM_H
#define STORE_PROGRAM_H

#include <limits.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

/*
 * Fill path[PATH_MAX] with the first executable file `name` in the directories of `search`, which
 * has the form of $PATH (NULL: none). Directories that are not absolute are passed over: a program
 * that gets secrets is not taken from wherever this one happens to run.
 * Returns 0, or -1 with *err set (CLASS_HELPER): there is none, or it is not executable.
 */
int program_find(char path[PATH_MAX], const char *name, const char *search, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The environment of this process without what is ours: GHCR_TOKEN, and every variable whose whole
 * value, a line end aside, is one of the secrets in `hidden`.
 * Returns a list that ends in NULL, to be released with free(); its texts are those of this
 * process. NULL with *err set when there is no memory.
 */
char **program_environment(const struct secret *hidden, size_t hidden_count, struct error *err)
    __attribute__((warn_unused_result));

#endif

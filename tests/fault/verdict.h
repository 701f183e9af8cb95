/*
 * What may come of a run in which a call failed.
 */
#ifndef TESTS_FAULT_VERDICT_H
#define TESTS_FAULT_VERDICT_H

#include "inject.h"
#include "program.h"
#include "scenes.h"
#include "snapshot.h"

/* A run in which none did. */
struct verdict_norm {
    struct snapshot before;
    struct snapshot after;
    struct program_end end;
};

/*
 * Judge the run that has just ended in the working directory. Returns what is wrong, or NULL; *path
 * is the file that it is about, or NULL.
 */
const char *verdict_of(const struct scene *scene, const struct verdict_norm *norm,
                       const struct inject_fault *fault, const struct program_end *end,
                       const char **path);

#endif

/*
 * The whole program, main() and all, in a process of its own, with a fault.
 */
#ifndef TESTS_FAULT_PROGRAM_H
#define TESTS_FAULT_PROGRAM_H

#include <stdbool.h>

#include "inject.h"

enum { PROGRAM_OUTPUT_MAX = 16384 };

/* What it is started with. Words stand between blanks. */
struct program_start {
    const char *program; /* its name; NULL: ghcr-login */
    const char *arguments;
    const char *environment; /* NAME=VALUE, beside HOME, PATH and the like */
    const char *input;       /* of standard input; NULL: nothing is there */
    const char *output;      /* the file that standard output is; NULL: it is caught */
    bool is_closed;          /* standard input, output and error are */
    int64_t pace;            /* of its clock; 0: 1 */
    enum inject_call missing;
    int missing_errnum; /* 0: none is missing */
};

struct program_end {
    int status; /* as waitpid() has it */
    bool is_late;
    bool has_left_process;
    char out[PROGRAM_OUTPUT_MAX];
    char err[PROGRAM_OUTPUT_MAX];
};

/* Once, before the first run. */
void program_init(void);

/* Run it in the working directory, to its end or until it is late. */
void program_run(struct program_end *end, const struct program_start *start,
                 const struct inject_fault *fault);

#endif

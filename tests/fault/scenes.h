/*
 * What the program is asked to do, where, and how that ends without a fault.
 */
#ifndef TESTS_FAULT_SCENES_H
#define TESTS_FAULT_SCENES_H

#include <stdbool.h>
#include <stddef.h>

#include "program.h"
#include "registry.h"

enum { SCENE_FILES_MAX = 4 };

struct scene_file {
    const char *path;
    const char *text;
    unsigned mode;  /* 0: 0600 */
    unsigned owner; /* of it and of its directory */
};

struct scene {
    const char *name;
    struct program_start start;
    int status;
    enum registry_mood mood;
    struct scene_file files[SCENE_FILES_MAX];
    bool gives_token; /* on standard output, as a credential helper has to */
    const char *only; /* the call that fails; NULL: each */
    unsigned most;    /* calls of one kind that fail, where it asks again and again; 0: all */
};

extern const struct scene scenes[];
extern const size_t scenes_count;

#endif

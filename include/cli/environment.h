/*
 * The environment of this process, as the rooms below take it.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include <stdlib.h>

/* getenv(3), whose result nobody may change. */
static inline const char *environment(const char *name)
{
    return getenv(name);
}

#endif

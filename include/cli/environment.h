/*
 * The environment of this process, as the rooms below take it.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include <stdlib.h>
#include <string.h>

/* getenv(3), whose result nobody may change. */
static inline const char *environment(const char *name)
{
    return getenv(name);
}

/*
 * Take the secret out of the variable `name` (NULL: none): wipe what the kernel put there, which
 * /proc/PID/environ shows, and unset it.
 */
static inline void environment_forget(const char *name)
{
    char *value = name != NULL ? getenv(name) : NULL;

    if (value == NULL)
        return;
    explicit_bzero(value, strlen(value));
    (void)unsetenv(name); /* getenv() has taken the name */
}

#endif

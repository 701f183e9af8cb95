/*
 * The environment of this process, as the modules below take it, without secrets that others could
 * find in it.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "base/secret.h"

enum { ENVIRONMENT_SECRET_MIN = 8 };

/* getenv(3), whose result nobody may change. */
const char *environment(const char *name);

/*
 * Take the secret out of the variable `name` (NULL: none): wipe what the kernel put there, which
 * /proc/PID/environ shows, and unset it; all of them, where a list holds the name more than once.
 */
void environment_forget(const char *name);

/*
 * The same for every variable whose whole value, a line end aside, is the secret. One of less than
 * ENVIRONMENT_SECRET_MIN bytes is looked for nowhere: CI=1 or USER=root is not the token.
 */
void environment_forget_secret(const struct secret *secret);

/* All of it: for a process that only waits, and has no use for any. */
void environment_forget_all(void);

#endif

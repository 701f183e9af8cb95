/*
 * The logout command: remove what is stored.
 */
#ifndef CLI_LOGOUT_H
#define CLI_LOGOUT_H

#include "cli/options.h"

/* Log out as the options say, report it, and return the exit status. */
int logout_run(const struct options *options);

#endif

/*
 * The exec command: a login that only one command can use, and that ends with it.
 */
#ifndef CLI_EXEC_H
#define CLI_EXEC_H

#include "cli/options.h"

/*
 * Log in into a private directory that shows the user's own configuration, run the command with it,
 * and remove it, whatever comes. Returns the command's status as a shell has it; 125 when there was
 * no login to run it with, 126 and 127 when it could not be run or found.
 */
int exec_run(const struct options *options);

#endif

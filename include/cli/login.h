/*
 * The story of one login.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "cli/options.h"

/* Log in as the options say, report it, and return the exit status. */
int login_run(const struct options *options);

#endif

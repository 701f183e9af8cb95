/*
 * What --help and --version print. The options and their descriptions come from the option table
 * (cli/option_table.h); the manual page src/ghcr-login.1 says more.
 *
 * Errors are those of the stream: the caller flushes it and looks at ferror().
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

/*
 * NULL: one screen, by task. "all": every option, by group. The name of a command: its usage and
 * the options that it takes. Any other word counts as NULL.
 */
void help_print(FILE *out, const char *topic);

/* One line: "ghcr-login VERSION libcurl/VERSION TLS/VERSION". */
void help_print_version(FILE *out);

#endif

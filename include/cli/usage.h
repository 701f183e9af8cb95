/*
 * --help and --version.
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include <stdio.h>

void usage_print_help(FILE *out);

void usage_print_version(FILE *out);

#endif

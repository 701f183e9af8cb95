/*
 * What the options of one command line cannot mean together. For options.c.
 */
#ifndef CLI_CONTRADICTION_H
#define CLI_CONTRADICTION_H

#include "base/error.h"
#include "cli/options.h"

/* Returns 0 where there is none, or -1 with *err set (CLASS_USAGE). */
int contradiction_check(const struct options *options, struct error *err)
    __attribute__((warn_unused_result));

#endif

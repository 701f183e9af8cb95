/*
 * The words of a command line, parsed into struct options by the table of option_table.h.
 */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include "base/error.h"
#include "cli/options.h"

/*
 * Parse; argv[argc] is NULL, as main() gets it. Of a repeated option the last counts, as in docker.
 * Unknown and contradicting options are refused. The value of an option is not shown in errors, a
 * word that cannot be a registry is; nothing that has the form of a GitHub token ever is. Returns 0
 * and fills *out, or -1 with *err set (CLASS_USAGE); out->json is right in either case.
 */
int command_line_parse(struct options *out, int argc, char *const argv[], struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * Print the result: one line (or the object of report_json.h) on standard output, errors and
 * warnings on standard error. In a workflow an error is also an annotation: "::error title=…::…".
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "base/error.h"
#include "cli/findings.h"
#include "cli/options.h"

enum { REPORT_EXEC_FAILED = 125 }; /* the status of `exec` if no command was run */

/*
 * Print it. `failure` is NULL on success, of which `exec` says nothing on standard output: that is
 * its command's. Returns the exit status: that of the error (REPORT_EXEC_FAILED for `exec`), 0, or
 * 1 when standard output could not be written.
 */
int report_print(const struct report *report, const struct options *options,
                 const struct error *failure);

#endif

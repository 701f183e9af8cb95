/*
 * The one object of --json, on standard output; the manual lists its members. What it may not
 * repeat is hidden by then: see report.h.
 */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include "cli/findings.h"
#include "cli/options.h"

/*
 * `err` is NULL on success. Returns 0, or -1, with nothing printed, if there is no memory for
 * all of it.
 */
int report_json_print(const struct report *report, const struct options *options,
                      const struct error *err) __attribute__((warn_unused_result));

#endif

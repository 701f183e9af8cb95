/*
 * The one JSON object of --json; DESIGN's contract with programs. For report.c.
 */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include "cli/report.h"

/* Print it; `err` is NULL on success. Returns 0, or -1 where there is no memory for all of it. */
int report_print_json(const struct report *report, const struct options *options,
                      const struct error *err) __attribute__((warn_unused_result));

#endif

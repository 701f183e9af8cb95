/*
 * The one JSON object of --json; DESIGN's contract with programs. For report.c.
 */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include "cli/report.h"

/* Print it. `err` is NULL on success. */
void report_print_json(const struct report *report, const struct options *options,
                       const struct error *err);

#endif

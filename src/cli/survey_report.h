/*
 * What people are told of a survey: a table of credentials that fits 80 columns, and a line for
 * each image.
 */
#ifndef CLI_SURVEY_REPORT_H
#define CLI_SURVEY_REPORT_H

#include "cli/options.h"
#include "cli/survey.h"

/* On standard output. */
void survey_report_print(const struct survey *survey, const struct options *options);

/* On standard error: every fault but the one that is blamed, and what is worth a warning. */
void survey_report_warn(const struct survey *survey);

#endif

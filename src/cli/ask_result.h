/*
 * What the process that asks hands back, and whether that can be believed in its form. It has read
 * what a server sent, and may have been taken over by it: its result is judged like anything else
 * from outside, before any of it is used.
 */
#ifndef CLI_ASK_RESULT_H
#define CLI_ASK_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/diagnosis.h"
#include "cli/options.h"
#include "registry/outcome.h"
#include "registry/question.h"

struct ask_result {
    int ret;
    struct error err;
    struct warnings warnings;
    int64_t deadline_ms;
    struct outcome outcome;
    struct {
        bool can_pull;
        int status;
    } images[OPTIONS_IMAGES_MAX];
    struct diagnosis diagnosis; /* where one was made */
};

/*
 * Whether every text ends, every flag is one and every number is in its range, and what is printed
 * as it is has nothing that a terminal would obey. *limits is as it was
 * when the question began, at `began_ms` of its clock.
 */
bool ask_result_is_sound(const struct ask_result *result, const struct question_limits *limits,
                         int64_t began_ms);

#endif

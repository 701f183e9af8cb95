/*
 * What the user is told: one line (or one JSON object) on standard output, errors and warnings on
 * standard error. In a workflow an error is also an annotation: "::error title=ghcr-login::…".
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/redact.h"
#include "cli/diagnosis.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/targets.h"
#include "credential/credential.h"
#include "store/lookup.h"
#include "store/record.h"

enum { REPORT_EXEC_FAILED = 125 }; /* the status of `exec` where no command was run */

/* What became of a reader's credential. */
enum verdict {
    VERDICT_NONE, /* it finds none */
    VERDICT_OPEN, /* the registry was not asked */
    VERDICT_ACCEPTED,
    VERDICT_REFUSED,
    VERDICT_FAULT, /* it could not be read, or nothing was proved */
};

/* Which credential a reader uses. */
struct finding {
    const struct reader *by;
    bool is_older; /* a version of it that knows no DOCKER_AUTH_CONFIG, which is set */
    struct lookup found;
    enum verdict verdict;
    struct record record; /* where this program's own helper has it: what that reads */
    struct error err;     /* of this reader */
};

/* What a run has come to so far; all of it borrowed. */
struct report {
    const struct subject *subject;       /* NULL: not known yet */
    const char *username;                /* NULL: not known yet */
    const struct credential *credential; /* NULL: not known yet, or not one that was given */
    const char *token_kind;              /* NULL: not known, or not GitHub's */
    const struct diagnosis *diagnosis;   /* NULL: none was asked for */
    const struct targets *targets;       /* NULL: not known yet */
    const struct finding *readers;       /* of `status` */
    size_t reader_count;
    const struct warnings *warnings;
    const struct redact *redact; /* errors and warnings that repeat it are not shown; NULL: none */
    bool verified;
    bool is_record_changed; /* of --at-pull */
};

/* The registry's name; NULL where it is not known. */
const char *report_registry(const struct report *report);

/*
 * Say it. `failure` is NULL on success, of which `exec` says nothing on standard output: that is
 * its command's. Returns the exit status: that of the error (REPORT_EXEC_FAILED for `exec`), 0, or
 * 1 when standard output could not be written.
 */
int report_print(const struct report *report, const struct options *options,
                 const struct error *failure);

#endif

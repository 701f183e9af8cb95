/*
 * The results of a run so far: data alone. The commands fill it in, and report.h and report_json.h
 * tell it, in words and as an object.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/redact.h"
#include "cli/diagnosis.h"
#include "cli/run.h"
#include "cli/targets.h"
#include "credential/credential.h"
#include "store/lookup.h"
#include "store/record.h"

/* The verdict on a reader's credential. */
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

struct survey;

/* Of one run; all of it borrowed. */
struct report {
    const struct subject *subject;       /* NULL: not known yet */
    const char *username;                /* NULL: not known yet */
    const struct credential *credential; /* NULL: not known yet, or not one that was given */
    const char *token_kind;              /* NULL: not known, or not GitHub's */
    const struct diagnosis *diagnosis;   /* NULL: none was asked for */
    const struct targets *targets;       /* NULL: not known yet */
    const struct finding *readers;       /* of `status` */
    size_t reader_count;
    const struct survey *survey; /* of `status` with many registries; NULL: it was one */
    const struct warnings *warnings;
    const struct redact *redact; /* errors and warnings that repeat it are not shown; NULL: none */
    bool verified;
    bool is_record_changed; /* of --at-pull */
};

/* The registry's name; NULL if it is not known. */
static inline const char *findings_registry(const struct report *report)
{
    const struct subject *subject = report->subject;

    return subject != NULL && subject->registry.host[0] != '\0' ? subject->registry.host : NULL;
}

#endif

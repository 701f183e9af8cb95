/*
 * One run of another program that is given a secret, to its end: spawn.h tells how it is started.
 *
 * It reads from a pipe that brings the input and then ends, never from our standard input. Its
 * output and its error output are kept and never passed on. When its time is up, it and its
 * children in the same process group get SIGTERM, and SIGKILL half a second later. What it leaves
 * behind after it has exited by itself lives on, as a gpg-agent has to, even if it holds the pipes
 * open.
 */
#ifndef STORE_CHILD_H
#define STORE_CHILD_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "store/spawn.h"

enum {
    CHILD_OUTPUT_MAX = 64 * 1024, /* bytes on its standard output; more is CHILD_FLOODED */
    CHILD_ERRORS_MAX = 64 * 1024, /* bytes of its error output that are kept; all are read */
};

struct child {
    struct spawn spawn;
    const struct secret *input; /* if it does not read all of it, its exit status says more */
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock */
};

enum child_end {
    CHILD_EXITED,  /* `code` is its exit status */
    CHILD_KILLED,  /* `code` is the signal, which was not ours */
    CHILD_LATE,    /* it did not end in time, and was killed */
    CHILD_FLOODED, /* it wrote more than CHILD_OUTPUT_MAX, and was killed */
};

struct child_result {
    enum child_end end;
    int code;
    struct secret output;
    struct secret errors;
};

#define CHILD_RESULT_INIT ((struct child_result){.end = CHILD_EXITED})

/*
 * Run it. Returns 0 and replaces *out (release with child_result_clear()), or -1 with *err set and
 * *out untouched: it could not be started or watched (CLASS_HELPER), or there is no memory; then it
 * does not run any more.
 */
int child_run(struct child_result *out, const struct child *child, struct error *err)
    __attribute__((warn_unused_result));

void child_result_clear(struct child_result *result);

#endif

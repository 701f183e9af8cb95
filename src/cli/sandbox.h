/*
 * Run a job that reads what strangers send where it can do no harm: in its own process, confined
 * (confinement.h).
 *
 * Threat: a fault in our code, in libcurl or the TLS library, by which what a server sends takes
 * over the process that reads it.
 *
 * Promise: that process can write no file and run no program; confinement.h tells by which means,
 * and what else it cannot do. It gets SIGKILL when this process ends, however that is. What it
 * leaves in memory is gone with it. It hands back bytes of a fixed number, which the caller must
 * take for the stranger's; that it crashes is an error, and never a result. What it writes to
 * standard error comes through this process, line by line, as text_printable() has it, each with
 * "ghcr-login: " in front if it has not, and not without end. The caller waits for it until a
 * deadline, whatever becomes of it: it may also be stopped by a signal.
 *
 * It is never a reason to fail: where a filter of system calls (seccomp) of somebody else kills who
 * asks for Landlock, or for all of this, another process does with less, and where there can be
 * none, or that is killed as well, the job is done in this one, as it always is on systems other
 * than Linux. Then it has no deadline but its own.
 *
 * Source: the privilege separation of OpenSSH and of acme-client.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct sandbox_job {
    const char *name; /* for errors: "asking the registry" */
    /* Do it, and fill *result. Any other change is lost, unless the job is done in this process. */
    void (*work)(void *ctx, void *result);
    /* In the other process alone, when it is done: wipe the secrets that it has copies of. */
    void (*forget)(void *ctx);
    /* In the other process alone, before it: wipe what it has no use for. NULL: nothing. */
    void (*enter)(void *ctx);
    void *ctx;
    const struct clock *clock;
    int64_t deadline_ms; /* when the other process is given up: later than the job's own */
};

/*
 * Have it done. The result has `size` bytes, and no pointers; the job finds in it what the caller
 * has put there. Of the descriptors of this process it has none: what it is to read has been read,
 * or has a path. Returns 0 and fills *result, or -1 with *err set: CLASS_INTERNAL where the process
 * did not come to its end, CLASS_UNREACHABLE where it did not in time.
 */
int sandbox_run(const struct sandbox_job *job, void *result, size_t size, struct error *err)
    __attribute__((warn_unused_result));

enum { SANDBOX_AT_ONCE = 8 };

/* One of several jobs. */
struct sandbox_task {
    struct sandbox_job job;
    void *result; /* of `size` bytes */
    size_t size;

    /* Set, as by sandbox_run(). */
    int ret;
    struct error err;
};

/* Callbacks for a caller that watches several; each may be NULL. */
struct sandbox_watch {
    void (*on_start)(void *ctx, struct sandbox_task *task); /* before it begins: its deadline */
    void (*on_wait)(void *ctx, size_t done);                /* every second at least */
    void *ctx;
};

/* Have them all done, in this order, each in a process of its own, SANDBOX_AT_ONCE at a time. */
void sandbox_run_all(struct sandbox_task *tasks, size_t count, const struct sandbox_watch *watch);

#endif

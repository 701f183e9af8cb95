/*
 * A process that outlives its child, so that it can tidy up behind it.
 *
 * Signals that are sent to this process are handed to the child instead, realtime ones too; not
 * those of job control and of faults. A terminal's ^C and ^\ go to both as it is, and are not
 * sent again: a second one makes many programs drop what they were tidying up. When this process is
 * killed all the same, the child gets SIGTERM (on Linux).
 */
#ifndef CLI_GUARD_H
#define CLI_GUARD_H

#include "base/error.h"

/*
 * From here on no such signal ends this process; guard_run() hands them on.
 * Returns 0, or -1 with *err set.
 */
int guard_begin(struct error *err) __attribute__((warn_unused_result));

/*
 * Run `work` in a child process, which exits with what it returns, and wait for its end. In the
 * child signals are as process_harden() found them; this process calls `before_wait` once the child
 * has a copy of all there is. Returns 0 and the status as a shell has it in
 * *status (128 + N for signal N), or -1 with *err set (CLASS_INTERNAL).
 */
int guard_run(int (*work)(void *ctx), void (*before_wait)(void *ctx), void *ctx, int *status,
              struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * A process of our own: a fork of this program that does one job which must not happen in this
 * process. On Linux it gets a signal when the thread that forked it ends, however that is.
 */
#ifndef BASE_FORK_H
#define BASE_FORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

/*
 * Fork. All signals are blocked until the child is set up, and in both processes the mask is then
 * what it was before. The child gets the signal `death` when this process ends (on Linux); where it
 * has ended already, the child exits at once with the status that a shell has for that signal.
 * Returns the child's number, 0 in the child, or -1 with errno set.
 */
pid_t fork_child(int death) __attribute__((warn_unused_result));

/*
 * Wait for the end of one child, until `deadline_ms` of the clock (NULL: for as long as it takes).
 * Returns 1 and fills *status as waitpid(2) does; 0 when it has not ended by then, and is still to
 * be waited for; -1 with errno set.
 */
int fork_wait(pid_t pid, const struct clock *clock, int64_t deadline_ms, int *status)
    __attribute__((warn_unused_result));

/* What a shell makes of a status from waitpid(2): 128 + N for signal N. */
int fork_exit_status(int status);

/*
 * Close the descriptors from `first` to `last` (UINT_MAX: all that follow), or have the next exec
 * close them. Async-signal-safe. Without close_range(2), as fork_close_each().
 */
void fork_close_range(unsigned first, unsigned last, bool on_exec);

/*
 * The same by older calls: those that /proc/self/fd lists, or without /proc one by one, up to the
 * hard limit of open files, and to 65536 at most.
 */
void fork_close_each(unsigned first, unsigned last, bool on_exec);

/*
 * Every signal as a new program expects it: none blocked, none ignored, none handled.
 * Async-signal-safe.
 */
void fork_reset_signals(void);

#endif

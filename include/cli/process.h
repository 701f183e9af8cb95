/*
 * Protect this process from the rest of the machine, and undo that for the command of `exec`, which
 * runs in a child so that this process can clean up after it. Its environment, as the components
 * below take it, without secrets that others could find in it.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include "base/error.h"
#include "base/secret.h"

/*
 * Nothing of this process is for others: descriptors 0 to 2 are open, there is no core dump, no
 * ptrace, no file that others can read, no death by SIGPIPE or SIGXFSZ, no SSLKEYLOGFILE. SIGCHLD
 * is not ignored. Once, before anything else. Returns 0, or -1 with errno set.
 */
int process_harden(void) __attribute__((warn_unused_result));

/*
 * Undo what an exec(3) would hand on: signals (their mask too), umask, core limit, SSLKEYLOGFILE.
 */
void process_restore(void);

/*
 * From here on no signal that is sent to this process ends it: process_run_guarded() hands it on,
 * realtime ones too; not those of job control and of faults. A terminal's ^C and ^\ go to both as
 * it is, and are not sent again: a second one makes many programs drop what they were tidying up.
 * Returns 0, or -1 with *err set.
 */
int process_guard(struct error *err) __attribute__((warn_unused_result));

/*
 * Run `work` in a child process, which exits with what it returns, and wait for its end. In the
 * child signals are as process_harden() found them; this process calls `before_wait` once the child
 * has a copy of all there is. When this process is killed all the same, the child gets SIGTERM (on
 * Linux). Returns 0 and the status as a shell has it in *status (128 + N for signal N), or -1 with
 * *err set (CLASS_INTERNAL).
 */
int process_run_guarded(int (*work)(void *ctx), void (*before_wait)(void *ctx), void *ctx,
                        int *status, struct error *err) __attribute__((warn_unused_result));

enum { ENVIRONMENT_SECRET_MIN = 8 };

/* A variable of the environment: getenv(3), whose result nobody may change. */
const char *environment(const char *name);

/*
 * Take the secret out of the variable `name` (NULL: none): wipe what the kernel put there, which
 * /proc/PID/environ shows, and unset it; all of them, where a list holds the name more than once.
 */
void environment_forget(const char *name);

/*
 * The same for every variable whose whole value, a line end aside, is the secret. One of less than
 * ENVIRONMENT_SECRET_MIN bytes is looked for nowhere: CI=1 or USER=root is not the token.
 */
void environment_forget_secret(const struct secret *secret);

/* The whole environment: for a process that only waits, and has no use for any. */
void environment_forget_all(void);

/*
 * End the process, with what was printed flushed. What libraries would do at exit is left out:
 * libcurl comes with forty of them, which takes a twentieth of a login, and there is nothing left
 * to be done.
 */
void process_end(int status) __attribute__((noreturn));

#endif

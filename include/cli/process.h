/*
 * What this process is to the rest of the machine, and what the command of `exec` gets back of it.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

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
 * End it, with what was printed flushed. What libraries would do at exit is left out: libcurl comes
 * with forty of them, which takes a twentieth of a login, and there is nothing left to be done.
 */
void process_end(int status) __attribute__((noreturn));

#endif

/*
 * Child processes: a fork of this program that does one job, and another program that is given a
 * secret and watched until it ends.
 *
 * A fork, with child_fork() and child_wait(), is for work that must not happen in this process. A
 * program, with child_run(), gets its input from a pipe that then ends, never from our standard
 * input; what it writes is kept and never passed on.
 *
 * Neither outlives this process with what it was given: on Linux it gets a signal when the thread
 * that forked it ends, however that is. Elsewhere its pipes end then.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

/*
 * Fork. All signals are blocked until the child is set up, and in both processes the mask is then
 * what it was before. The child gets the signal `death` when this process ends (on Linux); where it
 * has ended already, the child exits at once with the status that a shell has for that signal.
 * Returns the child's number, 0 in the child, or -1 with errno set.
 */
pid_t child_fork(int death) __attribute__((warn_unused_result));

/*
 * Wait for the end of one child, until `deadline_ms` of the clock (NULL: for as long as it takes).
 * Returns 1 and fills *status as waitpid(2) does; 0 when it has not ended by then, and is still to
 * be waited for; -1 with errno set.
 */
int child_wait(pid_t pid, const struct clock *clock, int64_t deadline_ms, int *status)
    __attribute__((warn_unused_result));

/* What a shell makes of a status from waitpid(2): 128 + N for signal N. */
int child_exit_status(int status);

/*
 * Close the descriptors from `first` to `last` (UINT_MAX: all that follow), or have the next exec
 * close them. Async-signal-safe. A kernel without close_range(2) is asked one by one, up to the
 * hard limit of open files, and to 65536 at most.
 */
void child_close_range(unsigned first, unsigned last, bool on_exec);

enum child_found {
    CHILD_ABSENT,
    CHILD_NOT_EXECUTABLE, /* `path` is filled: what is there would be it */
    CHILD_FOUND,          /* `path` is filled */
};

/*
 * Find the first executable file `name` in the directories of `search`, which has the form of $PATH
 * (NULL: none). Directories that are not absolute are skipped: a program that gets secrets is not
 * taken from wherever this one happens to run.
 */
enum child_found child_find(char path[PATH_MAX], const char *name, const char *search)
    __attribute__((warn_unused_result));

enum { CHILD_WITHHELD_MAX = 16 };

/*
 * From here on no program is given the variable `name` (borrowed), which this process still needs:
 * CHILD_WITHHELD_MAX of them at most.
 */
void child_withhold(const char *name);

/*
 * The environment of this process without the variable `without`, and without what is withheld.
 * Returns a list that ends in NULL,
 * to be released with free(); its texts are those of this process. NULL when there is no memory.
 */
char **child_environment(const char *without) __attribute__((warn_unused_result));

enum {
    CHILD_OUTPUT_MAX = 64 * 1024, /* bytes on its standard output; more is CHILD_FLOODED */
    CHILD_ERRORS_MAX = 64 * 1024, /* bytes of its error output that are kept; all are read */
};

/* One run of another program. */
struct child {
    const char *path;
    const char *const *argv;    /* ends in NULL; holds no secret */
    char *const *environment;   /* as environ(7); ends in NULL */
    const char *directory;      /* that it runs in; NULL: that of this process */
    const struct secret *input; /* if it does not read all of it, its exit status says more;
                                   NULL: it has /dev/null */
    bool ends_all;              /* nothing that it starts outlives it, or this process */
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock */
    enum exit_class cls; /* of an error */
};

enum child_end {
    CHILD_EXITED,    /* `code` is its exit status */
    CHILD_KILLED,    /* `code` is the signal, which was not ours */
    CHILD_LATE,      /* it did not end in time, and was killed */
    CHILD_FLOODED,   /* it wrote more than CHILD_OUTPUT_MAX, and was killed */
    CHILD_UNSTARTED, /* it could not be started: `code` is the errno */
};

struct child_result {
    enum child_end end;
    int code;
    struct secret output;
    struct secret errors;
};

#define CHILD_RESULT_INIT ((struct child_result){.end = CHILD_EXITED})

/*
 * Run it to its end. It has the descriptors 0 to 2 and no other, no signal blocked or ignored, and
 * a session and process group of its own: a prompt finds no terminal, and fails instead of hanging.
 * When its time is up, the group gets SIGTERM, and SIGKILL half a second later. Processes that it
 * starts live on when it exits by itself, as a gpg-agent has to, even if they hold the pipes open.
 *
 * With `ends_all` another process stands between, which adopts what is orphaned, in whatever
 * session it is (on Linux), and kills all that is left when the program has ended, when its time is
 * up or when this process has ended, however that is. Where /proc lists no children of a process
 * (Linux before 3.17, or without CONFIG_PROC_CHILDREN) that is the program's own process group
 * alone.
 *
 * The caller has descriptors 0 to 2 open, and ignores SIGPIPE.
 * Returns 0 and replaces *out (release with child_result_clear()), or -1 with *err set and *out
 * untouched: it could not be watched, or there is no memory; then it does not run any more.
 */
int child_run(struct child_result *out, const struct child *child, struct error *err)
    __attribute__((warn_unused_result));

void child_result_clear(struct child_result *result);

#endif

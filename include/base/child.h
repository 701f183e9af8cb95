/*
 * Another program, which is given a secret and watched until it ends. It gets its input from a pipe
 * that then ends, never from our standard input; what it writes is kept and never passed on.
 *
 * It does not outlive this process with what it was given: on Linux it gets a signal when the
 * thread that forked it ends, however that is. Elsewhere its pipes end then.
 *
 * A fork of this program itself is fork.h's.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

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

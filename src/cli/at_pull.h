/*
 * --at-pull stores where the token comes from instead of the token. Auth files then name this
 * program's credential helper, which reads the source at each pull.
 *
 * Order of a login: at_pull_begin() as the person who will pull, then their credential is read and
 * given to at_pull_check() before the network; at_pull_store() before the auth files, and again
 * after them, for a logout at the same time may have found nobody who asks; and of a logout:
 * at_pull_forget() after them.
 */
#ifndef CLI_AT_PULL_H
#define CLI_AT_PULL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/run.h"
#include "cli/targets.h"
#include "credential/credential.h"
#include "registry/reference.h"
#include "store/lookup.h"
#include "store/record.h"

/*
 * Where the command of a record runs: docker may be run in another user's directory, where a
 * relative path would name that user's program.
 */
#define AT_PULL_DIRECTORY "/"

struct at_pull {
    char path[PATH_MAX]; /* of the record */
    struct record record;
    char files[TARGETS_MAX][PATH_MAX]; /* of the targets, absolute */
    bool is_changed;                   /* the record is, or would be */
};

/*
 * The source that the options name, which must be one that can be read again, and what would keep
 * docker or podman from asking: an error (CLASS_HELPER) if the helper is not on PATH, warnings
 * for the rest. Returns 0, or -1 with *err set.
 */
int at_pull_begin(struct at_pull *out, struct run *run, const struct targets *targets,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * record_check() with the name that was found; and the token must be one that docker can be given.
 * Returns 0, or -1 with *err set.
 */
int at_pull_check(struct at_pull *at_pull, const struct run *run, const struct targets *targets,
                  const struct credential *credential, struct error *err)
    __attribute__((warn_unused_result));

/* record_put(); with --dry-run nothing. Returns 0, or -1 with *err set. */
int at_pull_store(struct at_pull *at_pull, struct run *run, const struct targets *targets,
                  struct error *err) __attribute__((warn_unused_result));

/* record_drop() of what was logged out of. Returns 0, or -1 with *err set. */
int at_pull_forget(struct run *run, struct error *err) __attribute__((warn_unused_result));

/* The record of a registry, if the environment has it. Returns 1, 0, or -1 with *err set. */
int at_pull_find(struct record *out, const char *host, struct error *err)
    __attribute__((warn_unused_result));

/* The same for what was found for it, if this program's own helper serves that; else 0. */
int at_pull_follow(struct record *out, const struct lookup *found, const char *host,
                   struct error *err) __attribute__((warn_unused_result));

/* Read the source of a record now. Returns 0 and fills *out, or -1 with *err set. */
int at_pull_read(struct credential *out, const struct record *record,
                 const struct reference *registry, const struct clock *clock, int64_t deadline_ms,
                 struct error *err) __attribute__((warn_unused_result));

/* The path of the current user's record, into path[PATH_MAX]. Returns 0, or -1 with *err. */
int at_pull_path(char path[PATH_MAX], struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * Whose files a run is about: those of the user who runs it, or, with --for-user as root, another
 * user's.
 */
#ifndef CLI_PERSON_H
#define CLI_PERSON_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct person {
    bool is_other; /* named by root with --for-user */
    uid_t uid;
    gid_t gid;
    char name[256];      /* "" if the user database was not asked, or does not know the uid */
    char home[PATH_MAX]; /* of the user database, asked where HOME is not set; "": none is known */
};

/*
 * Find them; `name` NULL means the user who runs this. Returns 0, or -1 with *err set
 * (CLASS_USAGE): no such user, or not root.
 */
int person_find(struct person *out, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Make the environment theirs, as `sudo -H -u` has it, before it is asked for places: HOME, USER
 * and LOGNAME are set, and what root's says of places is dropped. Returns 0, or -1 with *err set:
 * there is no memory. Does nothing for the user who runs this.
 */
int person_enter_environment(const struct person *person, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Become them for the rest of the run, before any of their files is touched: user and groups, and
 * an environment without root's own variables, because their processes can read it. Returns 0, or
 * -1 with *err set (CLASS_AUTHFILE). Does nothing for the user who runs this.
 */
int person_become(const struct person *person, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * The record of logins whose token is fetched at each pull: for each registry the user name and
 * where the token comes from. No secret is in it.
 *
 *     {
 *     	"logins": {
 *     		"ghcr.io":
 * {"username":"octocat","file":"/run/secrets/t","for":["/root/.docker/config.json"]}
 *     	}
 *     }
 *
 * "file" or "command" is the source; "for" names the auth files that were made to ask this
 * program's helper. The record is trusted only if it and its directory belong to the effective user
 * or to root, and nobody else can write to them or redirect the path to it; it is read as strictly
 * as an auth file: any other member, a duplicate key or a relative path is an error, and nothing is
 * written that would be one. Changes are made under a lock of its own, and replace the file whole
 * (store/file/locked_file.h).
 *
 * Every error is CLASS_AUTHFILE, or CLASS_INTERNAL.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "store/reader.h"

enum {
    RECORD_MAX = 256 * 1024, /* bytes of the file */
    RECORD_NAME_MAX = 255,
    RECORD_COMMAND_MAX = 4095,
};

struct record {
    char username[RECORD_NAME_MAX + 1];
    char file[PATH_MAX];                  /* absolute; "": it is a command */
    char command[RECORD_COMMAND_MAX + 1]; /* of /bin/sh; "": it is a file */
};

/*
 * Where it is: ${XDG_CONFIG_HOME:-$HOME/.config}/ghcr-login/logins.json, into path[PATH_MAX]. A
 * relative XDG_CONFIG_HOME is ignored. Returns 0, or -1 with *err set: there is no home, or it is
 * relative.
 */
int record_path(char path[PATH_MAX], const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

/* The record of `host` ("ghcr.io", "docker.io"). Returns 1 and fills *out, 0, or -1 with *err set.
 */
int record_find(struct record *out, const char *path, const char *host, struct error *err)
    __attribute__((warn_unused_result));

/* The helper's answer to "list" into *out: {"ghcr.io":"octocat"}. Returns 0, or -1 with *err set.
 */
int record_list(struct secret *out, const char *path, struct error *err)
    __attribute__((warn_unused_result));

/* The hosts that it has, into *out, each with a NUL after it. Returns 0, or -1 with *err set. */
int record_hosts(struct secret *out, const char *path, struct error *err)
    __attribute__((warn_unused_result));

/* A change; all of it borrowed. */
struct record_edit {
    const char *path;
    const char *host;            /* of record_drop(): NULL for every one */
    const struct record *record; /* of record_put() */
    const char *const *files;    /* that ask for it, `count` of them; absolute */
    size_t count;
    const struct clock *clock;
    int64_t deadline_ms; /* for other runs of this program */
};

/*
 * Before any network: could it be put there? *due tells whether that would change it. Changes
 * nothing. Returns 0, or -1 with *err set.
 */
int record_check(const struct record_edit *edit, bool *due, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Set the record of the host. The auth files are added to those that it names already and that are
 * still there. Two runs at once may take each other's for gone: repeat it when they are written.
 */
int record_put(const struct record_edit *edit, bool *changed, struct warnings *warnings,
               struct error *err) __attribute__((warn_unused_result));

/*
 * Forget the host, if no file that its record names asks this program's helper any more; else the
 * files that do not are forgotten. *kept (may be NULL) tells whether one was kept for that. That
 * there is no record is no error.
 */
int record_drop(const struct record_edit *edit, bool *kept, struct warnings *warnings,
                struct error *err) __attribute__((warn_unused_result));

/*
 * What this program's helper answers, for store/helper, which never runs it: as helper_get(). Set
 * once by who can read the sources.
 */
typedef int record_answer_fn(const char *server_url, struct secret *username, struct secret *token,
                             const struct clock *clock, int64_t deadline_ms, struct error *err);

void record_answer_with(record_answer_fn *answer);

record_answer_fn record_answer;

#endif

/*
 * The auth files of one run: Docker's, Podman's, or both.
 */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "cli/run.h"
#include "credential/credential.h"
#include "registry/reference.h"
#include "store/auth_file.h"
#include "store/reader.h"

enum { TARGETS_MAX = 2 };

struct target {
    struct location location;
    const char *shown;            /* how warnings name it; NULL: by its path */
    char key[READER_KEY_MAX + 1]; /* as its owner spells it */
    const struct reader *reader;  /* who reads it there ... */
    const struct reader *second;  /* ... and who else does; NULL: nobody */
    struct auth_file_result due;  /* what storing would do: targets_check() */
    struct auth_file_result result;

    /* For targets_remove(). */
    bool is_spared;                  /* it is not changed */
    const char *only_username;       /* only an entry of theirs goes; NULL: anybody's */
    const struct secret *only_token; /* only one with that; NULL: any */
    bool is_served_from_above;       /* after it a reader finds an entry for more than the key */
    const char *kept;                /* why the entry stays; NULL: it does not, or is not there */
};

struct targets {
    struct target items[TARGETS_MAX];
    size_t count;
};

/* A credential to be stored; all of it borrowed. */
struct targets_entry {
    const struct credential *credential;
    const struct secret *auth; /* base64 of user:token */
};

/*
 * Find the files, where the run's places have them; `run` must outlive *out.
 * A file of docker's gets no entry of a namespace but that of the whole registry, with a warning.
 * Returns 0, or -1 with *err set: CLASS_AUTHFILE if there is no place for it.
 */
int targets_find(struct targets *out, struct run *run, struct error *err)
    __attribute__((warn_unused_result));

/* auth_file_check() of each, which then knows whether it is due. */
int targets_check(struct targets *targets, const struct run *run, const struct targets_entry *given,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * auth_file_store() in each, and warnings of what readers would take first; with --dry-run only
 * tell what was found due. Stops at the first that fails; each target tells what became of it.
 */
int targets_store(struct targets *targets, struct run *run, const struct targets_entry *given,
                  struct error *err) __attribute__((warn_unused_result));

/* auth_file_remove() from each; with --dry-run only tells. As targets_store(). */
int targets_remove(struct targets *targets, struct run *run, struct error *err)
    __attribute__((warn_unused_result));

#endif

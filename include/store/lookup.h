/*
 * The credential that docker, or podman, finds for a registry, and where.
 *
 * Docker: $DOCKER_AUTH_CONFIG, then its file: the helper that it names, else the exact key, else
 * any key that is the host when scheme and path are dropped. Podman: the files of its way, the
 * first that has a credential; in each the helper of "credHelpers", else the key that says most of
 * the name, else the host in another spelling (containers-auth.json(5)). An entry that holds
 * nothing ends the search in its file.
 */
#ifndef STORE_LOOKUP_H
#define STORE_LOOKUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "store/holding.h"
#include "store/reader.h"
#include "store/snapshot.h"

/* For what; all of it borrowed. */
struct lookup_request {
    const char *registry;   /* its host: "ghcr.io", "docker.io" */
    const char *name_space; /* "owner"; "": the whole registry. Docker knows none */
    const struct location_request *places;
    bool no_variable; /* $DOCKER_AUTH_CONFIG is ignored, as docker before 28.3 does */
    bool no_helper;   /* no credential helper is asked: files are read as if they named none */
    struct snapshot *snapshot; /* what several read but once; NULL: what is there now */
    const struct clock *clock;
    int64_t deadline_ms; /* for a helper */
};

struct lookup {
    char path[PATH_MAX];        /* of the file; "" for DOCKER_AUTH_CONFIG */
    const struct reader *owner; /* in whose format it is */
    char key[READER_KEY_MAX + 1];
    char helper[READER_HELPER_MAX + 1]; /* that has it; "": the file itself */
    struct holding held;
    char entry[READER_KEY_MAX + 1]; /* the one that its reader cannot use; "": no such fault */
};

#define LOOKUP_INIT ((struct lookup){.path = ""})

/*
 * What `reader` uses. Returns 1 and fills *out (release with lookup_clear()), 0 if there is
 * none, or -1 with *err set: CLASS_AUTHFILE for a file that its reader cannot read, CLASS_HELPER.
 * Then out->path, out->helper and out->entry are where that is, so that two faults can be known for
 * one; "" if it is this reader alone that cannot use the file. After 0 they are the helper that
 * was asked last, if any was, and the file that names it.
 */
int lookup_find(struct lookup *out, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
    __attribute__((warn_unused_result));

/* The same in one file alone, as it is now: podman knows no "credsStore" in Docker's file either.
 */
int lookup_file(struct lookup *out, const struct location *file, const struct reader *reader,
                const struct lookup_request *request, struct error *err)
    __attribute__((warn_unused_result));

void lookup_clear(struct lookup *lookup);

/*
 * Whether `reader` takes the entry of exactly `key` from `text`, which its variable holds, before
 * any file. It takes none if one entry has no "auth" or one that it cannot decode, where there
 * is any other member, or anything after the object: then it says so and goes on to the file
 * (docker/cli's cli/config/configfile/file.go).
 */
bool lookup_variable_has(const struct reader *reader, const char *text, const char *key);

/*
 * That text without the entry for `registry`. Returns 1 and fills *out, "" if no other entry is
 * left; 0 if the text has none, or is nothing that the reader can use; or -1 with *err set
 * (CLASS_INTERNAL).
 */
int lookup_variable_without(struct secret *out, const struct reader *reader, const char *text,
                            const char *registry, struct error *err)
    __attribute__((warn_unused_result));

#endif

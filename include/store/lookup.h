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
#include "store/auth_file.h"
#include "store/text/decode.h"
#include "store/location.h"

/* For what; all of it borrowed. */
struct lookup_request {
    const char *key;  /* as the entry is stored: "ghcr.io", "ghcr.io/owner" */
    const char *host; /* what helpers are named by */
    const struct location_request *places;
    bool no_helper; /* no credential helper is asked: files are read as if they named none */
    const struct clock *clock;
    int64_t deadline_ms; /* for a helper */
};

struct lookup {
    char path[PATH_MAX]; /* of the file; "" for DOCKER_AUTH_CONFIG */
    enum auth_format format;
    char key[AUTH_FILE_KEY_MAX + 1];
    char helper[DOCUMENT_HELPER_MAX + 1]; /* that has it; "": the file itself */
    struct holding held;
};

#define LOOKUP_INIT ((struct lookup){.path = ""})

/*
 * Each returns 1 and fills *out (release with lookup_clear()), 0 where there is none, or -1 with
 * *err set: CLASS_AUTHFILE for a file that its reader cannot read, CLASS_HELPER.
 */
int lookup_docker(struct lookup *out, const struct lookup_request *request, struct error *err)
    __attribute__((warn_unused_result));
int lookup_podman(struct lookup *out, const struct lookup_request *request, struct error *err)
    __attribute__((warn_unused_result));

/* In one file alone, as `reader` finds it: podman knows no "credsStore" in Docker's file either. */
int lookup_file(struct lookup *out, const struct location *file, enum auth_format reader,
                const struct lookup_request *request, struct error *err)
    __attribute__((warn_unused_result));

void lookup_clear(struct lookup *lookup);

#endif

/*
 * Which file docker reads, and which podman. Pure: the environment is handed in.
 */
#ifndef STORE_LOCATION_H
#define STORE_LOCATION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Who reads a file, and so what its keys mean. */
enum auth_format {
    AUTH_FORMAT_DOCKER, /* config.json: one entry a registry */
    AUTH_FORMAT_PODMAN, /* containers-auth.json(5): entries for namespaces too */
};

struct location {
    char path[PATH_MAX];
    enum auth_format format;
};

#define LOCATION_ANYBODY ((uid_t)-1)

struct location_request {
    const char *config_dir;                                /* --config; NULL: not given */
    const char *authfile;                                  /* --authfile; NULL: not given */
    bool is_persistent;                                    /* --persistent */
    const char *(*environment)(const char *name);          /* as getenv() */
    bool (*is_own_directory)(const char *path, uid_t uid); /* it exists and is theirs, or anybody's
                                                              for LOCATION_ANYBODY */
    const char *passwd_home; /* the home directory of the user database; NULL: unknown */
    uid_t uid;
};

/*
 * Docker's config.json: in --config, else $DOCKER_CONFIG where it is not empty, else $HOME/.docker,
 * where an unset HOME is looked up in the user database (docker/cli's cli/config/config.go).
 * Returns 0 and fills *out, or -1 with *err set (CLASS_AUTHFILE).
 */
int location_docker(struct location *out, const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Podman's auth.json, as `podman login` chooses it: --authfile; $REGISTRY_AUTH_FILE;
 * $DOCKER_CONFIG/config.json, which is in Docker's format; $XDG_RUNTIME_DIR/containers/auth.json
 * (/run/containers/0 for root and /run/user/UID for others where it is not set). That one is gone
 * after a reboot; --persistent takes ${XDG_CONFIG_HOME:-$HOME/.config}/containers/auth.json, which
 * podman reads too (containers-auth.json(5)).
 */
int location_podman(struct location *out, const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

enum { LOCATION_PODMAN_MAX = 3 };

/*
 * The files that podman looks into, one after the other, until one has the registry: the one above,
 * the persistent one, and Docker's; or, where an option or a variable names one, that alone. Those
 * for which there is no place are left out.
 * Returns 0 and fills out[] and *count, or -1 with *err set where the one named has no place.
 */
int location_podman_way(struct location out[LOCATION_PODMAN_MAX], size_t *count,
                        const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

/* The persistent file alone, whatever is set: the second that podman looks at. */
int location_podman_persistent(struct location *out, const struct location_request *request,
                               struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * Which file docker reads. Pure: the environment is handed in.
 */
#ifndef STORE_LOCATION_H
#define STORE_LOCATION_H

#include <limits.h>

#include "base/error.h"

struct location_request {
    const char *config_dir;                       /* --config; NULL: not given */
    const char *(*environment)(const char *name); /* as getenv() */
    const char *passwd_home; /* the home directory of the user database; NULL: unknown */
};

/*
 * Docker's config.json into path[PATH_MAX]: in --config, else $DOCKER_CONFIG where it is not empty,
 * else $HOME/.docker, where an unset HOME is looked up in the user database (docker/cli's
 * cli/config/config.go). Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int location_docker(char path[PATH_MAX], const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

#endif

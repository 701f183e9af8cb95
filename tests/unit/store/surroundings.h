/*
 * The environment of a reader, as a test sets it: home/ and run/ below the working directory.
 */
#ifndef TESTS_STORE_SURROUNDINGS_H
#define TESTS_STORE_SURROUNDINGS_H

#include <stdbool.h>
#include <string.h>

#include "store/reader.h"

/* What stands in it beside them; NULL: unset. */
static const char *docker_auth_config;
static const char *registry_auth_file;
static const char *docker_config;
static bool is_homeless;

static inline const char *surroundings_variable(const char *name)
{
    if (strcmp(name, "DOCKER_AUTH_CONFIG") == 0)
        return docker_auth_config;
    if (strcmp(name, "REGISTRY_AUTH_FILE") == 0)
        return registry_auth_file;
    if (strcmp(name, "DOCKER_CONFIG") == 0)
        return docker_config;
    if (strcmp(name, "XDG_RUNTIME_DIR") == 0)
        return "run";
    return strcmp(name, "HOME") == 0 && !is_homeless ? "home" : NULL;
}

static inline bool surroundings_is_own(const char *path, uid_t uid)
{
    (void)uid;
    (void)path;
    return true;
}

static inline struct location_request surroundings(void)
{
    return (struct location_request){.environment = surroundings_variable,
                                     .is_own_directory = surroundings_is_own};
}

static inline void surroundings_reset(void)
{
    docker_auth_config = registry_auth_file = docker_config = NULL;
    is_homeless = false;
}

#endif

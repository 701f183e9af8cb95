/*
 * A user's own configuration, shown in another directory for a program that is told to look there:
 * what is changed in the copy of an auth file stays there, all else is the user's own.
 * Every error is CLASS_AUTHFILE, and names the user's file or directory.
 */
#ifndef STORE_PRIVATE_CONFIG_H
#define STORE_PRIVATE_CONFIG_H

#include "base/error.h"

/* In a private directory: where the login is stored. These files are the first to be removed. */
#define PRIVATE_CONFIG_DOCKER      "docker"
#define PRIVATE_CONFIG_DOCKER_FILE "config.json"
#define PRIVATE_CONFIG_PODMAN      "podman"
#define PRIVATE_CONFIG_PODMAN_FILE "auth.json"

/*
 * Link, in the directory `to`, everything that is in the directory `from`, save Docker's
 * config.json and what stands beside it while it is written. That `from` is not there is no error.
 */
int private_config_link(const char *to, const char *from, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Copy the auth file `from` to `to`, a new file of mode 0600. A file that is absent or empty makes
 * none. One that is unreadable or malformed is refused. Returns 0, or -1 with *err set.
 */
int private_config_copy(const char *to, const char *from, struct error *err)
    __attribute__((warn_unused_result));

#endif

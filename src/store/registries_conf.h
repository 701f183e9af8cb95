/*
 * registries.conf(5), of which one key matters here: "credential-helpers", the stores that podman
 * asks, in turn. No TOML is parsed: lines are searched for that key.
 */
#ifndef STORE_REGISTRIES_CONF_H
#define STORE_REGISTRIES_CONF_H

#include <limits.h>
#include <stdbool.h>

#include "store/reader.h"

struct registries_conf {
    char path[PATH_MAX];                /* of the file that has the key */
    char helper[READER_HELPER_MAX + 1]; /* the first that is asked */
};

/*
 * Whether podman asks a helper before its auth files: then who, and which file says so. The last
 * file with the key counts: $CONTAINERS_REGISTRIES_CONF, else the user's or the system's
 * registries.conf, then registries.conf.d of the system and of the user. Files that cannot be read
 * are skipped.
 */
bool registries_conf_find(struct registries_conf *out, const struct location_request *request);

#endif

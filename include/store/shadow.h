/*
 * Warn of credentials that a reader would use instead of the entry that was just stored.
 */
#ifndef STORE_SHADOW_H
#define STORE_SHADOW_H

#include "base/error.h"
#include "store/entry.h"

struct document;

/*
 * What stands in the same file, which `document` is: HOST:443 for nerdctl, namespaces for podman,
 * an entry for which docker refuses the whole; and, where docker and podman share it, what only one
 * of them knows of helpers. `helper` has the entry ("": the file).
 */
void shadow_in_file(const struct document *document, const struct entry *entry, const char *helper,
                    struct warnings *warnings);

/*
 * What stands outside the file: for docker $DOCKER_AUTH_CONFIG, a docker from snap, which reads
 * another file, and a socket that this user may not open, so that it runs under sudo; for podman
 * $REGISTRY_AUTH_FILE, $DOCKER_CONFIG, an earlier file on its way that has the registry, and
 * "credential-helpers" of registries.conf(5).
 */
void shadow_elsewhere(const struct entry *entry, const struct location_request *request,
                      struct warnings *warnings);

/* Both, of an entry that may be in the file, which is read for that. */
void shadow_of(const struct entry *entry, const struct location_request *request,
               struct warnings *warnings);

#endif

/*
 * What some reader would take before the entry that was just stored. Only warns.
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
 * What stands outside the file: $DOCKER_AUTH_CONFIG for docker; for podman $REGISTRY_AUTH_FILE,
 * $DOCKER_CONFIG, and an earlier file on its way that has the registry.
 */
void shadow_elsewhere(const struct entry *entry, const struct location_request *request,
                      struct warnings *warnings);

/* Both, of an entry that may be in the file, which is read for that. */
void shadow_of(const struct entry *entry, const struct location_request *request,
               struct warnings *warnings);

#endif

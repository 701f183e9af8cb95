/*
 * The types that docker and podman want of an auth file's members. Pure.
 *
 * Both decode the file into types of their own. Where a value is of another one, docker warns, and
 * goes on with entries whose "auth" it has not decoded; podman fails. So a member that has nothing
 * to do with credentials may cost all of them.
 *
 * Sources: docker/cli 28, ConfigFile, ProxyConfig and AuthConfig, and "experimental" of versions
 * before; containers/image 5, dockerConfigFile.
 */
#ifndef STORE_SHAPE_H
#define STORE_SHAPE_H

#include "store/text/document.h"
#include "store/location.h"

/*
 * The first member of the whole that `reader` cannot read, as the text spells it; NULL where it can
 * read them all. Lives in the document.
 */
const char *shape_misfit(const struct document *document, enum auth_format reader);

#endif

/*
 * Docker Hub's names: the only list of them. Pure.
 */
#ifndef BASE_HUB_H
#define BASE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define HUB_HOST     "docker.io"            /* its first name, which stands for all of them here */
#define HUB_API_HOST "registry-1.docker.io" /* where its API answers */

/* Who takes a name for Docker Hub's; each also takes those before. */
enum hub_use {
    HUB_IN_IMAGE, /* docker and podman, in the name of an image */
    HUB_IN_KEY,   /* podman, as the key of an entry (containers/image, normalizeRegistry()) */
    HUB_AS_TYPED, /* people: docker stores what is given as it stands, and never finds it */
};

/* Whether `host` is one of its names. */
static inline bool hub_is_name(const char *host, enum hub_use use)
{
    static const struct {
        const char *host;
        enum hub_use use;
    } names[] = {
        {HUB_HOST, HUB_IN_IMAGE},
        {"index.docker.io", HUB_IN_IMAGE},
        {HUB_API_HOST, HUB_IN_KEY},
        {"registry.hub.docker.com", HUB_AS_TYPED},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].use <= use && strcmp(names[i].host, host) == 0)
            return true;
    }
    return false;
}

#endif

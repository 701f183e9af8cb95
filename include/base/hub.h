/*
 * Docker Hub's names: the only list of them. Pure.
 */
#ifndef BASE_HUB_H
#define BASE_HUB_H

#include <stdbool.h>

#define HUB_HOST     "docker.io"            /* its first name, which stands for all of them here */
#define HUB_API_HOST "registry-1.docker.io" /* where its API answers */

/* Who takes a name for Docker Hub's; each also takes those before. */
enum hub_use {
    HUB_IN_IMAGE, /* docker and podman, in the name of an image */
    HUB_IN_KEY,   /* podman, as the key of an entry (containers/image, normalizeRegistry()) */
    HUB_AS_TYPED, /* people: docker stores what is given as it stands, and never finds it */
};

/* Whether `host` is one of its names. */
bool hub_is_name(const char *host, enum hub_use use);

#endif

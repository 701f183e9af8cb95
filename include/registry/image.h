/*
 * An image as the user names it: [HOST[:PORT]/]NAME[:TAG][@DIGEST], read as docker reads it
 * (distribution/reference). Pure.
 */
#ifndef REGISTRY_IMAGE_H
#define REGISTRY_IMAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/reference.h"

enum {
    IMAGE_NAME_MAX = 255,
    IMAGE_VERSION_MAX = 255, /* a tag has at most 128 bytes, a digest by sha512 has 135 */
};

struct image {
    const char *given;                   /* as the user wrote it; borrowed */
    char name[IMAGE_NAME_MAX + 1];       /* the repository, without the host: "owner/image" */
    char version[IMAGE_VERSION_MAX + 1]; /* the digest, else the tag, else "latest" */
    bool is_digest;
    bool can_pull; /* set by handshake_prove() */
    int status;    /* of HTTP, as the last answer to that; 0: it was not asked for */
};

/*
 * Parse `text`, an image of `registry`. Without a host it is one of Docker Hub's, whose short names
 * get "library/" in front. Returns 0 and fills *out, or -1 with *err set (CLASS_USAGE): also for an
 * image of another registry, or not in its namespace.
 */
int image_parse(struct image *out, const char *text, const struct reference *registry,
                struct error *err) __attribute__((warn_unused_result));

/*
 * The registry that docker finds an image at: Docker Hub if the image names none. The host stays
 * as it is written, for that is what an entry is looked up by. Returns 0 and fills *out, or -1 with
 * *err set (CLASS_USAGE).
 */
int image_registry(struct reference *out, const char *text, struct error *err)
    __attribute__((warn_unused_result));

#endif

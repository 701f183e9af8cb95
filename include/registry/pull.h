/*
 * Can this credential pull that image? Not a byte of the image is fetched.
 */
#ifndef REGISTRY_PULL_H
#define REGISTRY_PULL_H

#include "base/error.h"
#include "registry/conversation.h"
#include "registry/image.h"

/*
 * Ask for a bearer with the right to pull, then for the image's manifest, over a conversation whose
 * credential is proved. Returns 0 with image->can_pull set, or -1 with *err set: CLASS_FORBIDDEN
 * when the credential may not, or when there is no such image; registries that hide what one may
 * not see answer both alike, and then the error says so.
 */
int pull_check(struct conversation *c, struct image *image, struct error *err)
    __attribute__((warn_unused_result));

#endif

/*
 * Images from standard input, for --can-pull -: one a line, of any registry.
 */
#ifndef CLI_IMAGE_LIST_H
#define CLI_IMAGE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/options.h"
#include "registry/image.h"
#include "registry/reference.h"

/* What --can-pull names to have them read. */
#define IMAGE_LIST_STDIN "-"

struct listed_image {
    struct reference registry; /* where docker finds it */
    struct image image;
};

struct image_list {
    struct secret text; /* that was read: names point into it */
    struct listed_image *items;
    size_t count;
};

/* Whether the options have images read from standard input. */
bool image_list_is_wanted(const struct options *options);

/*
 * Add the images that --can-pull names, and those of standard input, which is read to its end. What
 * is blank or begins with '#' is none, and a carriage return at the end belongs to no name. Each
 * image is there once, however it is spelled. Returns 0 (release with image_list_clear()), or -1
 * with *err set: CLASS_USAGE, which names the line.
 */
int image_list_read(struct image_list *list, const struct options *options,
                    const struct clock *clock, int64_t deadline_ms, struct error *err)
    __attribute__((warn_unused_result));

/* Accepts one that was never read. */
void image_list_clear(struct image_list *list);

#endif

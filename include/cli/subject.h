/*
 * What a run is about: whose files, which registry, which images.
 */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include <stddef.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/person.h"
#include "registry/image.h"
#include "registry/reference.h"

struct subject {
    struct person person;
    struct reference registry; /* its host is "" until it is known */
    struct image images[OPTIONS_LIST_MAX];
    size_t image_count;
};

/*
 * Find it, from the options. What is known when something is wrong is filled in. Returns 0, or -1
 * with *err set (CLASS_USAGE).
 */
int subject_find(struct subject *out, const struct options *options, struct error *err)
    __attribute__((warn_unused_result));

#endif

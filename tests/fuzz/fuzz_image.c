/*
 * Any text as an image of a registry (first line: the registry): refused, or a name and a version
 * of docker's grammar, which parse to the same when they are put together again.
 */
#include "fuzz.h"

#include <stdio.h>

#include "registry/image.h"

#define DIGEST "[a-z0-9+._-]+:[0-9a-f]{32,}"
#define TAG    "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"

static void check_grammar(const struct image *image)
{
    static regex_t name;
    static regex_t digest;
    static regex_t tag;

    must(strlen(image->name) <= IMAGE_NAME_MAX && strlen(image->version) <= IMAGE_VERSION_MAX);
    must(matches(&name, "^(" REPOSITORY ")$", image->name));
    must(image->is_digest ? matches(&digest, "^(" DIGEST ")$", image->version)
                          : matches(&tag, "^(" TAG ")$", image->version));
    must(!image->can_pull);
}

static void check_again(const struct image *image, const struct reference *registry)
{
    char text[REFERENCE_HOST_MAX + IMAGE_NAME_MAX + IMAGE_VERSION_MAX + 3];
    struct error err = ERROR_INIT;
    struct image again;

    (void)snprintf(text, sizeof(text), "%s/%s%c%s", registry->host, image->name,
                   image->is_digest ? '@' : ':', image->version);
    must(image_parse(&again, text, registry, &err) == 0 && again.given == text);
    must(strcmp(again.name, image->name) == 0 && strcmp(again.version, image->version) == 0);
    must(again.is_digest == image->is_digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    char *host = take_line(&in);
    char *text = take_line(&in);
    struct error err = ERROR_INIT;
    struct reference registry;
    struct image image;

    if (reference_parse(&registry, host, &err) == 0) {
        if (image_parse(&image, text, &registry, &err) < 0) {
            check_error(&err, CLASS_USAGE);
            must(is_shown(err.message) && is_shown(err.hint));
        } else {
            check_grammar(&image);
            check_again(&image, &registry);
        }
    }
    free(host);
    free(text);
    return 0;
}

#include "cli/subject.h"

#include "registry/realm.h"

int subject_find(struct subject *out, const struct options *options, struct error *err)
{
    const char *registry = options->registry != NULL ? options->registry : REFERENCE_DEFAULT;

    *out = (struct subject){.image_count = 0};
    if (reference_parse(&out->registry, registry, err) < 0 ||
        person_find(&out->person, options->for_user, err) < 0)
        return -1;
    for (size_t i = 0; i < options->allowed_realms.count; i++) {
        if (realm_check_allowed(options->allowed_realms.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < options->images.count; i++) {
        if (image_parse(&out->images[i], options->images.items[i], &out->registry, err) < 0)
            return -1;
        out->image_count++;
    }
    return 0;
}

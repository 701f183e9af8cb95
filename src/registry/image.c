#include "registry/image.h"

#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "base/text.h"

static const char word_bytes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

enum { TAG_MAX = 128, DIGEST_HEX_MIN = 32 };

static int refuse(const char *text, const char *rule, struct error *err)
{
    char shown[200];

    return error_set(err, CLASS_USAGE, "the image '%s' %s",
                     text_printable(shown, sizeof(shown), text, strlen(text)), rule);
}

/* Docker takes the first component for a host if it could be no name. */
static bool is_host(struct span first)
{
    if (span_is(first, "localhost"))
        return true;
    for (size_t i = 0; i < first.len; i++) {
        char c = first.data[i];

        if (c == '.' || c == ':' || c == '[' || (c >= 'A' && c <= 'Z'))
            return true;
    }
    return false;
}

/* Move past HOST/ and find out whether it is the registry's. */
static int skip_host(struct scan *s, const char *text, const struct reference *registry,
                     struct error *err)
{
    const char *slash = memchr(s->p, '/', (size_t)(s->end - s->p));
    struct span first = {.data = s->p, .len = slash != NULL ? (size_t)(slash - s->p) : 0};
    char host[REFERENCE_HOST_MAX + 1];
    struct error ignored = ERROR_INIT;
    struct reference named;

    if (slash == NULL || !is_host(first)) {
        if (reference_is_docker_hub(registry))
            return 0;
        (void)refuse(text, "names no registry, so that docker would look for it at Docker Hub",
                     err);
        return error_hint(err, "name it whole: %s/...", registry->host);
    }
    if (!span_copy(first, host, sizeof(host)) || reference_parse(&named, host, &ignored) < 0)
        return refuse(text, "begins with what is no host name", err);
    if (strcmp(named.host, registry->host) != 0) {
        (void)refuse(text, "is not of the registry that is logged in to", err);
        return error_hint(err, "that is '%s'; docker uses its entry for images of that name only",
                          registry->host);
    }
    s->p = slash + 1;
    return 0;
}

/* Docker's grammar: components of letters and digits with single separators between them. */
static bool scan_name(struct scan *s, struct span *name)
{
    const char *start = s->p;

    do {
        if (!reference_scan_component(s))
            return false;
    } while (scan_char(s, '/'));
    *name = (struct span){.data = start, .len = (size_t)(s->p - start)};
    return true;
}

static bool scan_tag(struct scan *s, struct span *tag)
{
    const char *start = s->p;
    struct span rest;

    if (!scan_run(s, word_bytes, tag))
        return false;
    while (scan_run(s, ".-", &rest) || scan_run(s, word_bytes, &rest))
        ;
    *tag = (struct span){.data = start, .len = (size_t)(s->p - start)};
    return tag->len <= TAG_MAX;
}

static bool scan_digest(struct scan *s, struct span *digest)
{
    const char *start = s->p;
    struct span hex;

    if (!scan_run(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-_", &hex) || !scan_char(s, ':') ||
        !scan_run(s, "0123456789abcdef", &hex) || hex.len < DIGEST_HEX_MIN)
        return false;
    *digest = (struct span){.data = start, .len = (size_t)(s->p - start)};
    return true;
}

static bool copy_name(struct image *image, struct span name, const struct reference *registry)
{
    bool is_short = reference_is_docker_hub(registry) && memchr(name.data, '/', name.len) == NULL;

    return snprintf(image->name, sizeof(image->name), "%s%.*s", is_short ? "library/" : "",
                    (int)name.len, name.data) < (int)sizeof(image->name);
}

int image_parse(struct image *out, const char *text, const struct reference *registry,
                struct error *err)
{
    struct scan s = scan_over(text, strlen(text));
    struct image image = {.given = text};
    struct span name;
    struct span version = {.data = "latest", .len = 6};

    if (skip_host(&s, text, registry, err) < 0)
        return -1;
    if (!scan_name(&s, &name) || !copy_name(&image, name, registry))
        return refuse(text, "has a name that no image has", err);
    if (scan_char(&s, ':') && !scan_tag(&s, &version))
        return refuse(text, "has a tag that no image has", err);
    image.is_digest = scan_char(&s, '@');
    if (image.is_digest && !scan_digest(&s, &version))
        return refuse(text, "has a malformed digest", err);
    if (!scan_is_at_end(&s) || !span_copy(version, image.version, sizeof(image.version)))
        return refuse(text, "is not of the form [HOST/]NAME[:TAG][@DIGEST]", err);
    *out = image;
    return 0;
}

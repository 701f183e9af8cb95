#include "registry/image.h"

#include <stdio.h>
#include <string.h>

#include "base/hub.h"
#include "base/scan.h"
#include "base/text.h"

/* What a tag begins with; further on it may also have dots and hyphens. */
static const char word_bytes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

/* OCI distribution-spec: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
enum { TAG_MAX = 128 };

static int image_refuse(const char *text, const char *rule, struct error *err)
{
    return error_set(err, CLASS_USAGE, "the image '%s' %s", text_shown(text).text, rule);
}

/* Docker takes the first component for a host if it could be no name. */
static bool image_is_host(struct span first)
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

/* As written: docker and podman look an entry up without minding that hosts have no case. */
static bool is_host_of(struct span host, const struct reference *registry)
{
    char text[REFERENCE_HOST_MAX + 1];

    if (!span_copy(host, text, sizeof(text)))
        return false;
    return strcmp(text, registry->host) == 0 ||
           (reference_is_docker_hub(registry) && hub_is_name(text, HUB_IN_IMAGE));
}

/* Move past HOST/, which must be the registry's. */
static int skip_host(struct scan *s, const char *text, const struct reference *registry,
                     struct error *err)
{
    const char *slash = memchr(s->p, '/', (size_t)(s->end - s->p));
    struct span first = {.data = s->p, .len = slash != NULL ? (size_t)(slash - s->p) : 0};

    /* "octocat/app" is an image of Docker Hub, whatever registry is logged in to. */
    if (slash == NULL || !image_is_host(first)) {
        if (reference_is_docker_hub(registry))
            return 0;
        (void)image_refuse(text, "names no registry, so docker would pull it from Docker Hub", err);
        return error_hint(err, "use the full name: %s/...", registry->host);
    }
    if (!is_host_of(first, registry)) {
        (void)image_refuse(text, "is not in the registry of this login", err);
        return error_hint(
            err, "the registry is '%s'; docker uses its entry only for images of that name",
            registry->host);
    }
    s->p = slash + 1;
    return 0;
}

/* ghcr.io/${{ github.repository }} is the usual way to come by one. */
static bool has_capital(const char *name)
{
    const char *end = name + strcspn(name, ":@");

    while (name < end && (*name < 'A' || *name > 'Z'))
        name++;
    return name < end;
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

/* Docker knows three algorithms and refuses others. */
static bool scan_digest(struct scan *s, struct span *digest)
{
    static const struct {
        const char *name;
        size_t hex_len;
    } algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
    const char *start = s->p;
    struct span algorithm;
    struct span hex;

    if (!scan_run(s, "sha0123456789", &algorithm) || !scan_char(s, ':') ||
        !scan_run(s, "0123456789abcdef", &hex))
        return false;
    *digest = (struct span){.data = start, .len = (size_t)(s->p - start)};
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (span_is(algorithm, algorithms[i].name))
            return hex.len == algorithms[i].hex_len;
    }
    return false;
}

/* Docker Hub's official images are in "library", which nobody writes. */
static bool copy_name(struct image *image, struct span name, const struct reference *registry)
{
    bool is_short = reference_is_docker_hub(registry) && memchr(name.data, '/', name.len) == NULL;

    return snprintf(image->name, sizeof(image->name), "%s%.*s", is_short ? "library/" : "",
                    (int)name.len, name.data) < (int)sizeof(image->name);
}

/* podman uses the entry of a namespace for what stands below it, and for nothing else. */
static bool is_in_namespace(const char *name, const struct reference *registry)
{
    size_t len = strlen(registry->name_space);

    return len == 0 || (strncmp(name, registry->name_space, len) == 0 &&
                        (name[len] == '/' || name[len] == '\0'));
}

int image_registry(struct reference *out, const char *text, struct error *err)
{
    struct span first = {.data = text, .len = strcspn(text, "/")};
    struct error fault = ERROR_INIT;
    char host[REFERENCE_HOST_MAX + 1] = HUB_HOST;

    if (text[first.len] == '/' && image_is_host(first) && !span_copy(first, host, sizeof(host)))
        return image_refuse(text, "has a registry name that is too long", err);
    if (strstr(text, "://") != NULL)
        return image_refuse(text, "has a scheme: remove the part up to '://'", err);
    if (reference_parse(out, host, &fault) < 0)
        return image_refuse(text, "does not name a registry", err);
    if (out->is_lowered)
        memcpy(out->host, host, sizeof(host));
    return 0;
}

int image_parse(struct image *out, const char *text, const struct reference *registry,
                struct error *err)
{
    struct scan s = scan_over(text, strlen(text));
    struct image image = {.given = text};
    struct span name;
    /* What docker and podman pull if no tag is named. */
    struct span version = {.data = "latest", .len = 6};

    if (strstr(text, "://") != NULL)
        return image_refuse(text, "has a scheme: remove the part up to '://'", err);
    if (skip_host(&s, text, registry, err) < 0)
        return -1;
    /* Before the grammar, which would say less: a repository's name in a workflow makes it. */
    if (has_capital(s.p))
        return image_refuse(text, "has a capital letter in its name: image names are lower case",
                            err);
    if (!scan_name(&s, &name) || !copy_name(&image, name, registry))
        return image_refuse(text, "has an invalid name", err);
    if (!is_in_namespace(image.name, registry)) {
        (void)image_refuse(text, "is not in the namespace of this login", err);
        return error_hint(err, "the namespace is '%s/%s': its entry is used for no other image",
                          registry->host, registry->name_space);
    }
    if (scan_char(&s, ':') && !scan_tag(&s, &version))
        return image_refuse(text, "has an invalid tag", err);
    /* Of a tag with a digest the digest alone counts, as it does for docker. */
    image.is_digest = scan_char(&s, '@');
    if (image.is_digest && !scan_digest(&s, &version))
        return image_refuse(text, "has a malformed digest", err);
    if (!scan_is_at_end(&s) || !span_copy(version, image.version, sizeof(image.version)))
        return image_refuse(text, "is not of the form [HOST/]NAME[:TAG][@DIGEST]", err);
    *out = image;
    return 0;
}

/*
 * A registry as the user names it: [SCHEME://]HOST[:PORT][/NAMESPACE]. Pure.
 *
 * The host becomes lower case; the port stays as it was given, because an image written with a
 * port is looked up with it. A scheme in front, slashes at the end, and "/v1/" and "/v2/", which
 * are addresses of an API, are dropped, as docker login does; after a scheme any path is dropped,
 * as podman does. A path that is no namespace is noted, for docker drops it too. Docker Hub goes by
 * any of its names (base/hub.h).
 */
#ifndef REGISTRY_REFERENCE_H
#define REGISTRY_REFERENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/scan.h"

#define REFERENCE_DEFAULT "ghcr.io"

enum {
    REFERENCE_HOST_MAX = 261,      /* 253 bytes of DNS name (RFC 1035), brackets, ":65535" */
    REFERENCE_NAMESPACE_MAX = 255, /* as docker's limit for a repository name */
};

struct reference {
    char host[REFERENCE_HOST_MAX + 1];     /* host[:port]: "ghcr.io", "[::1]:5000" */
    char api_host[REFERENCE_HOST_MAX + 1]; /* where its API answers: "registry-1.docker.io" */
    char name_space[REFERENCE_NAMESPACE_MAX + 1]; /* "owner" or "owner/image"; "" for all */
    bool has_scheme;
    bool says_http;    /* that scheme is http */
    bool is_lowered;   /* the host was given with capitals */
    bool has_odd_path; /* a path follows that no namespace can be: see reference_check_path() */
};

/*
 * Parse `text`. Returns 0 and fills *out, or -1 with *err set (CLASS_USAGE) and *out untouched.
 * The text is not shown in messages: a token put in its place by mistake must not be.
 */
int reference_parse(struct reference *out, const char *text, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Where namespaces are kept: whether the path is one. Returns 0, or -1 with *err set (CLASS_USAGE).
 * The path is not shown.
 */
int reference_check_path(const struct reference *ref, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Before a login: docker may have stored an entry for github.com or hub.docker.com, but no registry
 * answers there. Returns 0, or -1 with *err set (CLASS_USAGE) and the registry's name in its hint.
 */
int reference_check_no_website(const struct reference *ref, struct error *err)
    __attribute__((warn_unused_result));

bool reference_is_default(const struct reference *ref);

bool reference_is_docker_hub(const struct reference *ref);

/* GitHub's own, by name alone: ghcr.io and containers.NAME.ghe.com. */
bool reference_is_github(const struct reference *ref);

/*
 * The same, and containers.HOST without a port, which GitHub Enterprise Server is reached by. Other
 * registries may have such a name too: here advice can be given, but nothing be refused.
 */
bool reference_may_be_github(const struct reference *ref);

/*
 * Past one path component of an image name: lower-case letters and digits, between them a dot, one
 * or two underscores, or hyphens (distribution/reference's grammar). False, not moved, at none.
 */
bool reference_scan_component(struct scan *s);

/* Whether a host without port is "localhost" or an address of the machine itself. */
bool reference_is_loopback(const char *host);

#endif

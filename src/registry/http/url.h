/*
 * URLs by libcurl's own parser, so that what is checked is what will be asked. Pure.
 */
#ifndef REGISTRY_HTTP_URL_H
#define REGISTRY_HTTP_URL_H

#include <stdbool.h>

#include "base/error.h"

enum { URL_MAX = 8192, URL_HOST_MAX = 255 };

struct url {
    char scheme[16];             /* lower case */
    char host[URL_HOST_MAX + 1]; /* lower case, IPv6 in brackets, IPv4 in its usual form */
    unsigned port;               /* as given, or the scheme's */
    bool has_userinfo;
};

/*
 * Parse an absolute http or https URL. Returns 0, or -1 with *err set (CLASS_UNPROVED: URLs come
 * from servers) and *out untouched. Messages do not show the URL.
 */
int url_parse(struct url *out, const char *text, struct error *err)
    __attribute__((warn_unused_result));

/* The port that the scheme stands for. */
unsigned url_default_port(const struct url *url);

/*
 * Whether it is plain http to this machine by name or address. Nobody can listen there, but a proxy
 * could: none is to be asked, as Go's net/http, and so docker and podman, never do.
 */
bool url_stays_here(const char *text);

/* HOST[:PORT] as messages have it: without the port that goes without saying. */
struct url_place {
    char text[URL_HOST_MAX + 16];
};

struct url_place url_place(const struct url *url);

/*
 * Copy `text` into out[URL_MAX] with NAME=VALUE appended to its query, percent-encoded; a query
 * that is there stays. `out` may be `text`. Returns 0, or -1 with *err set.
 */
int url_add_query(char out[URL_MAX], const char *text, const char *name, const char *value,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * Copy `text` into out[URL_MAX] with the scheme and port of `origin`. Returns 0, or -1 with *err
 * set.
 */
int url_set_origin(char out[URL_MAX], const char *text, const struct url *origin, struct error *err)
    __attribute__((warn_unused_result));

/* What a reference such as "/token?a=b" means in a document at `base`. As url_add_query(). */
int url_resolve(char out[URL_MAX], const char *base, const char *reference, struct error *err)
    __attribute__((warn_unused_result));

/* Whether scheme, host and port are the same. */
bool url_is_same_origin(const struct url *a, const struct url *b);

#endif

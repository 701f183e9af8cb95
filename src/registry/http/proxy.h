/*
 * Choose the proxy, and tell its faults apart from the registry's. For http.c and fault.c.
 *
 * A proxy is named as it is configured; its URL, which may hold a password, is never shown, nor are
 * texts of libcurl that may quote it.
 */
#ifndef REGISTRY_HTTP_PROXY_H
#define REGISTRY_HTTP_PROXY_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/error.h"
#include "base/redact.h"
#include "registry/http/url.h"
#include "registry/message.h"

enum { PROXY_URL_MAX = 4096, PROXY_NAME_MAX = 255 };

/* The way to a server. */
struct proxy_choice {
    char url[PROXY_URL_MAX];       /* for libcurl, maybe with a password; "": no proxy */
    char name[PROXY_NAME_MAX + 1]; /* HOST:PORT as it is configured, for messages */
};

/*
 * What the environment names for a URL, read as Go does, and so docker and podman: upper case comes
 * first (but HTTP_PROXY is not read in a CGI program), ALL_PROXY is not known, and in NO_PROXY
 * stand
 * "*", domains with or without "." or "*." in front, addresses, blocks of them (CIDR), each but the
 * last with a port or without. This machine, by name or address, is asked without a proxy.
 */
void proxy_choose(struct proxy_choice *out, const struct url *to,
                  const char *(*environment)(const char *name));

/* http_hide_proxy(), of this environment. */
int proxy_hide(struct redact *redact, const char *(*environment)(const char *name),
               struct error *err) __attribute__((warn_unused_result));

/* ADDRESS:PORT that the last answer came from; "" if it came through a tunnel, or not at all. */
void proxy_peer(CURL *easy, char peer[HTTP_PEER_MAX]);

/* A transfer that failed. */
struct proxy_fault {
    CURL *easy;
    CURLcode code;
    const char *text;      /* libcurl's error buffer for this transfer */
    const struct url *url; /* what was asked */
    const char *proxy;     /* its name; "": none was asked */
};

/*
 * Whether the fault was the proxy's: then *err is filled (CLASS_UNREACHABLE), and *is_transient is
 * set if it differs from what the fault's code says.
 */
bool proxy_report(const struct proxy_fault *fault, bool *is_transient, struct error *err);

#endif

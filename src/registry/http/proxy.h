/*
 * Faults of a proxy, told apart from the registry's. For http.c and fault.c.
 *
 * A proxy is named by its address, or by the host that libcurl could not reach; its URL, which may
 * hold a password, is never shown, nor are texts of libcurl that may quote it.
 */
#ifndef REGISTRY_HTTP_PROXY_H
#define REGISTRY_HTTP_PROXY_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/error.h"
#include "registry/http.h"
#include "registry/http/url.h"

/* ADDRESS:PORT that the last answer came from; "" where it came through a tunnel, or not at all. */
void proxy_peer(CURL *easy, char peer[HTTP_PEER_MAX]);

/* A transfer that failed. */
struct proxy_fault {
    CURL *easy;
    CURLcode code;
    const char *text;      /* libcurl's error buffer for this transfer */
    const struct url *url; /* what was asked */
};

/*
 * Whether it was the proxy: *err is filled then (CLASS_UNREACHABLE), and *is_transient set where
 * that differs from what the fault's code says.
 */
bool proxy_report(const struct proxy_fault *fault, bool *is_transient, struct error *err);

#endif

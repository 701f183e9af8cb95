/*
 * Faults of a proxy, told apart from the registry's. For http.c and fault.c.
 *
 * A proxy is named by its address, or by the host that libcurl could not reach; its URL, which may
 * hold a password, is never shown, nor are texts of libcurl that may quote it.
 */
#ifndef REGISTRY_PROXY_FAULT_H
#define REGISTRY_PROXY_FAULT_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/error.h"
#include "registry/fault.h"
#include "registry/response.h"
#include "registry/url.h"

/* ADDRESS:PORT that the last answer came from; "" where it came through a tunnel, or not at all. */
void proxy_fault_peer(CURL *easy, char peer[HTTP_PEER_MAX]);

/*
 * Whether it was the proxy: *err is filled then (CLASS_UNREACHABLE), and *is_transient set where
 * that differs from what the fault's code says.
 */
bool proxy_fault_report(const struct fault *fault, const struct url *url, bool *is_transient,
                        struct error *err);

#endif

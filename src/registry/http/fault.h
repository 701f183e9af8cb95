/*
 * Why no answer came: libcurl's error in words for users, and whether a retry may help. For http.c.
 */
#ifndef REGISTRY_HTTP_FAULT_H
#define REGISTRY_HTTP_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/error.h"
#include "registry/trust.h"

/* A transfer that failed. */
struct fault {
    CURL *easy;
    CURLcode code;
    const char *text; /* libcurl's error buffer for this transfer */
    const char *url;
    const char *proxy; /* its name; "": none was asked */
    const struct trust *trust;
    int64_t left_ms;             /* until the login has to end */
    bool has_been_answered;      /* an earlier request was */
    bool has_client_certificate; /* to show to a server that wants one */
};

/*
 * Fill *err (CLASS_UNREACHABLE; CLASS_UNPROVED if what came was not an HTTP answer) and
 * *is_transient. A proxy's faults are named as the proxy's. If no trusted CA issued the server's
 * certificate, its issuer is named: that takes a second connection, on which nothing is sent.
 * Returns -1.
 */
int fault_report(const struct fault *fault, bool *is_transient, struct error *err);

#endif

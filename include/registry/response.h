/*
 * What a registry answered to one request.
 */
#ifndef REGISTRY_RESPONSE_H
#define REGISTRY_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scan.h"
#include "base/secret.h"

enum { HTTP_BODY_MAX = 65536, HTTP_HEADER_MAX = 65536, HTTP_PEER_MAX = 64 }; /* bytes */

struct http_response {
    int status;            /* 0: no answer came */
    struct secret headers; /* "Name: value\n" lines of the last header section */
    struct secret body;
    bool is_body_cut;         /* there was more than HTTP_BODY_MAX */
    char peer[HTTP_PEER_MAX]; /* ADDRESS:PORT that answered, maybe a proxy's; "" through a tunnel */
    bool is_transient;        /* no answer, for a cause that waiting may mend */
};

#define HTTP_RESPONSE_INIT ((struct http_response){.status = 0})

void http_response_clear(struct http_response *response);

/* The value of the nth (from 0) header field `name`, case aside. False where there is none. */
bool http_response_header(const struct http_response *response, const char *name, size_t nth,
                          struct span *value);

#endif

/*
 * HTTP messages as plain structs (RFC 9110 section 6): what is asked, what a server answered, and
 * the limits of both. registry/http.h sends them, registry/http/response.h takes them in and reads
 * them.
 */
#ifndef REGISTRY_MESSAGE_H
#define REGISTRY_MESSAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

enum http_auth { HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_BEARER };

struct http_request {
    const char *url;
    bool is_head;       /* HEAD instead of GET */
    const char *accept; /* NULL: anything */
    const char *field;  /* one more header field, "Name: value"; NULL: none */
    enum http_auth auth;
    const char *username;        /* for Basic; no colon */
    const struct secret *secret; /* password or bearer; no NUL */
};

/* What a server answered, taken in as it comes and no further than its limits. */
enum { HTTP_BODY_MAX = 1024 * 1024, HTTP_HEADER_MAX = 65536, HTTP_PEER_MAX = 64 }; /* bytes */

struct http_response {
    int status;            /* 0: no answer came */
    struct secret headers; /* "Name: value\n" lines of the last header section */
    struct secret body;
    bool is_header_bad;       /* longer than HTTP_HEADER_MAX, or not made of lines */
    bool is_body_cut;         /* there was more than HTTP_BODY_MAX */
    char peer[HTTP_PEER_MAX]; /* ADDRESS:PORT that answered, maybe a proxy's; "" through a tunnel */
    bool is_transient;        /* no answer, for a cause that waiting may mend */
    bool is_not_tls;          /* no answer, for what came is nothing of TLS: plain http, maybe */
    bool is_locked_out;       /* it speaks of too many failed logins; filled by retry_send() */
};

#define HTTP_RESPONSE_INIT ((struct http_response){.status = 0})

/*
 * What sends a request: http_send(), or a test in its place. Returns 0 when an answer came, of
 * whatever status; -1 with *err set (CLASS_UNREACHABLE, or CLASS_INTERNAL) and
 * response->is_transient if none came. *response is cleared first in either case.
 */
typedef int http_send_fn(void *ctx, const struct http_request *request,
                         struct http_response *response, struct error *err);

#endif

/*
 * What a registry answered to one request, taken in as it comes and no further than its limits.
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
    bool is_header_bad;       /* longer than HTTP_HEADER_MAX, or not made of lines */
    bool is_body_cut;         /* there was more than HTTP_BODY_MAX */
    char peer[HTTP_PEER_MAX]; /* ADDRESS:PORT that answered, maybe a proxy's; "" through a tunnel */
    bool is_transient;        /* no answer, for a cause that waiting may mend */
};

#define HTTP_RESPONSE_INIT ((struct http_response){.status = 0})

void http_response_clear(struct http_response *response);

/*
 * Take in one line of the header, with its line end. A status line begins the header anew: what
 * came before was an interim answer. A line that goes on with the last is joined to it.
 * False where no more can be taken: the header is bad (is_header_bad), or there is no memory.
 */
bool http_response_add_line(struct http_response *response, const char *line, size_t len)
    __attribute__((warn_unused_result));

/*
 * Take in more of the body, as far as there is room. False where no more can be taken: there is no
 * room (is_body_cut), or no memory.
 */
bool http_response_add_body(struct http_response *response, const char *data, size_t len)
    __attribute__((warn_unused_result));

/* The value of the nth (from 0) header field `name`, case aside. False where there is none. */
bool http_response_header(const struct http_response *response, const char *name, size_t nth,
                          struct span *value);

#endif

/*
 * One HTTP request at a time, over connections that are kept. The part of its name is the only user
 * of libcurl.
 *
 * Redirects are never followed, netrc is never read, only http and https are spoken, certificates
 * are verified unless the trust says otherwise. Plain http to this machine goes past any proxy.
 * Every buffer has its limit from the start; an answer's header and body have those below.
 * No request outlives the deadline.
 */
#ifndef REGISTRY_HTTP_H
#define REGISTRY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/scan.h"
#include "base/secret.h"
#include "registry/trust.h"

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
};

#define HTTP_RESPONSE_INIT ((struct http_response){.status = 0})

void http_response_clear(struct http_response *response);

/* The value of the nth (from 0) header field `name`, case aside. False where there is none. */
bool http_response_header(const struct http_response *response, const char *name, size_t nth,
                          struct span *value);

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

/*
 * What sends a request: http_send(), or a test in its place. Returns 0 when an answer came, of
 * whatever status; -1 with *err set (CLASS_UNREACHABLE, or CLASS_INTERNAL) and
 * response->is_transient where none came. *response is cleared first in either case.
 */
typedef int http_send_fn(void *ctx, const struct http_request *request,
                         struct http_response *response, struct error *err);

struct http_options {
    const struct trust *trust; /* borrowed as long as the client lives */
    int64_t connect_timeout_ms;
    int64_t try_timeout_ms; /* of one request; no more than the deadline leaves */
    const struct clock *clock;
    int64_t deadline_ms;        /* of that clock, for all requests together */
    void (*on_slow)(void *ctx); /* told once, when a request is still under way after slow_ms */
    void *on_slow_ctx;
    int64_t slow_ms; /* since the client was opened */
};

struct http;

/* Before a client is opened. Once more does no harm. */
int http_init(struct error *err) __attribute__((warn_unused_result));

/* Where libcurl was built to find the system's roots; each NULL where it does not say. */
void http_default_trust(const char **file, const char **dir);

/* libcurl and its TLS library with the versions that run here, as `curl --version` names them. */
void http_libraries(char *out, size_t size);

/* Returns a client to be released with http_close(), or NULL with *err set. */
struct http *http_open(const struct http_options *options, struct error *err);

void http_close(struct http *http);

/* An http_send_fn; `ctx` is the struct http. */
int http_send(void *ctx, const struct http_request *request, struct http_response *response,
              struct error *err) __attribute__((warn_unused_result));

#endif

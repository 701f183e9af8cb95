/*
 * One HTTP request at a time, over connections that are kept. The part of its name is the only user
 * of libcurl.
 *
 * Redirects are never followed, netrc is never read, only http and https are spoken, certificates
 * are verified unless the trust says otherwise. Plain http to this machine goes past any proxy.
 * Every buffer has its limit from the start, an answer's header and body those of message.h.
 * No request outlives the deadline.
 */
#ifndef REGISTRY_HTTP_H
#define REGISTRY_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "registry/message.h"
#include "registry/trust.h"

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

/*
 * Keep the passwords of the proxies that the environment names out of the output; those of less
 * than 8 bytes stand in words by chance. Returns 0, or -1 with *err set: there is no memory.
 */
int http_hide_proxy(struct redact *redact, struct error *err) __attribute__((warn_unused_result));

/* Before a client is opened. Once more does no harm. */
int http_init(struct error *err) __attribute__((warn_unused_result));

/* Where libcurl was built to find the system's roots; each NULL if it does not say. */
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

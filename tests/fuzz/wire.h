/*
 * Answers for the targets that hear a registry: "STATUS", lines of a header, an empty line, a body;
 * "====" on a line of its own before the next.
 */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

#include "fuzz.h"

#include "base/clock.h"
#include "registry/http/response.h"

static inline void append(struct secret *to, struct feed *from, size_t len, size_t max)
{
    struct error err = ERROR_INIT;

    must(secret_append(to, from->p, len < max ? len : max, max, &err) == 0);
    from->p += len;
    from->left -= len;
}

/* Read one answer, as http.c would hand it over. To be released with http_response_clear(). */
static inline struct http_response response_of(struct feed *in)
{
    struct http_response response = HTTP_RESPONSE_INIT;
    char *status = take_line(in);
    const char *empty = in->left > 0 ? memmem(in->p, in->left, "\n\n", 2) : NULL;
    size_t head = empty != NULL ? (size_t)(empty - in->p) + 1 : in->left;

    response.status = (int)(strtoul(status, NULL, 10) % 1000);
    free(status);
    if (in->left > 0 && *in->p == '\n')
        head = 0;
    append(&response.headers, in, head, HTTP_HEADER_MAX);
    if (in->left > 0)
        in->p++, in->left--;
    response.is_body_cut = in->left > HTTP_BODY_MAX;
    append(&response.body, in, in->left, HTTP_BODY_MAX);
    return response;
}

/* A server that answers from the feed until that is empty, and then no more. */
struct server {
    struct feed in;
    void (*check)(const struct http_request *request, void *ctx); /* each request */
    void *ctx;
    int last_status;
    int64_t now_ms;
};

static inline int server_send(void *ctx, const struct http_request *request,
                              struct http_response *response, struct error *err)
{
    struct server *server = ctx;
    struct feed one = {.p = ""};
    char *text;

    server->check(request, server->ctx);
    http_response_clear(response);
    server->last_status = 0;
    if (server->in.left == 0)
        return error_set(err, CLASS_UNREACHABLE, "nobody answers");
    text = take_until(&server->in, "\n====\n", &one.left);
    one.p = text;
    *response = response_of(&one);
    if (request->is_head)
        secret_clear(&response->body);
    server->last_status = response->status;
    free(text);
    return 0;
}

/* The time of a server: it passes while one sleeps. */
static inline int64_t server_now(void *ctx)
{
    return ((struct server *)ctx)->now_ms;
}

static inline int64_t server_unix_s(void *ctx)
{
    return 1700000000 + server_now(ctx) / 1000;
}

static inline void server_sleep(void *ctx, int64_t ms)
{
    must(ms >= 0);
    ((struct server *)ctx)->now_ms += ms;
}

static inline uint32_t server_random(void *ctx, uint32_t bound)
{
    (void)ctx;
    must(bound > 0);
    return bound - 1;
}

static inline struct clock server_clock(struct server *server)
{
    return (struct clock){.now_ms = server_now,
                          .unix_s = server_unix_s,
                          .sleep_ms = server_sleep,
                          .random_below = server_random,
                          .ctx = server};
}

#endif

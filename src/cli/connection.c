#include "cli/connection.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/environment.h"

/* An http_send_fn round http_send(), for --verbose. Queries are left out: they are long. */
static int send_aloud(void *http, const struct http_request *request,
                      struct http_response *response, struct error *err)
{
    char shown[1024];
    int ret = http_send(http, request, response, err);

    (void)text_printable(shown, sizeof(shown), request->url, strcspn(request->url, "?"));
    (void)fprintf(stderr, "ghcr-login: %s %s -> ", request->is_head ? "HEAD" : "GET", shown);
    if (ret == 0)
        (void)fprintf(stderr, "%d\n", response->status);
    else
        (void)fprintf(stderr, "%s\n",
                      text_printable(shown, sizeof(shown), err->message, strlen(err->message)));
    return ret;
}

/* Where there are retries, a server that is silent leaves time for another try. */
static int64_t try_timeout_ms(const struct options *options)
{
    int64_t whole = (int64_t)options->timeout_s * 1000;
    int64_t connect = (int64_t)options->connect_timeout_s * 1000;

    if (options->retries == 0 || connect > whole)
        return whole;
    return connect > whole / 2 ? connect : whole / 2;
}

int connection_open(struct connection *c, const struct proof *proof, const struct options *options,
                    int64_t deadline_ms, struct error *err)
{
    struct trust_request request = {
        .host = proof->registry->host, /* podman's directory is certs.d/docker.io */
        .ca_file = options->ca_file,
        .ca_text = proof->ca_text,
        .cert_dir = options->cert_dir,
        .is_insecure = options->insecure,
        .environment = environment,
    };
    struct http_options http_options = {
        .trust = &c->trust,
        .connect_timeout_ms = (int64_t)options->connect_timeout_s * 1000,
        .try_timeout_ms = try_timeout_ms(options),
        .clock = proof->clock,
        .deadline_ms = deadline_ms,
    };

    *c = (struct connection){.http = NULL};
    http_default_trust(&request.system_file, &request.system_dir);
    if (trust_find(&c->trust, &request, err) < 0)
        return -1;
    c->http = http_open(&http_options, err);
    if (c->http == NULL) {
        connection_close(c);
        return -1;
    }
    c->retry = (struct retry){
        .send = options->verbose ? send_aloud : http_send,
        .send_ctx = c->http,
        .clock = proof->clock,
        .deadline_ms = deadline_ms,
        .retries = options->retries,
    };
    return 0;
}

void connection_close(struct connection *c)
{
    http_close(c->http);
    trust_clear(&c->trust);
}

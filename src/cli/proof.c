#include "cli/proof.h"

#include <stdio.h>
#include <string.h>

#include "cli/connection.h"
#include "credential/credential.h"
#include "registry/handshake.h"
#include "registry/patience.h"

static int ask_once(struct proof *proof, const struct options *options, const struct secret *auth,
                    struct error *err)
{
    struct connection connection;
    struct handshake handshake = {
        .registry = proof->registry,
        .username = proof->username,
        .token = proof->token,
        .auth = auth,
        .realms =
            {
                .registry = proof->registry->api_host,
                .allow_plain_http = options->plain_http,
                .allowed = options->allowed_realms.items,
                .allowed_count = options->allowed_realms.count,
            },
        .images = proof->images,
        .image_count = proof->image_count,
    };
    int ret;

    if (connection_open(&connection, proof, options, proof->deadline_ms, err) < 0)
        return -1;
    handshake.retry = connection.retry;
    ret = handshake_prove(&handshake, &proof->outcome, err);
    connection_close(&connection);
    return ret;
}

static void say_wait(int64_t wait_ms, int64_t left_ms, const struct options *options)
{
    if (!options->quiet)
        (void)fprintf(stderr,
                      "ghcr-login: the token is refused; asking again in %lld s, for up to %lld s "
                      "more (--wait-for-token)\n",
                      (long long)(wait_ms + 999) / 1000, (long long)(left_ms + 999) / 1000);
}

static int ask(struct proof *proof, const struct options *options, const struct secret *auth,
               struct error *err)
{
    const struct clock *clock = proof->clock;
    struct patience patience = {.clock = clock, .limit_ms = proof->wait_ms};
    int ret = ask_once(proof, options, auth, err);
    int64_t counted_ms = clock_now(clock);

    while (ret < 0 && err->cls == CLASS_REJECTED) {
        int64_t wait_ms = patience_next(&patience);

        if (wait_ms == 0)
            break;
        say_wait(wait_ms, patience_left(&patience), options);
        clock->sleep_ms(clock->ctx, wait_ms);
        proof->deadline_ms += clock_now(clock) - counted_ms;
        counted_ms = clock_now(clock);
        *err = ERROR_INIT;
        ret = ask_once(proof, options, auth, err);
    }
    return ret;
}

static void warn_of_insecurity(const struct proof *proof)
{
    struct warnings *warnings = proof->warnings;
    char text[WARNING_LEN_MAX + 1];

    (void)snprintf(text, sizeof(text),
                   "the certificate of '%s' is not checked (--insecure): the token can be read, "
                   "and the answer forged, on the way",
                   proof->registry->host);
    for (size_t i = 0; i < warnings->count; i++) {
        if (strcmp(warnings->items[i], text) == 0)
            return;
    }
    warnings_add(warnings, "%s", text);
}

int proof_ask(struct proof *proof, const struct options *options, struct error *err)
{
    struct secret auth = SECRET_INIT;
    int ret = credential_auth(&auth, proof->username, proof->token, err);

    if (options->insecure)
        warn_of_insecurity(proof);
    if (ret == 0)
        ret = ask(proof, options, &auth, err);
    secret_clear(&auth);
    return ret;
}

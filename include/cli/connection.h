/*
 * What the requests of a run go over, as the options say: trust, client, retries, aloud or not.
 */
#ifndef CLI_CONNECTION_H
#define CLI_CONNECTION_H

#include <stdint.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/proof.h"
#include "registry/http.h"
#include "registry/retry.h"
#include "registry/trust.h"

struct connection {
    struct trust trust;
    struct http *http;
    struct retry retry; /* what to send requests with; its `retries` may be lowered */
};

/*
 * Open one on the certificates of the proof's registry; no request outlives `deadline_ms`. Returns
 * 0 with *c to be released with connection_close() and not to be moved before, or -1 with *err set
 * and nothing to release.
 */
int connection_open(struct connection *c, const struct proof *proof, const struct options *options,
                    int64_t deadline_ms, struct error *err) __attribute__((warn_unused_result));

void connection_close(struct connection *c);

#endif

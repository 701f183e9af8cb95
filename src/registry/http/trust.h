/*
 * What libcurl is told of certificates. For http.c.
 *
 * Of the system's roots the hashed directory is tried first, and the bundle only where that does
 * not verify: loading a whole bundle costs OpenSSL 3 some 20 ms.
 */
#ifndef REGISTRY_HTTP_TRUST_H
#define REGISTRY_HTTP_TRUST_H

#include <stdbool.h>

#include <curl/curl.h>

#include "registry/trust.h"

/* Whether there is anything to trust: a file, a directory that is not empty, or a text. */
bool trust_has_roots(const struct trust *trust);

/* Whether the hashed directory can be tried alone. */
bool trust_can_skip_bundle(const struct trust *trust);

/*
 * Set what the connections of `easy` trust and who they come as. Where trust->is_insecure no
 * certificate is checked at all, but for a proxy's own. Returns the first code that is no CURLE_OK.
 */
CURLcode trust_set(CURL *easy, const struct trust *trust, bool skip_bundle);

/* Set one option, unless one before was not taken: each of them matters. */
#define HTTP_SET(code, easy, option, value)                                                        \
    do {                                                                                           \
        if ((code) == CURLE_OK)                                                                    \
            (code) = curl_easy_setopt(easy, option, value);                                        \
    } while (0)

#endif

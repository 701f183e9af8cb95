/*
 * Configure the certificates that libcurl trusts. For http.c.
 *
 * Of the system's roots the hashed directory is tried first, and the bundle only if that does
 * not verify: loading a whole bundle costs OpenSSL 3 some 20 ms. What OpenSSL cannot use and Go can
 * comes last: a bundle with a damaged certificate, and a directory whose names are not hashes.
 */
#ifndef REGISTRY_HTTP_TRUST_H
#define REGISTRY_HTTP_TRUST_H

#include <stdbool.h>

#include <curl/curl.h>

#include "registry/trust.h"

/* Whether there is anything to trust: a file, a directory that is not empty, or a text. */
bool trust_has_roots(const struct trust *trust);

/* How much of the roots is read: each step only if the one before did not suffice. */
enum trust_reach {
    TRUST_HASHED, /* the hashed directory alone, if there is one */
    TRUST_BUNDLE, /* and the bundle */
    TRUST_EACH,   /* each whole certificate of the bundle and of every file of the directories */
};

/* Where to begin: a hashed directory can be tried alone. */
enum trust_reach trust_first_reach(const struct trust *trust);

/* Whether the next step may mend what came of this one, `code`; then *reach is that step. */
bool trust_reach_further(enum trust_reach *reach, const struct trust *trust, CURLcode code);

/*
 * Set what the connections of `easy` trust and who they come as. Where trust->is_insecure no
 * certificate is checked at all, but for a proxy's own. Returns the first code that is no CURLE_OK.
 */
CURLcode trust_set(CURL *easy, const struct trust *trust, enum trust_reach reach);

/* Set one option, unless one before was not taken: each of them matters. */
#define HTTP_SET(code, easy, option, value)                                                        \
    do {                                                                                           \
        if ((code) == CURLE_OK)                                                                    \
            (code) = curl_easy_setopt(easy, option, value);                                        \
    } while (0)

#endif

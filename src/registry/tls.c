#include "registry/tls.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { BUNDLE_MAX = 16 * 1024 * 1024 }; /* bytes of PEM text */

/* Only OpenSSL looks certificates up in a hashed directory one by one. */
bool tls_can_skip_bundle(const struct trust *trust)
{
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;

    return library != NULL && strstr(library, "OpenSSL") != NULL && trust->dir[0] != '\0' &&
           access(trust->dir, R_OK | X_OK) == 0;
}

/* Stops at the first option that libcurl does not take: each of them matters. */
#define SET(option, value)                                                                         \
    if (code == CURLE_OK)                                                                          \
    code = curl_easy_setopt(easy, option, value)

static const char *non_empty(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Roots beside the system's: libcurl takes a text in place of the bundle, so that it holds both. */
static CURLcode set_extra_roots(CURL *easy, const struct trust *trust, bool skip_bundle)
{
    CURLcode code = CURLE_OK;

#if LIBCURL_VERSION_NUM >= 0x074d00
    struct io_input input = {.name = "", .max = BUNDLE_MAX};
    struct error ignored = ERROR_INIT;
    struct secret bundle = SECRET_INIT;
    struct secret all = SECRET_INIT;

    if (!skip_bundle && trust->file[0] != '\0' &&
        io_read_path(&bundle, trust->file, &input, NULL, &ignored) < 0)
        secret_clear(&bundle);
    if (secret_append(&all, trust->extra.data, trust->extra.len, BUNDLE_MAX, &ignored) < 0 ||
        secret_append(&all, bundle.data, bundle.len, BUNDLE_MAX, &ignored) < 0)
        code = CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_CAINFO_BLOB,
        (&(struct curl_blob){.data = all.data, .len = all.len, .flags = CURL_BLOB_COPY}));
    secret_clear(&bundle);
    secret_clear(&all);
#else
    (void)easy;
    (void)trust;
    (void)skip_bundle;
    code = CURLE_NOT_BUILT_IN; /* needs libcurl 7.77 */
#endif
    return code;
}

static CURLcode set_roots(CURL *easy, const struct trust *trust, bool skip_bundle)
{
    CURLcode code = CURLE_OK;

    if (trust->file[0] == '\0' && trust->dir[0] == '\0' && trust->extra.len == 0)
        return code; /* whatever the TLS library knows */
    SET(CURLOPT_CAINFO, skip_bundle ? NULL : non_empty(trust->file));
    SET(CURLOPT_CAPATH, non_empty(trust->dir));
    return code == CURLE_OK && trust->extra.len > 0 ? set_extra_roots(easy, trust, skip_bundle)
                                                    : code;
}

CURLcode tls_set(CURL *easy, const struct trust *trust, bool skip_bundle)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_SSL_VERIFYPEER, trust->is_insecure ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, trust->is_insecure ? 0L : 2L);
    SET(CURLOPT_SSLCERT, non_empty(trust->client_cert));
    SET(CURLOPT_SSLKEY, non_empty(trust->client_key));
    if (code == CURLE_OK && !trust->is_insecure)
        code = set_roots(easy, trust, skip_bundle);
    return code;
}

#include "registry/http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "registry/reference.h"

/* The text is not shown: a URL may hold a password, and this one comes from outside. */
static int url_refuse(CURLUcode code, struct error *err)
{
    if (code == CURLUE_OUT_OF_MEMORY)
        return error_no_memory(err);
    return error_set(err, CLASS_UNPROVED, "not an absolute http or https URL");
}

/* Copy one part, lower-cased. */
static CURLUcode get_part(CURLU *handle, CURLUPart which, unsigned flags, char *dst, size_t size)
{
    char *part = NULL;
    CURLUcode code = curl_url_get(handle, which, &part, flags);

    if (code != CURLUE_OK)
        return code;
    if ((size_t)snprintf(dst, size, "%s", part) >= size)
        code = CURLUE_MALFORMED_INPUT;
    /* Neither a scheme nor a host has a case (RFC 3986 section 6.2.2.1). */
    for (char *p = dst; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    curl_free(part);
    return code;
}

/* libcurl takes bytes past ASCII, and undoes percent-encoding, in a host; messages show it. */
static bool url_is_plain(const char *host)
{
    for (; *host != '\0'; host++) {
        if (*host <= ' ' || *host >= 0x7f)
            return false;
    }
    return true;
}

/* libcurl takes one slash or three for two, and a port of 0. */
static bool has_authority(const char *text, const char *port)
{
    const char *colon = strchr(text, ':');

    return colon != NULL && strncmp(colon, "://", 3) == 0 && colon[3] != '/' &&
           strtoul(port, NULL, 10) != 0;
}

int url_parse(struct url *out, const char *text, struct error *err)
{
    struct url url = {.scheme = ""};
    CURLU *handle = curl_url();
    char part[URL_HOST_MAX + 1];
    CURLUcode code = CURLUE_OUT_OF_MEMORY;

    if (handle == NULL)
        return error_no_memory(err);
    /* Any scheme is parsed, so that the check below is the one that decides. */
    code = curl_url_set(handle, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = get_part(handle, CURLUPART_SCHEME, 0, url.scheme, sizeof(url.scheme));
    if (code == CURLUE_OK && strcmp(url.scheme, "https") != 0 && strcmp(url.scheme, "http") != 0)
        code = CURLUE_UNSUPPORTED_SCHEME;
    if (code == CURLUE_OK)
        code = get_part(handle, CURLUPART_HOST, 0, url.host, sizeof(url.host));
    if (code == CURLUE_OK && !url_is_plain(url.host))
        code = CURLUE_MALFORMED_INPUT;
    if (code == CURLUE_OK)
        code = get_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT, part, sizeof(part));
    if (code == CURLUE_OK && !has_authority(text, part))
        code = CURLUE_MALFORMED_INPUT;
    if (code == CURLUE_OK) {
        url.port = (unsigned)strtoul(part, NULL, 10);
        /* Whatever is not "no user" counts, also a name that is too long for the copy. */
        url.has_userinfo =
            get_part(handle, CURLUPART_USER, 0, part, sizeof(part)) != CURLUE_NO_USER;
    }
    curl_url_cleanup(handle);
    if (code != CURLUE_OK)
        return url_refuse(code, err);
    *out = url;
    return 0;
}

unsigned url_default_port(const struct url *url)
{
    return strcmp(url->scheme, "https") == 0 ? 443 : 80;
}

bool url_stays_here(const char *text)
{
    struct error ignored = ERROR_INIT;
    struct url url;

    return url_parse(&url, text, &ignored) == 0 && strcmp(url.scheme, "http") == 0 &&
           reference_is_loopback(url.host);
}

/* As users and docker write a registry: nobody says ghcr.io:443. */
struct url_place url_place(const struct url *url)
{
    struct url_place place;

    if (url->port == url_default_port(url))
        (void)snprintf(place.text, sizeof(place.text), "%s", url->host);
    else
        (void)snprintf(place.text, sizeof(place.text), "%s:%u", url->host, url->port);
    return place;
}

/* Of a handle that is released here, if it has come this far. */
static int url_take(char out[URL_MAX], CURLU *handle, CURLUcode code, struct error *err)
{
    char *whole = NULL;

    /* One spelling for one origin: without the port that goes without saying. */
    if (code == CURLUE_OK)
        code = curl_url_get(handle, CURLUPART_URL, &whole, CURLU_NO_DEFAULT_PORT);
    if (code == CURLUE_OK && (size_t)snprintf(out, URL_MAX, "%s", whole) >= URL_MAX)
        code = CURLUE_MALFORMED_INPUT;
    curl_free(whole);
    curl_url_cleanup(handle);
    return code == CURLUE_OK ? 0 : url_refuse(code, err);
}

int url_add_query(char out[URL_MAX], const char *text, const char *name, const char *value,
                  struct error *err)
{
    CURLU *handle = curl_url();
    char pair[URL_MAX];
    CURLUcode code;

    if (handle == NULL)
        return error_no_memory(err);
    code = curl_url_set(handle, CURLUPART_URL, text, 0);
    if ((size_t)snprintf(pair, sizeof(pair), "%s=%s", name, value) >= sizeof(pair))
        code = CURLUE_MALFORMED_INPUT;
    /* libcurl encodes all of the pair but its first '=', and puts the '&' in front. */
    if (code == CURLUE_OK)
        code = curl_url_set(handle, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE);
    return url_take(out, handle, code, err);
}

int url_set_origin(char out[URL_MAX], const char *text, const struct url *origin, struct error *err)
{
    CURLU *handle = curl_url();
    char port[16];
    CURLUcode code;

    if (handle == NULL)
        return error_no_memory(err);
    (void)snprintf(port, sizeof(port), "%u", origin->port);
    code = curl_url_set(handle, CURLUPART_URL, text, 0);
    if (code == CURLUE_OK)
        code = curl_url_set(handle, CURLUPART_SCHEME, origin->scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_set(handle, CURLUPART_PORT, port, 0);
    return url_take(out, handle, code, err);
}

int url_resolve(char out[URL_MAX], const char *base, const char *reference, struct error *err)
{
    CURLU *handle = curl_url();
    CURLUcode code;

    if (handle == NULL)
        return error_no_memory(err);
    code = curl_url_set(handle, CURLUPART_URL, base, 0);
    /* Older versions of libcurl refuse what no URL may contain, newer ones (8.14) encode it. */
    for (const char *c = reference; *c != '\0'; c++) {
        if ((*c > '\0' && *c < ' ') || *c == '\x7f')
            code = CURLUE_MALFORMED_INPUT;
    }
    /* On a handle that has a URL, libcurl resolves the new one against it (RFC 3986 section 5). */
    if (code == CURLUE_OK)
        code = curl_url_set(handle, CURLUPART_URL, reference, 0);
    return url_take(out, handle, code, err);
}

/* RFC 6454 section 5. A credential that is meant for one origin goes to no other. */
bool url_is_same_origin(const struct url *a, const struct url *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && a->port == b->port;
}

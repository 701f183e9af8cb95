#include "registry/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "registry/http/fault.h"
#include "registry/http/proxy.h"
#include "registry/http/response.h"
#include "registry/http/trust.h"
#include "registry/http/url.h"
#include "registry/reference.h"

/*
 * One handle for a whole login: libcurl keeps the connection in it, so that ping, token and ping
 * again cost one TLS handshake with each host.
 */
struct http {
    CURL *easy;
    struct http_options options;
    enum trust_reach reach;
    bool has_been_answered;
    int64_t opened_ms;
    bool has_told;             /* that it is slow */
    bool is_verbatim;          /* no encoding is undone */
    struct proxy_choice proxy; /* of the last request */
    char error_text[CURL_ERROR_SIZE];
};

/*
 * The Authorization header and each answer are in blocks that libcurl asks for: all that it frees
 * is wiped.
 */
int http_init(struct error *err)
{
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wipe_malloc, wipe_free, wipe_realloc,
                                         wipe_strdup, wipe_calloc);

    return code == CURLE_OK ? 0 : error_set(err, CLASS_INTERNAL, "cannot set up libcurl");
}

/* A callback that takes less than it was given ends the transfer with CURLE_WRITE_ERROR. */
static size_t on_header(char *data, size_t size, size_t count, void *response)
{
    return http_response_add_line(response, data, size * count) ? size * count : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *response)
{
    return http_response_add_body(response, data, size * count) ? size * count : 0;
}

void http_default_trust(const char **file, const char **dir)
{
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    bool is_told = info->age >= CURLVERSION_SEVENTH;

    /* Older than 7.70 at run time: it does not know these members. */
    *file = is_told ? info->cainfo : NULL;
    *dir = is_told ? info->capath : NULL;
#else
    *file = NULL;
    *dir = NULL;
#endif
}

void http_libraries(char *out, size_t size)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    (void)snprintf(out, size, "libcurl/%s %s", info->version,
                   info->ssl_version != NULL ? info->ssl_version : "");
}

struct http *http_open(const struct http_options *options, struct error *err)
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL || (http->easy = curl_easy_init()) == NULL) {
        free(http);
        (void)error_no_memory(err);
        return NULL;
    }
    http->options = *options;
    http->opened_ms = clock_now(options->clock);
    http->reach = trust_first_reach(options->trust);
    return http;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->easy);
    explicit_bzero(&http->proxy, sizeof(http->proxy)); /* it may have a password */
    free(http);
}

/*
 * With one scheme named, libcurl sends the credential at once; with a choice of them it would ask
 * without one first.
 */
static CURLcode set_auth(CURL *easy, const struct http_request *request)
{
    CURLcode code = CURLE_OK;

    switch (request->auth) {
    case HTTP_AUTH_NONE:
        break;
    case HTTP_AUTH_BASIC:
        code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_USERNAME, request->username);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_PASSWORD, secret_text(request->secret));
        break;
    case HTTP_AUTH_BEARER:
        code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret_text(request->secret));
        break;
    }
    return code;
}

/* libcurl speaks some twenty protocols, and a realm is a URL from outside. */
static CURLcode set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* libcurl calls it about once a second, whatever it waits for. */
static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct http *http = ctx;

    (void)down_total, (void)down, (void)up_total, (void)up;
    if (!http->has_told &&
        clock_now(http->options.clock) - http->opened_ms >= http->options.slow_ms) {
        http->has_told = true;
        http->options.on_slow(http->options.on_slow_ctx);
    }
    return 0;
}

/* No request outlives the deadline, however long one alone may take. */
static CURLcode set_limits(const struct http *http)
{
    int64_t left = clock_left(http->options.clock, http->options.deadline_ms);
    int64_t connect = http->options.connect_timeout_ms;
    CURLcode code = CURLE_OK;

    if (left > http->options.try_timeout_ms)
        left = http->options.try_timeout_ms;
    HTTP_SET(code, http->easy, CURLOPT_NOSIGNAL, 1L); /* signals are main.c's to set */
#if LIBCURL_VERSION_NUM >= 0x075700
    HTTP_SET(code, http->easy, CURLOPT_QUICK_EXIT, 1L); /* for no resolver past the deadline */
#endif
    /* 0 would mean for ever to libcurl, and 300 s of connecting. */
    HTTP_SET(code, http->easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
    HTTP_SET(code, http->easy, CURLOPT_CONNECTTIMEOUT_MS,
             (long)(connect < left ? connect : left + 1));
    return code;
}

static CURLcode set_callbacks(struct http *http, struct http_response *response)
{
    CURLcode code = CURLE_OK;

    HTTP_SET(code, http->easy, CURLOPT_ERRORBUFFER, http->error_text);
    HTTP_SET(code, http->easy, CURLOPT_NOPROGRESS, http->options.on_slow == NULL ? 1L : 0L);
    HTTP_SET(code, http->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    HTTP_SET(code, http->easy, CURLOPT_XFERINFODATA, http);
    HTTP_SET(code, http->easy, CURLOPT_HEADERFUNCTION, on_header);
    HTTP_SET(code, http->easy, CURLOPT_HEADERDATA, response);
    HTTP_SET(code, http->easy, CURLOPT_WRITEFUNCTION, on_body);
    HTTP_SET(code, http->easy, CURLOPT_WRITEDATA, response);
    return code;
}

static CURLcode set_request(struct http *http, const struct http_request *request,
                            struct curl_slist *fields)
{
    CURLcode code = CURLE_OK;

    HTTP_SET(code, http->easy, CURLOPT_URL, request->url);
    HTTP_SET(code, http->easy, CURLOPT_PROXY, http->proxy.url);
    HTTP_SET(code, http->easy, CURLOPT_NOPROXY, ""); /* proxy.c has read that already */
    HTTP_SET(code, http->easy, CURLOPT_NOBODY, request->is_head ? 1L : 0L);
    HTTP_SET(code, http->easy, CURLOPT_HTTPHEADER, fields);
    /* Decoded if the server sends it unasked: build_fields() drops the field that asks for it. */
    HTTP_SET(code, http->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    HTTP_SET(code, http->easy, CURLOPT_HTTP_CONTENT_DECODING, http->is_verbatim ? 0L : 1L);
    HTTP_SET(code, http->easy, CURLOPT_USERAGENT, "ghcr-login/" GHCR_LOGIN_VERSION);
    /* One request at a time gains nothing by HTTP/2. */
    HTTP_SET(code, http->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    HTTP_SET(code, http->easy, CURLOPT_FOLLOWLOCATION, 0L);
    HTTP_SET(code, http->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    /* What a proxy says to CONNECT is no part of the registry's answer. */
    HTTP_SET(code, http->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return code;
}

static CURLcode set_up(struct http *http, const struct http_request *request,
                       struct curl_slist *fields, struct http_response *response)
{
    CURLcode code;

    curl_easy_reset(http->easy); /* keeps connections; drops the last request's credential */
    code = set_request(http, request, fields);
    if (code == CURLE_OK)
        code = set_protocols(http->easy);
    if (code == CURLE_OK)
        code = set_limits(http);
    if (code == CURLE_OK)
        code = set_callbacks(http, response);
    if (code == CURLE_OK)
        code = trust_set(http->easy, http->options.trust, http->reach);
    return code == CURLE_OK ? set_auth(http->easy, request) : code;
}

/* Content-Encoding: UTF-8 and the like: docker reads the body as it is, in which nothing is
 * encoded. */
static bool is_unknown_encoding(const struct http *http)
{
    return strcasestr(http->error_text, "unrecognized content encoding") != NULL;
}

static CURLcode perform(struct http *http, const struct http_request *request,
                        struct curl_slist *fields, struct http_response *response)
{
    CURLcode code = set_up(http, request, fields, response);
    long status = 0;

    http->error_text[0] = '\0';
    if (code == CURLE_OK)
        code = curl_easy_perform(http->easy);
    /*
     * Nothing was sent yet: the handshake failed. The next reach is kept, for the requests after
     * this one.
     */
    if (trust_reach_further(&http->reach, http->options.trust, code))
        return perform(http, request, fields, response);
    if (code == CURLE_BAD_CONTENT_ENCODING && !http->is_verbatim && is_unknown_encoding(http)) {
        http_response_clear(response);
        http->is_verbatim = true;
        code = perform(http, request, fields, response);
        http->is_verbatim = false;
        return code;
    }
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 when unknown */
    response->status = (int)status;
    proxy_peer(http->easy, response->peer);
    if (code == CURLE_WRITE_ERROR && response->is_body_cut)
        code = CURLE_OK; /* we hung up; what came is an answer */
    return code;
}

static const char *environment_of_process(const char *name)
{
    return getenv(name);
}

int http_hide_proxy(struct redact *redact, struct error *err)
{
    return proxy_hide(redact, environment_of_process, err);
}

/* A URL that cannot be parsed needs no proxy: libcurl refuses it, and says why. */
static void choose_proxy(struct http *http, const char *text)
{
    struct error ignored = ERROR_INIT;
    struct url url;

    http->proxy = (struct proxy_choice){.url = ""};
    if (url_parse(&url, text, &ignored) == 0)
        proxy_choose(&http->proxy, &url, environment_of_process);
}

static int append_field(struct curl_slist **fields, const char *field)
{
    struct curl_slist *longer = curl_slist_append(*fields, field);

    if (longer == NULL)
        return -1;
    *fields = longer;
    return 0;
}

/* To be released with curl_slist_free_all(). A name without a value drops libcurl's own field. */
static int build_fields(struct curl_slist **fields, const struct http_request *request,
                        struct error *err)
{
    char accept[512];

    (void)snprintf(accept, sizeof(accept), "Accept: %s",
                   request->accept != NULL ? request->accept : "*/*");
    if (append_field(fields, accept) == 0 && append_field(fields, "Accept-Encoding:") == 0 &&
        (request->field == NULL || append_field(fields, request->field) == 0))
        return 0;
    curl_slist_free_all(*fields);
    return error_no_memory(err);
}

/* What a server that speaks plain http makes of TLS: an answer in http, or it hangs up. */
static bool is_not_tls(CURLcode code, const char *text)
{
    /*
     * libcurl has one code for every handshake that fails; OpenSSL's words tell them apart, or, of
     * who hangs up, newer versions (8.14) those of the system.
     */
    static const char *const words[] = {"wrong version number", "SYSCALL", "unexpected eof",
                                        "Broken pipe", "Connection reset"};

    if (code != CURLE_SSL_CONNECT_ERROR)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(text, words[i]) != NULL)
            return true;
    }
    return false;
}

static bool is_this_machine(const char *text)
{
    struct error ignored = ERROR_INIT;
    struct url url;

    return url_parse(&url, text, &ignored) == 0 && reference_is_loopback(url.host);
}

/* Say why no answer came. Returns -1. */
static int http_fail(const struct http *http, CURLcode code, const char *url,
                     struct http_response *response, struct error *err)
{
    if (code == CURLE_WRITE_ERROR && !response->is_header_bad)
        return error_no_memory(err); /* a callback had no other reason to stop */
    response->is_not_tls = is_not_tls(code, http->error_text);
    (void)fault_report(
        &(struct fault){
            .easy = http->easy,
            .code = code,
            .text = http->error_text,
            .url = url,
            .proxy = http->proxy.name,
            .trust = http->options.trust,
            .left_ms = clock_left(http->options.clock, http->options.deadline_ms),
            .has_been_answered = http->has_been_answered,
            .has_client_certificate = http->options.trust->client_cert[0] != '\0',
        },
        &response->is_transient, err);
    /* Between a program and its own machine no wire is cut: no wait turns that into TLS. */
    response->is_transient =
        response->is_transient && !(response->is_not_tls && is_this_machine(url));
    return -1;
}

int http_send(void *ctx, const struct http_request *request, struct http_response *response,
              struct error *err)
{
    struct http *http = ctx;
    struct curl_slist *fields = NULL;
    CURLcode code;

    http_response_clear(response);
    if (build_fields(&fields, request, err) < 0)
        return -1;
    choose_proxy(http, request->url);
    /* Forget what was starved before: it was noticed, or does not concern this request. */
    (void)wipe_was_starved();
    code = perform(http, request, fields, response);
    curl_slist_free_all(fields);
    /* libcurl does not notice every failed allocation: it may have asked without the query. */
    if (wipe_was_starved())
        return error_no_memory(err);
    http->has_been_answered = http->has_been_answered || code == CURLE_OK;
    return code == CURLE_OK ? 0 : http_fail(http, code, request->url, response, err);
}

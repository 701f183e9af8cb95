#include "registry/http/proxy.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "registry/http/response.h"

static const char variables[] = "check https_proxy, http_proxy and all_proxy";

/* What the proxy said to CONNECT; 0: nothing, or there was none. */
static long connect_status(CURL *easy)
{
    long status = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status;
}

void proxy_peer(CURL *easy, char peer[HTTP_PEER_MAX])
{
    char *address = NULL;
    long port = 0;

    peer[0] = '\0';
    if (connect_status(easy) != 200 &&
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != NULL &&
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port != 0)
        (void)snprintf(peer, HTTP_PEER_MAX, strchr(address, ':') != NULL ? "[%s]:%ld" : "%s:%ld",
                       address, port);
}

/*
 * Whether the connection was to a proxy, not to the registry. A tunnel that is used again has no
 * status of its own, but what was sent (the time of that is there) went through it.
 */
static bool is_at_proxy(const struct proxy_fault *fault)
{
    curl_off_t sent = 0;
    long port = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    return sent == 0 && connect_status(fault->easy) == 0 &&
           strcmp(fault->url->scheme, "https") == 0 &&
           curl_easy_getinfo(fault->easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port != 0 &&
           (unsigned)port != fault->url->port;
}

/* The proxy answered CONNECT by itself, and with no. */
static void report_refusal(const struct proxy_fault *fault, struct error *err)
{
    long status = connect_status(fault->easy);
    char peer[HTTP_PEER_MAX];

    proxy_peer(fault->easy, peer);
    (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': the proxy '%s' answered %ld",
                    url_place(fault->url).text, peer, status);
    if (status == 407)
        (void)error_hint(err, "the proxy wants a login of its own: "
                              "https_proxy=http://USER:PASSWORD@PROXY:PORT");
    else
        (void)error_hint(err, "the proxy does not let this host through; no_proxy lists the hosts "
                              "that need none");
}

/* The host name that stands behind `before` in libcurl's text, and nothing else of that text. */
static bool scan_host_behind(const char *before, const char *text, struct scan *rest,
                             struct span *host)
{
    if (strncmp(text, before, strlen(before)) != 0)
        return false;
    *rest = scan_over(text + strlen(before), strlen(text) - strlen(before));
    return scan_run(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]",
                    host);
}

static void report_unresolved(const struct proxy_fault *fault, struct error *err)
{
    struct span host = {.len = 0};
    struct scan rest;
    bool is_known = scan_host_behind("Could not resolve proxy: ", fault->text, &rest, &host);

    (void)error_set(err, CLASS_UNREACHABLE,
                    "cannot ask '%s': cannot find the proxy's address%s%.*s%s"
                    " (DNS)",
                    url_place(fault->url).text, is_known ? ", '" : "", (int)host.len,
                    is_known ? host.data : "", is_known ? "'" : "");
    (void)error_hint(err, "%s", variables);
}

/* "Failed to connect to HOST port N after …": where that is not the registry, it is the proxy. */
static bool find_unreached(const struct proxy_fault *fault, struct url_place *proxy)
{
    struct scan rest;
    struct span host;
    uint64_t port;

    if (!scan_host_behind("Failed to connect to ", fault->text, &rest, &host) ||
        strncmp(rest.p, " port ", 6) != 0)
        return false;
    rest.p += 6;
    if (!scan_number(&rest, 65535, &port) ||
        (span_is(host, fault->url->host) && port == fault->url->port))
        return false;
    if (fault->url->host[0] == '[' && host.len + 2 == strlen(fault->url->host) &&
        port == fault->url->port)
        return false; /* the registry itself, without the brackets */
    (void)snprintf(proxy->text, sizeof(proxy->text),
                   memchr(host.data, ':', host.len) != NULL ? "[%.*s]:%u" : "%.*s:%u",
                   (int)host.len, host.data, (unsigned)port);
    return true;
}

static void report_unreached(const struct proxy_fault *fault, const struct url_place *proxy,
                             struct error *err)
{
    long number = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_OS_ERRNO, &number); /* 0 when unknown */
    (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': cannot connect to the proxy '%s'%s%s",
                    url_place(fault->url).text, proxy->text, number != 0 ? ": " : "",
                    number != 0 ? strerror((int)number) : "");
    (void)error_hint(err, "%s; no_proxy lists the hosts that need none", variables);
}

/* Silence, or no TLS that serves, on the way to a tunnel. */
static bool report_at_proxy(const struct proxy_fault *fault, struct error *err)
{
    bool is_tls = fault->code == CURLE_SSL_CONNECT_ERROR;
    char peer[HTTP_PEER_MAX];

    proxy_peer(fault->easy, peer);
    if (fault->code == CURLE_OPERATION_TIMEDOUT) {
        (void)error_set(err, CLASS_UNREACHABLE,
                        "cannot ask '%s': no answer from the proxy '%s' in time",
                        url_place(fault->url).text, peer);
        return true;
    }
    if (fault->code != CURLE_PEER_FAILED_VERIFICATION && fault->code != CURLE_SSL_CONNECT_ERROR)
        return false;
    (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': the %s of the proxy '%s' %s (%s)",
                    url_place(fault->url).text, is_tls ? "TLS handshake" : "certificate", peer,
                    is_tls ? "failed" : "does not verify", fault->text);
    (void)error_hint(err,
                     "the proxy's CA has to be among the system's; or speak to it by http://: %s",
                     variables);
    return true;
}

/* How libcurl's texts begin where the proxy itself is at fault. They may quote its password. */
static const struct {
    const char *begins;
    const char *text;
    bool is_final; /* waiting mends nothing, whatever the code says */
} texts[] = {
    {"Unsupported proxy", "the proxy's URL cannot be used", true},
    {"Proxy CONNECT aborted due to timeout", "no answer from the proxy in time", false},
    {"Proxy CONNECT aborted", "the proxy closed the connection", false},
    {"CONNECT tunnel failed", "the proxy's answer to CONNECT is not HTTP", false},
    {"Invalid Proxy", "the proxy's answer to CONNECT is not HTTP", false},
};

static bool report_text(const struct proxy_fault *fault, bool *is_transient, struct error *err)
{
    char peer[HTTP_PEER_MAX];

    proxy_peer(fault->easy, peer);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strncmp(fault->text, texts[i].begins, strlen(texts[i].begins)) != 0)
            continue;
        (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': %s%s%s%s",
                        url_place(fault->url).text, texts[i].text, peer[0] != '\0' ? " (" : "",
                        peer, peer[0] != '\0' ? ")" : "");
        (void)error_hint(err, "%s", variables);
        *is_transient = *is_transient && !texts[i].is_final;
        return true;
    }
    return false;
}

bool proxy_report(const struct proxy_fault *fault, bool *is_transient, struct error *err)
{
    long status = connect_status(fault->easy);
    struct url_place unreached;

    if (status >= 300) {
        *is_transient = http_status_is_transient((int)status);
        report_refusal(fault, err);
        return true;
    }
    if ((is_at_proxy(fault) && report_at_proxy(fault, err)) ||
        (status == 0 && report_text(fault, is_transient, err)))
        return true;
    if (fault->code == CURLE_COULDNT_RESOLVE_PROXY) {
        report_unresolved(fault, err);
        return true;
    }
    if (fault->code == CURLE_COULDNT_CONNECT && find_unreached(fault, &unreached)) {
        report_unreached(fault, &unreached, err);
        return true;
    }
    return false;
}

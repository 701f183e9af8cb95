#include "registry/fault.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "registry/retry.h"
#include "registry/url.h"

/* Faults that have words of their own; libcurl's serve for the others. */
static const struct words {
    CURLcode code;
    bool is_transient;
    const char *text;
    const char *hint;
} table[] = {
    {CURLE_COULDNT_RESOLVE_HOST, true, "cannot find the host's address (DNS)",
     "check the registry's name and this machine's resolver"},
    {CURLE_COULDNT_RESOLVE_PROXY, true, "cannot find the proxy's address (DNS)",
     "check https_proxy, http_proxy and all_proxy"},
    {CURLE_COULDNT_CONNECT, true, "cannot connect", ""},
    {CURLE_OPERATION_TIMEDOUT, true, "no answer in time",
     "--connect-timeout and --timeout set the limits"},
    {CURLE_GOT_NOTHING, true, "the connection was closed without an answer", ""},
    {CURLE_RECV_ERROR, true, "the connection broke while the answer was awaited", ""},
    {CURLE_SEND_ERROR, true, "the connection broke while the request was sent", ""},
    {CURLE_PARTIAL_FILE, true, "the connection broke in the middle of the answer", ""},
    {CURLE_WRITE_ERROR, false, "the answer's header is too long or malformed", ""},
    {CURLE_WEIRD_SERVER_REPLY, false, "the answer is not HTTP",
     "is this a registry, and does it speak TLS on this port?"},
    {CURLE_UNSUPPORTED_PROTOCOL, false, "the answer is not HTTP/1", ""},
    {CURLE_SSL_CACERT_BADFILE, false, "the CA certificates cannot be read",
     "check the file given with --cacert, or install ca-certificates"},
    {CURLE_SSL_CERTPROBLEM, false, "the client certificate or its key cannot be used",
     "check the *.cert and *.key files for this registry"},
    {CURLE_PEER_FAILED_VERIFICATION, false, "the server's certificate does not verify",
     "if the registry has a CA of its own, name it with --cacert FILE"},
    {CURLE_SSL_CONNECT_ERROR, true, "the TLS handshake failed",
     "a registry that speaks plain http needs --plain-http"},
};

/* What OpenSSL says of a certificate, and what helps. */
static const struct {
    const char *says;
    const char *hint;
} certificate_hints[] = {
    {"not yet valid", "set this machine's clock, or wait until the certificate is valid"},
    {"expired", "have the registry's certificate renewed; is this machine's clock right?"},
    {"subject name", "the certificate is for another name: log in to the name it was issued for"},
    {"match target host", "the certificate is for another name: log in to the name it was issued "
                          "for"},
};

/* HOST[:PORT] as messages have it. */
struct place {
    char text[URL_HOST_MAX + 16];
};

static struct place place_of(const struct url *url)
{
    struct place place;

    if (url->port == url_default_port(url))
        (void)snprintf(place.text, sizeof(place.text), "%s", url->host);
    else
        (void)snprintf(place.text, sizeof(place.text), "%s:%u", url->host, url->port);
    return place;
}

/*
 * "Failed to connect to HOST port N after …": where that is not the registry, it is the proxy.
 * Other texts of libcurl may quote a proxy's password and are never looked at.
 */
static bool find_proxy(const struct fault *fault, const struct url *url, struct place *proxy)
{
    static const char before[] = "Failed to connect to ";
    struct scan s = scan_over(fault->text, strlen(fault->text));
    struct span host;
    uint64_t port;

    if (strncmp(fault->text, before, strlen(before)) != 0)
        return false;
    s.p += strlen(before);
    if (!scan_run(&s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]",
                  &host) ||
        strncmp(s.p, " port ", 6) != 0)
        return false;
    s.p += 6;
    if (!scan_number(&s, 65535, &port) || (span_is(host, url->host) && port == url->port))
        return false;
    if (url->host[0] == '[' && host.len + 2 == strlen(url->host) && port == url->port)
        return false; /* the registry itself, without the brackets */
    (void)snprintf(proxy->text, sizeof(proxy->text), "%.*s:%u", (int)host.len, host.data,
                   (unsigned)port);
    return true;
}

static int report_connect(const struct fault *fault, const struct url *url, struct error *err)
{
    struct place proxy;
    long number = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_OS_ERRNO, &number); /* 0 when unknown */
    if (find_proxy(fault, url, &proxy)) {
        (void)error_set(err, CLASS_UNREACHABLE,
                        "cannot ask '%s': cannot connect to the proxy '%s'%s%s", place_of(url).text,
                        proxy.text, number != 0 ? ": " : "",
                        number != 0 ? strerror((int)number) : "");
        return error_hint(err, "check https_proxy, http_proxy and all_proxy; no_proxy lists the "
                               "hosts that need none");
    }
    return error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': cannot connect%s%s",
                     place_of(url).text, number != 0 ? ": " : "",
                     number != 0 ? strerror((int)number) : "");
}

/* The proxy answered CONNECT by itself, and with no. */
static int report_refusing_proxy(const struct url *url, int status, struct error *err)
{
    (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': the proxy answered %d",
                    place_of(url).text, status);
    if (status == 407)
        return error_hint(err, "the proxy wants a login of its own: "
                               "https_proxy=http://USER:PASSWORD@PROXY:PORT");
    return error_hint(err,
                      "the proxy does not let this host through; no_proxy lists the hosts that "
                      "need none");
}

/* How libcurl's texts begin where the proxy itself is at fault. They may quote its password. */
static const struct {
    const char *begins;
    const char *text;
} proxy_faults[] = {
    {"Unsupported proxy", "the proxy's URL cannot be used"},
    {"Proxy CONNECT aborted", "the proxy closed the connection"},
    {"CONNECT tunnel failed", "the proxy's answer to CONNECT is not HTTP"},
    {"Invalid Proxy", "the proxy's answer to CONNECT is not HTTP"},
};

/* Whether the connection was to a proxy, not to the registry. */
static bool is_at_proxy(const struct fault *fault, const struct url *url)
{
    long port = 0;

    return strcmp(url->scheme, "https") == 0 &&
           curl_easy_getinfo(fault->easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port != 0 &&
           (unsigned)port != url->port;
}

/* Whether it was the proxy, which *err then says. There is no tunnel. */
static bool report_proxy(const struct fault *fault, const struct url *url, struct error *err)
{
    if (fault->code == CURLE_OPERATION_TIMEDOUT && is_at_proxy(fault, url)) {
        (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': no answer from the proxy in time",
                        place_of(url).text);
        return true;
    }
    if (fault->code == CURLE_PEER_FAILED_VERIFICATION && is_at_proxy(fault, url)) {
        (void)error_set(err, CLASS_UNREACHABLE,
                        "cannot ask '%s': the proxy's certificate does not verify (%s)",
                        place_of(url).text, fault->text);
        (void)error_hint(err, "the proxy's CA has to be among the system's; or speak to it by "
                              "http://");
        return true;
    }
    for (size_t i = 0; i < sizeof(proxy_faults) / sizeof(proxy_faults[0]); i++) {
        if (strncmp(fault->text, proxy_faults[i].begins, strlen(proxy_faults[i].begins)) != 0)
            continue;
        (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': %s", place_of(url).text,
                        proxy_faults[i].text);
        (void)error_hint(err, "check https_proxy, http_proxy and all_proxy");
        return true;
    }
    return false;
}

/* Since TLS 1.3 a server says what it thinks of ours only after the handshake. */
static bool report_client_certificate(const struct fault *fault, const struct url *url,
                                      struct error *err)
{
    const char *alert = strstr(fault->text, "alert ");
    bool is_wanted = alert != NULL && strstr(alert, "certificate required") != NULL;
    bool is_refused = alert != NULL && (strstr(alert, "unknown ca") != NULL ||
                                        strstr(alert, "bad certificate") != NULL ||
                                        strstr(alert, "certificate ") != NULL);

    if (!is_wanted && !is_refused)
        return false;
    (void)error_set(err, CLASS_UNREACHABLE, "cannot ask '%s': the registry %s client certificate",
                    place_of(url).text, is_wanted ? "wants a" : "does not accept the");
    (void)error_hint(err,
                     "put NAME.cert and NAME.key into certs.d/%s, or name their directory with "
                     "--cert-dir",
                     place_of(url).text);
    return true;
}

/* The part of OpenSSL's words that says what was wrong: behind the last "::". */
static const char *tls_words(const char *text)
{
    for (const char *next = strstr(text, "::"); next != NULL; next = strstr(text, "::"))
        text = next + 2;
    return text;
}

static const char *hint_for(const struct fault *fault, const struct words *words)
{
    long connect_status = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (fault->code == CURLE_SSL_CONNECT_ERROR && connect_status == 200)
        return "what the proxy leads to speaks no TLS: is the proxy a portal that wants a login?";
    for (size_t i = 0; i < sizeof(certificate_hints) / sizeof(certificate_hints[0]); i++) {
        if (fault->code == CURLE_PEER_FAILED_VERIFICATION &&
            strstr(fault->text, certificate_hints[i].says) != NULL)
            return certificate_hints[i].hint;
    }
    return words->hint;
}

static int report_words(const struct fault *fault, const struct words *words, const struct url *url,
                        struct error *err)
{
    bool is_tls = fault->code == CURLE_PEER_FAILED_VERIFICATION ||
                  fault->code == CURLE_SSL_CONNECT_ERROR || fault->code == CURLE_SSL_CERTPROBLEM;
    enum exit_class cls = fault->code == CURLE_WRITE_ERROR ? CLASS_UNPROVED : CLASS_UNREACHABLE;

    (void)error_set(err, cls, "cannot ask '%s': %s%s%s%s", place_of(url).text, words->text,
                    is_tls ? " (" : "", is_tls ? tls_words(fault->text) : "", is_tls ? ")" : "");
    return error_hint(err, "%s", hint_for(fault, words));
}

int fault_report(const struct fault *fault, bool *is_transient, struct error *err)
{
    struct words other = {.text = curl_easy_strerror(fault->code), .hint = ""};
    const struct words *words = &other;
    struct url url;
    long connect_status = 0;

    if (fault->code == CURLE_OUT_OF_MEMORY)
        return error_no_memory(err);
    if (url_parse(&url, fault->url, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code == fault->code)
            words = &table[i];
    }
    *is_transient = words->is_transient;
    (void)curl_easy_getinfo(fault->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (connect_status >= 300) {
        *is_transient = retry_is_transient_status((int)connect_status);
        return report_refusing_proxy(&url, (int)connect_status, err);
    }
    if (connect_status == 0 && report_proxy(fault, &url, err))
        return -1;
    if (fault->code == CURLE_COULDNT_CONNECT)
        return report_connect(fault, &url, err);
    if (report_client_certificate(fault, &url, err)) {
        *is_transient = false;
        return -1;
    }
    if (fault->code == CURLE_SSL_CONNECT_ERROR) /* OpenSSL's own verdict is final, a lost one not */
        *is_transient = strstr(fault->text, "error:") == NULL;
    return report_words(fault, words, &url, err);
}

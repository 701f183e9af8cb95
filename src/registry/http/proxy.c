#include "registry/http/proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "base/text.h"
#include "registry/http/response.h"
#include "registry/reference.h"

/* The first of these variables that says something. */
static const char *first_of(const char *const *names, const char *(*environment)(const char *name))
{
    for (; *names != NULL; names++) {
        const char *value = environment(*names);

        if (value != NULL && value[0] != '\0')
            return value;
    }
    return NULL;
}

/* An address of either kind. */
struct ip {
    unsigned char bytes[16];
    size_t len; /* 0: none */
};

static struct ip parse_ip(const char *text)
{
    struct ip ip = {.len = 0};
    char bare[INET6_ADDRSTRLEN];
    size_t len = strlen(text);

    /* As URLs write an IPv6 address; a list may have it bare. */
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(bare))
        return ip;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET, bare, ip.bytes) == 1)
        ip.len = 4;
    else if (inet_pton(AF_INET6, bare, ip.bytes) == 1)
        ip.len = 16;
    return ip;
}

enum block_match { BLOCK_NONE, BLOCK_MATCHES, BLOCK_OTHER }; /* NONE: the text is no block */

/* Of an address with a block in the notation of CIDR (RFC 4632): "10.0.0.0/8". */
static enum block_match match_block(const struct ip *ip, const char *item)
{
    const char *slash = strchr(item, '/');
    char address[INET6_ADDRSTRLEN + 2];
    struct scan s = scan_over(slash, slash != NULL ? strlen(slash) : 0);
    struct ip block;
    uint64_t bits;

    if (slash == NULL || (size_t)(slash - item) >= sizeof(address) || !scan_char(&s, '/') ||
        !scan_number(&s, 128, &bits) || !scan_is_at_end(&s))
        return BLOCK_NONE;
    (void)snprintf(address, sizeof(address), "%.*s", (int)(slash - item), item);
    block = parse_ip(address);
    if (block.len == 0 || bits > block.len * 8)
        return BLOCK_NONE;
    if (block.len != ip->len || memcmp(block.bytes, ip->bytes, bits / 8) != 0)
        return BLOCK_OTHER;
    return bits % 8 == 0 || ((block.bytes[bits / 8] ^ ip->bytes[bits / 8]) &
                             (0xff00U >> (bits % 8)) & 0xffU) == 0
               ? BLOCK_MATCHES
               : BLOCK_OTHER;
}

/* Cut ":PORT" off; 0 if there is none. An address of IPv6 without brackets has none. */
static unsigned cut_port(char *item)
{
    char *colon = strrchr(item, ':');
    struct scan s;
    uint64_t port;

    if (colon == NULL || (item[0] != '[' && strchr(item, ':') != colon) ||
        (item[0] == '[' && colon[-1] != ']'))
        return 0;
    s = scan_over(colon + 1, strlen(colon + 1));
    if (!scan_number(&s, 65535, &port) || !scan_is_at_end(&s))
        return 0;
    *colon = '\0';
    return (unsigned)port;
}

/* ".example.com" and "*.example.com" are what is below it, "example.com" is it as well. */
static bool is_in_domain(const char *host, const char *domain)
{
    bool is_below_alone = domain[0] == '.' || strncmp(domain, "*.", 2) == 0;
    const char *bare = domain + strspn(domain, "*.");
    size_t before = strlen(host) - strlen(bare);

    if (bare[0] == '\0' || !text_has_suffix(host, bare))
        return false;
    return before == 0 ? !is_below_alone : host[before - 1] == '.';
}

/* The order is Go's: what is a block, or an address, is no domain any more. */
static bool item_matches(char *item, const struct url *to, const struct ip *ip)
{
    enum block_match match = match_block(ip, item);
    unsigned port;
    struct ip named;

    if (strcmp(item, "*") == 0)
        return true;
    if (match != BLOCK_NONE)
        return match == BLOCK_MATCHES;
    port = cut_port(item);
    if (port != 0 && port != to->port)
        return false;
    named = parse_ip(item);
    if (named.len > 0)
        return named.len == ip->len && memcmp(named.bytes, ip->bytes, ip->len) == 0;
    return is_in_domain(to->host, item);
}

/* As Go's golang.org/x/net/http/httpproxy reads the list. */
static bool needs_no_proxy(const struct url *to, const char *list)
{
    struct ip ip = parse_ip(to->host);

    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        const char *start = list + strspn(list, " \t");
        char item[URL_HOST_MAX + 8];
        size_t used = start < list + len ? (size_t)(list + len - start) : 0;

        while (used > 0 && strchr(" \t", start[used - 1]) != NULL)
            used--;
        if (used > 0 && used < sizeof(item)) {
            for (size_t i = 0; i < used; i++)
                item[i] = (char)tolower((unsigned char)start[i]);
            item[used] = '\0';
            if (item_matches(item, to, &ip))
                return true;
        }
        list += len + (list[len] == ',');
    }
    return false;
}

/* A password may have an '@' as it stands: the last one ends it, and libcurl takes the first. */
static bool copy_proxy(struct proxy_choice *out, const char *given)
{
    const char *scheme = strstr(given, "://");
    const char *authority = scheme != NULL ? scheme + 3 : given;
    size_t len = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', len);
    /* A raw '/' or '#' in a password ends the authority within it: that much is not to be shown. */
    const char *last_at = strrchr(authority, '@');
    const char *place = last_at != NULL ? last_at + 1 : authority;
    size_t used = 0;

    for (const char *p = given; *p != '\0'; p++) {
        bool is_raw = *p == '@' && p != at;

        if (used + 4 > sizeof(out->url))
            return false;
        if (is_raw)
            used += (size_t)snprintf(out->url + used, 4, "%%40");
        else
            out->url[used++] = *p;
    }
    out->url[used] = '\0';
    (void)text_printable(out->name, sizeof(out->name), place, strcspn(place, "/?#"));
    return true;
}

void proxy_choose(struct proxy_choice *out, const struct url *to,
                  const char *(*environment)(const char *name))
{
    static const char *const http[] = {"HTTP_PROXY", "http_proxy", NULL};
    static const char *const https[] = {"HTTPS_PROXY", "https_proxy", NULL};
    static const char *const none[] = {"NO_PROXY", "no_proxy", NULL};
    /* In a CGI program HTTP_PROXY is a header of the request ("httpoxy"). */
    size_t skipped = environment("REQUEST_METHOD") != NULL ? 1 : 0;
    bool is_https = strcmp(to->scheme, "https") == 0;
    const char *given = first_of(is_https ? https : http + skipped, environment);
    const char *list = first_of(none, environment);

    *out = (struct proxy_choice){.url = ""};
    if (given == NULL || reference_is_loopback(to->host) ||
        (list != NULL && needs_no_proxy(to, list)))
        return;
    if (!copy_proxy(out, given))
        *out =
            (struct proxy_choice){.url = "://"}; /* too long to be one, which libcurl then says */
}

/* A password that a word may repeat by chance is not looked for. */
static int hide_password(struct redact *redact, const char *data, size_t len, struct error *err)
{
    enum { CHANCE_MAX = 7 };
    struct secret password = SECRET_INIT;
    int ret = 0;

    if (len > CHANCE_MAX)
        ret = secret_append(&password, data, len, SIZE_MAX - 1, err);
    if (ret == 0 && password.len > 0)
        ret = redact_add(redact, &password, err);
    secret_clear(&password);
    return ret;
}

/* As it stands in the URL, and with its escapes undone. */
static int hide_both(struct redact *redact, struct span given, struct error *err)
{
    int len = 0;
    char *undone;
    int ret;

    if (hide_password(redact, given.data, given.len, err) < 0)
        return -1;
    undone = curl_easy_unescape(NULL, given.data, (int)given.len, &len);
    if (undone == NULL)
        return error_no_memory(err);
    ret = hide_password(redact, undone, (size_t)len, err);
    explicit_bzero(undone, (size_t)len);
    curl_free(undone);
    return ret;
}

int proxy_hide(struct redact *redact, const char *(*environment)(const char *name),
               struct error *err)
{
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
                                        "http_proxy",  "ALL_PROXY",   "all_proxy"};
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = environment(names[i]);
        struct span given = {.data = NULL};

        if (value != NULL)
            given = text_password(value);
        if (given.len > 0) /* below INT_MAX, in an environment */
            ret = hide_both(redact, given, err);
    }
    return ret;
}

static const char variables[] = "check https_proxy and http_proxy";

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
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port > 0)
        (void)snprintf(peer, HTTP_PEER_MAX, strchr(address, ':') != NULL ? "[%s]:%ld" : "%s:%ld",
                       address, port);
}

/*
 * Whether the connection was to a proxy, not to the registry. A tunnel that is used again has no
 * status of its own, but what was sent (the time of that is there) went through it. Newer versions
 * of libcurl (8.14) give a connection that failed the port -1, with a proxy or without.
 */
static bool is_at_proxy(const struct proxy_fault *fault)
{
    curl_off_t sent = 0;
    long port = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    return fault->proxy[0] != '\0' && sent == 0 && connect_status(fault->easy) == 0 &&
           strcmp(fault->url->scheme, "https") == 0 &&
           curl_easy_getinfo(fault->easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port != 0 &&
           (unsigned)port != fault->url->port;
}

/* What to do for a proxy that wants a login, by the ways that it offers as far as libcurl knows. */
static void hint_at_login(CURL *easy, struct error *err)
{
    long offered = 0; /* the static program's libcurl knows neither Negotiate nor NTLM */

    (void)curl_easy_getinfo(easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
    if ((offered & (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST)) != 0)
        (void)error_hint(err,
                         "the proxy requires a login: https_proxy=http://USER:PASSWORD@PROXY:PORT");
    else if (offered != 0)
        (void)error_hint(
            err,
            "the proxy accepts no password, only Negotiate (Kerberos) or NTLM, which ghcr-login "
            "does not speak: use a local proxy that does (cntlm, px), or have this host allowed");
    else
        (void)error_hint(err,
                         "the proxy requires a login: https_proxy=http://USER:PASSWORD@PROXY:PORT; "
                         "for one that accepts only Negotiate (Kerberos) or NTLM, use a local "
                         "proxy that speaks it (cntlm, px)");
}

/* The proxy answered CONNECT by itself, and with no. */
static void report_refusal(const struct proxy_fault *fault, struct error *err)
{
    long status = connect_status(fault->easy);

    (void)error_set(err, CLASS_UNREACHABLE, "cannot reach '%s': the proxy '%s' answered %ld",
                    url_place(fault->url).text, fault->proxy, status);
    if (status == 407)
        hint_at_login(fault->easy, err);
    else
        (void)error_hint(
            err, "the proxy does not allow this host; no_proxy lists the hosts that need no proxy");
}

/* The host name that follows `before` in libcurl's text, and nothing else of that text. */
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

    (void)error_set_hint(err, CLASS_UNREACHABLE, variables,
                         "cannot reach '%s': cannot resolve the proxy's name%s%.*s%s (DNS)",
                         url_place(fault->url).text, is_known ? ", '" : "", (int)host.len,
                         is_known ? host.data : "", is_known ? "'" : "");
}

/* "Failed to connect to HOST port N after …": if that is not the registry, it is the proxy. */
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
    (void)error_set(err, CLASS_UNREACHABLE,
                    "cannot reach '%s': cannot connect to the proxy '%s'%s%s",
                    url_place(fault->url).text, proxy->text, number != 0 ? ": " : "",
                    number != 0 ? strerror((int)number) : "");
    (void)error_hint(err, "%s; no_proxy lists the hosts that need no proxy", variables);
}

/* Silence, or no TLS that serves, on the way to a tunnel. */
static bool report_at_proxy(const struct proxy_fault *fault, struct error *err)
{
    bool is_tls = fault->code == CURLE_SSL_CONNECT_ERROR;

    if (fault->code == CURLE_OPERATION_TIMEDOUT) {
        (void)error_set(err, CLASS_UNREACHABLE,
                        "cannot reach '%s': no answer from the proxy '%s' in time",
                        url_place(fault->url).text, fault->proxy);
        return true;
    }
    if (fault->code != CURLE_PEER_FAILED_VERIFICATION && fault->code != CURLE_SSL_CONNECT_ERROR)
        return false;
    (void)error_set(err, CLASS_UNREACHABLE, "cannot reach '%s': the %s of the proxy '%s' %s (%s)",
                    url_place(fault->url).text, is_tls ? "TLS handshake" : "certificate",
                    fault->proxy, is_tls ? "failed" : "does not verify", fault->text);
    (void)error_hint(
        err, "add the proxy's CA to the system's CAs, or use an http:// URL for the proxy: %s",
        variables);
    return true;
}

/* How libcurl's texts begin if the proxy itself is at fault. They may quote its password. */
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
    const char *peer = fault->proxy;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strncmp(fault->text, texts[i].begins, strlen(texts[i].begins)) != 0)
            continue;
        (void)error_set_hint(err, CLASS_UNREACHABLE, variables, "cannot reach '%s': %s%s%s%s",
                             url_place(fault->url).text, texts[i].text, peer[0] != '\0' ? " (" : "",
                             peer, peer[0] != '\0' ? ")" : "");
        *is_transient = *is_transient && !texts[i].is_final;
        return true;
    }
    return false;
}

bool proxy_report(const struct proxy_fault *fault, bool *is_transient, struct error *err)
{
    long status = connect_status(fault->easy);
    struct url_place unreached;

    /* What the proxy said to CONNECT is certain; libcurl's texts are less so, and come after it. */
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

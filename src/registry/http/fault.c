#include "registry/http/fault.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/text.h"
#include "registry/http/proxy.h"
#include "registry/http/trust.h"
#include "registry/http/url.h"

/* Hints that several faults share. */
#define NO_REGISTRY "check that this is a registry, and that it speaks TLS on this port"
#define CA_HINT                                                                                    \
    "if the registry or a proxy that inspects TLS has its own CA, pass it with --cacert FILE"
#define HANGS_UP "the registry or a proxy in front of it closed the connection: try again later"

/* Faults that have words of their own; libcurl's serve for the others. */
static const struct fault_words {
    CURLcode code;
    bool is_transient;
    const char *text;
    const char *hint;
} table[] = {
    {CURLE_COULDNT_RESOLVE_HOST, true, "cannot resolve the host name (DNS)",
     "check the registry's name and this machine's resolver"},
    {CURLE_COULDNT_RESOLVE_PROXY, true, "", ""}, /* proxy.c has the words */
    {CURLE_COULDNT_CONNECT, true, "cannot connect", ""},
    {CURLE_GOT_NOTHING, true, "the connection was closed without an answer", HANGS_UP},
    {CURLE_RECV_ERROR, true, "the connection broke while waiting for the answer", HANGS_UP},
    {CURLE_SEND_ERROR, true, "the connection broke while sending the request", HANGS_UP},
    {CURLE_PARTIAL_FILE, true, "the connection broke in the middle of the answer", HANGS_UP},
    {CURLE_WRITE_ERROR, false, "the answer's header is too long or malformed", ""},
    {CURLE_BAD_CONTENT_ENCODING, false, "the answer has an unsupported encoding", ""},
    {CURLE_WEIRD_SERVER_REPLY, false, "the answer is not HTTP", NO_REGISTRY},
    {CURLE_UNSUPPORTED_PROTOCOL, false, "the answer is not HTTP", NO_REGISTRY},
    {CURLE_SSL_CACERT_BADFILE, false, "the CA certificates cannot be read",
     "check the file given with --cacert, or install ca-certificates"},
    {CURLE_SSL_CERTPROBLEM, false, "the client certificate or its key cannot be used",
     "check the *.cert and *.key files for this registry"},
    {CURLE_PEER_FAILED_VERIFICATION, false, "the server's certificate does not verify", CA_HINT},
    {CURLE_SSL_CONNECT_ERROR, true, "the TLS handshake failed",
     "a registry without TLS needs --plain-http; a firewall may also block TLS"},
};

/* What libcurl takes for a broken connection but is not one. */
static const struct fault_words malformed = {CURLE_RECV_ERROR, false,
                                             "the answer is malformed HTTP", NO_REGISTRY};

/* A line of the header longer than libcurl takes; versions before 8.6 call that a want of memory.
 */
static bool is_line_too_long(const struct fault *fault)
{
    curl_off_t began = 0;

#if LIBCURL_VERSION_NUM >= 0x080600
    if (fault->code == CURLE_TOO_LARGE)
        return true;
#endif
    /* There was an answer to be too long: a real want of memory comes before that. */
    (void)curl_easy_getinfo(fault->easy, CURLINFO_STARTTRANSFER_TIME_T, &began);
    return fault->code == CURLE_OUT_OF_MEMORY && began > 0;
}

static bool is_malformed(const struct fault *fault)
{
    return fault->code == CURLE_RECV_ERROR && (strcasestr(fault->text, "chunk") != NULL ||
                                               strstr(fault->text, "response headers") != NULL);
}

/* libcurl asks for addresses in a thread of its own. */
static const struct fault_words no_thread = {
    CURLE_COULDNT_RESOLVE_HOST, true, "cannot resolve the host name: cannot start a thread",
    "raise the task limit of this user (ulimit -u), unit (TasksMax=) or container"};

/* What was under way when the time was up. */
static const struct fault_words late[] = {
    {CURLE_OPERATION_TIMEDOUT, true, "timed out resolving the host name (DNS)",
     "this machine's resolver does not answer; --connect-timeout sets the limit"},
    {CURLE_OPERATION_TIMEDOUT, true, "connection timed out",
     "the host is down, a firewall drops the packets, or a proxy is required (https_proxy); "
     "--connect-timeout sets the limit"},
    {CURLE_OPERATION_TIMEDOUT, true, "the TLS handshake timed out",
     "a firewall may block TLS; --connect-timeout sets the limit"},
    {CURLE_OPERATION_TIMEDOUT, true, "no answer in time", "--timeout sets the limit"},
};

/* Of a connection that is used again only the time of the last step is there. */
static const struct fault_words *words_of_late(CURL *easy)
{
    curl_off_t sent = 0;
    curl_off_t connected = 0;
    curl_off_t found = 0;
    long connections = 0; /* some versions set the time of connecting only after TLS */

    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    (void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    (void)curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &found);
    if (sent > 0)
        return &late[3];
    if (connected > 0 || connections > 0)
        return &late[2];
    return &late[found > 0 ? 1 : 0];
}

/* The words for a fault; *other is there to hold libcurl's own, the last resort. */
static const struct fault_words *words_of(const struct fault *fault, struct fault_words *other)
{
    if (strstr(fault->text, "thread failed to start") != NULL)
        return &no_thread;
    if (is_malformed(fault))
        return &malformed;
    if (fault->code == CURLE_OPERATION_TIMEDOUT)
        return words_of_late(fault->easy);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code == fault->code)
            return &table[i];
    }
    *other = (struct fault_words){.text = curl_easy_strerror(fault->code), .hint = ""};
    return other;
}

#define OTHER_NAME "the certificate is for another name: log in to the name it was issued for"
#define OLD_TLS                                                                                    \
    "the registry and this machine have no TLS version in common: one of them is too old"

/* What OpenSSL says of the other side, and what helps. */
static const struct {
    CURLcode code;
    const char *says;
    const char *hint;
} tls_hints[] = {
    {CURLE_PEER_FAILED_VERIFICATION, "not yet valid",
     "set this machine's clock, or wait until the certificate is valid"},
    {CURLE_PEER_FAILED_VERIFICATION, "expired",
     "renew the registry's certificate, or correct this machine's clock"},
    {CURLE_PEER_FAILED_VERIFICATION, "subject name", OTHER_NAME},
    {CURLE_PEER_FAILED_VERIFICATION, "match target host", OTHER_NAME},
    {CURLE_SSL_CONNECT_ERROR, "alert handshake failure",
     "the registry may want a client certificate (--cert-dir), or has no cipher in common with "
     "this machine"},
    {CURLE_SSL_CONNECT_ERROR, "unrecognized name",
     "the server does not know this host name: check the registry's name"},
    {CURLE_SSL_CONNECT_ERROR, "alert protocol version", OLD_TLS},
    {CURLE_SSL_CONNECT_ERROR, "unsupported protocol", OLD_TLS},
    {CURLE_SSL_CONNECT_ERROR, "legacy", OLD_TLS},
};

/* Whether there is a way to addresses of this family. Nothing is sent: UDP knows no connections. */
static bool has_route(int family)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found;

    (void)inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);     /* RFC 5737, of nobody */
    (void)inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr); /* RFC 3849 */
    found = fd >= 0 && (family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
                                          : connect(fd, (struct sockaddr *)&v6, sizeof(v6))) == 0;
    if (fd >= 0)
        (void)close(fd);
    return found;
}

/* A host with IPv6 alone finds and reaches no registry that has only an IPv4 address. */
static void hint_at_ipv6_only(const struct fault *fault, const struct url *url, struct error *err)
{
    if ((fault->code == CURLE_COULDNT_CONNECT || fault->code == CURLE_COULDNT_RESOLVE_HOST) &&
        url->host[0] != '[' && !has_route(AF_INET) && has_route(AF_INET6))
        (void)error_hint(err,
                         "this host has only IPv6, and '%s' may have no IPv6 address (ghcr.io has "
                         "none): use NAT64 with DNS64, or a proxy (https_proxy)",
                         url->host);
}

static int report_connect(const struct fault *fault, const struct url *url, struct error *err)
{
    long number = 0;

    (void)curl_easy_getinfo(fault->easy, CURLINFO_OS_ERRNO, &number); /* 0 when unknown */
    (void)error_set(err, CLASS_UNREACHABLE, "cannot reach '%s': cannot connect%s%s",
                    url_place(url).text, number != 0 ? ": " : "",
                    number != 0 ? strerror((int)number) : "");
    hint_at_ipv6_only(fault, url, err);
    return error_hint(err, "check the host and the port, that the registry is running, and that no "
                           "firewall blocks this machine");
}

static int hint_at_client_certificate(const char *when, const struct url *url, struct error *err)
{
    return error_hint(err,
                      "%sput NAME.cert and NAME.key into certs.d/%s, or name their directory with "
                      "--cert-dir",
                      when, url_place(url).text);
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

    /* libcurl's words for the alert that a certificate has expired, which can be ours alone. */
    is_refused = is_refused || strcmp(fault->text, "SSL certificate verification failed") == 0;
    if (!is_wanted && !is_refused)
        return false;
    (void)error_set(err, CLASS_UNREACHABLE, "cannot reach '%s': the registry %s client certificate",
                    url_place(url).text, is_wanted ? "requires a" : "does not accept the");
    (void)hint_at_client_certificate("", url, err);
    return true;
}

/* The part of OpenSSL's words that says what was wrong: after the last "::". */
static const char *tls_words(const char *text)
{
    for (const char *next = strstr(text, "::"); next != NULL; next = strstr(text, "::"))
        text = next + 2;
    return text;
}

/* The first that fits of: what OpenSSL says, what the proxy said, what the code alone means. */
static const char *hint_for(const struct fault *fault, const struct fault_words *words)
{
    long connect_status = 0;

    for (size_t i = 0; i < sizeof(tls_hints) / sizeof(tls_hints[0]); i++) {
        if (fault->code == tls_hints[i].code && strstr(fault->text, tls_hints[i].says) != NULL)
            return tls_hints[i].hint;
    }
    (void)curl_easy_getinfo(fault->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (fault->code == CURLE_SSL_CONNECT_ERROR && connect_status == 200)
        return "the far end of the proxy's tunnel does not speak TLS: the proxy may be a portal "
               "that requires a login";
    return words->hint;
}

/* Hung up on without a word. A server may do so to who shows no certificate, or speaks no TLS. */
static void hint_at_hang_up(const struct fault *fault, const struct url *url, struct error *err)
{
    if (fault->has_been_answered ||
        (fault->code != CURLE_GOT_NOTHING && fault->code != CURLE_RECV_ERROR &&
         fault->code != CURLE_SEND_ERROR))
        return;
    if (strcmp(url->scheme, "http") == 0)
        (void)error_hint(err, "if this port speaks TLS, omit --plain-http and http://");
    else if (!fault->has_client_certificate)
        (void)hint_at_client_certificate("if the registry requires a client certificate, ", url,
                                         err);
}

struct issuer {
    char text[160]; /* fit to be shown; "": unknown */
};

/* What libcurl tells of the server's own certificate: "Issuer:O = Example, CN = Example CA". */
static void copy_issuer(struct issuer *issuer, CURL *easy)
{
    static const char field[] = "Issuer:";
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return;
    for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next) {
        if (strncmp(line->data, field, strlen(field)) == 0)
            (void)text_printable(issuer->text, sizeof(issuer->text), line->data + strlen(field),
                                 strlen(line->data + strlen(field)));
    }
}

/*
 * Who issued a certificate that nobody vouches for, whom libcurl names only if it does not look.
 * The server is met once more for it, on a connection of its own on which nothing is asked or
 * shown.
 */
static struct issuer find_issuer(const struct fault *fault)
{
    enum { LONGEST_MS = 5000 };
    struct issuer issuer = {.text = ""};
    CURL *easy = fault->left_ms > 0 ? curl_easy_duphandle(fault->easy) : NULL;
    CURLcode code = easy != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;

    /*
     * It is the handshake that tells the issuer. No certificate is checked for that, so nothing
     * secret may be left on the copy.
     */
    HTTP_SET(code, easy, CURLOPT_CONNECT_ONLY, 1L);
    HTTP_SET(code, easy, CURLOPT_CERTINFO, 1L);
    HTTP_SET(code, easy, CURLOPT_SSL_VERIFYPEER, 0L);
    HTTP_SET(code, easy, CURLOPT_SSL_VERIFYHOST, 0L);
    HTTP_SET(code, easy, CURLOPT_USERNAME, NULL);
    HTTP_SET(code, easy, CURLOPT_PASSWORD, NULL);
    HTTP_SET(code, easy, CURLOPT_XOAUTH2_BEARER, NULL);
    HTTP_SET(code, easy, CURLOPT_SSLCERT, NULL);
    HTTP_SET(code, easy, CURLOPT_SSLKEY, NULL);
    HTTP_SET(code, easy, CURLOPT_ERRORBUFFER, NULL); /* it has the words of the fault */
    HTTP_SET(code, easy, CURLOPT_NOPROGRESS, 1L);
    HTTP_SET(code, easy, CURLOPT_TIMEOUT_MS,
             (long)(fault->left_ms < LONGEST_MS ? fault->left_ms : LONGEST_MS));
    if (code == CURLE_OK && curl_easy_perform(easy) == CURLE_OK)
        copy_issuer(&issuer, easy);
    curl_easy_cleanup(easy);
    return issuer;
}

/* Where the trusted certificates come from, or that there are none. */
static int hint_at_trust(const struct fault *fault, struct error *err)
{
    const struct trust *trust = fault->trust;
    bool is_dir = trust->named_by != NULL && strcmp(trust->named_by, "SSL_CERT_DIR") == 0;
    const char *path = trust->file[0] != '\0' && !is_dir ? trust->file : trust->dir;

    if (!trust_has_roots(trust) && trust->named_by == NULL)
        return error_hint(err, "this host has no CA certificates: install ca-certificates, or pass "
                               "the registry's CA with --cacert FILE");
    if (trust->named_by == NULL || strlen(path) > 200)
        return -1;
    if (fault->code == CURLE_SSL_CACERT_BADFILE)
        return error_hint(err, "check '%s', which %s names", path, trust->named_by);
    if (trust->is_file_unread)
        return error_hint(err, CA_HINT "; %s names '%s', which cannot be read", trust->named_by,
                          path);
    if (strcmp(trust->named_by, "--cacert") == 0)
        return error_hint(err, "the file given with --cacert does not contain this certificate's "
                               "CA, and no other CA is trusted");
    return error_hint(err, CA_HINT "; the trusted CAs come from %s ('%s')", trust->named_by, path);
}

/* Whether no CA that is trusted vouches for it: else its dates or its names are what is wrong. */
static bool is_unknown_authority(const struct fault *fault, const struct fault_words *words)
{
    return fault->code == CURLE_PEER_FAILED_VERIFICATION && hint_for(fault, words) == words->hint;
}

static int report_words(const struct fault *fault, const struct fault_words *words,
                        const struct url *url, struct error *err)
{
    bool is_tls = fault->code == CURLE_PEER_FAILED_VERIFICATION ||
                  fault->code == CURLE_SSL_CONNECT_ERROR || fault->code == CURLE_SSL_CERTPROBLEM;
    bool is_unknown = is_unknown_authority(fault, words);
    struct issuer issuer = is_unknown ? find_issuer(fault) : (struct issuer){.text = ""};
    bool is_answer = fault->code == CURLE_WRITE_ERROR ||
                     fault->code == CURLE_BAD_CONTENT_ENCODING ||
                     fault->code == CURLE_WEIRD_SERVER_REPLY ||
                     fault->code == CURLE_UNSUPPORTED_PROTOCOL || words == &malformed;

    (void)error_set(err, is_answer ? CLASS_UNPROVED : CLASS_UNREACHABLE, "%s '%s': %s%s%s%s%s%s",
                    is_answer ? "cannot read the answer of" : "cannot reach", url_place(url).text,
                    words->text, is_tls ? " (" : "", is_tls ? tls_words(fault->text) : "",
                    issuer.text[0] != '\0' ? "; issued by " : "", issuer.text, is_tls ? ")" : "");
    if (!is_answer) {
        hint_at_hang_up(fault, url, err);
        hint_at_ipv6_only(fault, url, err);
    }
    if (is_unknown || fault->code == CURLE_SSL_CACERT_BADFILE)
        (void)hint_at_trust(fault, err);
    return error_hint(err, "%s", hint_for(fault, words));
}

int fault_report(const struct fault *fault, bool *is_transient, struct error *err)
{
    const struct fault_words *words;
    struct fault_words other;
    struct fault too_long = *fault;
    struct url url;

    if (is_line_too_long(fault)) {
        too_long.code = CURLE_WRITE_ERROR; /* as our own limit ends it */
        fault = &too_long;
    }
    if (fault->code == CURLE_OUT_OF_MEMORY)
        return error_no_memory(err);
    if (url_parse(&url, fault->url, err) < 0)
        return -1;
    words = words_of(fault, &other);
    *is_transient = words->is_transient;
    if (words == &no_thread) /* nobody was asked yet, a proxy no more than the registry */
        return report_words(fault, words, &url, err);
    if (fault->code == CURLE_SSL_CONNECT_ERROR) /* OpenSSL's own verdict is final, a lost one not */
        *is_transient = strstr(fault->text, "error:") == NULL;
    /* A proxy first: what is its fault looks like the registry's to libcurl. */
    if (proxy_report(&(struct proxy_fault){.easy = fault->easy,
                                           .code = fault->code,
                                           .text = fault->text,
                                           .url = &url,
                                           .proxy = fault->proxy},
                     is_transient, err))
        return -1;
    if (fault->code == CURLE_COULDNT_CONNECT)
        return report_connect(fault, &url, err);
    if (report_client_certificate(fault, &url, err)) {
        *is_transient = false;
        return -1;
    }
    return report_words(fault, words, &url, err);
}

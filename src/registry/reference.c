#include "registry/reference.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "base/hub.h"
#include "base/text.h"

static const char lower_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char host_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
static const char address_bytes[] = "0123456789abcdef:.";

/* RFC 1035 section 2.3.4; of 255 bytes on the wire 253 are written. */
enum { LABEL_MAX = 63, DNS_NAME_MAX = 253 };

static int reference_refuse(const char *rule, struct error *err)
{
    return error_set_hint(err, CLASS_USAGE,
                          "give it as HOST[:PORT], like ghcr.io or registry.example.com:5000",
                          "the registry %s", rule);
}

/* RFC 1123 section 2.1: labels of letters, digits and inner hyphens. */
static bool is_dns_name(struct span name)
{
    size_t label_len = 0;

    if (name.len == 0 || name.len > DNS_NAME_MAX)
        return false;
    for (size_t i = 0; i <= name.len; i++) {
        char c = (char)(i < name.len ? name.data[i] : '.');
        bool at_edge = c == '.' || label_len == 0;

        if (c == '-' && label_len == 0)
            return false;
        if (at_edge && c == '.' && (label_len == 0 || name.data[i - 1] == '-'))
            return false;
        label_len = c == '.' ? 0 : label_len + 1;
        if (label_len > LABEL_MAX)
            return false;
    }
    return true;
}

static bool is_ipv6(struct span address)
{
    unsigned char raw[16];
    char text[INET6_ADDRSTRLEN];

    return span_copy(address, text, sizeof(text)) && inet_pton(AF_INET6, text, raw) == 1;
}

/* HOST[:PORT], which is all that a registry without a namespace is. */
static int check_host(const char *text, struct error *err)
{
    struct scan s = scan_over(text, strlen(text));
    struct span host = {.data = text, .len = 0};
    uint64_t port = 0;
    bool has_port;

    if (scan_char(&s, '[')) {
        if (!scan_run(&s, address_bytes, &host) || !is_ipv6(host) || !scan_char(&s, ']'))
            return reference_refuse("is not an IPv6 address in brackets", err);
    } else if (!scan_run(&s, host_bytes, &host) || !is_dns_name(host)) {
        return reference_refuse("is not a host name", err);
    }
    has_port = scan_char(&s, ':');
    if (has_port && (!scan_number(&s, 65535, &port) || port == 0))
        return reference_refuse("has a port that is not a number from 1 to 65535", err);
    if (!scan_is_at_end(&s))
        return reference_refuse("contains a character that no host name can have", err);
    /* Docker takes the first part of an image's name for a host only if it looks like one. */
    if (!has_port && text[0] != '[' && memchr(host.data, '.', host.len) == NULL &&
        strcmp(text, "localhost") != 0)
        return reference_refuse("has neither a dot nor a port, so no image name can refer to it",
                                err);
    return 0;
}

/* Between letters: one dot, one or two underscores, or any number of hyphens. */
static bool is_separator(struct span run)
{
    struct scan s = scan_over(run.data, run.len);
    struct span hyphens;

    return span_is(run, ".") || span_is(run, "_") || span_is(run, "__") ||
           (scan_run(&s, "-", &hyphens) && scan_is_at_end(&s));
}

/* The grammar of distribution/reference, regexp.go: "path-component". */
bool reference_scan_component(struct scan *s)
{
    struct span run;

    if (!scan_run(s, lower_bytes, &run))
        return false;
    for (;;) {
        struct scan ahead = *s;

        if (!scan_run(&ahead, "._-", &run) || !is_separator(run) ||
            !scan_run(&ahead, lower_bytes, &run))
            return true;
        *s = ahead;
    }
}

static bool is_namespace(const char *text, size_t len)
{
    struct scan s = scan_over(text, len);

    do {
        if (!reference_scan_component(&s))
            return false;
    } while (scan_char(&s, '/'));
    return scan_is_at_end(&s);
}

/* Of ASCII alone: what setlocale() says must not decide which host is asked. */
static void lower_case(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
    }
}

/* `*text` is moved past a scheme. */
static int skip_scheme(struct reference *ref, const char **text, struct error *err)
{
    struct scan s = scan_over(*text, strlen(*text));
    struct span scheme;

    if (!scan_token(&s, &scheme) || s.end - s.p < 3 || strncmp(s.p, "://", 3) != 0)
        return 0;
    /* docker drops either of them (ConvertToHostname()). */
    ref->has_scheme = true;
    ref->says_http = span_is(scheme, "http");
    if (!ref->says_http && !span_is(scheme, "https"))
        return reference_refuse("starts with a scheme other than 'https' and 'http'", err);
    *text = s.p + 3;
    return 0;
}

/* What stands in the address bar of a browser, and is no registry. */
static const struct {
    const char *host;
    const char *registry;
} websites[] = {
    {"hub.docker.com", "docker.io"},       {"docker.com", "docker.io"},
    {"www.docker.com", "docker.io"},       {"app.docker.com", "docker.io"},
    {"login.docker.com", "docker.io"},     {"github.com", "ghcr.io"},
    {"www.github.com", "ghcr.io"},         {"api.github.com", "ghcr.io"},
    {"gitlab.com", "registry.gitlab.com"},
};

int reference_check_no_website(const struct reference *ref, struct error *err)
{
    for (size_t i = 0; i < sizeof(websites) / sizeof(websites[0]); i++) {
        if (strcmp(ref->host, websites[i].host) != 0)
            continue;
        (void)error_set(err, CLASS_USAGE, "'%s' is a website, not a registry", ref->host);
        return error_hint(err, "the registry is %s", websites[i].registry);
    }
    return 0;
}

int reference_check_path(const struct reference *ref, struct error *err)
{
    if (!ref->has_odd_path)
        return 0;
    return error_set_hint(err, CLASS_USAGE,
                          "namespaces consist of lower-case letters, digits and single separators; "
                          "omit the path to log in to the whole registry",
                          "the path after '%s' is not a valid namespace", ref->host);
}

/* An image has a tag or a digest after its name. */
static bool is_image(const char *path)
{
    const char *last = strrchr(path, '/');

    return strpbrk(last != NULL ? last : path, ":@") != NULL;
}

/*
 * What follows the host. The addresses of the API are no namespace, and after a scheme podman drops
 * any path, as docker always does.
 */
static int take_path(struct reference *ref, const char *path, struct error *err)
{
    size_t len = strlen(path);

    if (is_image(path))
        return error_set_hint(err, CLASS_USAGE,
                              "log in to its registry, and prove the image with --can-pull IMAGE",
                              "that is an image, not a registry; a namespace has no tag");
    while (len > 0 && path[len - 1] == '/')
        len--;
    if (len == 2 && (memcmp(path, "v1", 2) == 0 || memcmp(path, "v2", 2) == 0))
        return 0;
    if (len == 0 || ref->has_scheme)
        return 0;
    ref->has_odd_path = len > REFERENCE_NAMESPACE_MAX || !is_namespace(path, len);
    if (!ref->has_odd_path)
        (void)snprintf(ref->name_space, sizeof(ref->name_space), "%.*s", (int)len, path);
    return 0;
}

int reference_parse(struct reference *out, const char *text, struct error *err)
{
    struct reference ref = {.host = ""};
    const char *slash;
    size_t host_len;

    if (skip_scheme(&ref, &text, err) < 0)
        return -1;
    slash = strchr(text, '/');
    host_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (host_len == 0)
        return error_set_hint(
            err, CLASS_USAGE,
            "check that the variable that names it is set, or omit the argument for ghcr.io",
            "the registry is empty");
    /* Not shown: what stands before the '@' may be a password. */
    if (memchr(text, '@', host_len) != NULL)
        return reference_refuse("has an '@': it must not contain a user name", err);
    if (host_len > REFERENCE_HOST_MAX)
        return reference_refuse("is too long", err);
    memcpy(ref.host, text, host_len);
    lower_case(ref.host);
    ref.is_lowered = memcmp(ref.host, text, host_len) != 0;
    if (check_host(ref.host, err) < 0)
        return -1;
    /* One name for all of them from here on; store/reader knows how each reader spells it. */
    if (hub_is_name(ref.host, HUB_AS_TYPED))
        (void)snprintf(ref.host, sizeof(ref.host), "%s", HUB_HOST);
    (void)snprintf(ref.api_host, sizeof(ref.api_host), "%s",
                   reference_is_docker_hub(&ref) ? HUB_API_HOST : ref.host);
    if (slash != NULL && take_path(&ref, slash + 1, err) < 0)
        return -1;
    *out = ref;
    return 0;
}

bool reference_is_default(const struct reference *ref)
{
    return strcmp(ref->host, REFERENCE_DEFAULT) == 0;
}

bool reference_is_docker_hub(const struct reference *ref)
{
    return strcmp(ref->host, HUB_HOST) == 0;
}

static const char container_label[] = "containers.";

/* HOST of containers.HOST, or NULL. */
static const char *behind_label(const struct reference *ref)
{
    size_t len = strlen(container_label);

    return strncmp(ref->host, container_label, len) == 0 ? ref->host + len : NULL;
}

bool reference_is_github(const struct reference *ref)
{
    const char *host = behind_label(ref);

    return reference_is_default(ref) || (host != NULL && text_has_suffix(host, ".ghe.com"));
}

bool reference_may_be_github(const struct reference *ref)
{
    const char *host = behind_label(ref);

    return reference_is_github(ref) || (host != NULL && strchr(host, '.') != NULL &&
                                        strchr(host, ':') == NULL && strcmp(host, "ghe.com") != 0);
}

/*
 * 127.0.0.0/8 (RFC 1122 section 3.2.1.3) and ::1, as Go's net.IP.IsLoopback() has it; a name that
 * resolves to them may resolve elsewhere tomorrow.
 */
bool reference_is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

#include "registry/realm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "registry/reference.h"
#include "registry/http/url.h"

/* Registries whose documented token server is another host. "*" stands for any one label. */
static const struct {
    const char *registry;
    const char *realm;
} documented_pairs[] = {
    {"registry-1.docker.io", "auth.docker.io"},
    {"lscr.io", "ghcr.io"},
    {"registry.digitalocean.com", "api.digitalocean.com"},
    {"rg.*.scw.cloud", "api.scaleway.com"},
};

static bool host_matches(const char *pattern, const char *host)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*') {
            host += strcspn(host, ".");
        } else if (*pattern != *host++) {
            return false;
        }
    }
    return *host == '\0';
}

static bool is_documented_pair(const char *registry, const char *realm)
{
    for (size_t i = 0; i < sizeof(documented_pairs) / sizeof(documented_pairs[0]); i++) {
        if (host_matches(documented_pairs[i].registry, registry) &&
            host_matches(documented_pairs[i].realm, realm))
            return true;
    }
    return false;
}

static bool is_address(const char *host)
{
    return host[0] == '[' || strspn(host, "0123456789.") == strlen(host);
}

/* registry.gitlab.com -> gitlab.com, but never a top-level domain and never part of an address. */
static bool is_parent_domain(const char *registry, const char *realm)
{
    const char *dot = strchr(registry, '.');

    return dot != NULL && !is_address(registry) && strcmp(dot + 1, realm) == 0 &&
           strchr(realm, '.') != NULL;
}

/* Whether the user allowed it, and with its port. */
static bool is_allowed(const struct realm_policy *policy, const struct url *realm, bool *any_port)
{
    char with_port[URL_HOST_MAX + 16];

    (void)snprintf(with_port, sizeof(with_port), "%s:%u", realm->host, realm->port);
    *any_port = false;
    for (size_t i = 0; i < policy->allowed_count; i++) {
        if (strcasecmp(policy->allowed[i], with_port) == 0) {
            *any_port = true;
            return true;
        }
    }
    for (size_t i = 0; i < policy->allowed_count; i++) {
        if (strcasecmp(policy->allowed[i], realm->host) == 0)
            return true;
    }
    return false;
}

static int refuse_host(const struct realm_policy *policy, const struct url *realm,
                       struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED,
                    "'%s' wants the credential sent to another host, '%s'; nothing was sent",
                    policy->registry, realm->host);
    return error_hint(err, "if that is right, add --allow-realm %s", realm->host);
}

static int refuse_scheme(const struct realm_policy *policy, struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED,
                    "'%s' wants the credential sent over plain http; nothing was sent",
                    policy->registry);
    return error_hint(err, "have the registry name an https realm (Harbor: external_url); "
                           "--plain-http allows http on a network you trust");
}

static int refuse_port(const struct realm_policy *policy, const struct url *realm,
                       struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED,
                    "'%s' wants the credential sent to another port, '%s:%u'; nothing was sent",
                    policy->registry, realm->host, realm->port);
    return error_hint(err, "if that is right, add --allow-realm %s:%u", realm->host, realm->port);
}

int realm_check_allowed(const char *given, struct error *err)
{
    char text[URL_HOST_MAX + sizeof("https://:65535/")];
    struct error ignored = ERROR_INIT;
    struct url url;

    if (given[strcspn(given, "/?#@\\")] == '\0' &&
        snprintf(text, sizeof(text), "https://%s/", given) < (int)sizeof(text) &&
        url_parse(&url, text, &ignored) == 0)
        return 0;
    (void)error_set(err, CLASS_USAGE, "--allow-realm is given what is neither HOST nor HOST:PORT");
    return error_hint(err, "give the host alone, like auth.example.com, without https:// and path");
}

int realm_check(const struct realm_policy *policy, const char *realm, struct error *err)
{
    char registry_url[REFERENCE_HOST_MAX + sizeof("https:///")];
    struct url registry;
    struct url url;
    bool any_port;
    bool allowed;

    (void)snprintf(registry_url, sizeof(registry_url), "%s://%s/",
                   policy->allow_plain_http ? "http" : "https", policy->registry);
    if (url_parse(&registry, registry_url, err) < 0 || url_parse(&url, realm, err) < 0)
        return error_wrap(err, "the realm in the challenge of '%s'", policy->registry);
    if (url.has_userinfo)
        return error_set(err, CLASS_UNPROVED,
                         "the realm in the challenge of '%s' holds a user name; nothing was sent",
                         policy->registry);
    allowed = is_allowed(policy, &url, &any_port);
    if (!allowed && strcmp(url.host, registry.host) != 0 &&
        !is_parent_domain(registry.host, url.host) && !is_documented_pair(registry.host, url.host))
        return refuse_host(policy, &url, err);
    if (strcmp(url.scheme, "https") != 0 && !policy->allow_plain_http &&
        !reference_is_loopback(url.host))
        return refuse_scheme(policy, err);
    if (!any_port && url.port != url_default_port(&url) && url.port != registry.port)
        return refuse_port(policy, &url, err);
    return 0;
}

#include "registry/realm.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "registry/http/url.h"
#include "registry/reference.h"

/*
 * Registries whose token server is in another domain, as their operators document it or users
 * report it. "*" stands for any one label.
 */
static const struct {
    const char *registry;
    const char *realm;
} documented_pairs[] = {
    {"registry-1.docker.io", "auth.docker.io"},
    {"lscr.io", "ghcr.io"},
    {"registry.digitalocean.com", "api.digitalocean.com"},
    {"rg.*.scw.cloud", "api.scaleway.com"},
    {"registry.rancher.com", "scc.suse.com"},
    {"nvcr.io", "authn.nvidia.com"},
};

/*
 * Suffixes below which strangers have names: one's own host there, and no neighbour. (The list of
 * all of them, publicsuffix.org, has 10,000; these are where registries are.)
 */
static const char *const shared_suffixes[] = {
    "amazonaws.com",
    "amazonaws.com.cn",
    "appspot.com",
    "azure.com",
    "azurecr.cn",
    "azurecr.io",
    "azurecr.us",
    "azurewebsites.net",
    "cloudapp.net",
    "cloudfront.net",
    "co.com",
    "ddns.net",
    "de.com",
    "deno.dev",
    "digitaloceanspaces.com",
    "duckdns.org",
    "dyndns.org",
    "eu.com",
    "eu.org",
    "firebaseapp.com",
    "fly.dev",
    "gb.net",
    "ghe.com",
    "github.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "hf.space",
    "hopto.org",
    "jfrog.io",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.dev",
    "ngrok.io",
    "nip.io",
    "ondigitalocean.app",
    "onrender.com",
    "pages.dev",
    "railway.app",
    "run.app",
    "scw.cloud",
    "sslip.io",
    "surge.sh",
    "synology.me",
    "trycloudflare.com",
    "ts.net",
    "uk.com",
    "uk.net",
    "us.com",
    "vercel.app",
    "web.app",
    "workers.dev",
};

/* "*" is one label, so that the pattern of a region stands for no other domain. */
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

static bool is_or_is_below(const char *host, const char *suffix)
{
    size_t before = strlen(host) - strlen(suffix);

    return text_has_suffix(host, suffix) && (before == 0 || host[before - 1] == '.');
}

/* The last `count` labels; NULL if there are fewer. */
static const char *last_labels(const char *host, unsigned count)
{
    const char *p = host + strlen(host);

    while (p > host) {
        if (p[-1] == '.' && --count == 0)
            return p;
        p--;
    }
    return count == 1 ? host : NULL;
}

/* Those of one country alone, as publicsuffix.org has them. */
static const char *const second_levels[] = {
    "ad.jp",  "asn.au", "ed.jp",   "gob.ar",  "gob.cl",  "gob.ec", "gob.es",    "gob.mx",
    "gob.pe", "gob.ve", "gouv.fr", "gr.jp",   "gv.at",   "id.au",  "in.th",     "lg.jp",
    "ltd.uk", "me.uk",  "mil.br",  "my.id",   "nhs.uk",  "nic.in", "nsw.au",    "or.at",
    "or.id",  "or.jp",  "or.ke",   "or.kr",   "or.th",   "or.tz",  "pe.kr",     "plc.uk",
    "re.kr",  "res.in", "sch.id",  "sch.uk",  "govt.nz", "iwi.nz", "school.nz", "police.uk",
    "web.id", "web.za", "idv.tw",  "geek.nz",
};

/* Whether below a country's domain names are given out one label further down: example.co.uk. */
static bool is_second_level(const char *two_labels)
{
    static const char *const names[] = {"ac",  "co", "com", "edu", "go",
                                        "gov", "ne", "net", "nom", "org"};
    size_t len = strcspn(two_labels, ".");

    if (strlen(two_labels + len + 1) != 2)
        return false;
    for (size_t i = 0; i < sizeof(second_levels) / sizeof(second_levels[0]); i++) {
        if (strcmp(second_levels[i], two_labels) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == len && strncmp(names[i], two_labels, len) == 0)
            return true;
    }
    return false;
}

/* The domain that somebody has registered, as far as its name tells; NULL: of none that is known.
 */
static const char *registered_domain(const char *host)
{
    const char *domain = last_labels(host, 2);

    if (domain == NULL || is_address(host) || text_has_suffix(host, "."))
        return NULL;
    for (size_t i = 0; i < sizeof(shared_suffixes) / sizeof(shared_suffixes[0]); i++) {
        if (is_or_is_below(host, shared_suffixes[i]))
            return NULL;
    }
    return is_second_level(domain) ? last_labels(host, 3) : domain;
}

static bool is_same_domain(const char *registry, const char *realm)
{
    const char *ours = registered_domain(registry);
    const char *theirs = registered_domain(realm);

    return ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0;
}

/*
 * Below a shared suffix a tenant's own domain is known if the registry is in it:
 * containers.acme.ghe.com -> acme.ghe.com.
 */
static bool is_tenants_own(const char *registry, const char *realm)
{
    const char *dot = strchr(registry, '.');

    if (dot == NULL || strcmp(dot + 1, realm) != 0)
        return false;
    for (size_t i = 0; i < sizeof(shared_suffixes) / sizeof(shared_suffixes[0]); i++) {
        if (is_or_is_below(realm, shared_suffixes[i]))
            return strcmp(realm, shared_suffixes[i]) != 0;
    }
    return false;
}

/* A name or an address that means something else, or nothing, to whoever is elsewhere. */
static bool is_local(const char *name)
{
    static const char *const suffixes[] = {"localhost", "local", "internal",
                                           "svc",       "lan",   "home.arpa"};
    char host[URL_HOST_MAX + 1];
    size_t len = strlen(name);

    /* The dot at the end of an absolute name does not separate labels. */
    (void)snprintf(host, sizeof(host), "%.*s", (int)(text_has_suffix(name, ".") ? len - 1 : len),
                   name);
    if (is_address(host) || strchr(host, '.') == NULL)
        return true;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (is_or_is_below(host, suffixes[i]))
            return true;
    }
    return false;
}

/* Whether the user allowed it; *has_port if it was named with the port that it has. */
static bool is_allowed(const struct realm_policy *policy, const struct url *realm, bool *has_port)
{
    char with_port[URL_HOST_MAX + 16];

    (void)snprintf(with_port, sizeof(with_port), "%s:%u", realm->host, realm->port);
    *has_port = false;
    for (size_t i = 0; i < policy->allowed_count; i++) {
        if (strcasecmp(policy->allowed[i], with_port) == 0) {
            *has_port = true;
            return true;
        }
    }
    for (size_t i = 0; i < policy->allowed_count; i++) {
        if (strcasecmp(policy->allowed[i], realm->host) == 0)
            return true;
    }
    return false;
}

/* All that is known of one realm. */
struct realm_look {
    const struct realm_policy *policy;
    const char *text;
    struct url registry;
    struct url url;
    bool is_own_host;
};

static int refuse_realm_host(const struct realm_look *look, struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED,
                    "'%s' wants the credential sent to another host, '%s' (realm '%s'); nothing "
                    "was sent",
                    look->policy->registry, look->url.host, text_shown(look->text).text);
    if (is_local(look->url.host) && is_local(look->registry.host))
        return error_hint(err,
                          "if that is right, add --allow-realm %s; if not, ask the registry's "
                          "operator to set its external URL (ROOT_URL, external_url, realm)",
                          look->url.host);
    if (is_local(look->url.host))
        return error_hint(err, "the registry is configured with a wrong address: ask its operator "
                               "to set its external URL (ROOT_URL, external_url, realm)");
    return error_hint(err, "if that is right, add --allow-realm %s", look->url.host);
}

static int refuse_realm_scheme(const struct realm_look *look, struct error *err)
{
    return error_set_hint(err, CLASS_UNPROVED,
                          "configure the registry with an https realm (Harbor: external_url); "
                          "--plain-http allows http on a network you trust",
                          "'%s' wants the credential sent over plain http (realm '%s'); nothing "
                          "was sent",
                          look->policy->registry, text_shown(look->text).text);
}

static int refuse_realm_port(const struct realm_look *look, struct error *err)
{
    (void)error_set(err, CLASS_UNPROVED,
                    "'%s' wants the credential sent to another port, '%s:%u' (realm '%s'); nothing "
                    "was sent",
                    look->policy->registry, look->url.host, look->url.port,
                    text_shown(look->text).text);
    return error_hint(err, "if that is right, add --allow-realm %s:%u", look->url.host,
                      look->url.port);
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
    return error_set_hint(err, CLASS_USAGE,
                          "pass only the host, like auth.example.com, without https:// and path",
                          "--allow-realm must be HOST or HOST:PORT");
}

static int parse_realm(struct realm_look *look, struct error *err)
{
    char registry_url[REFERENCE_HOST_MAX + sizeof("https:///")];
    const struct realm_policy *policy = look->policy;

    (void)snprintf(registry_url, sizeof(registry_url), "%s://%s/",
                   policy->allow_plain_http ? "http" : "https", policy->registry);
    if (url_parse(&look->registry, registry_url, err) < 0 ||
        url_parse(&look->url, look->text, err) < 0) {
        (void)error_wrap(err, "the realm '%s' in the challenge of '%s'",
                         text_shown(look->text).text, policy->registry);
        return error_hint(err, "nothing was sent; ask the registry's operator to set its external "
                               "URL: a realm must be the complete URL of a token server");
    }
    /* A name in the URL would go into the request beside the user's own, or in its place. */
    if (look->url.has_userinfo)
        return error_set(
            err, CLASS_UNPROVED,
            "the realm in the challenge of '%s' contains a user name; nothing was sent",
            policy->registry);
    /* Whatever this machine is called by: localhost, 127.0.0.1, [::1]. */
    look->is_own_host =
        strcmp(look->url.host, look->registry.host) == 0 ||
        (reference_is_loopback(look->url.host) && reference_is_loopback(look->registry.host));
    return 0;
}

/* Plain http to this machine stays plain if the user named host and port. */
static bool wants_https(const struct realm_look *look)
{
    bool has_port;

    return look->is_own_host && strcmp(look->url.scheme, "http") == 0 &&
           !look->policy->allow_plain_http &&
           !(is_allowed(look->policy, &look->url, &has_port) && has_port &&
             reference_is_loopback(look->url.host));
}

/*
 * The registry was reached over https, and so is its token server: whatever ends TLS in front of
 * both has kept that from it. Port 80 would only redirect.
 */
static int use_https(struct realm_look *look, char out[URL_MAX], struct error *err)
{
    if (look->url.port == 80)
        look->url.port = look->registry.port;
    (void)snprintf(look->url.scheme, sizeof(look->url.scheme), "https");
    return url_set_origin(out, look->text, &look->url, err);
}

static int check_realm(struct realm_look *look, struct error *err)
{
    const struct realm_policy *policy = look->policy;
    const char *registry = look->registry.host;
    const struct url *url = &look->url;
    bool has_port;
    bool is_allowed_host = is_allowed(policy, url, &has_port);
    bool is_neighbour = is_same_domain(registry, url->host) || is_tenants_own(registry, url->host);

    if (!look->is_own_host && !is_allowed_host && !is_neighbour &&
        (is_local(url->host) || !is_documented_pair(registry, url->host)))
        return refuse_realm_host(look, err);
    if (strcmp(url->scheme, "https") != 0 && !policy->allow_plain_http &&
        !reference_is_loopback(url->host))
        return refuse_realm_scheme(look, err);
    /* Whoever is trusted with the name, and has a certificate for it, may choose the port. */
    if (strcmp(url->scheme, "https") == 0 && (look->is_own_host || is_neighbour))
        return 0;
    if (look->is_own_host && reference_is_loopback(url->host))
        return 0; /* docker_auth beside the registry, both on this machine and without TLS */
    /* Any user of a machine can listen on a high port; TLS or the user has to vouch for it. */
    if (!has_port && url->port != url_default_port(url) && url->port != look->registry.port)
        return refuse_realm_port(look, err);
    return 0;
}

int realm_check(const struct realm_policy *policy, const char *realm, char *url, struct error *err)
{
    struct realm_look look = {.policy = policy, .text = realm};
    char asked[URL_MAX];

    if (parse_realm(&look, err) < 0)
        return -1;
    if (snprintf(asked, sizeof(asked), "%s", realm) >= (int)sizeof(asked))
        return error_set(err, CLASS_UNPROVED, "the realm in the challenge of '%s' is too long",
                         policy->registry);
    if (wants_https(&look) && use_https(&look, asked, err) < 0)
        return -1;
    if (check_realm(&look, err) < 0)
        return -1;
    (void)snprintf(url, URL_MAX, "%s", asked);
    return 0;
}

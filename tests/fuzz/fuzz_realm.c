/*
 * Any text as the realm of a registry's challenge (lines: registry, realm, a host that the user
 * allowed, a value for the query). Where a secret may go there, the host is the registry's, one
 * with the same last two labels, the documented one or the allowed one, by https unless that is
 * waived; and a query leads to no other place.
 */
#include "fuzz.h"

#include <stdio.h>
#include <strings.h>

#include "registry/realm.h"
#include "registry/reference.h"
#include "registry/http/url.h"

static const char pairs[] =
    "^(registry-1[.]docker[.]io auth[.]docker[.]io|lscr[.]io ghcr[.]io|"
    "registry[.]digitalocean[.]com api[.]digitalocean[.]com|"
    "rg[.][^.]*[.]scw[.]cloud api[.]scaleway[.]com|"
    "registry[.]rancher[.]com scc[.]suse[.]com|nvcr[.]io authn[.]nvidia[.]com)$";

/* Where the last two labels begin; NULL where there are no two. */
static const char *last_two(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *p = dot;

    while (p != NULL && p > host && p[-1] != '.')
        p--;
    return p;
}

static bool is_neighbour(const char *host, const char *realm)
{
    const char *ours = last_two(host);
    const char *theirs = last_two(realm);

    return ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0;
}

static bool is_documented(const char *host, const char *realm)
{
    static regex_t regex;
    char both[2 * URL_HOST_MAX + 3];

    (void)snprintf(both, sizeof(both), "%s %s", host, realm);
    return matches(&regex, pairs, both);
}

/* An address may be spelled in many ways, and is compared as libcurl reads it. */
static bool is_number(const char *host)
{
    return host[0] == '[' || (host[0] >= '0' && host[0] <= '9');
}

static void check_place(const struct realm_policy *policy, const struct url *url)
{
    const char *colon = strrchr(policy->registry, ':');
    bool has_port = colon != NULL && strchr(colon, ']') == NULL;
    const char *allowed = policy->allowed_count > 0 ? policy->allowed[0] : "";
    char host[REFERENCE_HOST_MAX + 1];
    char place[URL_HOST_MAX + 16];

    (void)snprintf(host, sizeof(host), "%s", policy->registry);
    if (has_port)
        host[colon - policy->registry] = '\0';
    (void)snprintf(place, sizeof(place), "%s:%u", url->host, url->port);
    if (reference_is_loopback(host) && reference_is_loopback(url->host))
        return; /* this machine, by whatever name, and on whatever port */
    must(strcmp(host, url->host) == 0 || is_neighbour(host, url->host) ||
         is_documented(host, url->host) || strcasecmp(allowed, url->host) == 0 ||
         strcasecmp(allowed, place) == 0 ||
         (is_number(url->host) && (is_number(host) || is_number(allowed))));
    must(url->port == url_default_port(url) || strcasecmp(allowed, place) == 0 ||
         (has_port && url->port == (unsigned)atoi(colon + 1)) ||
         (is_number(url->host) && (is_number(host) || is_number(allowed))) ||
         (strcmp(url->scheme, "https") == 0 &&
          (strcmp(host, url->host) == 0 || is_neighbour(host, url->host))));
}

static void check_query(const struct url *url, const char *realm, const char *value)
{
    char whole[URL_MAX];
    struct error err = ERROR_INIT;
    struct url again;

    if (url_add_query(whole, realm, "service", value, &err) < 0) {
        check_error(&err, CLASS_UNPROVED);
        return;
    }
    for (const char *p = whole; *p != '\0'; p++)
        must((unsigned char)*p > ' ' && *p != 0x7f);
    must(strlen(whole) < URL_MAX && url_parse(&again, whole, &err) == 0);
    must(strcmp(again.host, url->host) == 0 && strcmp(again.scheme, url->scheme) == 0);
    must(again.port == url->port && !again.has_userinfo);
}

static void check_realm(const struct realm_policy *policy, const char *realm, const char *value)
{
    struct error err = ERROR_INIT;
    char asked[URL_MAX];
    struct url url;

    if (realm_check(policy, realm, asked, &err) < 0) {
        check_error(&err, CLASS_UNPROVED);
        must(is_shown(err.message) && is_shown(err.hint));
        return;
    }
    must(url_parse(&url, asked, &err) == 0 && !url.has_userinfo);
    must(url.port < 65536);
    check_place(policy, &url);
    must(policy->allow_plain_http || strcmp(url.scheme, "https") == 0 ||
         reference_is_loopback(url.host));
    check_query(&url, asked, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    char *lines[4];
    struct error err = ERROR_INIT;
    struct reference ref;

    for (size_t i = 0; i < 4; i++)
        lines[i] = take_line(&in);
    if (reference_parse(&ref, lines[0], &err) == 0) {
        const char *const allowed[] = {lines[2]};
        struct realm_policy policy = {.registry = ref.api_host, .allowed = allowed};

        /* --allow-realm takes no more than a host. */
        policy.allowed_count = realm_check_allowed(lines[2], &err) == 0;
        must(policy.allowed_count == 1 || err.cls == CLASS_USAGE);
        check_realm(&policy, lines[1], lines[3]);
        policy.allow_plain_http = true;
        check_realm(&policy, lines[1], lines[3]);
    }
    for (size_t i = 0; i < 4; i++)
        free(lines[i]);
    return 0;
}

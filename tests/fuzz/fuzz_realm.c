/*
 * Any text as the realm of a registry's challenge (lines: registry, realm, a host that the user
 * allowed, a value for the query). Where a secret may go there, the host is the registry's, its
 * parent domain, a documented one or the allowed one, by https unless that is waived; and a query
 * leads to no other place.
 */
#include "fuzz.h"

#include <strings.h>

#include "registry/realm.h"
#include "registry/reference.h"
#include "registry/url.h"

static const char *const token_servers[] = {"auth.docker.io", "ghcr.io", "api.digitalocean.com",
                                            "api.scaleway.com"};

static bool is_expected(const struct realm_policy *policy, const struct url *url)
{
    struct url_place place = url_place(url);
    size_t host_len = strlen(url->host);
    const char *allowed = policy->allowed[0];

    for (size_t i = 0; i < sizeof(token_servers) / sizeof(token_servers[0]); i++) {
        if (strcmp(url->host, token_servers[i]) == 0)
            return true;
    }
    return strncmp(policy->registry, url->host, host_len) == 0 ||
           strstr(policy->registry, url->host) != NULL || strcasecmp(allowed, place.text) == 0 ||
           strncasecmp(allowed, url->host, host_len) == 0;
}

/* An address may be spelled in many ways, and is compared as libcurl reads it. */
static bool is_number(const char *host)
{
    return host[0] == '[' || strspn(host, "0123456789.") == strlen(host);
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
    struct url url;

    if (realm_check(policy, realm, &err) < 0) {
        check_error(&err, CLASS_UNPROVED);
        must(is_shown(err.message) && is_shown(err.hint));
        return;
    }
    must(url_parse(&url, realm, &err) == 0 && !url.has_userinfo);
    must(url.port < 65536);
    must(is_number(url.host) || is_expected(policy, &url));
    must(policy->allow_plain_http || strcmp(url.scheme, "https") == 0 ||
         reference_is_loopback(url.host));
    check_query(&url, realm, value);
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
        struct realm_policy policy = {
            .registry = ref.api_host, .allowed = allowed, .allowed_count = 1};

        check_realm(&policy, lines[1], lines[3]);
        policy.allow_plain_http = true;
        check_realm(&policy, lines[1], lines[3]);
    }
    for (size_t i = 0; i < 4; i++)
        free(lines[i]);
    return 0;
}

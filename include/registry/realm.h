/*
 * Decide whether a secret may go to a URL. Pure.
 *
 * The realm of a Bearer challenge is text from outside that decides where the password goes. It
 * goes there only over https (or plain http to this machine, or if plain http was asked for),
 * and only to
 *   - the registry's own host, on any port; if the realm says http, https is used anyway, because
 *     the registry itself was reached that way (Harbor behind a TLS proxy),
 *   - a host of the same registered domain (registry.example.com -> gitlab.example.com), unless
 *     strangers have names below it, as below github.io,
 *   - the host of a documented pair (Docker Hub; lscr.io -> ghcr.io; and others),
 *   - a host that the user allowed.
 * The last two are asked at the scheme's usual port or the registry's own, if no other is
 * allowed. A private or local name or address is a misconfiguration of the registry, unless the
 * registry is private as well: then the hint has both. A registry that TLS has authenticated could
 * take the password anyway, by naming itself; what is protected against are eavesdroppers,
 * strangers and misuse of private hosts (CVE-2026-48978 and GHSA-xf85-363p-868w tell what peers of
 * the time risk).
 */
#ifndef REGISTRY_REALM_H
#define REGISTRY_REALM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct realm_policy {
    const char *registry;       /* host[:port] that sent the challenge */
    bool allow_plain_http;      /* the user asked for --plain-http */
    const char *const *allowed; /* HOST or HOST:PORT, as the user gave them */
    size_t allowed_count;
};

/* Whether a host that the user allows is one: HOST or HOST:PORT. Returns 0, or -1 with *err set. */
int realm_check_allowed(const char *given, struct error *err) __attribute__((warn_unused_result));

/*
 * Returns 0 when it may, with the URL to ask in url[URL_MAX of http/url.h], or -1 with *err set
 * (CLASS_UNPROVED), naming both hosts and the realm.
 */
int realm_check(const struct realm_policy *policy, const char *realm, char *url, struct error *err)
    __attribute__((warn_unused_result));

#endif

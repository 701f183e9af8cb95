/*
 * May a secret go to that URL? Pure.
 *
 * The realm of a Bearer challenge is text from outside that decides where the password goes. It
 * goes there only over https (or plain http to this machine, or where plain http was asked for),
 * and only to
 *   - the registry's own host, on any port; where the realm says http, https is spoken there all
 *     the same, for the registry itself was reached so (Harbor behind what ends TLS),
 *   - a host of the same registered domain (registry.example.com -> gitlab.example.com), unless
 *     strangers have names below it, as below github.io,
 *   - the host of a documented pair (Docker Hub; lscr.io -> ghcr.io; and others),
 *   - a host that the user allowed.
 * The last two are asked at the scheme's usual port or the registry's own, where no other is
 * allowed. An inner name or address is a registry's mistake about itself, unless the registry is
 * in there as well. A registry that TLS has authenticated could take the password anyway, by naming
 * itself; what is kept off are wires, strangers and inner hosts (CVE-2026-48978 and
 * GHSA-xf85-363p-868w tell what peers of the time risk).
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

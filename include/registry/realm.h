/*
 * May a secret go to that URL? Pure.
 *
 * The realm of a Bearer challenge is text from outside that decides where the password goes. It
 * goes there only over https (or plain http to this machine, or where plain http was asked for), to
 * the scheme's default port or the registry's own, and only to
 *   - the registry's own host,
 *   - its parent domain: one label fewer, two left (registry.gitlab.com -> gitlab.com),
 *   - a documented pair (Docker Hub; lscr.io -> ghcr.io; DigitalOcean; Scaleway),
 *   - a host that the user allowed.
 * Peers of the time send it anywhere (CVE-2026-48978 and GHSA-xf85-363p-868w tell what follows).
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

/* Returns 0 when it may, or -1 with *err set (CLASS_UNPROVED), naming both hosts. */
int realm_check(const struct realm_policy *policy, const char *realm, struct error *err)
    __attribute__((warn_unused_result));

#endif

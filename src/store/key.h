/*
 * Keys of "auths", as the peers spell them. Pure.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The host of a key, as docker reduces it: scheme and path dropped. Into host[size], cut to it.
 * Returns host.
 */
const char *key_host(char *host, size_t size, const char *key);

/*
 * Whether docker may take the entry under `key` where there is none under `wanted`: its host is
 * that. (So Docker Hub, whose key is a URL, has no fallback.)
 */
bool key_is_fallback(const char *key, const char *wanted);

/*
 * Whether `key` is but another spelling of `wanted`, as podman and older tools have it: with a
 * scheme, or another of Docker Hub's names. "ghcr.io/owner" is none of "ghcr.io": it is podman's,
 * for a namespace.
 */
bool key_is_spelling(const char *key, const char *wanted);

#endif

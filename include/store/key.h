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

/* Whether docker may take the entry under `key` for the one under `wanted`, which it is not. */
bool key_is_fallback(const char *key, const char *wanted);

/*
 * Whether `key` is but another spelling of `wanted`: a fallback that has a scheme, or another of
 * Docker Hub's names. "ghcr.io/owner" is none of "ghcr.io": it is podman's, for a namespace.
 */
bool key_is_spelling(const char *key, const char *wanted);

#endif

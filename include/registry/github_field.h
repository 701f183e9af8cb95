/*
 * What stands in the header fields of GitHub's REST API about a token: X-OAuth-Scopes and
 * github-authentication-token-expiration. Pure.
 */
#ifndef REGISTRY_GITHUB_FIELD_H
#define REGISTRY_GITHUB_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scan.h"

/* What a scope is made of; between scopes stand commas and blanks. */
#define GITHUB_SCOPE_BYTES "abcdefghijklmnopqrstuvwxyz0123456789:_"

/* Whether scopes let a token pull: read:packages, or write:packages, which includes it. */
bool github_scopes_can_pull(const char *scopes);

/* "2026-11-28 08:00:00 UTC" or "… -0700" as seconds since 1970; 0 where it is neither. */
int64_t github_parse_expiry(struct span text);

#endif

/*
 * What GitHub's REST API says of a token, for callers that want to know why a registry refused it
 * or how long it will last.
 *
 * GET /user tells the owner, X-OAuth-Scopes (of classic and OAuth tokens),
 * github-authentication-token-expiration and X-GitHub-SSO; for an image of an organisation
 * /orgs/ORG/packages tells whether single sign-on or a ban of classic tokens stands in the way
 * (docs.github.com, "Getting started with the REST API").
 *
 * The token goes to the API host of that registry alone (api.github.com, api.NAME.ghe.com,
 * HOST/api/v3), over https, and redirects are not followed. What the API says is shown only if
 * it has the form of what was asked for. A limit or an outage is a finding, never a failure.
 */
#ifndef REGISTRY_GITHUB_H
#define REGISTRY_GITHUB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scan.h"
#include "base/secret.h"
#include "registry/reference.h"
#include "registry/retry.h"

enum {
    GITHUB_NAME_MAX = 100, /* users have at most 39, apps add "[bot]" */
    GITHUB_SCOPES_MAX = 511,
    GITHUB_SSO_URL_MAX = 383,
    GITHUB_TROUBLE_MAX = 255,
};

enum github_verdict {
    GITHUB_SILENT,    /* it could not be asked, or did not say: see `trouble` */
    GITHUB_VALID,     /* the token of `owner` */
    GITHUB_VALID_APP, /* an installation token, which is no user's */
    GITHUB_INVALID,   /* unknown to GitHub: expired, revoked or mistyped */
};

struct github_findings {
    enum github_verdict verdict;
    char trouble[GITHUB_TROUBLE_MAX + 1];
    char owner[GITHUB_NAME_MAX + 1];
    bool has_scopes;                    /* of kinds that have scopes; `scopes` may be empty */
    char scopes[GITHUB_SCOPES_MAX + 1]; /* "read:packages,repo" */
    int64_t expires_at;                 /* seconds since 1970; 0: it does not expire, or not said */
    bool has_odd_expiry;                /* it ends, but it is not understood when */
    bool needs_sso;                     /* the organisation requires single sign-on */
    char sso_url[GITHUB_SSO_URL_MAX + 1]; /* where to authorize the token; "" if not said */
    bool forbids_classic;                 /* the organisation does not accept classic tokens */
};

struct github_request {
    const struct reference *registry; /* reference_may_be_github() */
    const struct secret *token;
    const char *organisation; /* the owner of an image; NULL: none is known */
    struct retry retry;
};

/* The host of the web pages that belong to a registry: "github.com". Points into *registry or is a
 * constant. */
const char *github_web_host(const struct reference *registry);

/* The bytes of a scope; commas and spaces separate scopes. */
#define GITHUB_SCOPE_BYTES "abcdefghijklmnopqrstuvwxyz0123456789:_"

/* Whether scopes let a token pull: read:packages, or write:packages, which includes it. */
bool github_scopes_can_pull(const char *scopes);

/* "2026-11-28 08:00:00 UTC" or "… -0700" as seconds since 1970; 0 if it is neither. */
int64_t github_parse_expiry(struct span text);

/* Ask, and fill *out. */
void github_ask(const struct github_request *request, struct github_findings *out);

#endif

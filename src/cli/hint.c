#include "cli/hint.h"

#include <stddef.h>
#include <string.h>

enum {
    CLASSIC = 1U << GITHUB_TOKEN_CLASSIC,
    FINE_GRAINED = 1U << GITHUB_TOKEN_FINE_GRAINED,
    OAUTH = 1U << GITHUB_TOKEN_OAUTH,
    APP_USER = 1U << GITHUB_TOKEN_APP_USER,
    INSTALLATION = 1U << GITHUB_TOKEN_INSTALLATION,
    REFRESH = 1U << GITHUB_TOKEN_REFRESH,
    ANY = (1U << (GITHUB_TOKEN_REFRESH + 1)) - 1,
};

/* Causes: what GitHub's API found, or the registry said in the words that its users report. */

static bool is_valid(const struct situation *s, const char *words)
{
    enum github_verdict verdict = s->diagnosis->findings.verdict;

    (void)words;
    return verdict == GITHUB_VALID || verdict == GITHUB_VALID_APP;
}

static bool looks_odd(const struct situation *s, const char *words)
{
    return situation_oddity(s) != NULL && !is_valid(s, words);
}

static bool is_invalid(const struct situation *s, const char *words)
{
    (void)words;
    return s->diagnosis->findings.verdict == GITHUB_INVALID;
}

static bool is_silent(const struct situation *s, const char *words)
{
    (void)words;
    return s->diagnosis->findings.verdict == GITHUB_SILENT;
}

static bool needs_sso(const struct situation *s, const char *words)
{
    (void)words;
    return s->diagnosis->findings.needs_sso;
}

static bool forbids_classic(const struct situation *s, const char *words)
{
    return s->diagnosis->findings.forbids_classic ||
           strstr(words, "forbids access via a personal access token (classic)") != NULL;
}

static bool lacks_scope(const struct situation *s, const char *words)
{
    const struct github_findings *findings = &s->diagnosis->findings;

    return (findings->has_scopes && !github_scopes_can_pull(findings->scopes)) ||
           strstr(words, "does not match expected scopes") != NULL;
}

/* Whether what remains is the account's right, or the name. */
static bool has_scope(const struct situation *s, const char *words)
{
    const struct github_findings *findings = &s->diagnosis->findings;

    return findings->verdict == GITHUB_VALID && findings->trouble[0] == '\0' &&
           findings->has_scopes && github_scopes_can_pull(findings->scopes) &&
           strstr(words, "HTTP 404") == NULL;
}

/* What stands behind a hint. */
enum link {
    LINK_NONE,
    LINK_NEW_TOKEN, /* the form for a token with just read:packages */
    LINK_TOKENS,    /* the list of tokens */
    LINK_SSO,       /* where GitHub says that a token is authorized for single sign-on */
};

#define NEW_CLASSIC "make a new classic token with read:packages"
#define TO_SECRET   "and put it into the secret"
#define GRANT       "'permissions: packages: read'"
#define SSO         "the organisation wants single sign-on: authorize the token for it"
#define UNKNOWN     "GitHub's API does not know the token either: it expired or was revoked"

#define REFUSED(kinds, cause)         CLASS_REJECTED, kinds, NULL, cause
#define TAKEN_BEFORE(cause)           CLASS_REJECTED, ANY, " after giving a token for it: ", cause
#define FORBIDDEN(kinds, says, cause) CLASS_FORBIDDEN, kinds, says, cause

/*
 * The first row that fits counts: of this class, with a token of these kinds, where the registry
 * says this and this is the cause (NULL: any). A hint that is not there for a place is that of
 * PLACE_HOST. Where no row fits, the registry's own hint stays.
 */
static const struct row {
    enum exit_class cls;
    unsigned kinds;
    const char *says; /* NULL: whatever it says */
    bool (*is_cause)(const struct situation *situation, const char *words);
    enum link link;
    const char *hints[PLACE_COUNT];
} table[] = {
    {REFUSED(FINE_GRAINED, NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "GitHub's registry takes no fine-grained tokens: make a classic one with "
                     "read:packages",
      [PLACE_ACTIONS] = "GitHub's registry takes no fine-grained tokens: use secrets.GITHUB_TOKEN "
                        "with " GRANT ", or a secret with a classic token"}},
    {REFUSED(ANY, needs_sso), LINK_SSO, {[PLACE_HOST] = SSO}},
    {TAKEN_BEFORE(is_silent),
     LINK_NONE,
     {[PLACE_HOST] = "the registry took the token a moment ago, and now does not, as it happens at "
                     "times: try again"}},
    {REFUSED(ANY, looks_odd),
     LINK_NONE,
     {[PLACE_HOST] = "the token looks mistyped or cut: copy it again, whole",
      [PLACE_ACTIONS] = "the token looks mistyped or cut: set the secret again, whole",
      [PLACE_SSH] =
          "the token looks mistyped or cut: set the secret that 'envs:' hands over again, "
          "whole"}},
    {REFUSED(REFRESH, NULL),
     LINK_NONE,
     {[PLACE_HOST] = "a refresh token is no password: use the access token that came with it"}},
    {REFUSED(ANY, is_valid),
     LINK_NONE,
     {[PLACE_HOST] = "GitHub's API takes the token, only the registry refuses it: a new token can "
                     "take minutes (--wait-for-token 300); else make another classic one"}},
    {REFUSED(INSTALLATION, NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an installation token ends with its job or after an hour: " NEW_CLASSIC,
      [PLACE_ACTIONS] = "GITHUB_TOKEN ends with its job: use this job's secrets.GITHUB_TOKEN "
                        "with " GRANT ", or a secret with a classic token",
      [PLACE_SSH] = "GITHUB_TOKEN ends with its job: hand a secret with a classic token over in "
                    "'envs:'"}},
    {REFUSED(ANY, is_invalid),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = UNKNOWN "; " NEW_CLASSIC,
      [PLACE_ACTIONS] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET " that 'envs:' hands over"}},
    {REFUSED(OAUTH, NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token of gh or another app was revoked: renew it (gh auth refresh "
                     "--scopes read:packages), or " NEW_CLASSIC}},
    {REFUSED(APP_USER, NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an app's user token ends after hours: " NEW_CLASSIC}},
    {REFUSED(ANY, NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token is expired or revoked, or too new (--wait-for-token); " NEW_CLASSIC,
      [PLACE_ACTIONS] = "the secret holds a token that is expired or revoked: use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = "the secret that 'envs:' hands over holds a token that is expired or "
                    "revoked: " NEW_CLASSIC " " TO_SECRET}},

    {FORBIDDEN(ANY, NULL, needs_sso), LINK_SSO, {[PLACE_HOST] = SSO}},
    {FORBIDDEN(ANY, NULL, forbids_classic),
     LINK_NONE,
     {[PLACE_HOST] = "the organisation forbids classic tokens: ask its owners to allow them, or "
                     "use secrets.GITHUB_TOKEN in a workflow",
      [PLACE_ACTIONS] =
          "the organisation forbids classic tokens: use secrets.GITHUB_TOKEN with " GRANT}},
    {FORBIDDEN(FINE_GRAINED, "HTTP 403", NULL),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "fine-grained tokens have no right to packages: " NEW_CLASSIC}},
    {FORBIDDEN(ANY, "cannot be authenticated", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "the registry knew the token a moment ago, and now does not, as it happens at "
                     "times: try again"}},
    {FORBIDDEN(ANY, "invalid token", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "the registry does not take what it gave for the token a moment ago: try "
                     "again"}},
    {FORBIDDEN(INSTALLATION, NULL, lacks_scope),
     LINK_NONE,
     {[PLACE_HOST] = "the job that the token is of needs " GRANT}},
    {FORBIDDEN(ANY, NULL, lacks_scope),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] =
          "the token lacks the right to read packages (read:packages): add it, or " NEW_CLASSIC,
      [PLACE_ACTIONS] = "the token lacks the right to read packages (read:packages): use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or " NEW_CLASSIC " " TO_SECRET}},
    {FORBIDDEN(ANY, "installation not allowed", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "the package does not let the token's repository in: add that under 'Manage "
                     "Actions access' in the package's settings, and give the job " GRANT}},
    {FORBIDDEN(ANY, "installation does not exist", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "the package belongs to an owner for whom the token's app is not installed: "
                     "use a classic token of an account that may read it"}},
    {FORBIDDEN(INSTALLATION, "HTTP 403", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "give the job " GRANT ", and its repository access under 'Manage Actions "
                     "access' in the package's settings; or use a classic token"}},
    {FORBIDDEN(ANY, "permission_denied: read_package", NULL),
     LINK_NONE,
     {[PLACE_HOST] = "the token's account may not read this package: have it added under 'Manage "
                     "access' in the package's settings"}},
    {FORBIDDEN(ANY, NULL, has_scope),
     LINK_NONE,
     {[PLACE_HOST] = "the token may read packages: its account has no access to this one ('Manage "
                     "access' in the package's settings), or there is none of this name"}},
    {FORBIDDEN(CLASSIC | OAUTH, "HTTP 401", NULL),
     LINK_TOKENS,
     {[PLACE_HOST] = "the account has no access to it, or there is none of this name, or the "
                     "organisation wants single sign-on, which --diagnose tells: 'Configure SSO' "
                     "at the token"}},
};

static bool fits(const struct row *row, const struct situation *situation, const struct error *err)
{
    return row->cls == err->cls && (row->kinds & 1U << situation_kind(situation)) != 0 &&
           (row->says == NULL || strstr(err->message, row->says) != NULL) &&
           (row->is_cause == NULL || row->is_cause(situation, err->message));
}

static void set_hint(const struct row *row, const struct situation *situation, struct error *err)
{
    const char *hint = row->hints[situation->place];
    const char *web = github_web_host(situation->registry);
    const char *sso = situation->diagnosis->findings.sso_url;

    if (hint == NULL)
        hint = row->hints[PLACE_HOST];
    err->hint[0] = '\0';
    if (row->link == LINK_NONE)
        (void)error_hint(err, "%s", hint);
    else if (row->link == LINK_SSO && sso[0] != '\0')
        (void)error_hint(err, "%s: %s", hint, sso);
    else
        (void)error_hint(err, "%s: https://%s/settings/tokens%s", hint, web,
                         row->link == LINK_NEW_TOKEN ? "/new?scopes=read:packages" : "");
}

void hint_at_refusal(const struct situation *situation, struct error *err)
{
    for (size_t i = 0; situation_is_at_github(situation) && i < sizeof(table) / sizeof(table[0]);
         i++) {
        if (fits(&table[i], situation, err)) {
            set_hint(&table[i], situation, err);
            return;
        }
    }
    if (err->cls == CLASS_REJECTED)
        (void)error_hint(err, "check user name and token; a token may be expired or revoked");
}

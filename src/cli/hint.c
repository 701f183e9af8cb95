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

/* What is known: GitHub's API found it, or the registry said it in the words that users report. */
enum {
    VALID = 1U << 0,
    INVALID = 1U << 1,
    SILENT = 1U << 2,
    ODD = 1U << 3, /* it looks mistyped, and nobody knows better */
    NEW = 1U << 4, /* as far as can be told */
    ON_HOST = 1U << 5,
    WANTS_SSO = 1U << 6,
    NO_CLASSIC = 1U << 7,
    NO_SCOPE = 1U << 8,
    IN_SCOPE = 1U << 9, /* what remains is the account's right, or the name */
};

static unsigned find_causes(const struct situation *s, const char *words)
{
    const struct github_findings *f = &s->diagnosis->findings;
    bool is_valid = f->verdict == GITHUB_VALID || f->verdict == GITHUB_VALID_APP;
    bool can_pull = f->has_scopes && github_scopes_can_pull(f->scopes);
    bool is_all_told = f->verdict == GITHUB_VALID && f->trouble[0] == '\0';
    const struct {
        unsigned cause;
        bool is_there;
    } known[] = {
        {VALID, is_valid},
        {INVALID, f->verdict == GITHUB_INVALID},
        {SILENT, f->verdict == GITHUB_SILENT},
        {ODD, !is_valid && situation_oddity(s) != NULL},
        {NEW, s->can_wait},
        {ON_HOST, s->place == PLACE_HOST},
        {WANTS_SSO, f->needs_sso},
        {NO_CLASSIC, f->forbids_classic ||
                         strstr(words, "forbids access via a personal access token (classic)")},
        {NO_SCOPE, (f->has_scopes && !can_pull) || strstr(words, "does not match expected scopes")},
        {IN_SCOPE, can_pull && is_all_told && !strstr(words, "HTTP 404")},
    };
    unsigned causes = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        causes |= known[i].is_there ? known[i].cause : 0;
    return causes;
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

#define REFUSED(kinds, causes)         CLASS_REJECTED, kinds, NULL, causes
#define TAKEN_BEFORE(causes)           CLASS_REJECTED, ANY, " after giving a token for it: ", causes
#define FORBIDDEN(kinds, says, causes) CLASS_FORBIDDEN, kinds, says, causes

/*
 * The first row that fits counts: of this class, with a token of these kinds, where the registry
 * says this, and all of these causes are there. A hint that is not there for a place is that of
 * PLACE_HOST. Where no row fits, the registry's own hint stays.
 */
static const struct row {
    enum exit_class cls;
    unsigned kinds;
    const char *says; /* NULL: whatever it says */
    unsigned causes;
    enum link link;
    const char *hints[PLACE_COUNT];
} table[] = {
    {REFUSED(FINE_GRAINED, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "GitHub's registry takes no fine-grained tokens: make a classic one with "
                     "read:packages",
      [PLACE_ACTIONS] = "GitHub's registry takes no fine-grained tokens: use secrets.GITHUB_TOKEN "
                        "with " GRANT ", or a secret with a classic token"}},
    {REFUSED(ANY, WANTS_SSO), LINK_SSO, {[PLACE_HOST] = SSO}},
    {TAKEN_BEFORE(SILENT),
     LINK_NONE,
     {[PLACE_HOST] = "the registry took the token a moment ago, and now does not, as it happens at "
                     "times: try again"}},
    {REFUSED(ANY, ODD),
     LINK_NONE,
     {[PLACE_HOST] = "the token looks mistyped or cut: copy it again, whole",
      [PLACE_ACTIONS] = "the token looks mistyped or cut: set the secret again, whole",
      [PLACE_SSH] =
          "the token looks mistyped or cut: set the secret that 'envs:' hands over again, "
          "whole"}},
    {REFUSED(REFRESH, 0),
     LINK_NONE,
     {[PLACE_HOST] = "a refresh token is no password: use the access token that came with it"}},
    {REFUSED(ANY, VALID | NEW),
     LINK_NONE,
     {[PLACE_HOST] = "GitHub's API takes the token, only the registry refuses it: a new token can "
                     "take minutes (--wait-for-token 300); else make another classic one"}},
    {REFUSED(ANY, VALID),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "GitHub's API takes the token, only the registry refuses it: " NEW_CLASSIC}},
    {REFUSED(INSTALLATION, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an installation token ends with its job or after an hour: " NEW_CLASSIC,
      [PLACE_ACTIONS] = "GITHUB_TOKEN ends with its job: use this job's secrets.GITHUB_TOKEN "
                        "with " GRANT ", or a secret with a classic token",
      [PLACE_SSH] = "GITHUB_TOKEN ends with its job: hand a secret with a classic token over in "
                    "'envs:'"}},
    {REFUSED(ANY, INVALID),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = UNKNOWN "; " NEW_CLASSIC,
      [PLACE_ACTIONS] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET " that 'envs:' hands over"}},
    {REFUSED(OAUTH, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token of gh or another app was revoked: renew it (gh auth refresh "
                     "--scopes read:packages), or " NEW_CLASSIC}},
    {REFUSED(APP_USER, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an app's user token ends after hours: " NEW_CLASSIC}},
    {REFUSED(ANY, NEW | ON_HOST),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] =
          "the token is expired or revoked, or too new (--wait-for-token); " NEW_CLASSIC}},
    {REFUSED(ANY, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token is expired or revoked: " NEW_CLASSIC,
      [PLACE_ACTIONS] = "the secret holds a token that is expired or revoked: use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = "the secret that 'envs:' hands over holds a token that is expired or "
                    "revoked: " NEW_CLASSIC " " TO_SECRET}},

    {FORBIDDEN(ANY, NULL, WANTS_SSO), LINK_SSO, {[PLACE_HOST] = SSO}},
    {FORBIDDEN(ANY, NULL, NO_CLASSIC),
     LINK_NONE,
     {[PLACE_HOST] = "the organisation forbids classic tokens: ask its owners to allow them, or "
                     "use secrets.GITHUB_TOKEN in a workflow",
      [PLACE_ACTIONS] =
          "the organisation forbids classic tokens: use secrets.GITHUB_TOKEN with " GRANT}},
    {FORBIDDEN(FINE_GRAINED, "HTTP 403", 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "fine-grained tokens have no right to packages: " NEW_CLASSIC}},
    {FORBIDDEN(ANY, "cannot be authenticated", 0),
     LINK_NONE,
     {[PLACE_HOST] = "the registry knew the token a moment ago, and now does not, as it happens at "
                     "times: try again"}},
    {FORBIDDEN(ANY, "invalid token", 0),
     LINK_NONE,
     {[PLACE_HOST] = "the registry does not take what it gave for the token a moment ago: try "
                     "again"}},
    {FORBIDDEN(INSTALLATION, NULL, NO_SCOPE),
     LINK_NONE,
     {[PLACE_HOST] = "the job that the token is of needs " GRANT}},
    {FORBIDDEN(ANY, NULL, NO_SCOPE),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] =
          "the token lacks the right to read packages (read:packages): add it, or " NEW_CLASSIC,
      [PLACE_ACTIONS] = "the token lacks the right to read packages (read:packages): use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or " NEW_CLASSIC " " TO_SECRET}},
    {FORBIDDEN(ANY, "installation not allowed", 0),
     LINK_NONE,
     {[PLACE_HOST] = "the package does not let the token's repository in: add that under 'Manage "
                     "Actions access' in the package's settings, and give the job " GRANT}},
    {FORBIDDEN(ANY, "installation does not exist", 0),
     LINK_NONE,
     {[PLACE_HOST] = "the package belongs to an owner for whom the token's app is not installed: "
                     "use a classic token of an account that may read it"}},
    {FORBIDDEN(INSTALLATION, "HTTP 403", 0),
     LINK_NONE,
     {[PLACE_HOST] = "give the job " GRANT ", and its repository access under 'Manage Actions "
                     "access' in the package's settings; or use a classic token"}},
    {FORBIDDEN(ANY, "permission_denied: read_package", 0),
     LINK_NONE,
     {[PLACE_HOST] = "the token's account may not read this package: have it added under 'Manage "
                     "access' in the package's settings"}},
    {FORBIDDEN(ANY, NULL, IN_SCOPE),
     LINK_NONE,
     {[PLACE_HOST] = "the token may read packages: its account has no access to this one ('Manage "
                     "access' in the package's settings), or there is none of this name"}},
    {FORBIDDEN(CLASSIC | OAUTH, "HTTP 401", 0),
     LINK_TOKENS,
     {[PLACE_HOST] = "the account has no access to it, or there is none of this name, or the "
                     "organisation wants single sign-on, which --diagnose tells: 'Configure SSO' "
                     "at the token"}},
};

static bool fits(const struct row *row, const struct situation *situation, const struct error *err)
{
    unsigned causes = find_causes(situation, err->message);

    return row->cls == err->cls && (row->kinds & 1U << situation_kind(situation)) != 0 &&
           (row->says == NULL || strstr(err->message, row->says) != NULL) &&
           (row->causes & causes) == row->causes;
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

#include "cli/advice.h"

#include <stddef.h>

#include "credential/github_token.h"
#include "credential/mistake.h"

static enum github_token_kind kind_of(const struct situation *situation)
{
    return github_token_kind(secret_text(situation->token), situation->token->len);
}

/* As github_token_oddity(). */
static const char *oddity_of(const struct situation *situation)
{
    return github_token_oddity(secret_text(situation->token), situation->token->len);
}

bool advice_is_for_github(const struct situation *situation)
{
    return reference_is_github(situation->registry) ||
           (reference_may_be_github(situation->registry) &&
            kind_of(situation) != GITHUB_TOKEN_UNKNOWN);
}

const char *advice_kind_name(const struct situation *situation)
{
    return advice_is_for_github(situation) ? github_token_kind_name(kind_of(situation)) : NULL;
}

/* containers.HOST may be GitHub's, so that what is no token is sent, but not silently. */
static const struct mistake *find_mistake(const struct situation *situation)
{
    return situation->token->len > 0 && reference_may_be_github(situation->registry) &&
                   !advice_is_for_github(situation)
               ? mistake_find_anywhere(situation->token)
               : NULL;
}

static void advise_on_mistake(const struct situation *situation, struct warnings *warnings)
{
    const struct mistake *mistake = find_mistake(situation);

    if (mistake != NULL)
        warnings_add(warnings, "the token %s; it is sent anyway, because '%s' may accept passwords",
                     mistake->what, situation->registry->host);
}

void advice_on_token(const struct situation *situation, struct warnings *warnings)
{
    enum github_token_kind kind = kind_of(situation);
    const char *oddity = oddity_of(situation);

    if (!advice_is_for_github(situation)) {
        advise_on_mistake(situation, warnings);
        return;
    }
    if (oddity != NULL)
        warnings_add(warnings, "the token %s: it may be mistyped or truncated", oddity);
    if (kind == GITHUB_TOKEN_FINE_GRAINED)
        warnings_add(warnings, "the token is fine-grained; GitHub documents that its container "
                               "registry accepts only classic tokens");
    if (kind == GITHUB_TOKEN_REFRESH)
        warnings_add(warnings, "the token is a refresh token, which cannot be used as a password: "
                               "use the access token that came with it");
}

bool advice_is_worth_a_wait(const struct situation *situation)
{
    enum github_token_kind kind = kind_of(situation);

    return advice_is_for_github(situation)
               ? kind != GITHUB_TOKEN_FINE_GRAINED && kind != GITHUB_TOKEN_REFRESH
               : find_mistake(situation) == NULL;
}

void advice_on_storing(const struct situation *situation, struct warnings *warnings)
{
    /* On a runner the token lives as long as the job that needs it. */
    if (advice_is_for_github(situation) && kind_of(situation) == GITHUB_TOKEN_INSTALLATION &&
        situation->place != PLACE_ACTIONS)
        warnings_add(warnings, "the token is an installation token (GITHUB_TOKEN): it and this "
                               "login expire with its job or after an hour; on a permanent host, "
                               "use a classic token with read:packages");
}

enum {
    CLASSIC = 1U << GITHUB_TOKEN_CLASSIC,
    FINE_GRAINED = 1U << GITHUB_TOKEN_FINE_GRAINED,
    OAUTH = 1U << GITHUB_TOKEN_OAUTH,
    APP_USER = 1U << GITHUB_TOKEN_APP_USER,
    INSTALLATION = 1U << GITHUB_TOKEN_INSTALLATION,
    REFRESH = 1U << GITHUB_TOKEN_REFRESH,
    ANY = (1U << (GITHUB_TOKEN_REFRESH + 1)) - 1,
};

/* What is known: GitHub's API found it, or the registry said it. */
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
    GRANTED = 1U << 10, /* the token server took the credential before */
};

static unsigned find_causes(const struct situation *s, const struct outcome *outcome)
{
    const struct github_findings *f = s->findings;
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
        {ODD, !is_valid && oddity_of(s) != NULL},
        {NEW, s->can_wait},
        {ON_HOST, s->place == PLACE_HOST},
        {WANTS_SSO, f->needs_sso},
        {NO_CLASSIC, f->forbids_classic || (outcome->phrases & OUTCOME_SAYS_NO_CLASSIC) != 0},
        {NO_SCOPE, (f->has_scopes && !can_pull) || (outcome->phrases & OUTCOME_SAYS_SCOPES) != 0},
        {IN_SCOPE, can_pull && is_all_told && outcome->status != 404},
        {GRANTED, outcome->phase == OUTCOME_PING_WITH_TOKEN},
    };
    unsigned causes = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        causes |= known[i].is_there ? known[i].cause : 0;
    return causes;
}

/* What follows a hint. */
enum link {
    LINK_NONE,
    LINK_NEW_TOKEN, /* the form for a token with just read:packages */
    LINK_TOKENS,    /* the list of tokens */
    LINK_SSO,       /* where GitHub says that a token is authorized for single sign-on */
};

#define NEW_CLASSIC "create a new classic token with read:packages"
#define TO_SECRET   "and store it in the secret"
#define GRANT       "'permissions: packages: read'"
#define SSO         "the organisation requires single sign-on: authorize the token for it"
#define UNKNOWN     "GitHub's API rejects the token too: it has expired or was revoked"

#define REFUSED(kinds, causes)           CLASS_REJECTED, kinds, 0, 0, causes
#define FORBIDDEN(kinds, causes)         CLASS_FORBIDDEN, kinds, 0, 0, causes
#define FORBIDDEN_BY(kinds, http_status) CLASS_FORBIDDEN, kinds, http_status, 0, 0
#define FORBIDDEN_WITH(says)             CLASS_FORBIDDEN, ANY, 0, says, 0

/*
 * The first row that fits counts: of this class, with a token of these kinds, where the registry
 * answers with this status and phrase, and all of these causes are there. A hint that is not there
 * for a place is that of PLACE_HOST. If no row fits, the registry's own hint stays.
 */
static const struct row {
    enum exit_class cls;
    unsigned kinds;
    int status;               /* 0: any */
    enum outcome_phrase says; /* 0: whatever it says */
    unsigned causes;
    enum link link;
    const char *hints[PLACE_COUNT];
} table[] = {
    {REFUSED(FINE_GRAINED, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "GitHub's registry does not accept fine-grained tokens: create a classic one "
                     "with read:packages",
      [PLACE_ACTIONS] = "GitHub's registry does not accept fine-grained tokens: use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or a secret with a classic token"}},
    {REFUSED(ANY, WANTS_SSO), LINK_SSO, {[PLACE_HOST] = SSO}},
    {CLASS_UNPROVED,
     ANY,
     401,
     0,
     GRANTED | SILENT,
     LINK_NONE,
     {[PLACE_HOST] = "the registry accepted the token a moment ago and now rejects it, which "
                     "happens at times: try again"}},
    {REFUSED(ANY, ODD),
     LINK_NONE,
     {[PLACE_HOST] = "the token looks mistyped or truncated: copy the whole token again",
      [PLACE_ACTIONS] =
          "the token looks mistyped or truncated: set the secret again, with the whole token",
      [PLACE_SSH] = "the token looks mistyped or truncated: set the secret in 'envs:' again, with "
                    "the whole token"}},
    {REFUSED(REFRESH, 0),
     LINK_NONE,
     {[PLACE_HOST] =
          "a refresh token cannot be used as a password: use the access token that came with it"}},
    {REFUSED(ANY, VALID | NEW),
     LINK_NONE,
     {[PLACE_HOST] =
          "GitHub's API accepts the token, but the registry refuses it: a new token can take "
          "minutes to work (--wait-for-token 300); otherwise create another classic token"}},
    {REFUSED(ANY, VALID),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "GitHub's API accepts the token, but the registry refuses it: " NEW_CLASSIC}},
    {REFUSED(INSTALLATION, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an installation token expires with its job or after an hour: " NEW_CLASSIC,
      [PLACE_ACTIONS] =
          "GITHUB_TOKEN expires with its job: use this job's secrets.GITHUB_TOKEN with " GRANT
          ", or a secret with a classic token",
      [PLACE_SSH] =
          "GITHUB_TOKEN expires with its job: pass a secret with a classic token through 'envs:'"}},
    {REFUSED(ANY, INVALID),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = UNKNOWN "; " NEW_CLASSIC,
      [PLACE_ACTIONS] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = UNKNOWN "; " NEW_CLASSIC " " TO_SECRET " passed through 'envs:'"}},
    {REFUSED(OAUTH, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token from gh or another app was revoked: renew it (gh auth refresh "
                     "--scopes read:packages), or " NEW_CLASSIC}},
    {REFUSED(APP_USER, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "an app's user token expires within hours: " NEW_CLASSIC}},
    {REFUSED(ANY, NEW | ON_HOST),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] =
          "the token is expired or revoked, or too new (--wait-for-token); " NEW_CLASSIC}},
    {REFUSED(ANY, 0),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token is expired or revoked: " NEW_CLASSIC,
      [PLACE_ACTIONS] = "the secret contains a token that is expired or revoked: use "
                        "secrets.GITHUB_TOKEN with " GRANT ", or " NEW_CLASSIC " " TO_SECRET,
      [PLACE_SSH] = "the secret passed through 'envs:' contains a token that is expired or "
                    "revoked: " NEW_CLASSIC " " TO_SECRET}},

    {FORBIDDEN(ANY, WANTS_SSO), LINK_SSO, {[PLACE_HOST] = SSO}},
    {FORBIDDEN(ANY, NO_CLASSIC),
     LINK_NONE,
     {[PLACE_HOST] = "the organisation forbids classic tokens: ask its owners to allow them, or "
                     "use secrets.GITHUB_TOKEN in a workflow",
      [PLACE_ACTIONS] =
          "the organisation forbids classic tokens: use secrets.GITHUB_TOKEN with " GRANT}},
    {FORBIDDEN_BY(FINE_GRAINED, 403),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "fine-grained tokens cannot read packages: " NEW_CLASSIC}},
    {FORBIDDEN_WITH(OUTCOME_SAYS_UNAUTHENTICATED),
     LINK_NONE,
     {[PLACE_HOST] = "the registry knew the token a moment ago and now does not, which happens at "
                     "times: try again"}},
    {FORBIDDEN_WITH(OUTCOME_SAYS_INVALID_TOKEN),
     LINK_NONE,
     {[PLACE_HOST] =
          "the registry rejects the bearer token that it issued a moment ago: try again"}},
    {FORBIDDEN(INSTALLATION, NO_SCOPE),
     LINK_NONE,
     {[PLACE_HOST] = "the job that the token belongs to needs " GRANT}},
    {FORBIDDEN(ANY, NO_SCOPE),
     LINK_NEW_TOKEN,
     {[PLACE_HOST] = "the token lacks the read:packages scope: add it, or " NEW_CLASSIC,
      [PLACE_ACTIONS] =
          "the token lacks the read:packages scope: use secrets.GITHUB_TOKEN with " GRANT
          ", or " NEW_CLASSIC " " TO_SECRET}},
    {FORBIDDEN_WITH(OUTCOME_SAYS_INSTALLATION),
     LINK_NONE,
     {[PLACE_HOST] =
          "the package does not grant the token's repository access: add the repository under "
          "'Manage Actions access' in the package's settings, and give the job " GRANT}},
    {FORBIDDEN_WITH(OUTCOME_SAYS_NOT_INSTALLED),
     LINK_NONE,
     {[PLACE_HOST] = "the token's app is not installed for the package's owner: use a classic "
                     "token of an account that can read the package"}},
    {FORBIDDEN_BY(INSTALLATION, 403),
     LINK_NONE,
     {[PLACE_HOST] = "give the job " GRANT ", and its repository access under 'Manage Actions "
                     "access' in the package's settings; or use a classic token"}},
    {FORBIDDEN_WITH(OUTCOME_SAYS_READ_PACKAGE),
     LINK_NONE,
     {[PLACE_HOST] = "the token's account cannot read this package: have it added under 'Manage "
                     "access' in the package's settings"}},
    {FORBIDDEN(ANY, IN_SCOPE),
     LINK_NONE,
     {[PLACE_HOST] = "the token can read packages, but its account has no access to this one "
                     "('Manage access' in the package's settings), or the package does not exist"}},
    {FORBIDDEN_BY(CLASSIC | OAUTH, 401),
     LINK_TOKENS,
     {[PLACE_HOST] =
          "the account has no access to the package, or it does not exist, or the organisation "
          "requires single sign-on (--diagnose tells which): "
          "authorize the token with 'Configure SSO', next to it"}},
};

static bool row_fits(const struct row *row, const struct situation *situation,
                     const struct outcome *outcome, enum exit_class cls)
{
    unsigned causes = find_causes(situation, outcome);

    return row->cls == cls && (row->kinds & 1U << kind_of(situation)) != 0 &&
           (row->status == 0 || row->status == outcome->status) &&
           (row->says == 0 || (row->says & outcome->phrases) != 0) &&
           (row->causes & causes) == row->causes;
}

static void set_hint(const struct row *row, const struct situation *situation, struct error *err)
{
    const char *hint = row->hints[situation->place];
    const char *web = github_web_host(situation->registry);
    const char *sso = situation->findings->sso_url;

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

void advice_on_refusal(const struct situation *situation, const struct outcome *outcome,
                       struct error *err)
{
    for (size_t i = 0; advice_is_for_github(situation) && i < sizeof(table) / sizeof(table[0]);
         i++) {
        if (row_fits(&table[i], situation, outcome, err->cls)) {
            set_hint(&table[i], situation, err);
            return;
        }
    }
    if (err->cls == CLASS_REJECTED)
        (void)error_hint(err,
                         "check the user name and the token; the token may be expired or revoked");
}

#include "cli/diagnosis.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "cli/advice.h"
#include "credential/github_token.h"

enum { DAY_S = 86400 };

/* Packages belong to the user or organisation that their path begins with. */
const char *diagnosis_organisation(const struct question *question, char name[GITHUB_NAME_MAX + 1])
{
    const char *path =
        question->image_count > 0 ? question->images[0].name : question->registry->name_space;
    struct span first = {.data = path, .len = strcspn(path, "/")};

    return first.len > 0 && span_copy(first, name, GITHUB_NAME_MAX + 1) ? name : NULL;
}

static void read_expiry(struct diagnosis *diagnosis, const struct clock *clock)
{
    time_t expires_at = (time_t)diagnosis->findings.expires_at;
    struct tm tm;

    if (expires_at == 0)
        return;
    diagnosis->expiry = EXPIRY_KNOWN;
    diagnosis->days_left = (diagnosis->findings.expires_at - clock->unix_s(clock->ctx)) / DAY_S;
    if (gmtime_r(&expires_at, &tm) == NULL)
        return;
    (void)strftime(diagnosis->expires_at, sizeof(diagnosis->expires_at), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The API names the end of what users make themselves; an app's token ends in hours, unsaid. */
static void read_endlessness(struct diagnosis *diagnosis, const struct secret *token)
{
    enum github_token_kind kind = github_token_kind(secret_text(token), token->len);

    if (diagnosis->expiry == EXPIRY_UNKNOWN && diagnosis->findings.verdict == GITHUB_VALID &&
        !diagnosis->findings.has_odd_expiry && kind != GITHUB_TOKEN_APP_USER &&
        kind != GITHUB_TOKEN_INSTALLATION)
        diagnosis->expiry = EXPIRY_NONE;
}

/* GitHub also sends an empty scopes field for token kinds that have no scopes. */
static void read_scopes(struct github_findings *findings, const struct secret *token)
{
    enum github_token_kind kind = github_token_kind(secret_text(token), token->len);
    bool has_none = kind == GITHUB_TOKEN_FINE_GRAINED || kind == GITHUB_TOKEN_APP_USER ||
                    kind == GITHUB_TOKEN_INSTALLATION;

    if (has_none && findings->scopes[0] == '\0')
        findings->has_scopes = false;
}

/* GitHub's names do not mind the case, and GHCR takes any name with a good token. */
static void warn_of_owner(const struct github_findings *findings, const char *username,
                          struct warnings *warnings)
{
    if (findings->owner[0] != '\0' && strcasecmp(findings->owner, username) != 0)
        warnings_add(warnings,
                     "the token belongs to '%s', not to '%s': the registry checks only the token",
                     findings->owner, text_shown(username).text);
}

bool diagnosis_is_wanted(const struct options *options)
{
    return options->diagnose || options->expires_within_days > 0;
}

bool diagnosis_begin(struct diagnosis *out, const struct question *question,
                     const struct options *options, struct warnings *warnings)
{
    struct situation here = {
        .registry = question->registry, .token = question->token, .findings = &out->findings};

    *out = (struct diagnosis){.is_made = advice_is_for_github(&here)};
    if (!out->is_made && options->diagnose)
        warnings_add(warnings,
                     reference_may_be_github(question->registry)
                         ? "--diagnose asks GitHub's API, but the token for '%s' does not look "
                           "like a GitHub token"
                         : "--diagnose asks GitHub's API, but '%s' is not a registry of GitHub's",
                     question->registry->host);
    return out->is_made;
}

void diagnosis_end(struct diagnosis *diagnosis, const struct question *question,
                   const struct options *options, struct warnings *warnings)
{
    struct github_findings *findings = &diagnosis->findings;

    read_scopes(findings, question->token);
    read_expiry(diagnosis, question->limits.clock);
    read_endlessness(diagnosis, question->token);
    if (!options->diagnose)
        return;
    warn_of_owner(findings, question->username, warnings);
    if (findings->trouble[0] != '\0')
        warnings_add(warnings, "--diagnose is incomplete: %s", findings->trouble);
}

static void warn_of_expiry(const struct diagnosis *diagnosis, struct warnings *warnings)
{
    if (diagnosis->expires_at[0] == '\0')
        return;
    if (diagnosis->days_left < 1)
        warnings_add(warnings, "the token expires within a day (%s)", diagnosis->expires_at);
    else
        warnings_add(warnings, "the token expires in %lld day%s (%s)",
                     (long long)diagnosis->days_left, diagnosis->days_left > 1 ? "s" : "",
                     diagnosis->expires_at);
}

void diagnosis_warn(const struct diagnosis *diagnosis, struct warnings *warnings)
{
    const struct github_findings *findings = &diagnosis->findings;

    if (findings->verdict == GITHUB_INVALID)
        warnings_add(warnings, "GitHub's API rejects the token that the registry accepted");
    if (findings->has_scopes && !github_scopes_can_pull(findings->scopes))
        warnings_add(warnings,
                     "the token lacks read:packages: it can log in, but not pull private images "
                     "(scopes: %.200s)",
                     findings->scopes[0] != '\0' ? findings->scopes : "none");
    if (findings->needs_sso)
        warnings_add(
            warnings,
            "the organisation requires single sign-on, and the token is not authorized for it%s%s",
            findings->sso_url[0] != '\0' ? ": " : "", findings->sso_url);
    if (findings->forbids_classic)
        warnings_add(warnings, "the organisation forbids classic tokens");
    warn_of_expiry(diagnosis, warnings);
}

const char *diagnosis_expiry_name(const struct diagnosis *diagnosis)
{
    static const char *const names[] = {
        [EXPIRY_UNKNOWN] = "unknown", [EXPIRY_NONE] = "none", [EXPIRY_KNOWN] = "known"};

    return names[diagnosis != NULL ? diagnosis->expiry : EXPIRY_UNKNOWN];
}

static const char expiry_hint[] = "create a new token, and log in with it before then";

int diagnosis_check_expiry(const struct diagnosis *diagnosis, const struct options *options,
                           const char *host, const struct clock *clock, struct error *err)
{
    int64_t left_s = diagnosis->findings.expires_at - clock->unix_s(clock->ctx);
    long long days = left_s / DAY_S;

    if (options->expires_within_days == 0 || !diagnosis->is_made)
        return 0;
    if (diagnosis->expiry == EXPIRY_UNKNOWN && diagnosis->findings.verdict == GITHUB_SILENT)
        return error_set_hint(err, CLASS_UNREACHABLE,
                              "this says nothing about the token: try again later",
                              "cannot determine when the token for '%s' expires: %s", host,
                              diagnosis->findings.trouble);
    /* A token without an end passes, and so does one whose end GitHub does not name. */
    if (diagnosis->expiry != EXPIRY_KNOWN ||
        left_s >= (int64_t)options->expires_within_days * DAY_S)
        return 0;
    if (left_s < DAY_S)
        return error_set_hint(err, CLASS_EXPIRING, expiry_hint,
                              "the token for '%s' expires within a day (%s)", host,
                              diagnosis->expires_at);
    return error_set_hint(err, CLASS_EXPIRING, expiry_hint,
                          "the token for '%s' expires in %lld day%s (%s)", host, days,
                          days > 1 ? "s" : "", diagnosis->expires_at);
}

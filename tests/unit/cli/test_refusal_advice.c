/*
 * advice after a refusal: for each kind of token, place, answer and finding the next thing to do,
 * and room for all of it. The messages are empty: no hint depends on the words of an error.
 */
#include "../support.h"

#include "cli/advice.h"

#define NEW_TOKEN "https://github.com/settings/tokens/new?scopes=read:packages"
#define GRANT     "permissions: packages: read"
#define SSO_URL   "https://github.com/orgs/octo-org/sso?authorization_request=A"
#define OAUTH                                                                                      \
    "gho_"                                                                                         \
    "16C7e42F292c6912E7710c838347Ae178B4a"
#define MISTYPED                                                                                   \
    "ghp_"                                                                                         \
    "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5"
#define GHS                                                                                        \
    "ghs_"                                                                                         \
    "16C7e42F292c6912E7710c838347Ae178B4a"

/* What is advised after an error without a word, whose own hint is "own". */
static struct error advise(const char *registry, const char *token, enum place place,
                           const struct github_findings *findings, enum exit_class cls,
                           const struct outcome *outcome, bool can_wait)
{
    static const struct github_findings none = {.verdict = GITHUB_SILENT};
    struct secret secret = secret_of(token);
    struct reference reference;
    struct error err = ERROR_INIT;
    struct situation situation = {
        .registry = &reference,
        .token = &secret,
        .place = place,
        .findings = findings != NULL ? findings : &none,
        .can_wait = can_wait,
    };

    assert_int_equal(reference_parse(&reference, registry, &err), 0);
    (void)error_set(&err, cls, "%s", "");
    if (cls != CLASS_REJECTED)
        (void)error_hint(&err, "own");
    advice_on_refusal(&situation, outcome, &err);
    assert_string_equal(err.message, "");
    secret_clear(&secret);
    return err;
}

static const struct outcome denied = {
    .phase = OUTCOME_TOKEN, .status = 403, .code = OUTCOME_CODE_DENIED};

static void test_refusals(void **state)
{
    static const struct github_findings valid = {.verdict = GITHUB_VALID, .owner = "octocat"};
    static const struct github_findings app = {.verdict = GITHUB_VALID_APP};
    static const struct github_findings invalid = {.verdict = GITHUB_INVALID};
    static const struct github_findings sso = {.needs_sso = true, .sso_url = SSO_URL};
    static const struct github_findings silent = {.verdict = GITHUB_SILENT, .trouble = "x"};
    static const struct {
        const char *token;
        const struct github_findings *findings;
        const char *parts[PLACE_COUNT];
    } rows[] = {
        {TOKEN_CLASSIC, NULL, {"expired or revoked", GRANT, "'envs:'"}},
        {TOKEN_CLASSIC, NULL, {NEW_TOKEN, NEW_TOKEN, NEW_TOKEN}},
        {TOKEN_CLASSIC, &silent, {"expired or revoked", GRANT, "'envs:'"}},
        {TOKEN_CLASSIC, &valid, {"API accepts the token", "--wait-for-token", "but the registry"}},
        {TOKEN_CLASSIC, &invalid, {"rejects the token too", "in the secret", "through 'envs:'"}},
        {TOKEN_FINE_GRAINED, NULL, {NEW_TOKEN, GRANT, NEW_TOKEN}},
        {TOKEN_FINE_GRAINED,
         &valid,
         {"not accept fine-grained", "not accept fine-grained", "not accept fine-grained"}},
        {MISTYPED,
         NULL,
         {"mistyped or truncated", "set the secret again", "secret in 'envs:' again"}},
        {MISTYPED,
         &invalid,
         {"mistyped or truncated", "mistyped or truncated", "mistyped or truncated"}},
        {MISTYPED, &valid, {"API accepts", "API accepts", "API accepts"}},
        {GHS, NULL, {"after an hour", GRANT, "'envs:'"}},
        {GHS, &app, {"API accepts", "API accepts", "API accepts"}},
        {GHS, &invalid, {"after an hour", GRANT, "'envs:'"}},
        {TOKEN_CLASSIC, &sso, {SSO_URL, SSO_URL, SSO_URL}},
        {OAUTH, NULL, {"gh auth refresh", "gh auth refresh", "gh auth refresh"}},
        {OAUTH, &invalid, {"rejects the token", "rejects the token", "rejects the token"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t place = 0; place < PLACE_COUNT; place++) {
            struct error err = advise("ghcr.io", rows[i].token, (enum place)place, rows[i].findings,
                                      CLASS_REJECTED, &denied, true);

            if (strstr(err.hint, rows[i].parts[place]) == NULL)
                fail_msg("row %zu at %zu: '%s' is not in '%s'", i, place, rows[i].parts[place],
                         err.hint);
            assert_not_shown(rows[i].token, &err, rows[i].token);
        }
    }
}

/* Who has waited, or cannot, is not sent to wait. */
static void test_without_a_wait(void **state)
{
    static const struct github_findings valid = {.verdict = GITHUB_VALID, .owner = "octocat"};
    const struct github_findings *rows[] = {NULL, &valid};

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * PLACE_COUNT; i++) {
        struct error err = advise("ghcr.io", TOKEN_CLASSIC, (enum place)(i / COUNT(rows)),
                                  rows[i % COUNT(rows)], CLASS_REJECTED, &denied, false);

        assert_non_null(strstr(err.hint, NEW_TOKEN));
        assert_null(strstr(err.hint, "--wait-for-token"));
    }
}

#define SAYS(http_status, words)                                                                   \
    {                                                                                              \
        .phase = OUTCOME_MANIFEST, .status = http_status, .phrases = words                         \
    }

/* What was granted a moment before is no matter of the token, unless GitHub knows better. */
static void test_refused_after_a_grant(void **state)
{
    static const struct outcome granted = {.phase = OUTCOME_PING_WITH_TOKEN, .status = 401};
    static const struct github_findings invalid = {.verdict = GITHUB_INVALID};
    struct error err =
        advise("ghcr.io", TOKEN_CLASSIC, PLACE_HOST, NULL, CLASS_UNPROVED, &granted, true);

    (void)state;
    assert_non_null(strstr(err.hint, "try again"));
    err = advise("ghcr.io", TOKEN_CLASSIC, PLACE_HOST, &invalid, CLASS_UNPROVED, &granted, true);
    assert_string_equal(err.hint, "own");
}

static void test_pulls(void **state)
{
    static const struct github_findings sso = {
        .verdict = GITHUB_VALID, .needs_sso = true, .sso_url = SSO_URL};
    static const struct github_findings sso_somewhere = {.verdict = GITHUB_VALID,
                                                         .needs_sso = true};
    static const struct github_findings no_classic = {.verdict = GITHUB_VALID,
                                                      .forbids_classic = true};
    static const struct github_findings repo = {
        .verdict = GITHUB_VALID, .has_scopes = true, .scopes = "repo"};
    static const struct github_findings enough = {
        .verdict = GITHUB_VALID, .has_scopes = true, .scopes = "write:packages"};
    static const struct github_findings limited = {
        .verdict = GITHUB_VALID, .has_scopes = true, .scopes = "read:packages", .trouble = "x"};
    static const struct {
        struct outcome outcome;
        const char *token;
        const struct github_findings *findings;
        const char *part; /* "own": the registry's */
    } rows[] = {
        {SAYS(403, 0), TOKEN_CLASSIC, NULL, "own"},
        {SAYS(403, 0), TOKEN_CLASSIC, &enough, "can read packages"},
        {SAYS(401, 0), TOKEN_CLASSIC, &enough, "can read packages"},
        {SAYS(401, 0), TOKEN_CLASSIC, &limited, "Configure SSO"},
        {SAYS(404, OUTCOME_SAYS_MANIFEST_UNKNOWN), TOKEN_CLASSIC, &enough, "own"},
        {SAYS(404, OUTCOME_SAYS_MANIFEST_UNKNOWN), TOKEN_CLASSIC, NULL, "own"},
        {SAYS(404, 0), GHS, NULL, "own"},
        {SAYS(404, 0), TOKEN_CLASSIC, &repo, "read:packages"},
        {SAYS(403, 0), TOKEN_CLASSIC, &sso, SSO_URL},
        {SAYS(404, 0), TOKEN_CLASSIC, &sso_somewhere, "for it: https://github.com/settings/tokens"},
        {SAYS(403, 0), TOKEN_CLASSIC, &no_classic, "forbids classic"},
        {SAYS(401, 0), TOKEN_CLASSIC, NULL, "Configure SSO"},
        {SAYS(401, OUTCOME_SAYS_UNAUTHENTICATED), TOKEN_CLASSIC, NULL, "try again"},
        {SAYS(403, OUTCOME_SAYS_INVALID_TOKEN), TOKEN_CLASSIC, NULL, "try again"},
        {SAYS(403, OUTCOME_SAYS_INVALID_TOKEN), GHS, NULL, "try again"},
        {SAYS(403, OUTCOME_SAYS_INVALID_TOKEN), TOKEN_FINE_GRAINED, NULL, "cannot read packages"},
        {SAYS(401, 0), GHS, NULL, "own"},
        {SAYS(403, OUTCOME_SAYS_SCOPES), TOKEN_CLASSIC, NULL, NEW_TOKEN},
        {SAYS(403, OUTCOME_SAYS_SCOPES), GHS, NULL, GRANT},
        {SAYS(403, OUTCOME_SAYS_NO_CLASSIC), TOKEN_CLASSIC, NULL, "forbids classic"},
        {SAYS(403, OUTCOME_SAYS_INSTALLATION), GHS, NULL, "Manage Actions"},
        {SAYS(403, OUTCOME_SAYS_NOT_INSTALLED), GHS, NULL, "not installed for"},
        {SAYS(403, OUTCOME_SAYS_READ_PACKAGE), GHS, NULL, GRANT},
        {SAYS(403, OUTCOME_SAYS_READ_PACKAGE), TOKEN_CLASSIC, NULL, "Manage access"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = advise("ghcr.io", rows[i].token, PLACE_HOST, rows[i].findings,
                                  CLASS_FORBIDDEN, &rows[i].outcome, true);

        if (strstr(err.hint, rows[i].part) == NULL)
            fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].part, err.hint);
        assert_row(rows[i].part,
                   (strcmp(rows[i].part, "own") == 0) == (strcmp(err.hint, "own") == 0));
    }
}

static void test_other_registries(void **state)
{
    static const struct {
        const char *registry;
        const char *token;
        const char *part;
    } rows[] = {
        {"docker.io", TOKEN_CLASSIC, "check the user name and the token"},
        {"registry.example.com", TOKEN_FINE_GRAINED, "check the user name and the token"},
        {"containers.git.example.com", "hunter2", "check the user name and the token"},
        {"containers.git.example.com", TOKEN_CLASSIC,
         "https://git.example.com/settings/tokens/new?scopes=read:packages"},
        {"containers.acme.ghe.com", "an-unknown-kind-of-token-0123456789abcdef",
         "mistyped or truncated"},
        {"containers.acme.ghe.com", TOKEN_CLASSIC,
         "https://acme.ghe.com/settings/tokens/new?scopes=read:packages"},
    };
    static const struct outcome scopes = SAYS(403, OUTCOME_SAYS_SCOPES);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = advise(rows[i].registry, rows[i].token, PLACE_HOST, NULL, CLASS_REJECTED,
                                  &denied, true);

        if (strstr(err.hint, rows[i].part) == NULL)
            fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].part, err.hint);
        err = advise(rows[i].registry, rows[i].token, PLACE_HOST, NULL, CLASS_UNREACHABLE, &denied,
                     true);
        assert_string_equal(err.hint, "own");
    }
    assert_string_equal(
        advise("docker.io", TOKEN_CLASSIC, PLACE_HOST, NULL, CLASS_FORBIDDEN, &scopes, true).hint,
        "own");
}

/* The longest address that GitHub may name is still whole. */
static void test_room(void **state)
{
    static const struct outcome outcome = SAYS(403, 0);
    struct github_findings findings = {.verdict = GITHUB_VALID, .needs_sso = true};
    struct error err;

    (void)state;
    memset(findings.sso_url, 'x', GITHUB_SSO_URL_MAX);
    err = advise("ghcr.io", TOKEN_CLASSIC, PLACE_HOST, &findings, CLASS_FORBIDDEN, &outcome, true);
    assert_non_null(strstr(err.hint, findings.sso_url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_without_a_wait),
        cmocka_unit_test(test_refused_after_a_grant),
        cmocka_unit_test(test_pulls),
        cmocka_unit_test(test_other_registries),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

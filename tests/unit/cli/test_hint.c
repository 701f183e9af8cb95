/*
 * hint: for each kind of token, place and finding the next thing to do, and room for all of it.
 */
#include "../support.h"

#include "cli/hint.h"

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

static struct error hint_after(const char *registry, const char *token, enum place place,
                               const struct github_findings *findings, const struct error *before,
                               bool can_wait)
{
    struct diagnosis diagnosis = {.is_made = findings != NULL};
    struct secret secret = secret_of(token);
    struct reference reference;
    struct error err = ERROR_INIT;
    struct situation situation = {
        .registry = &reference,
        .token = &secret,
        .place = place,
        .diagnosis = &diagnosis,
        .can_wait = can_wait,
    };

    assert_int_equal(reference_parse(&reference, registry, &err), 0);
    if (findings != NULL)
        diagnosis.findings = *findings;
    err = *before;
    hint_at_refusal(&situation, &err);
    assert_string_equal(err.message, before->message);
    secret_clear(&secret);
    return err;
}

static struct error hint(const char *registry, const char *token, enum place place,
                         const struct github_findings *findings, const struct error *before)
{
    return hint_after(registry, token, place, findings, before, true);
}

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
        {TOKEN_CLASSIC, &valid, {"API takes the token", "--wait-for-token", "only the registry"}},
        {TOKEN_CLASSIC, &invalid, {"does not know", "into the secret", "'envs:' hands over"}},
        {TOKEN_FINE_GRAINED, NULL, {NEW_TOKEN, GRANT, NEW_TOKEN}},
        {TOKEN_FINE_GRAINED, &valid, {"no fine-grained", "no fine-grained", "no fine-grained"}},
        {MISTYPED, NULL, {"mistyped or cut", "set the secret again", "'envs:' hands over"}},
        {MISTYPED, &invalid, {"mistyped or cut", "mistyped or cut", "mistyped or cut"}},
        {MISTYPED, &valid, {"API takes", "API takes", "API takes"}},
        {GHS, NULL, {"after an hour", GRANT, "'envs:'"}},
        {GHS, &app, {"API takes", "API takes", "API takes"}},
        {GHS, &invalid, {"after an hour", GRANT, "'envs:'"}},
        {TOKEN_CLASSIC, &sso, {SSO_URL, SSO_URL, SSO_URL}},
        {OAUTH, NULL, {"gh auth refresh", "gh auth refresh", "gh auth refresh"}},
        {OAUTH, &invalid, {"does not know", "does not know", "does not know"}},
    };
    static const struct error before = {CLASS_REJECTED, "refused: HTTP 403 (denied: denied)", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t place = 0; place < PLACE_COUNT; place++) {
            struct error err =
                hint("ghcr.io", rows[i].token, (enum place)place, rows[i].findings, &before);

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
    static const struct error rejected = {CLASS_REJECTED, "refused: HTTP 403 (denied: denied)", ""};
    const struct github_findings *rows[] = {NULL, &valid};

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * PLACE_COUNT; i++) {
        struct error err = hint_after("ghcr.io", TOKEN_CLASSIC, (enum place)(i / COUNT(rows)),
                                      rows[i % COUNT(rows)], &rejected, false);

        assert_non_null(strstr(err.hint, NEW_TOKEN));
        assert_null(strstr(err.hint, "--wait-for-token"));
    }
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
        const char *says;
        const char *token;
        const struct github_findings *findings;
        const char *part; /* "own": the registry's */
    } rows[] = {
        {"HTTP 403 (denied: denied)", TOKEN_CLASSIC, NULL, "own"},
        {"HTTP 403 (denied: denied)", TOKEN_CLASSIC, &enough, "may read packages"},
        {"HTTP 401 (unauthorized)", TOKEN_CLASSIC, &enough, "may read packages"},
        {"HTTP 401 (unauthorized)", TOKEN_CLASSIC, &limited, "Configure SSO"},
        {"HTTP 404 (manifest_unknown: manifest unknown)", TOKEN_CLASSIC, &enough, "own"},
        {"HTTP 404 (manifest_unknown: manifest unknown)", TOKEN_CLASSIC, NULL, "own"},
        {"HTTP 404", GHS, NULL, "own"},
        {"HTTP 404", TOKEN_CLASSIC, &repo, "read:packages"},
        {"HTTP 403", TOKEN_CLASSIC, &sso, SSO_URL},
        {"HTTP 404", TOKEN_CLASSIC, &sso_somewhere, "for it: https://github.com/settings/tokens"},
        {"HTTP 403", TOKEN_CLASSIC, &no_classic, "forbids classic"},
        {"HTTP 401 (unauthorized)", TOKEN_CLASSIC, NULL, "Configure SSO"},
        {"HTTP 401 (unauthenticated: User cannot be authenticated with the token provided.)",
         TOKEN_CLASSIC, NULL, "try again"},
        {"HTTP 403 (denied: invalid token)", TOKEN_CLASSIC, NULL, "try again"},
        {"HTTP 403 (denied: invalid token)", GHS, NULL, "try again"},
        {"HTTP 403 (denied: invalid token)", TOKEN_FINE_GRAINED, NULL, "no right to packages"},
        {"HTTP 401 (unauthorized)", GHS, NULL, "own"},
        {"(denied: permission_denied: The token provided does not match expected scopes.)",
         TOKEN_CLASSIC, NULL, NEW_TOKEN},
        {"(denied: permission_denied: The token provided does not match expected scopes.)", GHS,
         NULL, GRANT},
        {"`o` forbids access via a personal access token (classic).", TOKEN_CLASSIC, NULL,
         "forbids classic"},
        {"installation not allowed to Write organization package", GHS, NULL, "Manage Actions"},
        {"permission_denied: The requested installation does not exist", GHS, NULL, "for whom"},
        {"HTTP 403 (denied: permission_denied: read_package)", GHS, NULL, GRANT},
        {"HTTP 403 (denied: permission_denied: read_package)", TOKEN_CLASSIC, NULL,
         "Manage access"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error before = {CLASS_FORBIDDEN, "", "own"};
        struct error err;

        (void)snprintf(before.message, sizeof(before.message), "may not pull: %s", rows[i].says);
        err = hint("ghcr.io", rows[i].token, PLACE_HOST, rows[i].findings, &before);
        if (strstr(err.hint, rows[i].part) == NULL)
            fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].part, err.hint);
        assert_row(rows[i].says,
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
        {"docker.io", TOKEN_CLASSIC, "check user name and token"},
        {"registry.example.com", TOKEN_FINE_GRAINED, "check user name and token"},
        {"containers.git.example.com", "hunter2", "check user name and token"},
        {"containers.git.example.com", TOKEN_CLASSIC,
         "https://git.example.com/settings/tokens/new?scopes=read:packages"},
        {"containers.acme.ghe.com", "an-unknown-kind-of-token-0123456789abcdef", "mistyped or cut"},
        {"containers.acme.ghe.com", TOKEN_CLASSIC,
         "https://acme.ghe.com/settings/tokens/new?scopes=read:packages"},
    };
    static const struct error rejected = {CLASS_REJECTED, "refused", ""};
    static const struct error forbidden = {CLASS_FORBIDDEN, "does not match expected scopes",
                                           "own"};
    static const struct error unreachable = {CLASS_UNREACHABLE, "cannot ask", "own"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = hint(rows[i].registry, rows[i].token, PLACE_HOST, NULL, &rejected);

        if (strstr(err.hint, rows[i].part) == NULL)
            fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].part, err.hint);
        assert_string_equal(
            hint(rows[i].registry, rows[i].token, PLACE_HOST, NULL, &unreachable).hint, "own");
    }
    assert_string_equal(hint("docker.io", TOKEN_CLASSIC, PLACE_HOST, NULL, &forbidden).hint, "own");
}

/* The longest address that GitHub may name is still whole. */
static void test_room(void **state)
{
    static const struct error before = {CLASS_FORBIDDEN, "HTTP 403", "own"};
    struct github_findings findings = {.verdict = GITHUB_VALID, .needs_sso = true};
    struct error err;

    (void)state;
    memset(findings.sso_url, 'x', GITHUB_SSO_URL_MAX);
    err = hint("ghcr.io", TOKEN_CLASSIC, PLACE_HOST, &findings, &before);
    assert_non_null(strstr(err.hint, findings.sso_url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_without_a_wait),
        cmocka_unit_test(test_pulls),    cmocka_unit_test(test_other_registries),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

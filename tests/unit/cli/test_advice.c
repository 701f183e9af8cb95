/*
 * advice, diagnosis: what is worth a warning, and where.
 */
#include "../support.h"

#include "cli/advice.h"
#include "cli/diagnosis.h"

#define GHS                                                                                        \
    "ghs_"                                                                                         \
    "16C7e42F292c6912E7710c838347Ae178B4a"

/* The warnings are exactly these: parts of them, in order, up to NULL. */
static void assert_warnings(const char *label, const struct warnings *warnings,
                            const char *const *parts)
{
    size_t count = 0;

    for (; parts[count] != NULL; count++) {
        assert_row(label, count < warnings->count);
        if (strstr(warnings->items[count], parts[count]) == NULL)
            fail_msg("row '%s': '%s' is not in '%s'", label, parts[count], warnings->items[count]);
    }
    assert_row(label, warnings->count == count);
}

static void test_tokens(void **state)
{
    static const struct {
        const char *registry;
        const char *token;
        const char *kind; /* NULL: not said */
        const char *parts[3];
        bool dies_soon;
        bool never_does; /* however long it is waited for */
    } rows[] = {
        {"ghcr.io", TOKEN_CLASSIC, "classic", {NULL}, false, false},
        {"ghcr.io", TOKEN_LEGACY, "classic", {NULL}, false, false},
        {"ghcr.io", TOKEN_CLASSIC "x", "classic", {"is too long", NULL}, false, false},
        {"ghcr.io", TOKEN_FINE_GRAINED, "fine-grained", {"only classic tokens", NULL}, false, true},
        {"ghcr.io",
         "github_pat_x",
         "fine-grained",
         {"is too short", "fine-grained", NULL},
         false,
         true},
        {"ghcr.io", "ghr_x", "refresh", {"is too short", "refresh token", NULL}, false, true},
        {"ghcr.io", GHS, "installation", {NULL}, true, false},
        {"ghcr.io", "x", "unknown", {"does not look like a GitHub token", NULL}, false, false},
        {"containers.acme.ghe.com", GHS, "installation", {NULL}, true, false},
        {"containers.git.example.com", GHS, "installation", {NULL}, true, false},
        {"containers.git.example.com", "x", NULL, {NULL}, false, false},
        {"containers.git.example.com", "$GHCR_TOKEN", NULL, {"not expanded", NULL}, false, true},
        {"containers.git.example.com",
         "octocat:" TOKEN_CLASSIC,
         NULL,
         {"a label", NULL},
         false,
         true},
        {"registry.example.com", "$GHCR_TOKEN", NULL, {NULL}, false, false},
        {"registry.example.com", GHS, NULL, {NULL}, false, false},
        {"docker.io", TOKEN_FINE_GRAINED, NULL, {NULL}, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret token = secret_of(rows[i].token);
        struct github_findings none = {.verdict = GITHUB_SILENT};
        struct warnings warnings = {.count = 0};
        struct error err = ERROR_INIT;
        struct reference registry;
        struct situation situation = {.registry = &registry, .token = &token, .findings = &none};

        assert_int_equal(reference_parse(&registry, rows[i].registry, &err), 0);
        assert_row(rows[i].token, (advice_kind_name(&situation) == NULL) == (rows[i].kind == NULL));
        if (rows[i].kind != NULL)
            assert_row_string(rows[i].token, advice_kind_name(&situation), rows[i].kind);
        advice_on_token(&situation, &warnings);
        assert_warnings(rows[i].token, &warnings, rows[i].parts);
        assert_row(rows[i].token, advice_is_worth_a_wait(&situation) == !rows[i].never_does);
        for (size_t place = 0; place < PLACE_COUNT; place++) {
            warnings.count = 0;
            situation.place = (enum place)place;
            advice_on_storing(&situation, &warnings);
            assert_row(rows[i].token,
                       warnings.count == (rows[i].dies_soon && place != PLACE_ACTIONS));
        }
        secret_clear(&token);
    }
}

static void test_diagnoses(void **state)
{
    static const struct {
        const char *label;
        struct diagnosis diagnosis;
        const char *parts[4];
    } rows[] = {
        {"none", {.is_made = false}, {NULL}},
        {"nothing", {.findings = {.verdict = GITHUB_VALID, .owner = "OctoCat"}}, {NULL}},
        {"silent", {.findings = {.verdict = GITHUB_SILENT, .trouble = "x"}}, {NULL}},
        {"unknown", {.findings = {.verdict = GITHUB_INVALID}}, {"rejects the token", NULL}},
        {"scopes", {.findings = {.has_scopes = true, .scopes = "repo"}}, {"scopes: repo)", NULL}},
        {"no scopes", {.findings = {.has_scopes = true}}, {"scopes: none)", NULL}},
        {"write", {.findings = {.has_scopes = true, .scopes = "write:packages"}}, {NULL}},
        {"today", {.expires_at = "T", .days_left = 0}, {"within a day (T)", NULL}},
        {"tomorrow", {.expires_at = "T", .days_left = 1}, {"in 1 day (T)", NULL}},
        {"later", {.expires_at = "T", .days_left = 2}, {"in 2 days (T)", NULL}},
        {"single sign-on",
         {.findings = {.needs_sso = true, .sso_url = "https://x/"}},
         {"authorized for it: https://x/", NULL}},
        {"somewhere", {.findings = {.needs_sso = true}}, {"authorized for it", NULL}},
        {"all",
         {.expires_at = "T", .findings = {.owner = "x", .forbids_classic = true}},
         {"forbids classic", "within a day", NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct warnings warnings = {.count = 0};

        diagnosis_warn(&rows[i].diagnosis, &warnings);
        assert_warnings(rows[i].label, &warnings, rows[i].parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_diagnoses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

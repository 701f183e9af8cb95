/*
 * github: what the REST API is asked, by whom it may be heard, and what its answers come to.
 */
#include "../support.h"

#include "registry/github.h"
#include "registry/http/response.h"

#define USER     "https://api.github.com/user"
#define PACKAGES "https://api.github.com/orgs/octo-org/packages?package_type=container&per_page=1"
#define OCTOCAT  "{\"login\":\"octocat\",\"id\":1}"
#define BAD      "{\"message\":\"Bad credentials\",\"status\":\"401\"}"
#define APP      "{\"message\":\"Resource not accessible by integration\"}"
#define SSO_URL  "https://github.com/orgs/octo-org/sso?authorization_request=AAAA1-2_3%3D"
#define LOCKED                                                                                     \
    "{\"message\":\"Maximum number of login attempts exceeded. Please try again later.\"}"
#define NO_CLASSIC                                                                                 \
    "{\"message\":\"`octo-org` forbids access via a personal access token (classic). Please use "  \
    "a GitHub App.\"}"

struct reply {
    const char *url; /* NULL: no more */
    int status;      /* 0: no answer */
    const char *headers;
    const char *body;
};

enum { REPLIES_MAX = 4 };

struct api {
    const struct reply *replies;
    size_t at;
};

static int play(void *ctx, const struct http_request *request, struct http_response *response,
                struct error *err)
{
    struct api *api = ctx;
    const struct reply *reply = &api->replies[api->at++];

    if (api->at > REPLIES_MAX || reply->url == NULL)
        fail_msg("one request too many: '%s'", request->url);
    assert_row_string(reply->url, request->url, reply->url);
    assert_row(reply->url, request->auth == HTTP_AUTH_BEARER && !request->is_head);
    assert_row_string(reply->url, secret_text(request->secret), TOKEN_CLASSIC);
    assert_row_string(reply->url, request->accept, "application/vnd.github+json");
    assert_row_string(reply->url, request->field, "X-GitHub-Api-Version: 2022-11-28");
    http_response_clear(response);
    if (reply->status == 0)
        return error_set(err, CLASS_UNREACHABLE, "cannot reach 'api.github.com': cannot connect");
    response->status = reply->status;
    response->headers = secret_of(reply->headers != NULL ? reply->headers : "");
    response->body = secret_of(reply->body != NULL ? reply->body : "");
    return 0;
}

static struct github_findings ask(const char *registry, const char *organisation,
                                  const struct reply *replies)
{
    struct fake_clock fake = {.unix_s = 1700000000};
    struct clock clock = fake_clock_face(&fake);
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct api api = {.replies = replies};
    struct reference reference;
    struct error err = ERROR_INIT;
    struct github_request request = {
        .registry = &reference,
        .token = &token,
        .organisation = organisation,
        .retry = {.send = play, .send_ctx = &api, .clock = &clock, .deadline_ms = 10000},
    };
    struct github_findings findings;
    size_t expected = 0;

    assert_int_equal(reference_parse(&reference, registry, &err), 0);
    github_ask(&request, &findings);
    while (expected < REPLIES_MAX && replies[expected].url != NULL)
        expected++;
    assert_int_equal(api.at, expected);
    assert_null(strstr(findings.trouble, TOKEN_CLASSIC));
    secret_clear(&token);
    return findings;
}

static void test_which_host_is_asked(void **state)
{
    static const struct {
        const char *registry;
        const char *url;
        const char *web;
    } rows[] = {
        {"ghcr.io", USER, "github.com"},
        {"containers.acme.ghe.com", "https://api.acme.ghe.com/user", "acme.ghe.com"},
        {"containers.git.example.com", "https://git.example.com/api/v3/user", "git.example.com"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct reply replies[REPLIES_MAX] = {{rows[i].url, 200, NULL, OCTOCAT}};
        struct github_findings findings = ask(rows[i].registry, NULL, replies);
        struct reference reference;
        struct error err = ERROR_INIT;

        assert_row(rows[i].registry, findings.verdict == GITHUB_VALID);
        assert_int_equal(reference_parse(&reference, rows[i].registry, &err), 0);
        assert_row_string(rows[i].registry, github_web_host(&reference), rows[i].web);
    }
}

static void test_verdicts(void **state)
{
    static const struct {
        int status;
        const char *headers;
        const char *body;
        enum github_verdict verdict;
        const char *trouble; /* part of it; NULL: none */
    } rows[] = {
        {401, NULL, BAD, GITHUB_INVALID, NULL},
        {403, NULL, APP, GITHUB_VALID_APP, NULL},
        {403, NULL, LOCKED, GITHUB_SILENT, "too many failed logins"},
        {403, "X-RateLimit-Remaining: 0\r\n", NULL, GITHUB_SILENT, "rate limit"},
        {403, "Retry-After: 60\r\n", NULL, GITHUB_SILENT, "rate limit"},
        {403, "X-RateLimit-Remaining: 10\r\n", NULL, GITHUB_SILENT, "answered HTTP 403"},
        {429, NULL, NULL, GITHUB_SILENT, "rate limit"},
        {401, NULL, "<html>", GITHUB_SILENT, "answered HTTP 401"}, /* somebody else's */
        {200, NULL, "<html>", GITHUB_SILENT, "answered HTTP 200"},
        {200, NULL, "{}", GITHUB_SILENT, "answered HTTP 200"},
        {200, NULL, "{\"login\":7}", GITHUB_SILENT, "answered HTTP 200"},
        {200, NULL, "{\"login\":\"a\\u001b[31m\"}", GITHUB_SILENT, "answered HTTP 200"},
        {200, NULL, "{\"login\":\"" TOKEN_CLASSIC "\"}", GITHUB_SILENT, "answered HTTP 200"},
        {301, "Location: https://evil.example/user\r\n", NULL, GITHUB_SILENT, "answered HTTP 301"},
        {404, NULL, NULL, GITHUB_SILENT, "answered HTTP 404"},
        {500, NULL, TOKEN_CLASSIC, GITHUB_SILENT, "answered HTTP 500"},
        {403, "X-GitHub-SSO: required; url=" SSO_URL "\r\n", NULL, GITHUB_SILENT, NULL},
        {0, NULL, NULL, GITHUB_SILENT, "cannot connect"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct reply replies[REPLIES_MAX] = {
            {USER, rows[i].status, rows[i].headers, rows[i].body}};
        struct github_findings findings = ask("ghcr.io", "octo-org2", replies);
        char label[64];

        (void)snprintf(label, sizeof(label), "%zu: %d", i, rows[i].status);
        assert_row(label, findings.verdict == rows[i].verdict);
        assert_row(label, findings.owner[0] == '\0' && !findings.has_scopes);
        assert_row(label, (findings.trouble[0] != '\0') == (rows[i].trouble != NULL));
        assert_row(label,
                   rows[i].trouble == NULL || strstr(findings.trouble, rows[i].trouble) != NULL);
    }
}

static void test_what_headers_tell(void **state)
{
    static const struct {
        const char *headers;
        bool has_scopes;
        const char *scopes;
        int64_t expires_at;
        bool has_odd_expiry;
    } rows[] = {
        {"X-OAuth-Scopes: read:packages, repo\r\n"
         "github-authentication-token-expiration: 2026-11-28 08:00:00 UTC\r\n",
         true, "read:packages, repo", 1795852800, false},
        {"X-OAuth-Scopes: \r\n", true, "", 0, false},
        {"", false, "", 0, false},
        {"X-OAuth-Scopes: a\x1b[31m\r\n", false, "", 0, false},
        {"x-oauth-scopes: write:packages\r\ngithub-authentication-token-expiration: never\r\n",
         true, "write:packages", 0, true},
        {"github-authentication-token-expiration: 2026-11-28T08:00:00Z\r\n", false, "", 0, true},
        {"github-authentication-token-expiration: \r\n", false, "", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct reply replies[REPLIES_MAX] = {{USER, 200, rows[i].headers, OCTOCAT}};
        struct github_findings findings = ask("ghcr.io", NULL, replies);

        assert_row(rows[i].headers, findings.verdict == GITHUB_VALID);
        assert_row_string(rows[i].headers, findings.owner, "octocat");
        assert_row(rows[i].headers, findings.has_scopes == rows[i].has_scopes);
        assert_row_string(rows[i].headers, findings.scopes, rows[i].scopes);
        assert_row(rows[i].headers, findings.expires_at == rows[i].expires_at);
        assert_row(rows[i].headers, findings.has_odd_expiry == rows[i].has_odd_expiry);
    }
}

/* The organisation of an image is asked only of a token that is good, and of another's. */
static void test_organisations(void **state)
{
    static const struct {
        struct reply packages;
        bool needs_sso;
        const char *url;
        bool forbids_classic;
        const char *trouble;
    } rows[] = {
        {{PACKAGES, 200, NULL, "[]"}, false, "", false, ""},
        {{PACKAGES, 404, NULL, "{}"}, false, "", false, ""},
        {{PACKAGES, 403, "X-GitHub-SSO: required; url=" SSO_URL "\r\n", "{}"},
         true,
         SSO_URL,
         false,
         ""},
        {{PACKAGES, 403, "X-GitHub-SSO: required\r\n", "{}"}, true, "", false, ""},
        {{PACKAGES, 403, "X-GitHub-SSO: required; url=https://evil.example/orgs\r\n", "{}"},
         true,
         "",
         false,
         ""},
        {{PACKAGES, 403, "X-GitHub-SSO: required; url=https://github.com.evil.example/\r\n", "{}"},
         true,
         "",
         false,
         ""},
        {{PACKAGES, 403, "X-GitHub-SSO: required; url=https://github.com/`reboot`\r\n", "{}"},
         true,
         "",
         false,
         ""},
        {{PACKAGES, 200, "X-GitHub-SSO: partial-results; organizations=1\r\n", "[]"},
         false,
         "",
         false,
         ""},
        {{PACKAGES, 403, NULL, NO_CLASSIC}, false, "", true, ""},
        {{PACKAGES, 403, "Retry-After: 1\r\n", "{}"}, false, "", false, "rate limit"},
        {{PACKAGES, 0, NULL, NULL}, false, "", false, "cannot connect"},
    };
    static const struct reply own[REPLIES_MAX] = {{USER, 200, NULL, OCTOCAT}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct reply replies[REPLIES_MAX] = {own[0], rows[i].packages};
        struct github_findings findings = ask("ghcr.io", "octo-org", replies);
        char label[16];

        (void)snprintf(label, sizeof(label), "%zu", i);
        assert_row(label, findings.verdict == GITHUB_VALID);
        assert_row(label, findings.needs_sso == rows[i].needs_sso);
        assert_row_string(label, findings.sso_url, rows[i].url);
        assert_row(label, findings.forbids_classic == rows[i].forbids_classic);
        assert_row(label, strstr(findings.trouble, rows[i].trouble) != NULL);
        assert_row(label, rows[i].trouble[0] != '\0' || findings.trouble[0] == '\0');
    }
    assert_int_equal(ask("ghcr.io", "Octocat", own).verdict, GITHUB_VALID);
}

static void test_expiry(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } rows[] = {
        {"1970-01-02 00:00:01 UTC", 86401},
        {"2026-11-28 08:00:00 UTC", 1795852800},
        {"2026-11-28 01:00:00 -0700", 1795852800},
        {"2026-11-28 09:30:00 +0130", 1795852800},
        {"2024-02-29 00:00:00 UTC", 1709164800},
        {"", 0},
        {"2026-11-28", 0},
        {"2026-11-28 08:00:00", 0},
        {"2026-11-28 08:00:00 PST", 0},
        {"2026-11-28 08:00:00 UTC x", 0},
        {"2026-13-28 08:00:00 UTC", 0},
        {"x-11-28 08:00:00 UTC", 0},
        {"2026_11-28 08:00:00 UTC", 0},
        {"2026-xx-28 08:00:00 UTC", 0},
        {"2026-11_28 08:00:00 UTC", 0},
        {"2026-11-xx 08:00:00 UTC", 0},
        {"2026-11-28T08:00:00 UTC", 0},
        {"2026-11-28 xx:00:00 UTC", 0},
        {"2026-11-28 08_00:00 UTC", 0},
        {"2026-11-28 08:xx:00 UTC", 0},
        {"2026-11-28 08:00_00 UTC", 0},
        {"2026-11-28 08:00:xx UTC", 0},
        {"2026-11-28 08:00:00 ", 0},
        {"2026-11-28 08:00:00 +01", 0},
        {"1969-12-31 23:59:59 UTC", 0},
        {"2026-00-28 08:00:00 UTC", 0},
        {"2026-11-28 24:00:00 UTC", 0},
        {"26-11-28 08:00:00 UTC", 0},
        {"1969-12-31 08:00:00 UTC", 0},
        {"2026-11-28T08:00:00Z", 0},
        {"2026-11-28 08:00:00 -07", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span span = {.data = rows[i].text, .len = strlen(rows[i].text)};

        assert_row(rows[i].text, github_parse_expiry(span) == rows[i].unix_s);
    }
}

static void test_scopes(void **state)
{
    static const struct {
        const char *scopes;
        bool can_pull;
    } rows[] = {
        {"read:packages", true},
        {"write:packages", true},
        {"repo, workflow, write:packages", true},
        {"repo,read:packages", true},
        {"repo", false},
        {"delete:packages", false},
        {"", false},
        {"read:package", false},
        {"xread:packages", false},
        {"read:packagesx", false},
        {", ,read:packages", true},
        {"repo;read:packages", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].scopes, github_scopes_can_pull(rows[i].scopes) == rows[i].can_pull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_host_is_asked),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_what_headers_tell),
        cmocka_unit_test(test_organisations),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

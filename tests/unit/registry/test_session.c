/*
 * session: URLs, what an authorized request carries, what any step makes of a status.
 */
#include "answers.h"
#include "ladder.h"

#include "base/text.h"
#include "registry/http/url.h"
#include "registry/session.h"

static struct secret token;
static struct reference registry;
static struct question question;
static struct retry retry;
static struct outcome outcome;
static struct session c;

static int set_up(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    token = secret_of(TOKEN_CLASSIC);
    assert_int_equal(reference_parse(&registry, "ghcr.io", &err), 0);
    question = (struct question){.registry = &registry, .username = "octocat", .token = &token};
    retry = (struct retry){.clock = clock_system()};
    assert_int_equal(session_start(&c, &question, &retry, &outcome, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_clear(&c);
    secret_clear(&token);
    return 0;
}

static void answered(int status, const char *headers, const char *body)
{
    http_response_clear(&c.response);
    c.response = answer_of(status, headers, body);
    c.response.is_locked_out = http_says_locked_out(&c.response);
    answer_note(&outcome, &c.response, "octocat", PING);
}

static void test_url(void **state)
{
    char url[URL_MAX];
    char path[URL_MAX + 1];
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(session_url(&c, url, "/v2/"));
    assert_string_equal(url, "https://ghcr.io/v2/");
    question.realms.allow_plain_http = true;
    assert_true(session_url(&c, url, "/v2/"));
    assert_string_equal(url, "http://ghcr.io/v2/");
    question.realms.allow_plain_http = false;
    assert_int_equal(reference_parse(&registry, "docker.io/owner", &err), 0);
    assert_true(session_url(&c, url, "/v2/"));
    assert_string_equal(url, "https://registry-1.docker.io/v2/");
    memset(path, 'x', URL_MAX);
    path[URL_MAX] = '\0';
    assert_false(session_url(&c, url, path));
}

static int answer_nothing(void *ctx, const struct http_request *request,
                          struct http_response *response, struct error *err)
{
    (void)ctx;
    (void)response;
    assert_true(strlen(request->url) < URL_MAX);
    return error_set(err, CLASS_UNREACHABLE, "cannot ask");
}

/* Each part that is added may be the one too many; then nothing is asked. */
static void test_a_token_url_has_an_end(void **state)
{
    static const char scope[] = "repository:owner/app:pull";
    bool has_been_asked = false;

    (void)state;
    question.realms = (struct realm_policy){.registry = "ghcr.io"};
    retry = (struct retry){.send = answer_nothing, .clock = clock_system()};
    c.challenge.scheme = CHALLENGE_BEARER;
    memset(c.challenge.realm, 'r', CHALLENGE_VALUE_MAX - 1);
    memcpy(c.challenge.realm, "https://ghcr.io/", strlen("https://ghcr.io/"));
    memset(c.challenge.service, 's', CHALLENGE_VALUE_MAX - 1);
    for (size_t len = CHALLENGE_VALUE_MAX - 1; len > CHALLENGE_VALUE_MAX - 128; len--) {
        struct error err = ERROR_INIT;

        c.challenge.service[len] = '\0';
        assert_int_equal(session_fetch_bearer(&c, scope, &err), -1);
        assert_true(err.cls == CLASS_UNREACHABLE || (err.cls == CLASS_UNPROVED && !has_been_asked));
        has_been_asked = err.cls == CLASS_UNREACHABLE;
    }
    assert_true(has_been_asked);
    /* What libcurl encodes is longer than it was. */
    memset(c.challenge.service, '/', CHALLENGE_VALUE_MAX - 1);
    assert_int_equal(session_fetch_bearer(&c, scope, &(struct error){.cls = CLASS_NONE}), -1);
}

static void test_what_an_authorized_request_carries(void **state)
{
    struct http_request request;

    (void)state;
    c.challenge.scheme = CHALLENGE_BASIC;
    request = session_authorized(&c, PING);
    assert_int_equal(request.auth, HTTP_AUTH_BASIC);
    assert_ptr_equal(request.secret, &token);
    assert_string_equal(request.username, "octocat");
    assert_string_equal(request.url, PING);
    c.challenge.scheme = CHALLENGE_BEARER;
    request = session_authorized(&c, PING);
    assert_int_equal(request.auth, HTTP_AUTH_BEARER);
    assert_ptr_equal(request.secret, &c.bearer);
}

#define DENIED_WITH(words) "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"" words "\"}]}"
#define UNAUTHORIZED_WITH(words)                                                                   \
    "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"" words "\"}]}"

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *headers;
        const char *body;
        bool is_refused;   /* the credential, explicitly */
        bool is_forbidden; /* an image */
    } rows[] = {
        {401, "", "", true, true},
        {401, "", DENIED, true, true},
        {401, "", "Not Authorized\n", true, true},
        {403, "", DENIED, true, true},
        {403, "", "{\"errors\":[{\"code\":\"unauthorized\"}]}", true, true},
        {403, "", "{\"errors\":[{\"code\":\"FORBIDDEN\"}]}", false, true}, /* Harbor */
        {403, "", "permission_denied: read_package", false, true},
        /* firewalls, gateways */
        {403, "", "", false, false},
        {403, "", "Forbidden", false, false},
        {403, "", "error code: 1020", false, false},
        {403, "", "{\"message\":\"Forbidden\"}", false, false},
        {403, "", "{\"errors\":[{\"code\":1020}]}", false, false},
        {403, "", "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}", false, false},
        /* pages of firewalls and portals, nginx, Apache, Varnish */
        {403, "", "<html><title>Blocked</title>", false, false},
        {403, "Retry-After: 5\r\n", "<html><title>403 Forbidden</title>", false, false},
        {401, "", "<html><title>401 Authorization Required</title>", false, true},
        /* who says when to come back speaks of how much is asked, as GitHub's API does with 403 */
        {403, "Retry-After: 60\r\n", "{\"message\":\"secondary rate limit\"}", false, false},
        {403, "Retry-After: 60\r\n", "", false, false},
        {403, "Retry-After: 60\r\n", DENIED, true, true}, /* the registry's word counts */
        {403, "Retry-After: 0\r\n", DENIED, true, true},
        {403, "Retry-After: soon\r\n", DENIED, true, true},
        {403, "Retry-After: soon\r\n", "", false, false},
        {401, "Retry-After: 60\r\n", DENIED, true, true}, /* RFC 9110: no good credential */
        /* about something else than the credential */
        {401, "", "ldap: no route to host", false, false},
        {403, "", "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP x\"}]}", false,
         false},
        {401, "", "too many failed login attempts", false, false},
        {401, "", "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}", false, false},
        {401, "", "{\"errors\":[{\"code\":\"UNAVAILABLE\"}]}", false, false},
        {401, "", "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"unknown error\"}]}", false,
         false},
        {401, "", UNAUTHORIZED_WITH("internal server error"), false, false},
        {401, "", UNAUTHORIZED_WITH("pq: sorry, too many clients already"), false, false},
        {401, "", UNAUTHORIZED_WITH("the request timed out"), false, false},
        {401, "", UNAUTHORIZED_WITH("x509: certificate has expired"), false, false},
        {401, "", UNAUTHORIZED_WITH("the registry is in maintenance mode"), false, false},
        {401, "", "{\"error\":\"Could not reach the auth server\"}", false, false},
        {401, "", UNAUTHORIZED_WITH("blocked by WAF policy"), false, false},
        {401, "", "Jwt is missing", false, false}, /* Istio */
        {403, "", DENIED_WITH("public network access is disabled"), false, false},
        {403, "", DENIED_WITH("access from this virtual network is denied"), false, false},
        {403, "", DENIED_WITH("prohibited by organization's policy. vpcServiceControls"), false,
         false},
        {403, "", DENIED_WITH("Rate exceeded"), false, false},
        {403, "", DENIED_WITH("not available in your region"), false, false},
        /* and what is about it */
        {401, "", UNAUTHORIZED_WITH("HTTP Basic: Access denied"), true, true},
        {401, "", UNAUTHORIZED_WITH("Invalid Username or Password"), true, true},
        {401, "", "{\"errors\":[{\"status\":401,\"message\":\"Bad credentials\"}]}", true, true},
        {403, "", DENIED_WITH("Your authorization token has expired"), true, true},
    };
    static const int others[] = {200, 204, 302, 400, 402, 404, 405, 407, 429, 500, 503};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        answered(rows[i].status, rows[i].headers, rows[i].body);
        assert_row(rows[i].body, session_is_refused(&c) == rows[i].is_refused);
        assert_row(rows[i].body, session_is_forbidden(&c) == rows[i].is_forbidden);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        answered(others[i], "", DENIED);
        assert_false(session_is_refused(&c));
        assert_false(session_is_forbidden(&c));
    }
}

static void test_limits(void **state)
{
    static const char *const bodies[] = {"{\"message\":\"secondary rate limit\"}",
                                         "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct error err = ERROR_INIT;

        answered(403, "Retry-After: 60\r\n", bodies[i]);
        assert_int_equal(session_explain(&c, "it", &err), -1);
        assert_error(bodies[i], &err, CLASS_UNREACHABLE, "it is rate limited: HTTP 403");
        assert_non_null(strstr(err.hint, "60 s: try again then"));
    }
}

/* Who seems to have answered is named, unless it repeats a secret. */
static void test_who_answered(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    outcome.phase = OUTCOME_TOKEN;
    answered(403, "Server: cloudflare\r\n", "error code: 1020");
    assert_int_equal(session_explain(&c, "it", &err), -1);
    assert_error("named", &err, CLASS_UNPROVED, "(error code: 1020) from 'cloudflare', which is");
    err = ERROR_INIT;
    answered(403, "Server: " TOKEN_CLASSIC "\r\n", "");
    assert_int_equal(session_explain(&c, "it", &err), -1);
    assert_not_shown("repeated", &err, TOKEN_CLASSIC);
}

static void test_words(void **state)
{
    static const struct {
        const char *body;
        const char *words;
    } rows[] = {
        {DENIED, " (denied: denied)"},
        {"{\"details\":\"incorrect username or password\"}", " (incorrect username or password)"},
        {"{\"detail\":\"Invalid username/password.\"}", " (Invalid username/password.)"},
        {"Not Authorized\n", " (Not Authorized)"},
        {"", ""},
        {"{}", ""},
        {"<html>", ""},
        {"<html><title>502 Bad Gateway</title>", " (502 Bad Gateway)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        answered(403, "", rows[i].body);
        assert_row_string(rows[i].body, session_words(&c), rows[i].words);
    }
}

/* The token, the auth value, the token's base64 and the bearer: none is repeated. */
static void test_words_that_hold_a_secret(void **state)
{
    const char *secrets[] = {
        TOKEN_CLASSIC, AUTH_OCTOCAT,
        "Z2hwX003SDRqeFVERFdIUDRrWjZBNGR4bFFZc1FJV0p1cTExVDRWNA==", "bearer-1"};
    struct error err = ERROR_INIT;

    (void)state;
    c.bearer = secret_of("bearer-1");
    assert_int_equal(redact_add(&c.redact, &c.bearer, &err), 0);
    for (size_t i = 0; i < COUNT(secrets); i++) {
        char body[512];

        (void)snprintf(body, sizeof(body), "{\"message\":\"not good: %s\"}", secrets[i]);
        answered(403, "", body);
        assert_null(strstr(session_words(&c), secrets[i]));
        assert_non_null(strstr(session_words(&c), "not shown"));
    }
}

static void test_redirects_that_hold_a_secret(void **state)
{
    static const char *const locations[] = {
        "Location: https://" TOKEN_CLASSIC ".evil.example/\r\n",
        "Location: https://x.Bearer-1.evil.example/\r\n",
        ("Location: https://x.b2N0b2NhdDpnaHBfTTdINGp4VUREV0hQNGta"
         "NkE0ZHhsUVlzUUlXSnVxMTFUNFY0.evil.example/\r\n")};
    struct error no_memory = ERROR_INIT;

    (void)state;
    c.bearer = secret_of("bearer-1");
    assert_int_equal(redact_add(&c.redact, &c.bearer, &no_memory), 0);
    for (size_t i = 0; i < COUNT(locations); i++) {
        struct error err = ERROR_INIT;

        answered(302, locations[i], "");
        assert_int_equal(session_explain(&c, "it", &err), -1);
        assert_string_equal(err.message, "it is redirected (HTTP 302)");
        assert_null(strstr(err.hint, "evil"));
    }
}

static void test_words_have_an_end(void **state)
{
    char body[4096] = "{\"message\":\"";

    (void)state;
    memset(body + strlen(body), 'w', sizeof(body) - strlen(body) - 3);
    (void)strcat(body, "\"}");
    answered(403, "", body);
    assert_true(text_has_suffix(session_words(&c), "w...)")); /* cut once, at a character */
    assert_true(strlen(session_words(&c)) < sizeof(c.words));
}

static void test_any_other_status(void **state)
{
    static const struct {
        int status;
        const char *headers;
        const char *body;
        enum exit_class cls;
        const char *part;
    } rows[] = {
        {301, "Location: https://other.example/v2/\r\n", "", CLASS_UNPROVED, "other.example"},
        {302, "Location: http://user:pw@other.example/x?y=z\r\n", "", CLASS_UNPROVED, "redirected"},
        {307, "Location: /v3/\r\n", "", CLASS_UNPROVED, "redirected"},
        {308, "", "", CLASS_UNPROVED, "redirected"},
        {400, "", "no\n", CLASS_UNPROVED, "HTTP 400 (no)"},
        {404, "", "", CLASS_UNPROVED, "HTTP 404"},
        {204, "", "", CLASS_UNPROVED, "HTTP 204"},
        {407, "", "", CLASS_UNREACHABLE, "proxy"},
        {429, "", DENIED, CLASS_UNREACHABLE, "rate limited"},
        {500, "", "", CLASS_UNREACHABLE, "HTTP 500"},
        {503, "", DENIED, CLASS_UNREACHABLE, "(denied: denied)"},
        {599, "", "", CLASS_UNREACHABLE, "HTTP 599"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        char label[16];

        (void)snprintf(label, sizeof(label), "HTTP %d", rows[i].status);
        answered(rows[i].status, rows[i].headers, rows[i].body);
        assert_row(label, session_explain(&c, "this step", &err) == -1);
        assert_error(label, &err, rows[i].cls, rows[i].part);
        assert_row(label, strncmp(err.message, "this step ", 10) == 0);
        assert_not_shown(label, &err, "pw");
        assert_not_shown(label, &err, "y=z");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_url),
        TEST(test_a_token_url_has_an_end),
        TEST(test_what_an_authorized_request_carries),
        TEST(test_refusals),
        TEST(test_limits),
        TEST(test_who_answered),
        TEST(test_words),
        TEST(test_words_that_hold_a_secret),
        TEST(test_redirects_that_hold_a_secret),
        TEST(test_words_have_an_end),
        TEST(test_any_other_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

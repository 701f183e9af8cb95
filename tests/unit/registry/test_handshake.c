/*
 * handshake: which requests are made, what they carry, and the verdict on the answers.
 */
#include "ladder.h"

static void test_accepted(void **state)
{
    static const struct ladder rows[] = {
        {.rungs = {ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(200, NULL)}},
        {.rungs = {ASK(BEARER), ASK_FOR(200, "{\"access_token\":\"bearer-1\"}"), SHOW(200, "{}")}},
        {.rungs = {ASK(BASIC), {PING, HTTP_AUTH_BASIC, 200, NULL, NULL}}},
        /* Bearer comes before Basic, in two fields or one, in either order */
        {.rungs = {ASK(BASIC BEARER), ASK_FOR(200, GRANTED), SHOW(200, NULL)}},
        {.rungs = {ASK(BEARER BASIC), ASK_FOR(200, GRANTED), SHOW(200, NULL)}},
        {.rungs = {ASK("WWW-Authenticate: Negotiate\n" BEARER), ASK_FOR(200, GRANTED),
                   SHOW(200, NULL)}},
        /* no service; a query of its own; values that need encoding */
        {.rungs = {ASK("www-authenticate: bearer realm=\"https://ghcr.io/token\"\n"),
                   {"https://ghcr.io/token?account=octocat&client_id=ghcr-login", HTTP_AUTH_BASIC,
                    200, NULL, GRANTED},
                   SHOW(200, NULL)}},
        {.user = "robot$a+b&c=d@x",
         .rungs =
             {ASK("WWW-Authenticate: Bearer realm=\"https://ghcr.io/t?foo=bar\","
                  "service=\"a,b \\\"q\\\"\"\n"),
              {"https://ghcr.io/t?foo=bar&service=a%2Cb+%22q%22&account=robot%24a%2Bb%26c%3Dd%40x"
               "&client_id=ghcr-login",
               HTTP_AUTH_BASIC, 200, NULL, GRANTED},
              SHOW(200, NULL)}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

static void test_other_registries(void **state)
{
    static const struct ladder rows[] = {
        {.registry = "docker.io",
         .rungs = {{"https://registry-1.docker.io/v2/", HTTP_AUTH_NONE, 401,
                    "WWW-Authenticate: Bearer realm=\"https://auth.docker.io/token\","
                    "service=\"registry.docker.io\"\n",
                    NULL},
                   {"https://auth.docker.io/token?service=registry.docker.io&account=octocat"
                    "&client_id=ghcr-login",
                    HTTP_AUTH_BASIC, 200, NULL, GRANTED},
                   {"https://registry-1.docker.io/v2/", HTTP_AUTH_BEARER, 200, NULL, NULL}}},
        {.registry = "registry.gitlab.com",
         .rungs = {{"https://registry.gitlab.com/v2/", HTTP_AUTH_NONE, 401,
                    "WWW-Authenticate: Bearer realm=\"https://gitlab.com/jwt/auth\","
                    "service=\"container_registry\"\n",
                    NULL},
                   {"https://gitlab.com/jwt/auth?service=container_registry&account=octocat"
                    "&client_id=ghcr-login",
                    HTTP_AUTH_BASIC, 200, NULL, GRANTED},
                   {"https://registry.gitlab.com/v2/", HTTP_AUTH_BEARER, 200, NULL, NULL}}},
        {.registry = "localhost:5000",
         .plain_http = true,
         .rungs = {{"http://localhost:5000/v2/", HTTP_AUTH_NONE, 401, BASIC, NULL},
                   {"http://localhost:5000/v2/", HTTP_AUTH_BASIC, 200, NULL, NULL}}},
        {.registry = "r.example:5000",
         .allowed = "auth.example.net",
         .rungs = {{"https://r.example:5000/v2/", HTTP_AUTH_NONE, 401,
                    "WWW-Authenticate: Bearer realm=\"https://auth.example.net/t\"\n", NULL},
                   {"https://auth.example.net/t?account=octocat&client_id=ghcr-login",
                    HTTP_AUTH_BASIC, 200, NULL, GRANTED},
                   {"https://r.example:5000/v2/", HTTP_AUTH_BEARER, 200, NULL, NULL}}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* 401 and 403 once the credential was sent, at any of the three places; never asked again. */
static void test_refused(void **state)
{
    static const struct ladder rows[] = {
        REJECTED("refused the credential of user 'octocat': HTTP 403 (denied: denied)", ASK(BEARER),
                 ASK_FOR(403, DENIED)),
        REJECTED("HTTP 401 (incorrect username or password)", ASK(BEARER),
                 ASK_FOR(401, "{\"details\":\"incorrect username or password\"}")),
        REJECTED("HTTP 401", ASK(BEARER), ASK_FOR(401, NULL)),
        REJECTED("HTTP 403 (denied: denied)", ASK(BEARER), ASK_FOR(200, GRANTED),
                 SHOW(403, DENIED)),
        REJECTED("HTTP 401 (Not Authorized)", ASK(BASIC),
                 SHOW_BASIC(401, BASIC, "Not Authorized\n")),
        REJECTED("HTTP 403 (unauthorized)", ASK(BASIC),
                 SHOW_BASIC(403, NULL, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}")),
        {.cls = CLASS_REJECTED, /* the answer repeats the name, and says nothing of a directory */
         .user = "ldap-reader",
         .rungs = {ASK(BASIC), SHOW_BASIC(401, BASIC, "no such user: ldap-reader")}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

#define ACR_ADDRESS                                                                                \
    "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP '192.0.2.7' is not allowed "   \
    "access. Refer https://aka.ms/acr/firewall\"}]}"

/* What reads like a refusal, and says nothing about the credential. */
static void test_no_refusals(void **state)
{
    static const struct ladder rows[] = {
        UNPROVED("HTTP 403, which is not how a registry refuses", ASK(BEARER), ASK_FOR(403, NULL)),
        UNPROVED("(error code: 1020)", ASK(BEARER), ASK_FOR(403, "error code: 1020\n")),
        UNPROVED("(Forbidden)", ASK(BEARER), ASK_FOR(403, "{\"message\":\"Forbidden\"}")),
        UNPROVED("HTTP 403 (Forbidden) from 'awselb/2.0', which is", ASK(BEARER),
                 {TOKEN, HTTP_AUTH_BASIC, 403, "Server: awselb/2.0\r\n", "Forbidden\n"}),
        UNPROVED("a web page, unlike a registry: HTTP 401", ASK(BEARER), ASK_FOR(401, "<html>")),
        UNPROVED("client with IP", ASK(BEARER), ASK_FOR(403, ACR_ADDRESS)),
        UNPROVED("LDAP", ASK(BEARER),
                 ASK_FOR(401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"failed to "
                              "connect to LDAP server\"}]}")),
        UNPROVED("HTTP 403", ASK(BASIC), SHOW_BASIC(403, NULL, NULL)),
        UNPROVED("HTTP 401", ASK(BASIC), SHOW_BASIC(401, BASIC, "<html><title>Sign in</title>")),
        UNPROVED("rejects the bearer token", ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(401, NULL),
                 SHOW(401, DENIED)),
        UNPROVED("which is not how a registry refuses", ASK(BEARER), ASK_FOR(200, GRANTED),
                 SHOW(403, NULL)),
        UNPROVED("to another region",
                 ASK("WWW-Authenticate: Basic realm=\"https://x/\",service="
                     "\"ecr.amazonaws.com\"\r\n"),
                 SHOW_BASIC(400, NULL, NULL)),
        UNREACHABLE("HTTP 429 (too many failed login attempts)", ASK(BEARER),
                    ASK_FOR(429, "{\"details\":\"too many failed login attempts\"}")),
        {.cls = CLASS_UNREACHABLE,
         .retries = 4,
         .rungs = {ASK(BEARER), ASK_FOR(429, "too many failed login attempts\n")}},
        UNREACHABLE("HTTP 401 (too many failed login attempts)", ASK(BEARER),
                    ASK_FOR(401, "{\"details\":\"too many failed login attempts\"}")),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* Clocks that differ by a second: what was given is good a little later. */
static void test_a_grant_that_is_not_valid_yet(void **state)
{
    static const struct ladder rows[] = {
        {.rungs = {ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(401, NULL), SHOW(200, NULL)}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* Nothing that a credential could be proved with; it is not sent. */
static void test_first_answer_proves_nothing(void **state)
{
    static const struct ladder rows[] = {
        UNPROVED("asks for no authentication", FIRST(200, NULL, "{}")),
        UNPROVED("asks for no authentication", FIRST(200, BEARER, NULL)),
        UNPROVED("is not a registry", FIRST(404, NULL, NULL)),
        UNPROVED("HTTP 403 (denied: denied)", FIRST(403, BEARER, DENIED)),
        UNPROVED("HTTP 204", FIRST(204, NULL, NULL)),
        UNPROVED("HTTP 405", FIRST(405, NULL, NULL)),
        UNPROVED("without a challenge", FIRST(401, NULL, NULL)),
        UNPROVED("neither Bearer nor Basic",
                 ASK("WWW-Authenticate: Negotiate\nWWW-Authenticate: NTLM\n")),
        UNPROVED("neither Bearer nor Basic", ASK("WWW-Authenticate:\n")),
        UNPROVED("names no realm", ASK("WWW-Authenticate: Bearer service=\"ghcr.io\"\n")),
        UNPROVED("names no realm", ASK("WWW-Authenticate: Bearer\n" BASIC)),
        UNPROVED(
            "has a realm or service twice",
            ASK("WWW-Authenticate: Bearer realm=\"https://ghcr.io/a\",realm=\"https://b/\"\n")),
        UNPROVED("WWW-Authenticate", ASK(BEARER "WWW-Authenticate: Bearer realm=\"x\n")),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

#define REALM(url) ASK("WWW-Authenticate: Bearer realm=\"" url "\",service=\"ghcr.io\"\n")

/* As docker follows them: once, and not to another origin. */
static void test_redirects_within_the_origin(void **state)
{
    static const struct ladder rows[] = {
        {.rungs = {FIRST(301, "Location: /v2\n", NULL),
                   {"https://ghcr.io/v2", HTTP_AUTH_NONE, 401, BEARER, NULL},
                   ASK_FOR(200, GRANTED),
                   {"https://ghcr.io/v2", HTTP_AUTH_BEARER, 200, NULL, NULL}}},
        {.rungs = {FIRST(307, "Location: https://GHCR.io:443/registry/v2/\n", NULL),
                   {"https://ghcr.io/registry/v2/", HTTP_AUTH_NONE, 401, BASIC, NULL},
                   {"https://ghcr.io/registry/v2/", HTTP_AUTH_BASIC, 200, NULL, NULL}}},
        {.rungs = {ASK(BEARER),
                   ASK_FOR(200, GRANTED),
                   {PING, HTTP_AUTH_BEARER, 308, "Location: /v2\n", NULL},
                   {"https://ghcr.io/v2", HTTP_AUTH_BEARER, 200, NULL, NULL}}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* docker's client takes any success of the token server. */
static void test_other_successes_of_the_token_server(void **state)
{
    static const struct ladder rows[] = {
        {.rungs = {ASK(BEARER), ASK_FOR(201, GRANTED), SHOW(200, NULL)}},
        {.rungs = {ASK(BEARER), ASK_FOR(203, GRANTED), SHOW(200, NULL)}},
        {.rungs = {ASK(BEARER), ASK_FOR(202, "{\"Token\":\"bearer-1\"} ok"), SHOW(200, NULL)}},
        UNPROVED("web page", ASK(BEARER), ASK_FOR(201, "<html>")),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* The second rung is never reached: nothing was sent. */
static void test_wrong_realms_get_nothing(void **state)
{
    static const struct ladder rows[] = {
        UNPROVED("'evil.com'", REALM("https://evil.com/token")),
        UNPROVED("'evilghcr.io'", REALM("https://evilghcr.io/token")),
        UNPROVED("'ghcr.io.evil.com'", REALM("https://ghcr.io.evil.com/")),
        UNPROVED("user name", REALM("https://ghcr.io@evil.com/")),
        UNPROVED("(realm 'https://localhost/t')", REALM("https://localhost/t")),
        UNPROVED("'169.254.169.254'", REALM("https://2852039166/")),
        UNPROVED("not an absolute", REALM("/token")),
        UNPROVED("contains the credential", REALM("https://ghcr.io/" TOKEN_CLASSIC "/token")),
        UNPROVED("contains the credential", REALM("https://" TOKEN_CLASSIC ".evil.com/token")),
        {.cls = CLASS_UNPROVED,
         .part = "another host",
         .registry = "docker.io",
         .rungs = {{"https://registry-1.docker.io/v2/", HTTP_AUTH_NONE, 401, BEARER, NULL}}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* A poor password may be a part of the registry's name. */
static void test_a_realm_that_has_the_password_by_right(void **state)
{
    static const struct ladder rows[] = {
        {.token = "REGISTRY", /* letters' case aside; the ladder looks for it as it is */
         .registry = "registry.example.com",
         .cls = CLASS_REJECTED,
         .rungs = {{"https://registry.example.com/v2/", HTTP_AUTH_NONE, 401,
                    "WWW-Authenticate: Bearer realm=\"https://registry.example.com/token\"\n",
                    NULL},
                   {"https://registry.example.com/token?account=octocat&client_id=ghcr-login",
                    HTTP_AUTH_BASIC, 401, NULL, NULL}}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* Not followed, at any rung; the target is named, its path and query are not. */
static void test_redirects(void **state)
{
    static const struct ladder rows[] = {
        UNPROVED("redirected to 'https://evil.com'",
                 FIRST(307, "Location: https://evil.com/v2/?x=1\n", NULL)),
        UNPROVED("redirected to 'https://evil.com'", ASK(BEARER),
                 {TOKEN, HTTP_AUTH_BASIC, 302, "Location: https://evil.com/\n", GRANTED}),
        UNPROVED("redirected to 'http://ghcr.io'", ASK(BEARER), ASK_FOR(200, GRANTED),
                 {PING, HTTP_AUTH_BEARER, 301, "Location: http://ghcr.io/v2/\n", NULL}),
        UNPROVED("a web page", FIRST(301, "Location: /login\n", NULL),
                 {"https://ghcr.io/login", HTTP_AUTH_NONE, 200, NULL, "<html>"}),
        UNPROVED("is redirected (HTTP 301)", FIRST(301, "Location: /v2\n", NULL),
                 {"https://ghcr.io/v2", HTTP_AUTH_NONE, 301, "Location: /v2/\n", NULL}),
        UNPROVED("redirected to 'https://ghcr.io:444'",
                 FIRST(301, "Location: https://ghcr.io:444/v2/\n", NULL)),
        UNPROVED("is redirected (HTTP 308)", FIRST(308, NULL, NULL)),
        UNPROVED("is redirected (HTTP 307)", ASK(BASIC), SHOW_BASIC(307, "Location: \x01\n", NULL)),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

static void test_token_answers_that_are_no_use(void **state)
{
    static const struct ladder rows[] = {
        UNPROVED("cannot use the token answer of 'ghcr.io': it contains no token", ASK(BEARER),
                 ASK_FOR(200, "{}")),
        UNPROVED("it contains no token", ASK(BEARER), ASK_FOR(200, "{\"token\":\"\"}")),
        UNPROVED("web page", ASK(BEARER), ASK_FOR(200, "<html>")),
        UNPROVED("web page, unlike a registry: HTTP 403 (Blocked)", ASK(BEARER),
                 ASK_FOR(403, "<html><title>Blocked</title>")),
        UNPROVED("not valid JSON", ASK(BEARER), ASK_FOR(200, NULL)),
        UNPROVED("an HTTP header cannot carry", ASK(BEARER),
                 ASK_FOR(200, "{\"token\":\"a\\r\\nb\"}")),
        UNPROVED("HTTP 204", ASK(BEARER), ASK_FOR(204, NULL)),
        UNPROVED("HTTP 400", ASK(BEARER), ASK_FOR(400, GRANTED)),
        UNPROVED("HTTP 404", ASK(BEARER), ASK_FOR(404, NULL)),
        UNPROVED("HTTP 405", ASK(BEARER), ASK_FOR(405, NULL)),
        UNPROVED("HTTP 202", ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(202, NULL)),
        UNPROVED("HTTP 404", ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(404, NULL)),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* The credential may be good: the registry could not say. */
static void test_could_not_be_asked(void **state)
{
    static const struct ladder rows[] = {
        UNREACHABLE("cannot ask", FIRST(0, NULL, NULL)),
        UNREACHABLE("cannot ask", ASK(BEARER), ASK_FOR(0, NULL)),
        UNREACHABLE("cannot ask", ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(0, NULL)),
        UNREACHABLE("HTTP 429", FIRST(429, NULL, NULL)),
        UNREACHABLE(
            "HTTP 429 (toomanyrequests: slow", ASK(BEARER),
            ASK_FOR(429, "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"slow\"}]}")),
        UNREACHABLE("HTTP 503", ASK(BEARER), ASK_FOR(503, "<html>")),
        UNREACHABLE("HTTP 500", ASK(BEARER), ASK_FOR(200, GRANTED), SHOW(500, NULL)),
        {.cls = CLASS_UNREACHABLE,
         .part = "HTTP 501",
         .retries = 4,
         .rungs = {FIRST(501, NULL, NULL)}},
        /* asked again, at the rung where it happened, with the same request */
        {.retries = 2,
         .rungs = {FIRST(503, NULL, NULL), FIRST(429, NULL, NULL), ASK(BEARER), ASK_FOR(502, NULL),
                   ASK_FOR(200, GRANTED), SHOW(504, NULL), SHOW(200, NULL)}},
        {.cls = CLASS_REJECTED,
         .retries = 2,
         .rungs = {ASK(BEARER), ASK_FOR(503, NULL), ASK_FOR(403, DENIED)}},
        {.cls = CLASS_UNREACHABLE,
         .retries = 1,
         .rungs = {ASK(BEARER), ASK_FOR(503, NULL), ASK_FOR(503, NULL)}},
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* A registry that repeats what it was sent, or worse. */
static void test_words_of_the_registry(void **state)
{
    static const char auth_body[] = "{\"message\":\"Basic " AUTH_OCTOCAT " is bad\"}";
    struct ladder rows[] = {
        REJECTED("not shown", ASK(BEARER), ASK_FOR(401, "{\"message\":\"bad " TOKEN_CLASSIC "\"}")),
        REJECTED("not shown", ASK(BEARER), ASK_FOR(401, auth_body)),
        UNPROVED("not shown", ASK(BEARER), ASK_FOR(200, GRANTED),
                 SHOW(401, "{\"message\":\"bad bearer-1\"}"),
                 SHOW(401, "{\"message\":\"bad bearer-1\"}")),
        UNREACHABLE("not shown", ASK(BEARER), ASK_FOR(500, TOKEN_CLASSIC)),
        REJECTED("?[31mred?", ASK(BEARER), ASK_FOR(401, "{\"message\":\"\\u001b[31mred\\n\"}")),
    };

    (void)state;
    climb_all(rows, COUNT(rows));
}

/* A long token, of which no part may be shown either. */
static void test_long_token_repeated(void **state)
{
    char body[1024];
    struct ladder ladder = {.cls = CLASS_REJECTED,
                            .token = token_installation(),
                            .part = "not shown",
                            .rungs = {ASK(BEARER), ASK_FOR(401, body)}};

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"message\":\"bad token %s\"}", token_installation());
    climb_ladder(&ladder);
}

static void test_user_name_is_shown_safely(void **state)
{
    static const struct ladder ladder = {.user = "a\xc2\x9b"
                                                 "b",
                                         .cls = CLASS_REJECTED,
                                         .part = "user 'a?b'",
                                         .rungs = {ASK(BASIC), SHOW_BASIC(401, NULL, NULL)}};

    (void)state;
    climb_ladder(&ladder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_other_registries),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_refusals),
        cmocka_unit_test(test_a_grant_that_is_not_valid_yet),
        cmocka_unit_test(test_first_answer_proves_nothing),
        cmocka_unit_test(test_wrong_realms_get_nothing),
        cmocka_unit_test(test_a_realm_that_has_the_password_by_right),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_redirects_within_the_origin),
        cmocka_unit_test(test_other_successes_of_the_token_server),
        cmocka_unit_test(test_token_answers_that_are_no_use),
        cmocka_unit_test(test_could_not_be_asked),
        cmocka_unit_test(test_words_of_the_registry),
        cmocka_unit_test(test_long_token_repeated),
        cmocka_unit_test(test_user_name_is_shown_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

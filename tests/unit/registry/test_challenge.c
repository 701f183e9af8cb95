/*
 * challenge: what registries send is understood, what is ambiguous is refused, and a fault ends
 * what counts.
 */
#include "../support.h"

#include <stdlib.h>

#include "registry/challenge.h"

enum { FIELDS_MAX = 3 };

struct row {
    const char *fields[FIELDS_MAX];
    enum challenge_scheme scheme;
    const char *realm;
    const char *service;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct challenge got = {.scheme = CHALLENGE_NONE};
        const char *label = rows[i].fields[0];

        for (size_t f = 0; f < FIELDS_MAX && rows[i].fields[f] != NULL; f++) {
            struct error err = ERROR_INIT;
            const char *field = rows[i].fields[f];

            if (challenge_add_field(&got, field, strlen(field), &err) != 0)
                fail_msg("row '%s': %s", label, err.message);
        }
        assert_row(label, got.scheme == rows[i].scheme);
        assert_row_string(label, got.realm, rows[i].realm);
        assert_row_string(label, got.service, rows[i].service);
    }
}

static void test_registries(void **state)
{
    static const struct row rows[] = {
        /* GHCR; its scope is a placeholder */
        {{"Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","
          "scope=\"repository:user/image:pull\""},
         CHALLENGE_BEARER,
         "https://ghcr.io/token",
         "ghcr.io"},
        {{"bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\""},
         CHALLENGE_BEARER,
         "https://ghcr.io/token",
         "ghcr.io"},
        /* Docker Hub */
        {{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\""},
         CHALLENGE_BEARER,
         "https://auth.docker.io/token",
         "registry.docker.io"},
        /* GitLab */
        {{"Bearer realm=\"https://gitlab.com/jwt/auth\",service=\"container_registry\""},
         CHALLENGE_BEARER,
         "https://gitlab.com/jwt/auth",
         "container_registry"},
        /* Quay */
        {{"Bearer realm=\"https://quay.io/v2/auth\",service=\"quay.io\""},
         CHALLENGE_BEARER,
         "https://quay.io/v2/auth",
         "quay.io"},
        /* ACR */
        {{"Bearer realm=\"https://x.azurecr.io/oauth2/token\",service=\"x.azurecr.io\","
          "scope=\"registry:catalog:*\",error=\"invalid_token\""},
         CHALLENGE_BEARER,
         "https://x.azurecr.io/oauth2/token",
         "x.azurecr.io"},
        /* Harbor behind a proxy that ends TLS */
        {{"Bearer realm=\"http://h.example/service/token\",service=\"harbor-registry\""},
         CHALLENGE_BEARER,
         "http://h.example/service/token",
         "harbor-registry"},
        /* Gitea, Forgejo: two fields, no service; and newer */
        {{"Bearer realm=\"https://g.example/v2/token\"", "Basic"},
         CHALLENGE_BEARER,
         "https://g.example/v2/token",
         ""},
        {{"Bearer realm=\"https://g.example/v2/token\",service=\"container_registry\",scope=\"*\"",
          "Basic realm=\"https://g.example/v2\",service=\"container_registry\",scope=\"*\""},
         CHALLENGE_BEARER,
         "https://g.example/v2/token",
         "container_registry"},
        /* ECR */
        {{"Basic "
          "realm=\"https://1.dkr.ecr.eu-west-1.amazonaws.com/\",service=\"ecr.amazonaws.com\""},
         CHALLENGE_BASIC,
         "https://1.dkr.ecr.eu-west-1.amazonaws.com/",
         "ecr.amazonaws.com"},
        /* Nexus, Artifactory, htpasswd */
        {{"BASIC realm=\"Sonatype Nexus Repository Manager\""},
         CHALLENGE_BASIC,
         "Sonatype Nexus Repository Manager",
         ""},
        {{"Basic realm=\"Artifactory Realm\""}, CHALLENGE_BASIC, "Artifactory Realm", ""},
        {{"Basic realm=\"Registry Realm\""}, CHALLENGE_BASIC, "Registry Realm", ""},
        /* lscr.io */
        {{"Bearer "
          "realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"repository:a/b:pull,push\""},
         CHALLENGE_BEARER,
         "https://ghcr.io/token",
         "ghcr.io"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_several_challenges(void **state)
{
    static const struct row rows[] = {
        {{"Bearer realm=\"r\",service=\"s\"", "Basic realm=\"b\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Basic realm=\"b\"", "Bearer realm=\"r\",service=\"s\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Basic realm=\"b\", Bearer realm=\"r\",service=\"s\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer realm=\"r\",service=\"s\", Basic realm=\"b\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Basic realm=\"b\",Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Basic, Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Negotiate", "Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Negotiate, NTLM, Basic realm=\"b\""}, CHALLENGE_BASIC, "b", ""},
        {{"Negotiate, Basic"}, CHALLENGE_BASIC, "", ""},
        {{"Bearer ,,realm=\"r\",,service=\"s\",,"}, CHALLENGE_BEARER, "r", "s"},
        {{"Negotiate YII+/-._~0==, Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\", Negotiate YII="}, CHALLENGE_BEARER, "r", ""},
        {{"Digest realm=\"d\", qop=\"auth,auth-int\", nonce=x, Bearer realm=\"r\""},
         CHALLENGE_BEARER,
         "r",
         ""},
        {{"Digest realm=\"d\",service=\"n\"", "Basic realm=\"b\""}, CHALLENGE_BASIC, "b", ""},
        {{"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic "
          "realm=\"simple\""},
         CHALLENGE_BASIC,
         "simple",
         ""},
        {{"Negotiate", "NTLM"}, CHALLENGE_NONE, "", ""},
        {{"Digest realm=\"d\",service=\"n\""}, CHALLENGE_NONE, "", ""},
        {{""}, CHALLENGE_NONE, "", ""},
        {{" \t, ,,"}, CHALLENGE_NONE, "", ""},
        /* the first of a kind stays, and lends nothing to or from the others */
        {{"Bearer realm=\"1\"", "Bearer realm=\"2\",service=\"s2\""}, CHALLENGE_BEARER, "1", ""},
        {{"Bearer realm=\"1\", Bearer realm=\"2\",service=\"s2\""}, CHALLENGE_BEARER, "1", ""},
        {{"Basic realm=\"1\"", "Basic realm=\"2\""}, CHALLENGE_BASIC, "1", ""},
        {{"Basic realm=\"b\",service=\"sb\"", "Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer", "Basic realm=\"b\",service=\"sb\""}, CHALLENGE_BEARER, "", ""},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_grammar(void **state)
{
    static const struct row rows[] = {
        {{"bearer REALM=\"r\" , Service=ghcr.io"}, CHALLENGE_BEARER, "r", "ghcr.io"},
        {{"BeArEr rEaLm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm = \"r\", service\t=\ts"}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer   realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\" "}, CHALLENGE_BEARER, "r", ""},
        {{"  Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{", ,Bearer realm=\"r\",,\t, service=\"s\",,"}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer realm=\"https://h/t?foo=bar\",service=\"a,b \\\"q\\\"\""},
         CHALLENGE_BEARER,
         "https://h/t?foo=bar",
         "a,b \"q\""},
        {{"Bearer realm=\"a\\\\b\\c\""}, CHALLENGE_BEARER, "a\\bc", ""},
        {{"Bearer realm=\"x, Basic realm=y\""}, CHALLENGE_BEARER, "x, Basic realm=y", ""},
        {{"Bearer realm=\"\",service=\"\""}, CHALLENGE_BEARER, "", ""},
        {{"Bearer service=\"s\""}, CHALLENGE_BEARER, "", "s"},
        {{"Bearer"}, CHALLENGE_BEARER, "", ""},
        {{"Bearer "}, CHALLENGE_BEARER, "", ""},
        {{"Basic abc="}, CHALLENGE_BASIC, "", ""},
        {{"Bearer realms=\"x\",xrealm=\"y\",realm=\"r\",services=\"z\""},
         CHALLENGE_BEARER,
         "r",
         ""},
        {{"Bearer realm=r, a=b, c"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"caf\xc3\xa9\""}, CHALLENGE_BEARER, "caf\xc3\xa9", ""},
        {{"Bearer Basic=\"x\",realm=\"r\""}, CHALLENGE_BEARER, "r", ""}, /* a parameter's name */
        {{"Bearer realm=Basic,service=s"}, CHALLENGE_BEARER, "Basic", "s"},
        {{"Bearer realm='r'"}, CHALLENGE_BEARER, "'r'", ""}, /* a token's byte, no quote */
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* As met: nvcr-like registries, sregistry-cli #97, regclient #265; what docker makes of them. */
static void test_faults(void **state)
{
    static const struct row rows[] = {
        {{"Bearer realm=\"r\",service=\"s\",scope=repository:a/b:pull"},
         CHALLENGE_BEARER,
         "r",
         "s"},
        {{"Bearer realm=\"r\",scope=repository:a/b:pull,service=s"}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer realm=\"r\",service=\"s\",scope=\"repository:a:pull,error=\"invalid_token\""},
         CHALLENGE_BEARER,
         "r",
         "s"},
        {{"Bearer realm=\"r\",service=\"s\",scope=\"repository:a:pull"},
         CHALLENGE_BEARER,
         "r",
         "s"},
        {{"Bearer realm=https://h/t,service=s"}, CHALLENGE_BEARER, "https://h/t", "s"},
        {{"Bearer realm=\"r\",service="}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",service=\"s"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",service=\"s,scope=x"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",service=\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer service=,realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=,service=\"s\""}, CHALLENGE_BEARER, "", "s"},
        {{"Bearer realm=\"r\" service=\"s\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer realm=\"r\"service=\"s\""}, CHALLENGE_BEARER, "r", "s"},
        {{"Bearer realm=\"r\" Basic realm=\"b\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\";service=\"s\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",=s"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",\"s\""}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\", @"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\",scope=a,scope=b"}, CHALLENGE_BEARER, "r", ""},
        {{"Bearer realm=\"r\", Digest nonce=a,nonce=b"}, CHALLENGE_BEARER, "r", ""},
        {{"Digest nonce=a,nonce=b, Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
        {{"Basic realm=/"}, CHALLENGE_BASIC, "/", ""},
        {{"Basic realm=\"a\",realm=\"b\""}, CHALLENGE_BASIC, "a", ""},
        {{"Basic realm=\"open"}, CHALLENGE_BASIC, "", ""},
        {{"Basic realm=two words"}, CHALLENGE_BASIC, "two", ""},
        {{"Bearer \"r\""}, CHALLENGE_BEARER, "", ""},
        {{"Bearer =\"r\""}, CHALLENGE_BEARER, "", ""},
        /* a fault before all that serves */
        {{"="}, CHALLENGE_NONE, "", ""},
        {{"\"Bearer\" realm=\"r\""}, CHALLENGE_NONE, "", ""},
        {{"Bearer:realm=\"r\""}, CHALLENGE_NONE, "", ""},
        {{"Bearer/realm"}, CHALLENGE_NONE, "", ""},
        {{"Basic/x="}, CHALLENGE_NONE, "", ""},
        {{"Bearer\nrealm=\"r\""}, CHALLENGE_NONE, "", ""},
        {{"B\xc3\xa9r realm=\"r\""}, CHALLENGE_NONE, "", ""},
        /* a field of its own may still be good */
        {{"@", "Bearer realm=\"r\""}, CHALLENGE_BEARER, "r", ""},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void assert_refused(const char *field, size_t len)
{
    struct challenge got = {.scheme = CHALLENGE_BASIC, .realm = "before"};
    struct error err = ERROR_INIT;

    assert_row(field, challenge_add_field(&got, field, len, &err) == -1);
    assert_error(field, &err, CLASS_UNPROVED, "WWW-Authenticate");
    assert_row(field, got.scheme == CHALLENGE_BASIC);
    assert_row_string(field, got.realm, "before");
    assert_row_string(field, got.service, "");
}

static void test_what_is_refused(void **state)
{
    static const char *const rows[] = {
        /* which of the two? */
        "Bearer realm=\"https://a/\",realm=\"https://b/\"", "Bearer realm=\"a\",REALM=\"a\"",
        "Bearer realm=a,service=s,realm=b", "Bearer realm=\"a\",service=\"s\",Service=\"t\"",
        "Bearer realm = \"a\" , realm\t=\"b\"", "Bearer realm=\"a\" realm=\"b\"",
        "Bearer realm=,realm=\"b\"",
        /* quoted strings */
        "Bearer realm=\"https://ghcr.io/token", "Bearer realm=\"r\\\"", "Bearer realm=\"r\\",
        "Bearer realm=\"a\nb\"", "Bearer realm=\"a\rb\"", "Bearer realm=\"a\x1b[mb\"",
        "Bearer realm=\"a\x7f\"", "Bearer realm=\"r\",service=\"s\x7f\"", "Bearer service=\"s",
        /* and without quotes */
        "Bearer realm=a\x7f", "Bearer realm=a\x1b[m"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i], strlen(rows[i]));
    assert_refused("Bearer realm=\"a\0b\"", 18);
    assert_refused("Bearer realm=a\0,service=b", 25);
}

/* Once a field was good, a bad one behind it still refuses, and changes nothing. */
static void test_bad_field_behind_a_good_one(void **state)
{
    struct challenge got = {.scheme = CHALLENGE_NONE};
    struct error err = ERROR_INIT;
    static const char bad[] = "Bearer service=\"evil\",realm=\"evil";

    (void)state;
    assert_int_equal(challenge_add_field(&got, "Bearer realm=\"r\"", 16, &err), 0);
    assert_int_equal(challenge_add_field(&got, bad, strlen(bad), &err), -1);
    assert_string_equal(got.realm, "r");
    assert_string_equal(got.service, "");
}

/* The longest value that fits, as a token and quoted, and one byte more. */
static void test_longest_value(void **state)
{
    static const char *const shapes[][2] = {{"Bearer realm=\"", "\""}, {"Bearer realm=", ""}};

    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        for (size_t len = CHALLENGE_VALUE_MAX - 2; len <= CHALLENGE_VALUE_MAX + 1; len++) {
            struct challenge got = {.scheme = CHALLENGE_NONE};
            struct error err = ERROR_INIT;
            char field[CHALLENGE_VALUE_MAX + 64];
            int size;
            int ret;

            size =
                snprintf(field, sizeof(field), "%s%0*d%s", shapes[i][0], (int)len, 0, shapes[i][1]);
            ret = challenge_add_field(&got, field, (size_t)size, &err);
            assert_int_equal(ret, len < CHALLENGE_VALUE_MAX ? 0 : -1);
            assert_int_equal(strlen(got.realm), ret == 0 ? len : 0);
        }
    }
}

static void test_many_parameters(void **state)
{
    struct challenge got = {.scheme = CHALLENGE_NONE};
    struct error err = ERROR_INIT;
    char field[1024];
    size_t len = (size_t)snprintf(field, sizeof(field), "Bearer realm=r");

    (void)state;
    for (int i = 1; i < 100; i++)
        len += (size_t)snprintf(field + len, sizeof(field) - len, ",p%d=x", i);
    len += (size_t)snprintf(field + len, sizeof(field) - len, ",service=s");
    assert_int_equal(challenge_add_field(&got, field, len, &err), 0);
    assert_string_equal(got.realm, "r");
    assert_string_equal(got.service, "s");
}

/* Every prefix of a good field: an answer, never a read past the end. */
static void test_every_prefix(void **state)
{
    static const char field[] = "Negotiate YII=, bearer realm = \"a\\\"b\" ,service=x, Basic";

    (void)state;
    for (size_t len = 0; len < sizeof(field); len++) {
        struct challenge got = {.scheme = CHALLENGE_NONE};
        struct error err = ERROR_INIT;
        char *exact = malloc(len + 1);

        assert_non_null(exact);
        memcpy(exact, field, len);
        exact[len] = '"'; /* would end the quoted string, if it were looked at */
        if (challenge_add_field(&got, exact, len, &err) < 0)
            assert_int_equal(got.scheme, CHALLENGE_NONE);
        free(exact);
    }
}

/* What decides nothing may be longer than what does: a scope of many repositories. */
static void test_a_long_scope(void **state)
{
    static const char *const forms[] = {"Bearer scope=\"%s\",realm=\"r\",service=\"s\"",
                                        "Bearer scope=%s,realm=\"r\",service=\"s\""};
    static char scope[3 * CHALLENGE_VALUE_MAX];
    static char field[sizeof(scope) + 64];

    (void)state;
    memset(scope, 'x', sizeof(scope) - 1);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct challenge got = {.scheme = CHALLENGE_NONE};
        struct error err = ERROR_INIT;

        (void)snprintf(field, sizeof(field), "%.*s%s%s", (int)strcspn(forms[i], "%"), forms[i],
                       scope, strstr(forms[i], "%s") + 2);
        assert_int_equal(challenge_add_field(&got, field, strlen(field), &err), 0);
        assert_string_equal(got.realm, "r");
        assert_string_equal(got.service, "s");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_scope),
        cmocka_unit_test(test_registries),
        cmocka_unit_test(test_several_challenges),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_bad_field_behind_a_good_one),
        cmocka_unit_test(test_longest_value),
        cmocka_unit_test(test_many_parameters),
        cmocka_unit_test(test_every_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * realm: the table of where a secret may go. Whatever is not in it is refused before sending.
 */
#include "../support.h"

#include "registry/realm.h"

enum { ALLOWED_MAX = 2 };

struct row {
    const char *registry;
    const char *realm;
    const char *part; /* of the refusal; NULL: it may */
    bool plain_http;
    const char *allowed[ALLOWED_MAX];
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct error err = ERROR_INIT;
        struct realm_policy policy = {
            .registry = row->registry,
            .allow_plain_http = row->plain_http,
            .allowed = row->allowed,
            .allowed_count = row->allowed[0] == NULL   ? 0
                             : row->allowed[1] == NULL ? 1
                                                       : 2,
        };
        char label[256];
        int ret = realm_check(&policy, row->realm, &err);

        (void)snprintf(label, sizeof(label), "%s -> %.150s", row->registry, row->realm);
        if (row->part == NULL && ret != 0)
            fail_msg("row '%s': %s", label, err.message);
        assert_row(label, ret == (row->part == NULL ? 0 : -1));
        if (row->part == NULL)
            continue;
        assert_error(label, &err, CLASS_UNPROVED, row->part);
        assert_error(label, &err, CLASS_UNPROVED, row->registry);
        assert_not_shown(label, &err, "s3cret");
    }
}

/* Where it may go, and where not; with --plain-http; with hosts that the user allowed. */
#define MAY(from, to)                                                                              \
    {                                                                                              \
        .registry = from, .realm = to                                                              \
    }
#define NOT(from, to, why)                                                                         \
    {                                                                                              \
        .registry = from, .realm = to, .part = why                                                 \
    }
#define MAY_PLAIN(from, to)                                                                        \
    {                                                                                              \
        .registry = from, .realm = to, .plain_http = true                                          \
    }
#define NOT_PLAIN(from, to, why)                                                                   \
    {                                                                                              \
        .registry = from, .realm = to, .part = why, .plain_http = true                             \
    }
#define MAY_ALSO(from, to, ...)                                                                    \
    {                                                                                              \
        .registry = from, .realm = to, .allowed = { __VA_ARGS__ }                                  \
    }
#define NOT_EVEN(from, to, why, ...)                                                               \
    {                                                                                              \
        .registry = from, .realm = to, .part = why, .allowed = { __VA_ARGS__ }                     \
    }

#define OTHER_HOST "wants the credential sent to another host"
#define OTHER_PORT "wants the credential sent to another port"
#define PLAIN_HTTP "wants the credential sent over plain http"
#define USER_INFO  "holds a user name"
#define NOT_A_URL  "not an absolute http or https URL"

static void test_same_host(void **state)
{
    static const struct row rows[] = {
        MAY("ghcr.io", "https://ghcr.io/token"),
        MAY("ghcr.io", "https://ghcr.io"),
        MAY("ghcr.io", "HTTPS://GHCR.IO/token"),
        MAY("ghcr.io", "https://ghcr.io:443/token"),
        MAY("ghcr.io", "https://ghcr.io/token?foo=bar&x=@evil.com"),
        MAY("ghcr.io", "https://ghcr.io/@evil.com/token"),
        MAY("ghcr.io:443", "https://ghcr.io/token"),
        MAY("reg.example.com:5000", "https://reg.example.com:5000/auth"),
        MAY("reg.example.com:5000", "https://reg.example.com/auth"),
        MAY("git.example:5050", "https://git.example/jwt/auth"),
        MAY("10.0.0.1:5000", "https://10.0.0.1:5000/auth"),
        MAY("[2001:db8::1]:5000", "https://[2001:db8::1]:5000/auth"),
        NOT("ghcr.io", "https://ghcr.io:8443/token", OTHER_PORT),
        NOT("ghcr.io", "https://ghcr.io:80/token", OTHER_PORT),
        NOT("ghcr.io", "https://ghcr.io:4430/token", OTHER_PORT),
        NOT("a.example:5000", "https://a.example:5001/", OTHER_PORT),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_parent_domain(void **state)
{
    static const struct row rows[] = {
        MAY("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        MAY("registry.git.example:5050", "https://git.example/jwt/auth"),
        MAY("registry.git.example:5050", "https://git.example:5050/jwt/auth"),
        MAY("containers.ghe.example.org", "https://ghe.example.org/token"),
        MAY("containers.acme.ghe.com", "https://acme.ghe.com/token"),
        /* one label only, and never a neighbour, a child or a top-level domain */
        NOT("containers.acme.ghe.com", "https://ghe.com/", OTHER_HOST),
        NOT("containers.acme.ghe.com", "https://evil.ghe.com/", OTHER_HOST),
        NOT("registry.gitlab.com", "https://evil.gitlab.com/", OTHER_HOST),
        NOT("gitlab.com", "https://registry.gitlab.com/", OTHER_HOST),
        NOT("ghcr.io", "https://io/token", OTHER_HOST),
        NOT("a.ghcr.io", "https://io/token", OTHER_HOST),
        NOT("registry.localhost:5000", "https://localhost/", OTHER_HOST),
        NOT("registry.gitlab.com", "https://gitlab.com:8443/", OTHER_PORT),
        NOT("registry.gitlab.com", "http://gitlab.com/", PLAIN_HTTP),
        /* an address has no parent */
        NOT("10.1.2.3:5000", "https://1.2.3/", OTHER_HOST),
        NOT("127.10.0.0.1:5000", "https://10.0.0.1/", OTHER_HOST),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_documented_pairs(void **state)
{
    static const struct row rows[] = {
        MAY("registry-1.docker.io", "https://auth.docker.io/token"),
        MAY("lscr.io", "https://ghcr.io/token"),
        MAY("registry.digitalocean.com", "https://api.digitalocean.com/v2/auth"),
        MAY("rg.fr-par.scw.cloud", "https://api.scaleway.com/registry/token"),
        NOT("ghcr.io", "https://lscr.io/token", OTHER_HOST),
        NOT("lscr.io", "https://auth.docker.io/", OTHER_HOST),
        NOT("evil.lscr.io", "https://ghcr.io/", OTHER_HOST),
        NOT("lscr.io.evil.com", "https://ghcr.io/", OTHER_HOST),
        NOT("xlscr.io", "https://ghcr.io/", OTHER_HOST),
        NOT("lscr.i", "https://ghcr.io/", OTHER_HOST),
        NOT("auth.docker.io", "https://registry-1.docker.io/", OTHER_HOST),
        NOT("registry-1.docker.io", "https://auth.docker.com/", OTHER_HOST),
        NOT("rg.a.b.scw.cloud", "https://api.scaleway.com/", OTHER_HOST),
        NOT("rg.scw.cloud", "https://api.scaleway.com/", OTHER_HOST),
        NOT("rg.x.scw.cloud.evil.com", "https://api.scaleway.com/", OTHER_HOST),
        NOT("rg.fr-par.scw.cloud", "https://scaleway.com/", OTHER_HOST),
        NOT("lscr.io", "http://ghcr.io/token", PLAIN_HTTP),
        NOT("lscr.io", "https://ghcr.io:8443/", OTHER_PORT),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_look_alikes(void **state)
{
    static const struct row rows[] = {
        NOT("ghcr.io", "https://evilghcr.io/token", "'evilghcr.io'"),
        NOT("ghcr.io", "https://ghcr.io.evil.com/token", OTHER_HOST),
        NOT("ghcr.io", "https://evil.ghcr.io/token", OTHER_HOST),
        NOT("ghcr.io", "https://ghcr.io./token", OTHER_HOST),
        NOT("ghcr.io", "https://ghcr.i/token", OTHER_HOST),
        NOT("ghcr.io", "https://ghcr-io/token", OTHER_HOST),
        NOT("ghcr.io", "https://xn--ghr-3ja.io/", OTHER_HOST),
        NOT("ghcr.io", "https://gh\xd1\x81r.io/", ""), /* Cyrillic */
        NOT("ghcr.io", "https://evil.com/ghcr.io", OTHER_HOST),
        NOT("ghcr.io", "https://evil.com?ghcr.io", OTHER_HOST),
        NOT("ghcr.io", "https://evil.com#ghcr.io", OTHER_HOST),
        NOT("ghcr.io", "https://evil.com#@ghcr.io/", ""),
        NOT("ghcr.io", "https://evil.com?@ghcr.io/", ""),
        NOT("ghcr.io", "https://evil.com/@ghcr.io/", OTHER_HOST),
        NOT("ghcr.io", "https://evil.com\\@ghcr.io/", ""),
        NOT("ghcr.io", "https://evil.com\\.ghcr.io/", ""),
        NOT("ghcr.io", "https://ghcr.io%00.evil.com/", ""),
        NOT("ghcr.io", "https://ghcr.io%2f.evil.com/", ""),
        NOT("ghcr.io", "https://ghcr.io%40evil.com/", ""),
        /* no address is a domain with a parent */
        NOT("10.1.2.3", "https://1.2.3/token", OTHER_HOST),
        NOT("1.0.0.1:5000", "https://0.0.1/token", OTHER_HOST),
        NOT("[::ffff:10.1.2.3]", "https://1.2.3/token", OTHER_HOST),
        /* addresses, in every spelling */
        NOT("ghcr.io", "https://169.254.169.254/latest", OTHER_HOST),
        NOT("ghcr.io", "https://2852039166/latest", "'169.254.169.254'"),
        NOT("ghcr.io", "https://0xa9fea9fe/latest", "'169.254.169.254'"),
        NOT("ghcr.io", "https://127.0.0.1/", OTHER_HOST),
        NOT("ghcr.io", "http://127.0.0.1/", OTHER_HOST),
        NOT("ghcr.io", "http://localhost/", OTHER_HOST),
        NOT("ghcr.io", "http://2130706433/", "'127.0.0.1'"),
        NOT("ghcr.io", "http://[::1]/", OTHER_HOST),
        NOT("ghcr.io", "http://[::ffff:127.0.0.1]/", OTHER_HOST),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_user_information(void **state)
{
    static const struct row rows[] = {
        NOT("ghcr.io", "https://ghcr.io@evil.com/token", USER_INFO),
        NOT("ghcr.io", "https://ghcr.io:443@evil.com/token", USER_INFO),
        NOT("ghcr.io", "https://me@ghcr.io/token", USER_INFO),
        NOT("ghcr.io", "https://me:s3cret@ghcr.io/token", USER_INFO),
        NOT("ghcr.io", "https://:s3cret@ghcr.io/token", USER_INFO),
        NOT("ghcr.io", "https://me:@ghcr.io/token", USER_INFO),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_plain_http(void **state)
{
    static const struct row rows[] = {
        NOT("ghcr.io", "http://ghcr.io/token", PLAIN_HTTP),
        NOT("ghcr.io", "http://ghcr.io:443/token", PLAIN_HTTP),
        NOT("h.example:5000", "http://h.example:5000/t", PLAIN_HTTP),
        NOT("10.0.0.1:5000", "http://10.0.0.1:5000/t", PLAIN_HTTP),
        NOT("localhost.evil.com", "http://localhost.evil.com/", PLAIN_HTTP),
        NOT("128.0.0.1:5000", "http://128.0.0.1:5000/t", PLAIN_HTTP),
        /* this machine */
        MAY("localhost:5000", "http://localhost:5000/t"),
        MAY("localhost:5000", "http://LOCALHOST:5000/t"),
        MAY("127.0.0.1:5000", "http://127.0.0.1:5000/t"),
        MAY("127.255.255.254:5000", "http://127.255.255.254:5000/t"),
        MAY("[::1]:5000", "http://[::1]:5000/t"),
        MAY("127.0.0.1:5000", "http://127.0.0.1/t"),
        NOT("127.0.0.1:5000", "http://127.0.0.1:5001/t", OTHER_PORT),
        NOT("127.0.0.1:5000", "http://localhost:5000/t", OTHER_HOST),
        /* asked for */
        MAY_PLAIN("h.example:5000", "http://h.example:5000/t"),
        MAY_PLAIN("h.example", "http://h.example/t"),
        MAY_PLAIN("h.example", "https://h.example/t"),
        NOT_PLAIN("h.example", "http://h.example:81/t", OTHER_PORT),
        NOT_PLAIN("h.example", "http://evil.com/t", OTHER_HOST),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_allowed_hosts(void **state)
{
    static const struct row rows[] = {
        MAY_ALSO("r.io", "https://auth.net/t", "auth.net"),
        MAY_ALSO("r.io", "https://auth.net/t", "AUTH.net"),
        MAY_ALSO("r.io", "https://auth.net/t", "x.net", "auth.net"),
        MAY_ALSO("r.io", "https://auth.net:8443/t", "auth.net:8443"),
        MAY_ALSO("r.io", "https://auth.net:8443/t", "auth.net", "auth.net:8443"),
        MAY_ALSO("r.io", "https://auth.net/t", "auth.net:443"),
        MAY_ALSO("r.io", "https://[::1]:8443/t", "[::1]:8443"),
        MAY_ALSO("r.io:5000", "https://auth.net:5000/t", "auth.net"),
        MAY_ALSO("r.io", "https://r.io:8443/t", "r.io:8443"),
        NOT_EVEN("r.io", "https://auth.net:8443/t", OTHER_PORT, "auth.net"),
        NOT_EVEN("r.io", "https://auth.net/t", OTHER_HOST, "auth.net:8443"),
        NOT_EVEN("r.io", "https://x.auth.net/t", OTHER_HOST, "auth.net"),
        NOT_EVEN("r.io", "https://auth.net/t", OTHER_HOST, "x.auth.net"),
        NOT_EVEN("r.io", "https://auth.netx/t", OTHER_HOST, "auth.net"),
        NOT_EVEN("r.io", "https://auth.net/t", OTHER_HOST, ""),
        NOT_EVEN("r.io", "https://auth.net/t", OTHER_HOST, "*"),
        /* a host is allowed, not plain text and not user information */
        NOT_EVEN("r.io", "http://auth.net/t", PLAIN_HTTP, "auth.net"),
        NOT_EVEN("r.io", "http://auth.net:80/t", PLAIN_HTTP, "auth.net:80"),
        NOT_EVEN("r.io", "https://me@auth.net/t", USER_INFO, "auth.net"),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_what_can_be_allowed(void **state)
{
    static const char *const good[] = {"auth.example.com", "Auth.example.com", "auth",
                                       "auth:5001",        "127.0.0.1:5001",   "[::1]",
                                       "[::1]:5001"};
    static const char *const bad[] = {"",
                                      "https://auth.example.com",
                                      "auth.example.com/",
                                      "auth.example.com/token",
                                      "a b",
                                      "user@auth.example.com",
                                      "*.example.com",
                                      "auth:x",
                                      "a,b.c",
                                      "auth:99999",
                                      "auth?x",
                                      "auth#x"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct error err = ERROR_INIT;

        assert_row(good[i], realm_check_allowed(good[i], &err) == 0);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = ERROR_INIT;

        assert_row(bad[i], realm_check_allowed(bad[i], &err) == -1);
        assert_error(bad[i], &err, CLASS_USAGE, "--allow-realm");
    }
}

static void test_what_is_no_url(void **state)
{
    static const struct row rows[] = {
        NOT("ghcr.io", "", NOT_A_URL),
        NOT("ghcr.io", "/token", NOT_A_URL),
        NOT("ghcr.io", "token", NOT_A_URL),
        NOT("ghcr.io", "//ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "Registry Realm", NOT_A_URL),
        NOT("ghcr.io", "ftp://ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "file:///etc/passwd", NOT_A_URL),
        NOT("ghcr.io", "gopher://ghcr.io/", NOT_A_URL),
        NOT("ghcr.io", "javascript:alert(1)", NOT_A_URL),
        NOT("ghcr.io", "https://", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io:99999/token", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io:-1/token", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io:x/token", NOT_A_URL),
        NOT("ghcr.io", "https://gh cr.io/token", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io/to\nken", NOT_A_URL),
        NOT("ghcr.io", "https://[::1/token", NOT_A_URL),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* The way out is said: what to add, for the host that was refused. */
static void test_hints(void **state)
{
    struct realm_policy policy = {.registry = "r.io"};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(realm_check(&policy, "https://auth.net/t", &err), -1);
    assert_string_equal(err.hint, "if that is right, add --allow-realm auth.net");
    err = ERROR_INIT;
    assert_int_equal(realm_check(&policy, "https://r.io:8443/t", &err), -1);
    assert_string_equal(err.hint, "if that is right, add --allow-realm r.io:8443");
    err = ERROR_INIT;
    assert_int_equal(realm_check(&policy, "http://r.io/t", &err), -1);
    assert_non_null(strstr(err.hint, "--plain-http"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_host),        cmocka_unit_test(test_parent_domain),
        cmocka_unit_test(test_documented_pairs), cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_user_information), cmocka_unit_test(test_plain_http),
        cmocka_unit_test(test_allowed_hosts),    cmocka_unit_test(test_what_can_be_allowed),
        cmocka_unit_test(test_what_is_no_url),   cmocka_unit_test(test_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

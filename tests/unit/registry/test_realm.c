/*
 * realm: the table of where a secret may go. Whatever is not in it is refused before sending.
 */
#include "../support.h"

#include "registry/http/url.h"
#include "registry/realm.h"

enum { ALLOWED_MAX = 2 };

struct row {
    const char *registry;
    const char *realm;
    const char *part; /* of the refusal; NULL: it may */
    const char *url;  /* that is asked then; NULL: the realm as it is */
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
        char url[URL_MAX] = "untouched";
        int ret = realm_check(&policy, row->realm, url, &err);

        (void)snprintf(label, sizeof(label), "%s -> %.150s", row->registry, row->realm);
        if (row->part == NULL && ret != 0)
            fail_msg("row '%s': %s", label, err.message);
        assert_row(label, ret == (row->part == NULL ? 0 : -1));
        assert_row_string(label, url,
                          row->part != NULL  ? "untouched"
                          : row->url != NULL ? row->url
                                             : row->realm);
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
#define MAY_AT(from, to, at)                                                                       \
    {                                                                                              \
        .registry = from, .realm = to, .url = at                                                   \
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
#define USER_INFO  "contains a user name"
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
        MAY("[2001:db8::1]:5000", "https://[2001:DB8:0:0::1]/auth"),
        MAY("ghcr.io", "https://ghcr%2eio/token"), /* for libcurl decodes it */
        /* docker_auth beside the registry, Portus */
        MAY("ghcr.io", "https://ghcr.io:8443/token"),
        MAY("a.example:5000", "https://a.example:5001/"),
        MAY("127.0.0.1:5000", "https://127.0.0.1:5001/"),
        /* its own http realm, behind what ends TLS (harbor #3933) */
        MAY_AT("h.example", "http://h.example/service/token?a=b",
               "https://h.example/service/token?a=b"),
        MAY_AT("h.example", "http://h.example:80/t", "https://h.example/t"),
        MAY_AT("h.example:8443", "http://h.example/t", "https://h.example:8443/t"),
        MAY_AT("h.example:8443", "http://H.example:8443/t", "https://H.example:8443/t"),
        MAY_AT("h.example", "http://h.example:443/t", "https://h.example/t"),
        MAY_AT("h.example", "http://h.example:5001/t", "https://h.example:5001/t"),
        MAY_AT("10.0.0.1:5000", "http://10.0.0.1/t", "https://10.0.0.1:5000/t"),
        MAY_AT("localhost:5000", "http://localhost:5000/t", "https://localhost:5000/t"),
        MAY_AT("[::1]:5000", "http://[::1]/t", "https://[::1]:5000/t"),
        MAY("localhost:5000", "https://127.0.0.1:5001/t"),
        MAY("127.0.0.1:5000", "https://localhost:5000/t"),
        MAY("[::1]:5000", "https://localhost:5000/t"),
        MAY_AT("127.0.0.1:5000", "http://localhost:5000/t", "https://localhost:5000/t"),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_same_domain(void **state)
{
    static const struct row rows[] = {
        MAY("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        MAY("registry.git.example:5050", "https://git.example/jwt/auth"),
        MAY("registry.git.example:5050", "https://git.example:5050/jwt/auth"),
        MAY("containers.ghe.example.org", "https://ghe.example.org/token"),
        MAY("containers.acme.ghe.com", "https://acme.ghe.com/token"),
        MAY("registry.cn-hangzhou.aliyuncs.com",
            "https://dockerauth.cn-hangzhou.aliyuncs.com/auth"),
        MAY("x-registry.cn-beijing.cr.aliyuncs.com",
            "https://dockerauth-ee.cn-beijing.aliyuncs.com/"),
        MAY("registry.example.com", "https://gitlab.example.com/jwt/auth"),
        MAY("docker.example.com", "https://docker-auth.example.com:5001/auth"),
        MAY("registry.suse.com", "https://scc.suse.com/api"),
        MAY("acme.registry.depot.dev", "https://api.depot.dev/token"),
        MAY("registry2.balena-cloud.com", "https://api.balena-cloud.com/auth"),
        MAY("docker.m.daocloud.io", "https://auth.m.daocloud.io/"),
        MAY("registry.gitlab.com", "https://code.gitlab.com/"),
        MAY("gitlab.com", "https://registry.gitlab.com/"),
        MAY("registry.gitlab.com", "https://gitlab.com:8443/"),
        MAY("auth.docker.io", "https://registry-1.docker.io/"),
        MAY("registry.example.co.uk", "https://auth.example.co.uk/"),
        MAY("registry.example.or.jp", "https://auth.example.or.jp/"),
        MAY("registry.example.gob.mx", "https://auth.example.gob.mx/"),
        MAY("registry.example.gov.br", "https://auth.example.gov.br/"),
        MAY("registry.corp.internal:5000", "https://gitlab.corp.internal/jwt/auth"),
        MAY("gitlab.example.com:5050", "https://gitlab.example.com/jwt/auth"),
        MAY("docker.elastic.co", "https://docker-auth.elastic.co/auth"),
        MAY("registry.connect.redhat.com", "https://sso.redhat.com/auth"),
        MAY("registry.ns.svc.cluster.local:5000", "https://auth.ns.svc.cluster.local/t"),
        NOT("registry.corp.internal", "https://gitlab.other.internal/", OTHER_HOST),
        NOT("registry:5000", "https://auth:5001/t", OTHER_HOST),
        NOT("10.0.0.1:5000", "https://10.0.0.2/t", OTHER_HOST),
        NOT("registry.example.co.uk", "https://auth.evil.co.uk/", OTHER_HOST),
        NOT("example.co.uk", "https://co.uk/", OTHER_HOST),
        NOT("registry.example.or.jp", "https://auth.evil.or.jp/", OTHER_HOST),
        NOT("registry.example.gob.mx", "https://auth.evil.gob.mx/", OTHER_HOST),
        NOT("registry.example.me.uk", "https://auth.evil.me.uk/", OTHER_HOST),
        NOT("registry.com.au", "https://evil.com.au/", OTHER_HOST),
        NOT("registry.example.com", "https://registry.example.org/", OTHER_HOST),
        NOT("registry.example.com", "https://example.com.evil.net/", OTHER_HOST),
        NOT("registry.example.com", "https://evilexample.com/", OTHER_HOST),
        /* strangers have names below these */
        NOT("acme.azurecr.io", "https://evil.azurecr.io/", OTHER_HOST),
        NOT("acme.azurecr.io", "https://azurecr.io/", OTHER_HOST),
        NOT("1.dkr.ecr.us-east-1.amazonaws.com", "https://x.execute-api.us-east-1.amazonaws.com/",
            OTHER_HOST),
        NOT("acme.github.io", "https://evil.github.io/", OTHER_HOST),
        NOT("a.b.github.io", "https://evil.github.io/", OTHER_HOST),
        NOT("rg.nl-ams.scw.cloud", "https://evil.functions.fnc.nl-ams.scw.cloud/", OTHER_HOST),
        NOT("registry.acme.uk.com", "https://auth.evil.uk.com/", OTHER_HOST),
        NOT("acme.ondigitalocean.app", "https://evil.ondigitalocean.app/", OTHER_HOST),
        NOT("nas.synology.me:5000", "https://evil.synology.me/", OTHER_HOST),
        NOT("containers.acme.ghe.com", "https://ghe.com/", OTHER_HOST),
        NOT("containers.acme.ghe.com", "https://evil.ghe.com/", OTHER_HOST),
        NOT("ghcr.io", "https://io/token", OTHER_HOST),
        NOT("a.ghcr.io", "https://io/token", OTHER_HOST),
        NOT("registry.localhost:5000", "https://localhost/", OTHER_HOST),
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
        MAY("registry.rancher.com", "https://scc.suse.com/api"),
        MAY("nvcr.io", "https://authn.nvidia.com/token"),
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
        NOT("ghcr.io", "https://0x7f.1/", OTHER_HOST),
        NOT("ghcr.io", "https://0/", OTHER_HOST),
        NOT("ghcr.io", "https://8.8.8.8/", OTHER_HOST),
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
        NOT("registry.example.com", "http://auth.example.com/t", PLAIN_HTTP),
        NOT("registry.example.com", "http://auth.example.com:443/t", PLAIN_HTTP),
        NOT("localhost.evil.com", "http://auth.evil.com/", PLAIN_HTTP),
        /* asked for */
        MAY_PLAIN("h.example:5000", "http://h.example:5000/t"),
        MAY_PLAIN("h.example", "http://h.example/t"),
        MAY_PLAIN("h.example", "https://h.example/t"),
        MAY_PLAIN("localhost:5000", "http://localhost:5001/auth"),
        /* this machine under another of its names */
        MAY_PLAIN("localhost:5000", "http://127.0.0.1:5001/auth"),
        MAY_PLAIN("127.0.0.1:5000", "http://[::1]:5000/auth"),
        MAY_PLAIN("[::1]:5000", "http://localhost:5000/auth"),
        NOT_PLAIN("localhost:5000", "http://10.0.0.1:5000/auth", OTHER_HOST),
        NOT_PLAIN("10.0.0.1:5000", "http://localhost:5000/auth", OTHER_HOST),
        NOT_PLAIN("localhost:5000", "http://0.0.0.0:5000/auth", OTHER_HOST),
        NOT_PLAIN("h.example", "http://h.example:81/t", OTHER_PORT),
        NOT_PLAIN("h.example", "http://evil.com/t", OTHER_HOST),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* Where the registry is local itself, another local name may well be its token server. */
static void test_inner_realms_of_inner_registries(void **state)
{
    static const char *const registries[] = {
        "localhost:5000",       "registry",       "10.1.2.3:5000",
        "[fd00::1]:5000",       "registry.local", "registry.corp.internal",
        "registry.ns.svc:5000", "registry.lan",   "registry.internal.:5000"};

    (void)state;
    for (size_t i = 0; i < COUNT(registries); i++) {
        struct realm_policy policy = {.registry = registries[i]};
        struct error err = ERROR_INIT;
        char url[URL_MAX];

        assert_row(registries[i], realm_check(&policy, "https://auth.local/t", url, &err) == -1);
        assert_error(registries[i], &err, CLASS_UNPROVED, "another host, 'auth.local'");
        assert_string_equal(
            err.hint, "if that is right, add --allow-realm auth.local; if not, ask the registry's "
                      "operator to set its external URL (ROOT_URL, external_url, realm)");
    }
}

/* A registry's mistake about its own address: gitea #37418, Harbor's externalURL, Portus. */
static void test_inner_realms(void **state)
{
    static const char *const realms[] = {
        "https://localhost/token",       "http://localhost:3000/token",
        "https://127.0.0.1/t",           "https://10.1.2.3:8443/t",
        "https://[fd00::1]/t",           "https://gitea/v2/token",
        "https://gitlab.corp.internal/", "https://registry.ns.svc/t",
        "https://harbor.local/t",        "https://harbor.ns.svc.cluster.local/t",
        "https://localhost./t",          "https://auth./t",
        "https://harbor.internal./t"};

    (void)state;
    for (size_t i = 0; i < COUNT(realms); i++) {
        struct realm_policy policy = {.registry = "registry.example.com"};
        struct error err = ERROR_INIT;
        char url[URL_MAX];

        assert_row(realms[i], realm_check(&policy, realms[i], url, &err) == -1);
        assert_error(realms[i], &err, CLASS_UNPROVED, realms[i]);
        assert_row(realms[i], strstr(err.hint, "external URL") != NULL);
        assert_row(realms[i], strstr(err.hint, "--allow-realm") == NULL);
        if (strncmp(realms[i], "http://", 7) == 0)
            continue;
        policy.allowed =
            (const char *const[]){"localhost",       "127.0.0.1",    "10.1.2.3:8443",
                                  "[fd00::1]",       "gitea",        "gitlab.corp.internal",
                                  "registry.ns.svc", "harbor.local", "harbor.ns.svc.cluster.local",
                                  "localhost.",      "auth.",        "harbor.internal."};
        policy.allowed_count = 12;
        err = ERROR_INIT;
        assert_row(realms[i], realm_check(&policy, realms[i], url, &err) == 0);
    }
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
        MAY_ALSO("r.io", "http://127.0.0.1:5001/t", "127.0.0.1:5001"), /* this machine */
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
        NOT("ghcr.io", "https:/ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "https:///ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "https:ghcr.io/token", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io:0/token", NOT_A_URL),
        NOT("ghcr.io", "https://ghcr.io:8081:8081/repository/", NOT_A_URL), /* Nexus */
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* The way out is said: what to add, for the host that was refused. */
static void test_hints(void **state)
{
    static const char *const allowed[] = {"auth.net"};
    struct realm_policy policy = {.registry = "r.io"};
    struct error err = ERROR_INIT;
    char url[URL_MAX];

    (void)state;
    assert_int_equal(realm_check(&policy, "https://auth.net/t", url, &err), -1);
    assert_string_equal(err.hint, "if that is right, add --allow-realm auth.net");
    policy.allowed = allowed;
    policy.allowed_count = 1;
    err = ERROR_INIT;
    assert_int_equal(realm_check(&policy, "https://auth.net:8443/t", url, &err), -1);
    assert_string_equal(err.hint, "if that is right, add --allow-realm auth.net:8443");
    err = ERROR_INIT;
    assert_int_equal(realm_check(&policy, "http://auth.net/t", url, &err), -1);
    assert_non_null(strstr(err.hint, "--plain-http"));
    err = ERROR_INIT;
    assert_int_equal(realm_check(&policy, "/token", url, &err), -1);
    assert_non_null(strstr(err.message, "'/token'"));
    assert_non_null(strstr(err.hint, "external URL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_host),
        cmocka_unit_test(test_same_domain),
        cmocka_unit_test(test_documented_pairs),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_user_information),
        cmocka_unit_test(test_plain_http),
        cmocka_unit_test(test_allowed_hosts),
        cmocka_unit_test(test_what_can_be_allowed),
        cmocka_unit_test(test_inner_realms),
        cmocka_unit_test(test_inner_realms_of_inner_registries),
        cmocka_unit_test(test_what_is_no_url),
        cmocka_unit_test(test_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

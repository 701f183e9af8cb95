/*
 * reference: registries as users write them, and mistakes that are refused without being shown.
 */
#include "../support.h"

#include "registry/reference.h"

#include "store/reader.h"

static void test_what_is_accepted(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        const char *name_space;
    } rows[] = {
        {"ghcr.io", "ghcr.io", ""},
        {"ghcr.io/", "ghcr.io", ""},
        {"ghcr.io//", "ghcr.io", ""},
        {"ghcr.io/owner//", "ghcr.io", "owner"},
        {"docker.pkg.github.com", "docker.pkg.github.com", ""}, /* GitHub's own, before ghcr.io */
        {"docker.pkg.github.com/owner/app", "docker.pkg.github.com", "owner/app"},
        {"https://ghcr.io", "ghcr.io", ""},
        {"https://ghcr.io/", "ghcr.io", ""},
        {"HTTPS://GHCR.IO/", "ghcr.io", ""},
        {"GHCR.io", "ghcr.io", ""},
        {"ghcr.io/owner", "ghcr.io", "owner"},
        {"https://ghcr.io/owner/image", "ghcr.io", ""}, /* as podman takes it */
        {"http://ghcr.io", "ghcr.io", ""},
        {"HTTP://localhost:5000/", "localhost:5000", ""},
        {"ghcr.io/v2/", "ghcr.io", ""},
        {"ghcr.io/v2", "ghcr.io", ""},
        {"ghcr.io/v2//", "ghcr.io", ""},
        {"ghcr.io/v1/", "ghcr.io", ""},
        {"https://ghcr.io/v2/", "ghcr.io", ""},
        {"ghcr.io/v2/x", "ghcr.io", "v2/x"},
        {"ghcr.io/a/b/c/d", "ghcr.io", "a/b/c/d"},
        {"ghcr.io/my-org_2/x.y", "ghcr.io", "my-org_2/x.y"},
        {"ghcr.io/a__b", "ghcr.io", "a__b"},
        {"ghcr.io/a--b", "ghcr.io", "a--b"},
        {"ghcr.io/0", "ghcr.io", "0"},
        {"ghcr.io:443", "ghcr.io:443", ""},
        {"ghcr.io:443/owner", "ghcr.io:443", "owner"},
        {"registry.example.com:5000", "registry.example.com:5000", ""},
        {"registry:5000", "registry:5000", ""},
        {"registry:1", "registry:1", ""},
        {"registry:65535", "registry:65535", ""},
        {"localhost", "localhost", ""},
        {"LOCALHOST", "localhost", ""},
        {"localhost:5000", "localhost:5000", ""},
        {"127.0.0.1", "127.0.0.1", ""},
        {"127.0.0.1:5000/x", "127.0.0.1:5000", "x"},
        {"[::1]", "[::1]", ""},
        {"[::1]:5000", "[::1]:5000", ""},
        {"[2001:DB8::1]:5000/x", "[2001:db8::1]:5000", "x"},
        {"[::ffff:10.0.0.1]:5000", "[::ffff:10.0.0.1]:5000", ""},
        {"a-b.c--d.e1", "a-b.c--d.e1", ""},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", ""},
        {"containers.acme.ghe.com", "containers.acme.ghe.com", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        if (reference_parse(&ref, rows[i].text, &err) != 0)
            fail_msg("row '%s': %s", rows[i].text, err.message);
        assert_row_string(rows[i].text, ref.host, rows[i].host);
        assert_row_string(rows[i].text, ref.api_host, rows[i].host);
        assert_row_string(rows[i].text, ref.name_space, rows[i].name_space);
        assert_row_string(rows[i].text, reader_host(&reader_docker, ref.host), rows[i].host);
        assert_row(rows[i].text, !reference_is_docker_hub(&ref));
    }
}

static void test_docker_hub(void **state)
{
    static const struct {
        const char *text;
        const char *name_space;
    } rows[] = {
        {"docker.io", ""},
        {"Docker.IO/", ""},
        {"index.docker.io", ""},
        {"registry-1.docker.io", ""},
        {"registry.hub.docker.com", ""},
        {"https://index.docker.io/v1/", ""},
        {"https://index.docker.io/v1", ""},
        {"index.docker.io/v1/", ""},
        {"docker.io/library", "library"},
        {"docker.io/v1/x", "v1/x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        assert_row(rows[i].text, reference_is_docker_hub(&ref));
        assert_row(rows[i].text, !reference_is_default(&ref) && !reference_is_github(&ref));
        assert_row_string(rows[i].text, ref.host, "docker.io");
        assert_row_string(rows[i].text, ref.api_host, "registry-1.docker.io");
        assert_row_string(rows[i].text, ref.name_space, rows[i].name_space);
        assert_row_string(rows[i].text, reader_host(&reader_docker, ref.host),
                          "https://index.docker.io/v1/");
    }
}

static void assert_refused(const char *text, const char *part)
{
    struct reference ref = {.host = "old", .api_host = "old", .name_space = "old"};
    struct error err = ERROR_INIT;

    assert_row(text, reference_parse(&ref, text, &err) == -1);
    assert_error(text, &err, CLASS_USAGE, part);
    assert_row_string(text, ref.host, "old");
    assert_row_string(text, ref.api_host, "old");
    assert_row_string(text, ref.name_space, "old");
    if (strlen(text) > 10) /* shorter ones stand in the hint as examples */
        assert_not_shown(text, &err, text);
}

static void test_hosts_that_are_refused(void **state)
{
    static const char *const rows[] = {"",
                                       "/",
                                       "//",
                                       "/owner",
                                       "https://",
                                       "https:///owner",
                                       ".",
                                       "..",
                                       "-",
                                       "--",
                                       ":",
                                       ":5000",
                                       "ghcr",
                                       "registry",
                                       "localhost.",
                                       "ghcr.io.",
                                       ".ghcr.io",
                                       "ghcr..io",
                                       "-ghcr.io",
                                       "ghcr-.io",
                                       "ghcr.-io",
                                       "ghcr.io-",
                                       "gh_cr.io",
                                       "gh cr.io",
                                       " ghcr.io",
                                       "ghcr.io ",
                                       "ghcr.io\n",
                                       "ghcr.io\t",
                                       "ghcr.io\x01",
                                       "gh\xc3\xa9r.io",
                                       "ghcr.io?x",
                                       "ghcr.io#x",
                                       "ghcr.io%2f",
                                       "ghcr.io\\x",
                                       "me@ghcr.io",
                                       "me:pw@ghcr.io",
                                       "*.ghcr.io",
                                       "$REGISTRY",
                                       "ghcr.io:",
                                       "ghcr.io:/owner",
                                       "ghcr.io:0",
                                       "ghcr.io:65536",
                                       "ghcr.io:99999999999999999999",
                                       "ghcr.io:-1",
                                       "ghcr.io:+1",
                                       "ghcr.io: 1",
                                       "ghcr.io:x",
                                       "ghcr.io:443x",
                                       "ghcr.io:1:2",
                                       "ghcr.io:latest",
                                       "::1",
                                       "::1:5000",
                                       "[]",
                                       "[",
                                       "[::1",
                                       "::1]",
                                       "[::1]x",
                                       "[::1]:",
                                       "[::1]:0",
                                       "[::1]:65536",
                                       "[:::1]",
                                       "[1.2.3.4]",
                                       "[::g]",
                                       "[fe80::1%25eth0]",
                                       "[[::1]]",
                                       "[ghcr.io]",
                                       "[12345::1]"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i], NULL);
    assert_refused("[ghcr.io]", "is not an IPv6 address in brackets");
    assert_refused("ghcr..io", "is not a host name");
    assert_refused("ghcr.io:65536", "has a port that is not a number from 1 to 65535");
    assert_refused("gh_cr.io", "contains a character that no host name can have");
    assert_refused("registry", "has neither a dot nor a port, so no image name can refer to it");
    assert_refused("me@ghcr.io", "has an '@': it must not contain a user name");
}

static void test_schemes(void **state)
{
    (void)state;
    assert_refused("docker://ghcr.io/x", "scheme other than 'https'");
    assert_refused("oci://ghcr.io", "scheme other than 'https'");
    assert_refused("https://https://ghcr.io", NULL);
    assert_refused("https:/ghcr.io", NULL);
    assert_refused("://ghcr.io", NULL);
    assert_refused("https:\\\\ghcr.io", NULL);
}

/* What the caller warns of. */
static void test_what_was_typed(void **state)
{
    static const struct {
        const char *text;
        bool says_http;
        bool is_lowered;
    } rows[] = {{"ghcr.io", false, false},         {"https://ghcr.io", false, false},
                {"HTTPS://ghcr.io", false, false}, {"http://ghcr.io", true, false},
                {"HTTP://GHCR.io", true, true},    {"Ghcr.io/owner", false, true},
                {"Docker.io", false, true},        {"index.docker.io", false, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        assert_row(rows[i].text, ref.says_http == rows[i].says_http);
        assert_row(rows[i].text, ref.is_lowered == rows[i].is_lowered);
    }
}

/* docker may have stored an entry for one: only who logs in is told that it is none. */
static void test_websites(void **state)
{
    static const struct {
        const char *text;
        const char *hint;
    } rows[] = {
        {"hub.docker.com", "docker.io"},
        {"https://hub.docker.com/u/octocat", "docker.io"},
        {"Docker.com", "docker.io"},
        {"github.com", "ghcr.io"},
        {"https://github.com/octocat/app", "ghcr.io"},
        {"https://github.com/Octocat/App", "ghcr.io"},
        {"gitlab.com", "registry.gitlab.com"},
        {"docker.pkg.github.com", NULL},
        {"ghcr.io", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        assert_row(rows[i].text,
                   reference_check_no_website(&ref, &err) == (rows[i].hint != NULL ? -1 : 0));
        if (rows[i].hint == NULL)
            continue;
        assert_error(rows[i].text, &err, CLASS_USAGE, "is a website, not a registry");
        assert_row(rows[i].text, strstr(err.hint, rows[i].hint) != NULL);
    }
}

static void test_images(void **state)
{
    static const struct {
        const char *text;
        const char *part;
        const char *hint;
    } rows[] = {
        {"ghcr.io/owner/image:1", "that is an image", "--can-pull"},
        {"ghcr.io/owner:latest", "that is an image", "--can-pull"},
        {"ghcr.io/owner@sha256:0", "that is an image", "--can-pull"},
        {"https://ghcr.io/owner/image:1", "that is an image", "--can-pull"},
        {"localhost:5000/a/b:1", "that is an image", "--can-pull"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == -1);
        assert_error(rows[i].text, &err, CLASS_USAGE, rows[i].part);
        assert_row(rows[i].text, strstr(err.hint, rows[i].hint) != NULL);
    }
}

/*
 * What no image name has: distribution's components are joined by one '.', one or two '_', or any
 * '-'. docker drops it like any other path; where namespaces are kept it is refused, and not shown.
 */
static void test_paths_that_are_no_namespace(void **state)
{
    static const char *const rows[] = {
        "//owner",  "/owner//x", "/Owner", "/-owner",      "/owner-",   "/owner_",        "/.owner",
        "/owner/-", "/../x",     "/./x",   "/o wner",      "/owner\n",  "/\xc3\xa9",      "/a%2fb",
        "/a?b",     "/v2/?x=y",  "/a\\b",  "/v2/_catalog", "/grp/Proj", "/a..b",          "/a___b",
        "/a.-b",    "/a_.b",     "/a-_b",  "/#x",          "/?x",       "/" TOKEN_CLASSIC};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;
        char text[128];

        (void)snprintf(text, sizeof(text), "ghcr.io%s", rows[i]);
        assert_row(text, reference_parse(&ref, text, &err) == 0);
        assert_row(text, ref.has_odd_path);
        assert_row_string(text, ref.host, "ghcr.io");
        assert_row_string(text, ref.name_space, "");
        assert_row(text, reference_check_path(&ref, &err) == -1);
        assert_error(text, &err, CLASS_USAGE, "namespace");
        assert_not_shown(text, &err, rows[i]);
        (void)snprintf(text, sizeof(text), "https://ghcr.io%s", rows[i]);
        assert_row(text, reference_parse(&ref, text, &err) == 0);
        assert_row(text, !ref.has_odd_path && reference_check_path(&ref, &err) == 0);
    }
}

/* A token where the registry belongs: refused, and no part of it is shown. */
static void test_tokens_are_not_shown(void **state)
{
    const char *const rows[] = {TOKEN_CLASSIC,
                                TOKEN_FINE_GRAINED,
                                TOKEN_LEGACY,
                                token_installation(),
                                "https://" TOKEN_CLASSIC,
                                "octocat:" TOKEN_CLASSIC "@ghcr.io",
                                "ghcr.io:" TOKEN_CLASSIC,
                                TOKEN_CLASSIC "://ghcr.io"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i], reference_parse(&ref, rows[i], &err) == -1);
        assert_error(rows[i], &err, CLASS_USAGE, NULL);
        assert_not_shown(rows[i], &err, "M7H4");
        assert_not_shown(rows[i], &err, "m7h4");
        assert_not_shown(rows[i], &err, "ghp");
        assert_not_shown(rows[i], &err, "github_");
        assert_not_shown(rows[i], &err, "ghs");
        assert_not_shown(rows[i], &err, "01234");
    }
}

/* `count` bytes in labels of `label` bytes, joined by dots. */
static const char *long_name(size_t count, size_t label, const char *port)
{
    static char text[600];

    for (size_t i = 0; i < count; i++)
        text[i] = i % (label + 1) == label ? '.' : 'a';
    (void)snprintf(text + count, sizeof(text) - count, "%s", port);
    return text;
}

static void test_sizes_of_hosts(void **state)
{
    static const struct {
        size_t len;
        size_t label;
        const char *port;
        int ret;
    } rows[] = {
        {253, 49, "", 0},        {253, 49, ":65535", 0}, {254, 49, "", -1}, {254, 49, ":1", -1},
        {255, 49, ":65535", -1}, {262, 49, "", -1},      {400, 49, "", -1}, {63, 63, ":1", 0},
        {64, 64, ":1", -1},      {127, 63, "", 0},       {129, 64, "", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = long_name(rows[i].len, rows[i].label, rows[i].port);
        struct reference ref = {.host = "old"};
        struct error err = ERROR_INIT;

        assert_row(text, reference_parse(&ref, text, &err) == rows[i].ret);
        assert_row_string(text, ref.host, rows[i].ret == 0 ? text : "old");
    }
}

static void test_sizes_of_namespaces(void **state)
{
    for (size_t len = REFERENCE_NAMESPACE_MAX - 2; len < REFERENCE_NAMESPACE_MAX + 3; len++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;
        char label[32];
        char text[REFERENCE_NAMESPACE_MAX + 64];
        int ret;

        (void)state;
        (void)snprintf(text, sizeof(text), "ghcr.io/%0*d", (int)len, 0);
        (void)snprintf(label, sizeof(label), "%zu bytes", len);
        assert_row(label, reference_parse(&ref, text, &err) == 0);
        ret = reference_check_path(&ref, &err);
        assert_row(label, ret == (len <= REFERENCE_NAMESPACE_MAX ? 0 : -1));
        assert_row(label, strlen(ref.name_space) == (ret == 0 ? len : 0));
    }
}

static void test_github_and_default(void **state)
{
    static const struct {
        const char *text;
        bool is_default;
        bool is_github;
    } rows[] = {
        {"ghcr.io", true, true},
        {"GHCR.IO/owner", true, true},
        {"ghcr.io:443", false, false},
        {"evilghcr.io", false, false},
        {"ghcr.io.evil.com", false, false},
        {"containers.acme.ghe.com", false, true},
        {"Containers.Acme.GHE.com/owner", false, true},
        {"containers.ghe.com", false, false}, /* no NAME */
        {"containers.acme.ghe.com.evil.com", false, false},
        {"containers.acme.evilghe.com", false, false},
        {"xcontainers.acme.ghe.com", false, false},
        {"acme.ghe.com", false, false},
        {"containers.git.example.com", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        assert_row(rows[i].text, reference_is_default(&ref) == rows[i].is_default);
        assert_row(rows[i].text, reference_is_github(&ref) == rows[i].is_github);
    }
}

static void test_may_be_github(void **state)
{
    static const struct {
        const char *text;
        bool may_be;
    } rows[] = {
        {"ghcr.io", true},
        {"containers.acme.ghe.com", true},
        {"containers.git.example.com", true},
        {"Containers.Git.Example.com", true},
        {"containers.git.example.com:5000", false},
        {"containers.internal", false},
        {"containers.ghe.com", false},
        {"git.example.com", false},
        {"mycontainers.example.com", false},
        {"docker.io", false},
        {"localhost:5000", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        assert_row(rows[i].text, reference_may_be_github(&ref) == rows[i].may_be);
    }
}

static void test_loopback(void **state)
{
    static const struct {
        const char *host;
        bool is_loopback;
    } rows[] = {
        {"localhost", true},
        {"127.0.0.1", true},
        {"127.255.255.255", true},
        {"127.0.0.0", true},
        {"[::1]", true},
        {"126.255.255.255", false},
        {"128.0.0.1", false},
        {"0.0.0.0", false},
        {"10.0.0.1", false},
        {"127.0.0.1.evil.com", false},
        {"127.evil.com", false},
        {"localhost.evil.com", false},
        {"evil.localhost.com", false},
        {"127.0.0.1:5000", false},
        {"[::2]", false},
        {"[::ffff:127.0.0.1]", false},
        {"", false},
        {"127", false},
        {"ghcr.io", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].host, reference_is_loopback(rows[i].host) == rows[i].is_loopback);
}

static void test_podman_keys(void **state)
{
    static const struct {
        const char *text;
        const char *key;
    } rows[] = {
        {"ghcr.io", "ghcr.io"},
        {"GHCR.io/", "ghcr.io"},
        {"https://ghcr.io", "ghcr.io"},
        {"ghcr.io:443", "ghcr.io:443"},
        {"ghcr.io/owner", "ghcr.io/owner"},
        {"ghcr.io/owner/", "ghcr.io/owner"},
        {"GHCR.IO/owner/image", "ghcr.io/owner/image"},
        {"[::1]:5000/a/b/c", "[::1]:5000/a/b/c"},
        {"docker.io", "docker.io"}, /* not docker's address of the Hub */
        {"https://index.docker.io/v1/", "docker.io"},
        {"registry-1.docker.io/library", "docker.io/library"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = {.host = ""};
        struct error err = ERROR_INIT;
        char key[READER_KEY_MAX + 1];

        assert_row(rows[i].text, reference_parse(&ref, rows[i].text, &err) == 0);
        (void)reader_key(key, &reader_podman, ref.host, ref.name_space);
        assert_row_string(rows[i].text, key, rows[i].key);
    }
}

/* The longest host and the longest namespace make the longest key. */
static void test_longest_podman_key(void **state)
{
    struct reference ref;
    struct {
        char key[READER_KEY_MAX + 1];
        char behind[8];
    } held = {.behind = "kept"};

    (void)state;
    memset(&ref, 0, sizeof(ref));
    memset(ref.host, 'h', REFERENCE_HOST_MAX);
    memset(ref.name_space, 'n', REFERENCE_NAMESPACE_MAX);
    (void)reader_key(held.key, &reader_podman, ref.host, ref.name_space);
    assert_int_equal(strlen(held.key), REFERENCE_HOST_MAX + 1 + REFERENCE_NAMESPACE_MAX);
    assert_int_equal(held.key[REFERENCE_HOST_MAX], '/');
    assert_string_equal(held.behind, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_accepted),
        cmocka_unit_test(test_docker_hub),
        cmocka_unit_test(test_hosts_that_are_refused),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_what_was_typed),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_websites),
        cmocka_unit_test(test_paths_that_are_no_namespace),
        cmocka_unit_test(test_tokens_are_not_shown),
        cmocka_unit_test(test_sizes_of_hosts),
        cmocka_unit_test(test_sizes_of_namespaces),
        cmocka_unit_test(test_github_and_default),
        cmocka_unit_test(test_may_be_github),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_podman_keys),
        cmocka_unit_test(test_longest_podman_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * image: references as docker reads them, and those that could be no image of this registry.
 */
#include "../support.h"

#include "registry/image.h"

#define SHA256 "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA384                                                                                     \
    "sha384:0123456789abcdef0123456789abcdef0123456789abcdef"                                      \
    "0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA512                                                                                     \
    "sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                      \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct row {
    const char *registry;
    const char *text;
    const char *name;
    const char *version;
    bool is_digest;
};

static struct reference registry_of(const char *text)
{
    struct reference registry;
    struct error err = ERROR_INIT;

    assert_int_equal(reference_parse(&registry, text, &err), 0);
    return registry;
}

static void check_accepted(const struct row *row)
{
    struct reference registry = registry_of(row->registry);
    struct image image;
    struct error err = ERROR_INIT;

    if (image_parse(&image, row->text, &registry, &err) < 0)
        fail_msg("row '%s': %s", row->text, err.message);
    assert_row_string(row->text, image.given, row->text);
    assert_row_string(row->text, image.name, row->name);
    assert_row_string(row->text, image.version, row->version);
    assert_row(row->text, image.is_digest == row->is_digest);
    assert_row(row->text, !image.can_pull);
}

static void test_what_is_accepted(void **state)
{
    static const struct row rows[] = {
        {"ghcr.io", "ghcr.io/owner/app", "owner/app", "latest", false},
        {"ghcr.io", "ghcr.io/owner/app:1.0", "owner/app", "1.0", false},
        {"ghcr.io", "ghcr.io/owner/app:_x.Y-z", "owner/app", "_x.Y-z", false},
        {"ghcr.io", "ghcr.io/owner/app@" SHA256, "owner/app", SHA256, true},
        {"ghcr.io", "ghcr.io/owner/app@" SHA512, "owner/app", SHA512, true},
        {"ghcr.io", "ghcr.io/owner/app:1.0@" SHA256, "owner/app", SHA256, true},
        {"ghcr.io", "ghcr.io/owner/app:V1", "owner/app", "V1", false},
        {"ghcr.io", "ghcr.io/owner/app@" SHA384, "owner/app", SHA384, true},
        {"ghcr.io", "ghcr.io/app", "app", "latest", false},
        {"ghcr.io", "ghcr.io/a/b/c/d:1", "a/b/c/d", "1", false},
        {"ghcr.io", "ghcr.io/my-org/x.y__z--w:1", "my-org/x.y__z--w", "1", false},
        {"ghcr.io", "ghcr.io/0/1:2", "0/1", "2", false},
        {"ghcr.io/owner", "ghcr.io/owner/app", "owner/app", "latest", false},
        {"ghcr.io/owner/app", "ghcr.io/owner/app:1", "owner/app", "1", false},
        {"docker.io/library", "app", "library/app", "latest", false},
        {"registry.example.com:5000", "registry.example.com:5000/app:1", "app", "1", false},
        {"registry:5000", "registry:5000/owner/app", "owner/app", "latest", false},
        {"localhost", "localhost/app", "app", "latest", false},
        {"localhost:5000", "localhost:5000/app@" SHA256, "app", SHA256, true},
        {"127.0.0.1:5000", "127.0.0.1:5000/app:1", "app", "1", false},
        {"[::1]:5000", "[::1]:5000/owner/app:1", "owner/app", "1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_accepted(&rows[i]);
}

/* Docker Hub's images need no host, and those without an owner are in "library". */
static void test_docker_hub(void **state)
{
    static const struct row rows[] = {
        {"docker.io", "app", "library/app", "latest", false},
        {"docker.io", "app:1", "library/app", "1", false},
        {"docker.io", "app@" SHA256, "library/app", SHA256, true},
        {"docker.io", "app:1@" SHA256, "library/app", SHA256, true},
        {"docker.io", "owner/app", "owner/app", "latest", false},
        {"docker.io", "library/app:1", "library/app", "1", false},
        {"docker.io", "docker.io/app:1", "library/app", "1", false},
        {"docker.io", "docker.io/owner/app", "owner/app", "latest", false},
        {"docker.io", "index.docker.io/app", "library/app", "latest", false},
        {"https://index.docker.io/v1/", "app", "library/app", "latest", false},
        /* an owner that has no dot, no colon and no capital is no host */
        {"docker.io", "registry/app", "registry/app", "latest", false},
        {"docker.io", "a/b/c", "a/b/c", "latest", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_accepted(&rows[i]);
}

struct refusal {
    const char *registry;
    const char *text;
    const char *part;
    const char *hint; /* a part of it; NULL: any */
};

static void check_refused(const struct refusal *row)
{
    struct reference registry = registry_of(row->registry);
    struct image image = {.name = "untouched"};
    struct error err = ERROR_INIT;

    assert_row(row->text, image_parse(&image, row->text, &registry, &err) == -1);
    assert_error(row->text, &err, CLASS_USAGE, row->part);
    assert_row(row->text, row->hint == NULL || strstr(err.hint, row->hint) != NULL);
    assert_row_string(row->text, image.name, "untouched");
}

static void test_another_registry(void **state)
{
    static const struct refusal rows[] = {
        {"ghcr.io", "docker.io/owner/app", "not in the registry", "'ghcr.io'"},
        {"ghcr.io", "ghcr.io:443/owner/app", "not in the registry", "'ghcr.io'"},
        {"ghcr.io", "ghcr.io.evil.example/owner/app", "not in the registry", "'ghcr.io'"},
        {"ghcr.io", "localhost/app", "not in the registry", "'ghcr.io'"},
        {"ghcr.io", "owner/app", "Docker Hub", "ghcr.io/"},
        {"ghcr.io", "app", "Docker Hub", "use the full name: ghcr.io/..."},
        {"ghcr.io", "app:1", "Docker Hub", "ghcr.io/"},
        {"ghcr.io", "ghcr.io", "Docker Hub", "ghcr.io/"},
        {"ghcr.io/owner", "ghcr.io/other/app", "is not in the namespace of this login",
         "the namespace is 'ghcr.io/owner': its entry is used for no other image"},
        {"ghcr.io/owner", "ghcr.io/owners/app", "is not in the namespace of this login",
         "the namespace is 'ghcr.io/owner': its entry is used for no other image"},
        {"ghcr.io/owner/app", "ghcr.io/owner/ap", "not in the namespace", "'ghcr.io/owner/app'"},
        {"docker.io/owner", "app", "not in the namespace", "'docker.io/owner'"},
        {"registry:5000", "registry:5001/app", "not in the registry", "'registry:5000'"},
        {"registry:5000", "registry/app", "Docker Hub", "registry:5000/"},
        {"localhost:5000", "localhost/app", "not in the registry", "'localhost:5000'"},
        {"docker.io", "ghcr.io/owner/app", "not in the registry", "'docker.io'"},
        {"docker.io", "localhost/app", "not in the registry", "'docker.io'"},
        {"docker.io", "registry:5000/app", "not in the registry", "'docker.io'"},
        /* with a capital it can be no name, so docker takes it for a host */
        {"docker.io", "Owner/app", "not in the registry", NULL},
        /* docker and podman look for an entry of that very name */
        {"ghcr.io", "GHCR.io/owner/app", "not in the registry", "'ghcr.io'"},
        {"docker.io", "Docker.io/app", "not in the registry", "'docker.io'"},
        {"docker.io", "registry-1.docker.io/owner/app", "not in the registry", "'docker.io'"},
        {"docker.io", "registry.hub.docker.com/app", "not in the registry", "'docker.io'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(&rows[i]);
}

static void test_what_is_malformed(void **state)
{
    static const struct refusal rows[] = {
        {"ghcr.io", "", "", NULL},
        {"ghcr.io", "/", "", NULL},
        {"ghcr.io", "/app", "", NULL},
        {"ghcr.io", "ghcr.io/", "name", NULL},
        {"ghcr.io", "ghcr.io/owner/", "name", NULL},
        {"ghcr.io", "ghcr.io//app", "name", NULL},
        {"ghcr.io", "ghcr.io/owner//app", "name", NULL},
        {"ghcr.io", "ghcr.io/Owner/app", "lower case", NULL},
        {"ghcr.io", "ghcr.io/owner/APP", "lower case", NULL},
        {"ghcr.io", "ghcr.io/owner/App", "lower case", NULL},
        {"ghcr.io", "ghcr.io/owner/aPp:1", "lower case", NULL},
        {"ghcr.io", "ghcr.io/../app", "name", NULL},
        {"ghcr.io", "ghcr.io/owner/.app", "has an invalid name", NULL},
        {"ghcr.io", "ghcr.io/owner/app-", "", NULL},
        {"ghcr.io", "ghcr.io/owner/a..b", "", NULL},
        {"ghcr.io", "ghcr.io/owner/a___b", "", NULL},
        {"ghcr.io", "ghcr.io/owner/a._b", "", NULL},
        {"ghcr.io", "ghcr.io/owner/app:", "has an invalid tag", NULL},
        {"ghcr.io", "ghcr.io/owner/app:.1", "has an invalid tag", NULL},
        {"ghcr.io", "ghcr.io/owner/app:-1", "has an invalid tag", NULL},
        {"ghcr.io", "ghcr.io/owner/app:a:b", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app:a/b", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app:a b", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app:1\n", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app?x=y", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app#x", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app%2fb", "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app@", "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha256", "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha256:", "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha256:0123", "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha256:0123456789ABCDEF0123456789ABCDEF",
         "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha256:0123456789abcdef0123456789abcdef",
         "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@md5:0123456789abcdef0123456789abcdef",
         "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@sha1:0123456789abcdef0123456789abcdef",
         "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@" SHA256 "00", "has a malformed digest", NULL},
        {"ghcr.io", "ghcr.io/owner/app@" SHA256 ":1",
         "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app@" SHA256 "x",
         "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "ghcr.io/owner/app@" SHA256 "@" SHA256,
         "is not of the form [HOST/]NAME[:TAG][@DIGEST]", NULL},
        {"ghcr.io", "https://ghcr.io/owner/app", "has a scheme: remove the part up to '://'", NULL},
        {"ghcr.io", "docker://ghcr.io/owner/app", "has a scheme: remove the part up to '://'",
         NULL},
        {"ghcr.io", "user@ghcr.io/owner/app", "", NULL},
        {"ghcr.io", "ghcr.io:99999/owner/app", "", NULL},
        {"docker.io", "", "", NULL},
        {"docker.io", "app:", "has an invalid tag", NULL},
        {"docker.io", "App", "name", NULL},
        {"docker.io", "-", "name", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(&rows[i]);
}

/* "ghcr.io/" and `name_len` letters, ":" and `tag_len` more. */
static int parse_long(size_t name_len, size_t tag_len, struct error *err)
{
    struct reference registry = registry_of("ghcr.io");
    char text[1024] = "ghcr.io/";
    struct image image;

    memset(text + strlen(text), 'a', name_len);
    if (tag_len > 0) {
        text[strlen(text)] = ':';
        memset(text + strlen(text), 't', tag_len);
    }
    return image_parse(&image, text, &registry, err);
}

static void test_limits(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(parse_long(IMAGE_NAME_MAX, 0, &err), 0);
    assert_int_equal(parse_long(1, 128, &err), 0);
    assert_int_equal(parse_long(IMAGE_NAME_MAX, 128, &err), 0);
    assert_int_equal(parse_long(IMAGE_NAME_MAX + 1, 0, &err), -1);
    assert_error("a long name", &err, CLASS_USAGE, "name");
    err = ERROR_INIT;
    assert_int_equal(parse_long(1, 129, &err), -1);
    assert_error("a long tag", &err, CLASS_USAGE, "tag");
}

/* What a terminal would obey is not repeated as it is. */
static void test_the_text_is_shown_harmless(void **state)
{
    struct reference registry = registry_of("ghcr.io");
    struct image image;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(image_parse(&image, "ghcr.io/owner/\x1b[2Japp\r", &registry, &err), -1);
    assert_error("escape", &err, CLASS_USAGE, "the image");
    assert_not_shown("escape", &err, "\x1b");
}

/* A host that no registry could have for its own. */
static void test_a_host_too_long(void **state)
{
    struct reference registry = registry_of("ghcr.io");
    char text[REFERENCE_HOST_MAX + 32];
    struct error err = ERROR_INIT;
    struct image image;

    (void)state;
    memset(text, 'h', sizeof(text));
    memcpy(text + REFERENCE_HOST_MAX + 1, ".io/o/app", sizeof(".io/o/app"));
    assert_int_equal(image_parse(&image, text, &registry, &err), -1);
    assert_error("host", &err, CLASS_USAGE, NULL);
}

/* Read as docker reads it; the image is then one of that registry. */
static void test_which_registry(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        const char *api_host;
        const char *name;
    } rows[] = {
        {"postgres", "docker.io", "registry-1.docker.io", "library/postgres"},
        {"postgres:16@" SHA256, "docker.io", "registry-1.docker.io", "library/postgres"},
        {"grafana/loki:3", "docker.io", "registry-1.docker.io", "grafana/loki"},
        {"docker.io/redis", "docker.io", "registry-1.docker.io", "library/redis"},
        {"index.docker.io/library/redis", "docker.io", "registry-1.docker.io", "library/redis"},
        {"ghcr.io/owner/app:1", "ghcr.io", "ghcr.io", "owner/app"},
        {"localhost/app", "localhost", "localhost", "app"},
        {"127.0.0.1:5000/app", "127.0.0.1:5000", "127.0.0.1:5000", "app"},
        {"[::1]:5000/app", "[::1]:5000", "[::1]:5000", "app"},
        {"Harbor.Example.com/a/app", "Harbor.Example.com", "harbor.example.com", "a/app"},
        {"https://ghcr.io/owner/app", NULL, NULL, NULL},
        {"a_b.example.com/x", NULL, NULL, NULL},
        {"localhost:999999/app", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference registry;
        struct image image;
        struct error err = ERROR_INIT;

        if (rows[i].host == NULL) {
            assert_row(rows[i].text, image_registry(&registry, rows[i].text, &err) < 0);
            assert_error(rows[i].text, &err, CLASS_USAGE, "the image '");
            continue;
        }
        assert_row(rows[i].text, image_registry(&registry, rows[i].text, &err) == 0);
        assert_row_string(rows[i].text, registry.host, rows[i].host);
        assert_row_string(rows[i].text, registry.api_host, rows[i].api_host);
        assert_row(rows[i].text, image_parse(&image, rows[i].text, &registry, &err) == 0);
        assert_row_string(rows[i].text, image.name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_accepted), cmocka_unit_test(test_docker_hub),
        cmocka_unit_test(test_another_registry), cmocka_unit_test(test_what_is_malformed),
        cmocka_unit_test(test_limits),           cmocka_unit_test(test_the_text_is_shown_harmless),
        cmocka_unit_test(test_a_host_too_long),  cmocka_unit_test(test_which_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "store/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../support.h"

/* The environment of the case that runs. */
static const char *home;
static const char *docker_config;
static const char *registry_auth_file;
static const char *runtime_dir;
static const char *config_home;
static const char *own_directory; /* the only one that is there and the user's */

static const char *environment(const char *name)
{
    if (strcmp(name, "HOME") == 0)
        return home;
    if (strcmp(name, "DOCKER_CONFIG") == 0)
        return docker_config;
    if (strcmp(name, "REGISTRY_AUTH_FILE") == 0)
        return registry_auth_file;
    if (strcmp(name, "XDG_RUNTIME_DIR") == 0)
        return runtime_dir;
    return strcmp(name, "XDG_CONFIG_HOME") == 0 ? config_home : NULL;
}

static bool is_own_directory(const char *path, uid_t uid)
{
    if (uid == LOCATION_ANYBODY && strcmp(path, "/shared") == 0)
        return true;
    return own_directory != NULL && strcmp(path, own_directory) == 0;
}

static int locate(char path[PATH_MAX], const char *config_dir, const char *passwd_home,
                  struct error *err)
{
    struct location_request request = {
        .config_dir = config_dir, .environment = environment, .passwd_home = passwd_home};

    struct location location;

    if (reader_docker.place(&location, &request, err) < 0)
        return -1;
    assert_ptr_equal(location.owner, &reader_docker);
    memcpy(path, location.path, PATH_MAX);
    return 0;
}

static void docker_s_order_is_kept(void **state)
{
    static const struct {
        const char *config_dir;
        const char *docker_config;
        const char *home;
        const char *passwd_home;
        const char *path;
    } table[] = {
        {NULL, NULL, "/home/u", NULL, "/home/u/.docker/config.json"},
        {NULL, NULL, "/home/u", "/home/p", "/home/u/.docker/config.json"},
        {NULL, NULL, NULL, "/home/p", "/home/p/.docker/config.json"},
        {NULL, NULL, "", "/home/p", "/home/p/.docker/config.json"},
        {NULL, "/cfg", "/home/u", "/home/p", "/cfg/config.json"},
        {NULL, "", "/home/u", "/home/p", "/home/u/.docker/config.json"},
        {NULL, "/cfg", NULL, NULL, "/cfg/config.json"},
        {"/flag", "/cfg", "/home/u", "/home/p", "/flag/config.json"},
        {"/flag", NULL, NULL, NULL, "/flag/config.json"},
        /* relative to the working directory, as docker has it */
        {NULL, "cfg", "/home/u", NULL, "cfg/config.json"},
        {".", NULL, "/home/u", NULL, "./config.json"},
        /* no second slash */
        {"/flag/", NULL, NULL, NULL, "/flag/config.json"},
        {NULL, "/", NULL, NULL, "/config.json"},
        {NULL, NULL, "/", NULL, "/.docker/config.json"},
        {NULL, NULL, "/home/u/", NULL, "/home/u/.docker/config.json"},
        /* bytes are bytes */
        {"/with blank/\xc3\xa9", NULL, NULL, NULL, "/with blank/\xc3\xa9/config.json"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct error err = {.cls = CLASS_NONE};
        char path[PATH_MAX];

        home = table[i].home;
        docker_config = table[i].docker_config;
        assert_int_equal(locate(path, table[i].config_dir, table[i].passwd_home, &err), 0);
        assert_string_equal(path, table[i].path);
        assert_int_equal(err.cls, CLASS_NONE);
    }
}

static void no_home_is_an_error(void **state)
{
    static const char *const nothing[] = {NULL, ""};

    (void)state;
    docker_config = NULL;
    for (size_t i = 0; i < 4; i++) {
        struct error err = {.cls = CLASS_NONE};
        char path[PATH_MAX];

        home = nothing[i / 2];
        assert_int_equal(locate(path, NULL, nothing[i % 2], &err), -1);
        assert_int_equal(err.cls, CLASS_AUTHFILE);
        assert_non_null(strstr(err.message, "HOME"));
        assert_non_null(strstr(err.hint, "--config"));
    }
}

static void length_is_limited(void **state)
{
    char dir[PATH_MAX + 8];
    size_t longest = PATH_MAX - 1 - strlen("/config.json");

    (void)state;
    home = NULL;
    docker_config = NULL;
    for (size_t len = longest - 1; len <= longest + 2; len++) {
        struct error err = {.cls = CLASS_NONE};
        char path[PATH_MAX];

        memset(dir, 'a', len);
        dir[0] = '/';
        dir[len] = '\0';
        if (len <= longest) {
            assert_int_equal(locate(path, dir, NULL, &err), 0);
            assert_int_equal(strlen(path), len + strlen("/config.json"));
        } else {
            assert_int_equal(locate(path, dir, NULL, &err), -1);
            assert_int_equal(err.cls, CLASS_AUTHFILE);
        }
    }
}

struct podman_row {
    const char *authfile;
    bool is_persistent;
    const char *registry_auth_file;
    const char *docker_config;
    const char *runtime_dir;
    const char *config_home;
    const char *home;
    const char *passwd_home;
    uid_t uid;
    const char *own_directory;
    const struct reader *owner;
    const char *path;
};

static int locate_podman(struct location *out, const struct podman_row *row, struct error *err)
{
    struct location_request request = {.config_dir = "/for/docker/alone",
                                       .authfile = row->authfile,
                                       .is_persistent = row->is_persistent,
                                       .environment = environment,
                                       .is_own_directory = is_own_directory,
                                       .passwd_home = row->passwd_home,
                                       .uid = row->uid};

    home = row->home;
    docker_config = row->docker_config;
    registry_auth_file = row->registry_auth_file;
    runtime_dir = row->runtime_dir;
    config_home = row->config_home;
    own_directory = row->own_directory;
    return reader_podman.place(out, &request, err);
}

static void assert_podman(const struct podman_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = {.cls = CLASS_NONE};
        struct location location;

        assert_int_equal(locate_podman(&location, &rows[i], &err), 0);
        assert_string_equal(location.path, rows[i].path);
        assert_ptr_equal(location.owner, rows[i].owner);
        assert_int_equal(err.cls, CLASS_NONE);
    }
}

#define ASSERT_PODMAN(rows) assert_podman(rows, sizeof(rows) / sizeof((rows)[0]))

static void podman_s_order_is_kept(void **state)
{
    static const struct podman_row rows[] = {
        {.authfile = "a.json",
         .registry_auth_file = "/r.json",
         .docker_config = "/d",
         .runtime_dir = "/run/x",
         .own_directory = "/run/x",
         .owner = &reader_podman,
         .path = "a.json"},
        {.authfile = "dir/", .owner = &reader_podman, .path = "dir/"}, /* as it was given */
        {.registry_auth_file = "/r.json",
         .docker_config = "/d",
         .runtime_dir = "/run/x",
         .own_directory = "/run/x",
         .owner = &reader_podman,
         .path = "/r.json"},
        {.registry_auth_file = "",
         .docker_config = "/d",
         .runtime_dir = "/run/x",
         .own_directory = "/run/x",
         .owner = &reader_docker,
         .path = "/d/config.json"},
        {.docker_config = "d/", .uid = 1000, .owner = &reader_docker, .path = "d/config.json"},
        {.docker_config = "",
         .runtime_dir = "/run/x",
         .own_directory = "/run/x",
         .uid = 1000,
         .owner = &reader_podman,
         .path = "/run/x/containers/auth.json"},
    };

    (void)state;
    ASSERT_PODMAN(rows);
}

static void podman_s_default_is_in_the_runtime_directory(void **state)
{
    static const struct podman_row rows[] = {
        {.runtime_dir = "/run/user/7",
         .home = "/home/u",
         .uid = 1000,
         .own_directory = "/run/user/7",
         .owner = &reader_podman,
         .path = "/run/user/7/containers/auth.json"},
        {.runtime_dir = "/run/x/",
         .uid = 0,
         .own_directory = "/run/x/",
         .owner = &reader_podman,
         .path = "/run/x/containers/auth.json"},
        {.uid = 0, .owner = &reader_podman, .path = "/run/containers/0/auth.json"},
        {.runtime_dir = "",
         .uid = 0,
         .own_directory = "/run/user/0",
         .owner = &reader_podman,
         .path = "/run/containers/0/auth.json"},
        {.uid = 1000,
         .own_directory = "/run/user/1000",
         .owner = &reader_podman,
         .path = "/run/user/1000/containers/auth.json"},
        {.runtime_dir = "",
         .uid = 4294967294,
         .own_directory = "/run/user/4294967294",
         .owner = &reader_podman,
         .path = "/run/user/4294967294/containers/auth.json"},
    };

    (void)state;
    ASSERT_PODMAN(rows);
}

/* skopeo does not ask whose it is. */
static void a_runtime_directory_may_be_another_s(void **state)
{
    static const struct podman_row rows[] = {
        {.runtime_dir = "/shared",
         .uid = 1000,
         .owner = &reader_podman,
         .path = "/shared/containers/auth.json"},
    };

    (void)state;
    ASSERT_PODMAN(rows);
}

static void podman_s_persistent_file_ignores_the_rest(void **state)
{
    static const struct podman_row rows[] = {
        {.is_persistent = true,
         .registry_auth_file = "/r.json",
         .docker_config = "/d",
         .runtime_dir = "/not/there",
         .home = "/home/u",
         .passwd_home = "/home/p",
         .owner = &reader_podman,
         .path = "/home/u/.config/containers/auth.json"},
        {.is_persistent = true,
         .config_home = "/cfg",
         .home = "/home/u",
         .owner = &reader_podman,
         .path = "/cfg/containers/auth.json"},
        {.is_persistent = true,
         .config_home = "",
         .home = "/home/u/",
         .owner = &reader_podman,
         .path = "/home/u/.config/containers/auth.json"},
        {.is_persistent = true,
         .passwd_home = "/home/p",
         .owner = &reader_podman,
         .path = "/home/p/.config/containers/auth.json"},
        {.is_persistent = true,
         .home = "",
         .passwd_home = "/home/p",
         .uid = 1000,
         .owner = &reader_podman,
         .path = "/home/p/.config/containers/auth.json"},
        {.is_persistent = true,
         .config_home = "/cfg",
         .owner = &reader_podman,
         .path = "/cfg/containers/auth.json"},
    };

    (void)state;
    ASSERT_PODMAN(rows);
}

static void podman_without_a_place_is_an_error(void **state)
{
    static const struct {
        struct podman_row row;
        const char *message;
        const char *hint;
    } rows[] = {
        /* absent, or a file: is_own_directory() tells */
        {{.runtime_dir = "/run/x", .uid = 1000, .own_directory = "/run/user/1000"},
         "XDG_RUNTIME_DIR is '/run/x'",
         "--persistent"},
        {{.runtime_dir = "/run/x", .uid = 0}, "XDG_RUNTIME_DIR is '/run/x'", "--authfile"},
        {{.uid = 1000, .home = "/home/u"}, "'/run/user/1000'", "--persistent"},
        {{.uid = 1000, .own_directory = "/run/user/1001"}, "'/run/user/1000'", "--authfile"},
        {{.runtime_dir = "", .uid = 1000}, "XDG_RUNTIME_DIR is not set", "--persistent"},
        {{.is_persistent = true}, "HOME is not set", "--authfile"},
        {{.is_persistent = true, .home = "", .passwd_home = "", .config_home = ""},
         "HOME is not set",
         "--authfile"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {.cls = CLASS_NONE};
        struct location location;

        assert_int_equal(locate_podman(&location, &rows[i].row, &err), -1);
        assert_int_equal(err.cls, CLASS_AUTHFILE);
        assert_non_null(strstr(err.message, rows[i].message));
        assert_non_null(strstr(err.hint, rows[i].hint));
    }
}

static void persistent_alone_ignores_what_is_named(void **state)
{
    struct location_request request = {.authfile = "a.json", .environment = environment};
    struct error err = {.cls = CLASS_NONE};
    struct location location;

    (void)state;
    home = "/home/u";
    config_home = NULL;
    registry_auth_file = "/r.json";
    docker_config = "/d";
    assert_int_equal(reader_persistent(&location, &request, &err), 0);
    assert_string_equal(location.path, "/home/u/.config/containers/auth.json");
    assert_ptr_equal(location.owner, &reader_podman);
}

static void podman_s_length_is_limited(void **state)
{
    char file[PATH_MAX + 8];

    (void)state;
    for (size_t len = PATH_MAX - 2; len <= PATH_MAX + 1; len++) {
        struct podman_row row = {.authfile = file};
        struct error err = {.cls = CLASS_NONE};
        struct location location = {.path = "untouched"};

        memset(file, 'a', len);
        file[len] = '\0';
        assert_int_equal(locate_podman(&location, &row, &err), len < PATH_MAX ? 0 : -1);
        assert_int_equal(err.cls, len < PATH_MAX ? CLASS_NONE : CLASS_AUTHFILE);
        assert_string_equal(location.path, len < PATH_MAX ? file : "untouched");
    }
}

static void test_hosts(void **state)
{
    static const char *const rows[][2] = {
        {"ghcr.io", "ghcr.io"},
        {"ghcr.io:443", "ghcr.io:443"},
        {"ghcr.io/owner/image", "ghcr.io"},
        {"https://ghcr.io", "ghcr.io"},
        {"http://ghcr.io/", "ghcr.io"},
        {"https://index.docker.io/v1/", "index.docker.io"},
        {"https://", ""},
        {"HTTPS://ghcr.io", "HTTPS:"}, /* as docker has it: no scheme, so a path */
        {"/", ""},
        {"", ""},
    };
    char host[64];
    char small[5];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row_string(rows[i][0], reader_key_host(host, sizeof(host), rows[i][0]), rows[i][1]);
    assert_string_equal(reader_key_host(small, sizeof(small), "https://ghcr.io"), "ghcr");
}

#define HUB "https://index.docker.io/v1/"

static void test_what_stands_for_what(void **state)
{
    static const struct {
        const char *key;
        const char *wanted;
        bool is_fallback; /* docker's */
        bool is_spelling;
    } rows[] = {
        {"ghcr.io", "ghcr.io", false, false},
        {"https://ghcr.io", "ghcr.io", true, true},
        {"http://ghcr.io/v2/", "ghcr.io", true, true},
        {"ghcr.io/owner", "ghcr.io", true, false},
        {"ghcr.io/", "ghcr.io", true, false},
        {"https://ghcr.io/owner", "ghcr.io", true, true},
        {"https://GHCR.io/v2/", "ghcr.io", false, true},
        {"ghcr.io:443", "ghcr.io", false, false},
        {"ghcr.i", "ghcr.io", false, false},
        {"ghcr.iox", "ghcr.io", false, false},
        {"GHCR.IO", "ghcr.io", false, true},
        {"", "ghcr.io", false, false},
        {"https://h:5000/v2/", "h:5000", true, true},
        /* A namespace has one spelling. */
        {"ghcr.io", "ghcr.io/owner", false, false},
        {"https://ghcr.io/owner", "ghcr.io/owner", false, false},
        /* Docker Hub. */
        {"docker.io", HUB, false, true},
        {"https://registry-1.docker.io/v2/", HUB, false, true},
        {HUB, "docker.io", false, true},
        {"index.docker.io", "docker.io", false, true},
        {"registry.hub.docker.com", HUB, false, true},
        {"docker.io/library", "docker.io", true, false},
        {"hub.docker.io", HUB, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].key,
                   reader_docker.is_fallback(rows[i].key, rows[i].wanted) == rows[i].is_fallback);
        assert_row(rows[i].key, reader_is_spelling(&reader_podman, rows[i].key, rows[i].wanted) ==
                                    rows[i].is_spelling);
    }
}

/* What docker would go on using, podman has for a namespace. */
static void test_paths_of_an_api(void **state)
{
    static const struct {
        const char *key;
        bool is_spelling; /* in Docker's file */
    } rows[] = {
        {"ghcr.io/", true},    {"ghcr.io/v2/", true},   {"ghcr.io/v2", true}, {"ghcr.io/v1/", true},
        {"ghcr.io/v3", false}, {"ghcr.io/v2/o", false}, {"ghcr.io//", false}, {"quay.io/", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].key, reader_is_spelling(&reader_docker, rows[i].key, "ghcr.io") ==
                                    rows[i].is_spelling);
        assert_row(rows[i].key, !reader_is_spelling(&reader_podman, rows[i].key, "ghcr.io"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_s_order_is_kept),
        cmocka_unit_test(no_home_is_an_error),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(podman_s_order_is_kept),
        cmocka_unit_test(podman_s_default_is_in_the_runtime_directory),
        cmocka_unit_test(a_runtime_directory_may_be_another_s),
        cmocka_unit_test(podman_s_persistent_file_ignores_the_rest),
        cmocka_unit_test(podman_without_a_place_is_an_error),
        cmocka_unit_test(persistent_alone_ignores_what_is_named),
        cmocka_unit_test(podman_s_length_is_limited),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_what_stands_for_what),
        cmocka_unit_test(test_paths_of_an_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

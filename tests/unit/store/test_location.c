#include "store/location.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The environment of the case that runs. */
static const char *home;
static const char *docker_config;

static const char *environment(const char *name)
{
    if (strcmp(name, "HOME") == 0)
        return home;
    if (strcmp(name, "DOCKER_CONFIG") == 0)
        return docker_config;
    return NULL;
}

static int locate(char path[PATH_MAX], const char *config_dir, const char *passwd_home,
                  struct error *err)
{
    struct location_request request = {
        .config_dir = config_dir, .environment = environment, .passwd_home = passwd_home};

    struct location location;

    if (location_docker(&location, &request, err) < 0)
        return -1;
    assert_int_equal(location.format, AUTH_FORMAT_DOCKER);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_s_order_is_kept),
        cmocka_unit_test(no_home_is_an_error),
        cmocka_unit_test(length_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

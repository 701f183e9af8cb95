/*
 * private_config: the user's configuration in another place, and what is refused. close() is linked
 * through here, to fail.
 */
#include "../support.h"

#include "store/private_config.h"

#include "files.h"

static bool cannot_close;

int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd)
{
    int ret = __real_close(fd);

    if (!cannot_close)
        return ret;
    errno = EDQUOT; /* as NFS tells late */
    return -1;
}

static int setup(void **state)
{
    int ret = support_setup(state);

    support_must(mkdir("to", 0700) == 0 && mkdir("from", 0700) == 0, "mkdir");
    return ret;
}

static int copy(const char *to, const char *from, struct error *err)
{
    return private_config_copy(to, from, err);
}

static void assert_link(const char *name, const char *target)
{
    char expected[2 * PATH_MAX];
    char found[PATH_MAX];
    char path[PATH_MAX];
    ssize_t len;

    (void)snprintf(path, sizeof(path), "to/%s", name);
    (void)snprintf(expected, sizeof(expected), "%s/%s", support_dir, target);
    len = readlink(path, found, sizeof(found) - 1);
    assert_row(name, len > 0);
    found[len] = '\0';
    assert_row_string(name, found, expected);
}

static void test_links(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_must(mkdir("from/contexts", 0700) == 0 && symlink("nowhere", "from/dangling") == 0,
                 "from");
    support_write("from/config.json", "{}");
    support_write("from/.config.json.ghcr-login.abcdef", "{}");
    support_write("from/config.json123", "other");
    support_write("from/.token_seed", "x");
    assert_int_equal(private_config_link("to", "from", &err), 0);
    assert_link("contexts", "from/contexts");
    assert_link("dangling", "from/dangling");
    assert_link("config.json123", "from/config.json123");
    assert_link(".token_seed", "from/.token_seed");
    assert_int_equal(support_count("to"), 4);
}

static void test_no_directory_to_show(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(private_config_link("to", "nowhere", &err), 0);
    assert_int_equal(support_count("to"), 0);
    support_write("file", "x");
    assert_int_equal(private_config_link("to", "file", &err), -1);
    assert_error("file", &err, CLASS_AUTHFILE, "/file'");
}

static void test_no_directory_to_link_in(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(private_config_link("nowhere", "from", &err), -1);
    assert_error("nowhere", &err, CLASS_AUTHFILE, "'nowhere'");
}

/* The last path that is short enough; what it holds has one that is too long for a link. */
static void test_a_path_too_long_to_link_to(void **state)
{
    struct error err = ERROR_INIT;
    char from[PATH_MAX];
    size_t len;

    (void)state;
    (void)snprintf(from, sizeof(from), "%s", support_dir);
    while ((len = strlen(from)) < PATH_MAX - 2) {
        size_t more = PATH_MAX - 2 - len > 200 ? 200 : PATH_MAX - 2 - len;

        from[len] = '/';
        memset(from + len + 1, 'd', more);
        from[len + 1 + more] = '\0';
        support_must(mkdir(from, 0700) == 0, "mkdir");
    }
    assert_int_equal(private_config_link("to", from, &err), 0); /* it is empty */
    support_must(chdir(from) == 0, "chdir");
    support_write("file", "x");
    support_must(chdir(support_dir) == 0, "chdir");
    assert_int_equal(private_config_link("to", from, &err), -1);
    assert_error("long", &err, CLASS_AUTHFILE, "cannot link to the files in");
    support_must(chdir(from) == 0 && unlink("file") == 0 && chdir(support_dir) == 0, "unlink");
}

static void test_links_to_a_linked_directory(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write("from/file", "x");
    support_must(symlink("from", "link") == 0, "symlink");
    assert_int_equal(private_config_link("to", "link", &err), 0);
    assert_link("file", "from/file");
}

static void test_copy(void **state)
{
    static const char text[] = "{ \"auths\" : {}, \"x\": 1.50 }\n";
    struct error err = ERROR_INIT;

    (void)state;
    support_write("from/config.json", text);
    support_must(chmod("from/config.json", 0644) == 0, "chmod");
    assert_int_equal(copy("to/config.json", "from/config.json", &err), 0);
    assert_true(support_holds("to/config.json", text));
    assert_int_equal(support_mode("to/config.json"), 0600);
}

static void test_nothing_to_copy(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(copy("to/config.json", "nowhere/config.json", &err), 0);
    support_write("from/config.json", "");
    assert_int_equal(copy("to/config.json", "from/config.json", &err), 0);
    assert_int_equal(support_count("to"), 0);
}

static void test_what_is_refused(void **state)
{
    static const char *const texts[] = {"{", "[]", "{\"auths\":1}", "{\"a\":1,\"a\":2}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = ERROR_INIT;

        support_write("from/config.json", texts[i]);
        assert_row(texts[i], copy("to/config.json", "from/config.json", &err) < 0);
        assert_error(texts[i], &err, CLASS_AUTHFILE, "'from/config.json'");
        assert_row(texts[i], support_count("to") == 0);
    }
}

static void test_nothing_is_written_over(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write("from/config.json", "{}");
    support_write("outside", "kept");
    support_must(symlink("../outside", "to/config.json") == 0, "symlink");
    assert_int_equal(copy("to/config.json", "from/config.json", &err), -1);
    assert_error("link", &err, CLASS_AUTHFILE, "'to/config.json'");
    assert_true(support_holds("outside", "kept"));
}

static void test_a_copy_that_is_not_whole(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write("from/config.json", "{}");
    cannot_close = true;
    assert_int_equal(copy("to/config.json", "from/config.json", &err), -1);
    cannot_close = false;
    assert_error("close", &err, CLASS_AUTHFILE, strerror(EDQUOT));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_links),
        IN_DIRECTORY(test_no_directory_to_show),
        IN_DIRECTORY(test_no_directory_to_link_in),
        IN_DIRECTORY(test_a_path_too_long_to_link_to),
        IN_DIRECTORY(test_links_to_a_linked_directory),
        IN_DIRECTORY(test_copy),
        IN_DIRECTORY(test_nothing_to_copy),
        IN_DIRECTORY(test_what_is_refused),
        IN_DIRECTORY(test_nothing_is_written_over),
        IN_DIRECTORY(test_a_copy_that_is_not_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

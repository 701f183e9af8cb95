/*
 * program: what PATH leads to, and what of our environment a program does not get.
 */
#include "../support.h"

#include <stdlib.h>

#include "store/program.h"

#include "support.h"

#define NAME "docker-credential-x"

static void make_program(const char *path, mode_t mode)
{
    support_write(path, "#!/bin/sh\n");
    support_must(chmod(path, mode) == 0, path);
}

static int setup(void **state)
{
    int ret = support_setup(state);

    support_must(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0, "mkdir");
    return ret;
}

/* `search` with every "@" replaced by the test's directory. */
static const char *expand(const char *search)
{
    static char expanded[3 * PATH_MAX];
    size_t used = 0;

    for (; *search != '\0'; search++)
        used +=
            (size_t)snprintf(expanded + used, sizeof(expanded) - used, "%.*s",
                             *search == '@' ? PATH_MAX : 1, *search == '@' ? support_dir : search);
    expanded[used] = '\0';
    return expanded;
}

static void assert_finds(const char *search, const char *expected)
{
    char path[PATH_MAX] = "";
    struct error err = ERROR_INIT;

    if (program_find(path, NAME, expand(search), &err) < 0)
        fail_msg("'%s': %s", search, err.message);
    assert_string_equal(path, expand(expected));
}

static void assert_finds_nothing(const char *search, const char *part)
{
    char path[PATH_MAX] = "";
    struct error err = ERROR_INIT;

    assert_row(search, program_find(path, NAME, expand(search), &err) < 0);
    assert_error(search, &err, CLASS_HELPER, part);
    assert_row(search, err.hint[0] != '\0');
    assert_row(search, path[0] == '\0');
}

static void test_the_first_that_can_be_run(void **state)
{
    (void)state;
    make_program("b/" NAME, 0755);
    assert_finds("@/a:@/b", "@/b/" NAME);
    assert_finds("/nowhere:@/b/:/usr/bin", "@/b//" NAME);
    make_program("a/" NAME, 0600);
    assert_finds("@/a:@/b", "@/b/" NAME);
    assert_finds_nothing("@/a", "not executable");
    make_program("a/" NAME, 0755);
    assert_finds("@/a:@/b", "@/a/" NAME);
    support_must(chmod("a/" NAME, 0700) == 0, "chmod");
    assert_finds("@/a", "@/a/" NAME);
}

static void test_what_is_none(void **state)
{
    (void)state;
    support_must(mkdir("a/" NAME, 0755) == 0, "mkdir");
    assert_finds_nothing("@/a:@/b", "there is no '" NAME "' on PATH");
    assert_finds_nothing("", "there is no '" NAME "' on PATH");
}

static void test_no_path_at_all(void **state)
{
    char path[PATH_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(program_find(path, NAME, NULL, &err), -1);
    assert_error("NULL", &err, CLASS_HELPER, "on PATH");
    assert_non_null(strstr(err.hint, "--no-helper"));
}

/* An empty directory of PATH means the working directory. */
static void test_directories_that_are_not_absolute_do_not_count(void **state)
{
    (void)state;
    make_program("a/" NAME, 0755);
    make_program(NAME, 0755);
    assert_finds_nothing("a:.:./a::", "on PATH");
    assert_finds_nothing(":", "on PATH");
    assert_finds("a::@/a:", "@/a/" NAME);
}

static void test_a_directory_too_long_is_passed_over(void **state)
{
    static char search[2 * PATH_MAX];

    (void)state;
    make_program("a/" NAME, 0755);
    memset(search, 'x', PATH_MAX);
    search[0] = '/';
    assert_finds_nothing(search, "on PATH");
    memcpy(search + PATH_MAX, ":@/a", sizeof(":@/a"));
    assert_finds(search, "@/a/" NAME);
}

static bool has(char *const *environment, const char *variable)
{
    for (; *environment != NULL; environment++) {
        if (strcmp(*environment, variable) == 0)
            return true;
    }
    return false;
}

static void test_environment_without_what_is_ours(void **state)
{
    static char kept[][48] = {"GHCR_TOKEN2=another", "GHCR_TOKE=another",
                              "X_EMPTY=", "GHCR_USERNAME=octocat"};
    static char ours[] = "GHCR_TOKEN=secret-token";
    struct error err = ERROR_INIT;
    char **environment;

    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++)
        support_must(putenv(kept[i]) == 0, "putenv");
    support_must(putenv(ours) == 0, "putenv");
    environment = program_environment(&err);
    assert_non_null(environment);
    for (size_t i = 0; i < COUNT(kept); i++)
        assert_row(kept[i], has(environment, kept[i]));
    assert_false(has(environment, ours));
    free(environment);
}

static void test_no_environment(void **state)
{
    struct error err = ERROR_INIT;
    char **environment;

    (void)state;
    support_must(clearenv() == 0, "clearenv");
    environment = program_environment(&err);
    assert_non_null(environment);
    assert_null(environment[0]);
    free(environment);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_the_first_that_can_be_run),
        IN_DIRECTORY(test_what_is_none),
        IN_DIRECTORY(test_no_path_at_all),
        IN_DIRECTORY(test_directories_that_are_not_absolute_do_not_count),
        IN_DIRECTORY(test_a_directory_too_long_is_passed_over),
        cmocka_unit_test(test_environment_without_what_is_ours),
        cmocka_unit_test(test_no_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

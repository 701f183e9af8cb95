/*
 * environment: what is taken out of it, and what only looks like it.
 */
#include "cli/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

extern char **environ;

static void forget(const char *text)
{
    struct secret secret = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(secret_append_text(&secret, text, &err), 0);
    environment_forget_secret(&secret);
    secret_clear(&secret);
}

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static void a_secret_goes_from_every_variable(void **state)
{
    (void)state;
    set("FIRST", "s3cret-token");
    set("SECOND", "s3cret-token\n");
    set("LONGER", "s3cret-token-2");
    set("LINES", "s3cret-token\nand more");
    set("OTHER", "x");
    forget("s3cret-token");
    assert_null(environment("FIRST"));
    assert_null(environment("SECOND"));
    assert_string_equal(environment("LONGER"), "s3cret-token-2");
    assert_string_equal(environment("LINES"), "s3cret-token\nand more");
    assert_string_equal(environment("OTHER"), "x");
}

/* execve(2) takes any list; getenv(3) finds the first of a name. */
static void every_copy_of_a_variable_goes(void **state)
{
    static char first[] = "TWICE=s3cret-token";
    static char other[] = "TWICES=kept";
    static char second[] = "TWICE=s3cret-token-2";
    static char *list[] = {first, other, second, NULL};
    char **before = environ;

    (void)state;
    environ = list;
    environment_forget("TWICE");
    assert_null(environment("TWICE"));
    assert_string_equal(environment("TWICES"), "kept");
    assert_null(memmem(first, sizeof(first), "token", strlen("token")));
    assert_null(memmem(second, sizeof(second), "token", strlen("token")));
    environ = before;
}

static void all_of_it_goes(void **state)
{
    static char variable[] = "PUT=s3cret-token"; /* as the kernel puts them */
    static const char nothing[sizeof(variable)];

    (void)state;
    assert_int_equal(putenv(variable), 0);
    environment_forget_all();
    assert_null(environment("PUT"));
    assert_null(environment("PATH"));
    assert_memory_equal(variable, nothing, sizeof(variable));
    environment_forget_all(); /* nor is there any more */
}

static void what_is_short_may_stand_there_by_chance(void **state)
{
    (void)state;
    set("CI", "1");
    set("USER", "root");
    forget("1");
    forget("root");
    forget("");
    assert_string_equal(environment("CI"), "1");
    assert_string_equal(environment("USER"), "root");
    environment_forget("CI"); /* by its name it goes all the same */
    assert_null(environment("CI"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_goes_from_every_variable),
        cmocka_unit_test(what_is_short_may_stand_there_by_chance),
        cmocka_unit_test(every_copy_of_a_variable_goes),
        cmocka_unit_test(all_of_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * temporary: what stands beside a file for a moment. openat() is linked through here, for a
 * directory in which every name is taken.
 */
#include "../support.h"

#include "store/file/replace.h"

#include "support.h"

static bool is_crowded;

int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);

int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
    if (!is_crowded)
        return __real_openat(dir_fd, path, flags, 0600);
    errno = EEXIST;
    return -1;
}

static int write_beside(const char *path, char temporary[NAME_MAX + 1], struct error *err)
{
    struct secret text = support_secret("new");
    struct version none = VERSION_INIT;
    bool is_poorer = false;
    int ret;

    *err = ERROR_INIT;
    (void)snprintf(temporary, NAME_MAX + 1, "untouched");
    ret = temporary_write(temporary, AT_FDCWD, path, &none, &text, &is_poorer, err);
    secret_clear(&text);
    return ret;
}

static void test_it_is_written_and_removed(void **state)
{
    char temporary[NAME_MAX + 1];
    struct error err;

    (void)state;
    assert_int_equal(write_beside("file", temporary, &err), 0);
    assert_true(support_holds(temporary, "new"));
    assert_int_equal(support_mode(temporary), 0600);
    support_write(".other.ghcr-login.abcdef", "x");
    temporary_remove_leftovers(AT_FDCWD, "file", true);
    assert_int_equal(support_count("."), 1);
    assert_true(support_holds(".other.ghcr-login.abcdef", "x"));
}

static void test_without_a_name(void **state)
{
    char temporary[NAME_MAX + 1];
    char name[NAME_MAX + 1];
    struct error err;

    (void)state;
    is_crowded = true;
    assert_int_equal(write_beside("file", temporary, &err), -1);
    is_crowded = false;
    assert_error("crowded", &err, CLASS_AUTHFILE, strerror(EEXIST));
    assert_string_equal(temporary, "");
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    assert_false(temporary_has_room(name));
    assert_int_equal(write_beside(name, temporary, &err), -1);
    assert_error("long", &err, CLASS_AUTHFILE, strerror(ENAMETOOLONG));
    assert_string_equal(temporary, "");
    temporary_remove_leftovers(AT_FDCWD, name, true);
    assert_int_equal(support_count("."), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_it_is_written_and_removed),
        IN_DIRECTORY(test_without_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

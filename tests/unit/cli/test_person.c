/*
 * person: who a run is about, and that becoming them leaves no way back. As root alone where a
 * row says so. Some calls are linked through here, to fail, or to succeed where they never should.
 */
#include "../support.h"

#include "cli/person.h"

#include <signal.h>

#include "../store/files.h"

static bool has_no_prctl;
static bool is_still_root;

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __real_setuid(uid_t uid);
int __wrap_setuid(uid_t uid);

int __wrap_prctl(int option, ...)
{
    return has_no_prctl ? -1 : __real_prctl(option, 0, 0, 0, 0);
}

int __wrap_setuid(uid_t uid)
{
    return is_still_root ? 0 : __real_setuid(uid);
}

static int become_nobody(void)
{
    struct error err = ERROR_INIT;
    struct person person;

    if (person_find(&person, "nobody", &err) < 0)
        return 1;
    return person_become(&person, &err) < 0 && err.cls == CLASS_INTERNAL ? 2 : 3;
}

static void test_half_a_change_is_none(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    has_no_prctl = true;
    assert_int_equal(support_in_child(false, become_nobody), 2);
    has_no_prctl = false;
    is_still_root = true;
    assert_int_equal(support_in_child(false, become_nobody), 128 + SIGABRT);
    is_still_root = false;
}

static int check_becoming(void)
{
    struct error err = ERROR_INIT;
    struct person person;
    gid_t groups[64];
    uid_t ids[3];

    support_must(setenv("SECRET_OF_ROOT", "x", 1) == 0 && setenv("LC_ALL", "C", 1) == 0 &&
                     setenv("DOCKER_CONFIG", "/root/x", 1) == 0 &&
                     setenv("XDG_RUNTIME_DIR", "/run/user/0", 1) == 0,
                 "setenv");
    if (person_find(&person, "nobody", &err) < 0 || !person.is_other ||
        person.uid != SUPPORT_NOBODY || strcmp(getenv("DOCKER_CONFIG"), "/root/x") != 0)
        return 1;
    if (person_enter_environment(&person, &err) < 0)
        return 2;
    if (getenv("DOCKER_CONFIG") != NULL || getenv("SECRET_OF_ROOT") == NULL ||
        strcmp(getenv("HOME"), person.home) != 0 || strcmp(getenv("USER"), "nobody") != 0 ||
        getenv("XDG_RUNTIME_DIR") != NULL)
        return 2;
    if (person_become(&person, &err) < 0 || getresuid(&ids[0], &ids[1], &ids[2]) < 0)
        return 3;
    if (ids[0] != person.uid || ids[1] != person.uid || ids[2] != person.uid ||
        getegid() != person.gid || setuid(0) == 0 || setgid(0) == 0)
        return 4;
    for (int i = getgroups(64, groups) - 1; i >= 0; i--) {
        if (groups[i] == 0)
            return 5;
    }
    if (getenv("SECRET_OF_ROOT") != NULL || getenv("LC_ALL") == NULL || getenv("PATH") == NULL)
        return 6;
    /* Its own /proc is root's: it is not dumpable. */
    return support_stat("/proc/self/environ").st_uid == 0 ? 0 : 7;
}

static void test_becoming_somebody(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(support_in_child(false, check_becoming), 0);
}

static int check_not_root(void)
{
    struct error err = ERROR_INIT;
    struct person person;
    bool is_refused = person_find(&person, "root", &err) < 0 && err.cls == CLASS_USAGE;

    err = ERROR_INIT;
    if (person_find(&person, "nobody", &err) < 0 || person.is_other)
        return 1; /* oneself by name is nobody else */
    return is_refused && person_become(&person, &err) == 0 ? 0 : 2;
}

static void test_only_root_may(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(support_in_child(true, check_not_root), 0);
}

static void test_who_runs_this(void **state)
{
    struct error err = ERROR_INIT;
    struct person person;
    const char *home = getenv("HOME");

    (void)state;
    assert_int_equal(person_find(&person, NULL, &err), 0);
    assert_false(person.is_other);
    assert_int_equal(person.uid, geteuid());
    assert_int_equal(person_enter_environment(&person, &err), 0);
    assert_ptr_equal(getenv("HOME"), home);
    assert_int_equal(person_become(&person, &err), 0);
}

static void test_no_such_user(void **state)
{
    static const char *const rows[] = {"no-such-user", "", "0", "root:x"};
    struct error err;
    struct person person = {.uid = 77};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        err = ERROR_INIT;
        assert_row(rows[i], person_find(&person, rows[i], &err) == -1);
        assert_error(rows[i], &err, CLASS_USAGE, "--for-user");
        assert_row(rows[i], person.uid == 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_runs_this),     cmocka_unit_test(test_no_such_user),
        cmocka_unit_test(test_becoming_somebody), cmocka_unit_test(test_half_a_change_is_none),
        cmocka_unit_test(test_only_root_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

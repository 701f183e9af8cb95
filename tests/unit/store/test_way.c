/*
 * way: who could lead a path elsewhere.
 */
#include "../support.h"

#include "store/way.h"

#include "files.h"
#include "mounts.h"

enum { OTHER = 12345 };

static int check(const char *path, struct error *err)
{
    char absolute[2 * PATH_MAX];

    (void)snprintf(absolute, sizeof(absolute), "%s/%s", support_dir, path);
    *err = ERROR_INIT;
    return way_check(absolute, err);
}

static void make(const char *path, mode_t mode, uid_t owner)
{
    support_must(mkdir(path, 0700) == 0 && chmod(path, mode) == 0, path);
    support_must(chown(path, owner, owner) == 0, path);
}

static void link_to(const char *target, const char *path, uid_t owner)
{
    support_must(symlink(target, path) == 0 && lchown(path, owner, owner) == 0, path);
}

static void test_directories(void **state)
{
    static const struct {
        mode_t mode;
        gid_t group;
        bool is_good;
    } rows[] = {
        {0700, OTHER, true},  {0755, OTHER, true},  {0777, 0, false}, {0775, OTHER, false},
        {01777, OTHER, true}, {01775, OTHER, true}, {0775, 0, true}, /* of the owner's number */
    };
    struct error err;

    (void)state;
    if (geteuid() != 0)
        return;
    make("a", 0700, 0);
    make("a/b", 0700, 0);
    support_write("a/b/file", "x");
    for (size_t i = 0; i < COUNT(rows); i++) {
        support_must(chown("a", 0, rows[i].group) == 0 && chmod("a", rows[i].mode) == 0, "chmod");
        assert_int_equal(check("a/b/file", &err), rows[i].is_good ? 0 : -1);
        assert_int_equal(check("a/none/file", &err), rows[i].is_good ? 0 : -1);
        if (!rows[i].is_good)
            assert_error("mode", &err, CLASS_AUTHFILE, "other users can replace it");
    }
    support_must(chown("a", OTHER, 0) == 0, "chown");
    assert_int_equal(check("a/b/file", &err), -1);
    assert_non_null(strstr(err.hint, "belongs to another user"));
}

static void test_links(void **state)
{
    struct error err;

    (void)state;
    if (geteuid() != 0)
        return;
    make("good", 0755, 0);
    make("open", 0777, 0);
    make("sticky", 01777, 0);
    support_write("good/file", "x");
    link_to("good", "own", 0);
    link_to("good", "foreign", OTHER);
    link_to("../good/./", "sticky/own", 0);
    link_to("../good", "sticky/foreign", OTHER);
    link_to("../good", "open/own", 0);
    link_to("open/own", "through", 0); /* a good way first, which leads through a bad one */
    link_to("file", "good/last", 0);
    link_to("good/last", "last", OTHER);
    link_to("round", "round", 0);
    assert_int_equal(check("own/file", &err), 0);
    assert_int_equal(check("own/last", &err), 0);
    assert_int_equal(check("sticky/own/file", &err), 0);
    assert_int_equal(check("foreign/file", &err), -1);
    assert_int_equal(check("sticky/foreign/file", &err), -1);
    assert_int_equal(check("open/own/file", &err), -1);
    assert_int_equal(check("through/file", &err), -1);
    assert_int_equal(check("last", &err), -1);
    assert_int_equal(check("round", &err), -1);
    assert_error("round", &err, CLASS_AUTHFILE, "cannot stat");
    err = ERROR_INIT;
    assert_int_equal(way_check("own/file", &err), 0); /* from here */
    assert_int_equal(way_check("foreign/file", &err), -1);
}

static int check_in_a_user_namespace(void)
{
    struct error err;

    if (unshare(CLONE_NEWUSER) < 0 || !mounts_write("/proc/self/setgroups", "deny") ||
        !mounts_write("/proc/self/gid_map", "0 0 1") ||
        !mounts_write("/proc/self/uid_map", "0 0 1"))
        return MOUNTS_NOT_ALLOWED;
    return check("theirs/file", &err) != 0 || check("open/file", &err) == 0;
}

/* Podman without root runs a helper where the machine's root has no name. */
static void test_owners_that_have_no_name(void **state)
{
    struct error err;
    int verdict;

    (void)state;
    if (geteuid() != 0)
        return;
    make("theirs", 0755, SUPPORT_NOBODY);
    make("open", 0777, SUPPORT_NOBODY);
    assert_int_equal(check("theirs/file", &err), -1);
    verdict = support_in_child(false, check_in_a_user_namespace);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
}

static void test_lengths(void **state)
{
    char path[2 * PATH_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    memset(path, 'x', sizeof(path));
    memcpy(path, "own/", 4);
    link_to(".", "own", geteuid());
    path[PATH_MAX - 1] = '\0';
    assert_int_equal(way_check(path, &err), -1);
    assert_error("too long", &err, CLASS_AUTHFILE, "cannot stat");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_directories),
        IN_DIRECTORY(test_links),
        IN_DIRECTORY(test_owners_that_have_no_name),
        IN_DIRECTORY(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

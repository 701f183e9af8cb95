#include "store/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "files.h"

static void base_is_the_last_component(void **state)
{
    static const struct {
        const char *path;
        const char *base;
    } table[] = {
        {"/a/b", "b"},          {"b", "b"}, {"/b", "b"}, {"a/", ""}, {"", ""}, {"/", ""},
        {"./a.json", "a.json"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(path_base(table[i].path), table[i].base);
}

static void directory_is_what_stands_before_it(void **state)
{
    static const struct {
        const char *path;
        const char *dir;
    } table[] = {
        {"/a/b", "/a"}, {"b", "."},    {"/b", "/"},     {"//b", "/"},
        {"a/b", "a"},   {"a//b", "a"}, {"a/b/", "a/b"}, {"../b", ".."},
        {"./b", "."},   {"", "."},     {"/", "/"},      {"/a/./b", "/a/."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char dir[PATH_MAX];

        path_directory(dir, table[i].path);
        assert_string_equal(dir, table[i].dir);
    }
}

static void directory_may_be_taken_in_place(void **state)
{
    char path[PATH_MAX] = "/a//b/c";

    (void)state;
    path_directory(path, path);
    assert_string_equal(path, "/a//b");
    path_directory(path, path);
    assert_string_equal(path, "/a");
    path_directory(path, path);
    assert_string_equal(path, "/");
    path_directory(path, path);
    assert_string_equal(path, "/");
}

static void assert_resolves(const char *path, const char *expected)
{
    struct error err = ERROR_INIT;
    char real[PATH_MAX];

    assert_int_equal(path_resolve(real, path, &err), 0);
    assert_string_equal(real, expected);
    assert_int_equal(err.cls, CLASS_NONE);
}

static void assert_unresolved(const char *path, int errnum)
{
    struct error err = ERROR_INIT;
    char real[PATH_MAX];

    assert_int_equal(path_resolve(real, path, &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, strerror(errnum)));
}

static void no_link_is_itself(void **state)
{
    (void)state;
    support_write("file", "");
    assert_resolves("file", "file");
    assert_resolves("absent", "absent");
    assert_resolves("absent/below", "absent/below");
    assert_resolves("file/below", "file/below"); /* its own error comes when it is opened */
}

/* No file can have such a name, and no directory is to be made on the way to it. */
static void directories_are_no_files(void **state)
{
    static const char *const paths[] = {"", ".", "..", "/", "a/", "absent/", "absent/.", "a/.."};

    (void)state;
    support_must(mkdir("a", 0700) == 0 && symlink("absent/", "link") == 0, "mkdir");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_unresolved(paths[i], EISDIR);
    assert_unresolved("link", EISDIR);
}

static void links_are_followed(void **state)
{
    char absolute[2 * PATH_MAX];

    (void)state;
    (void)snprintf(absolute, sizeof(absolute), "%s/file", support_dir);
    support_write("file", "");
    support_must(mkdir("sub", 0700) == 0, "mkdir");
    support_must(symlink("file", "relative") == 0, "symlink");
    support_must(symlink(absolute, "absolute") == 0, "symlink");
    support_must(symlink("../relative", "sub/chain") == 0, "symlink");
    support_must(symlink("sub/gone/new", "dangling") == 0, "symlink");
    support_must(symlink("sub", "above") == 0, "symlink");
    assert_resolves("relative", "./file");
    assert_resolves("absolute", absolute);
    assert_resolves("sub/chain", "sub/../file");
    assert_resolves("dangling", "./sub/gone/new");
    assert_resolves("above/chain", "above/../file");
}

/* Link number `count` of a chain that ends at "end". */
static void make_chain(int count)
{
    char name[32];
    char target[32] = "end";

    for (int i = 1; i <= count; i++) {
        (void)snprintf(name, sizeof(name), "link%d", i);
        support_must(symlink(target, name) == 0, name);
        memcpy(target, name, sizeof(name));
    }
}

/* As many as the kernel follows, and no more. */
static void long_chains_are_followed_as_open_does(void **state)
{
    char name[32];
    bool followed = true;

    (void)state;
    support_write("end", "");
    make_chain(45);
    for (int i = 1; i <= 45; i++) {
        struct error err = ERROR_INIT;
        char real[PATH_MAX];
        int fd;

        (void)snprintf(name, sizeof(name), "link%d", i);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        followed = path_resolve(real, name, &err) == 0;
        assert_int_equal(followed, fd >= 0);
        if (fd >= 0)
            support_must(close(fd) == 0, name);
    }
    assert_false(followed);
}

static void loops_are_refused(void **state)
{
    (void)state;
    support_must(symlink("self", "self") == 0, "symlink");
    support_must(symlink("pong", "ping") == 0 && symlink("ping", "pong") == 0, "symlink");
    assert_unresolved("self", ELOOP);
    assert_unresolved("ping", ELOOP);
}

static void too_long_is_refused(void **state)
{
    char longest[PATH_MAX + 8];
    char target[PATH_MAX];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[PATH_MAX] = '\0';
    assert_unresolved(longest, ENAMETOOLONG);
    memset(target, 'b', sizeof(target));
    for (size_t i = 100; i < sizeof(target); i += 100)
        target[i] = '/';
    target[PATH_MAX - 2] = '\0';
    support_must(mkdir("sub", 0700) == 0 && symlink(target, "sub/long") == 0, "symlink");
    assert_unresolved("sub/long", ENAMETOOLONG); /* fits alone, but not behind "sub/" */
}

static void directories_are_made_for_their_user_only(void **state)
{
    struct error err = ERROR_INIT;
    mode_t before = umask(0);

    (void)state;
    assert_int_equal(path_make_directory("a/b//c", &err), 0);
    (void)umask(before);
    assert_int_equal(support_mode("a"), 0700);
    assert_int_equal(support_mode("a/b"), 0700);
    assert_int_equal(support_mode("a/b/c"), 0700);
    assert_int_equal(support_count("a/b"), 1);
}

/* Nearly as deep as a path can be: support_dir stands before it when it is removed. */
static void directories_may_be_many(void **state)
{
    char dir[PATH_MAX];
    struct error err = ERROR_INIT;
    size_t len = 3900;

    (void)state;
    for (size_t i = 0; i < len; i++)
        dir[i] = i % 2 == 0 ? 'a' : '/';
    dir[len - 1] = '\0';
    assert_int_equal(path_make_directory(dir, &err), 0);
    assert_int_equal(access(dir, F_OK), 0);
}

static void directories_that_exist_stay(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_must(mkdir("there", 0755) == 0 && chmod("there", 0755) == 0, "mkdir");
    support_must(symlink("there", "link") == 0, "symlink");
    assert_int_equal(path_make_directory("there", &err), 0);
    assert_int_equal(path_make_directory("link", &err), 0);
    assert_int_equal(path_make_directory(".", &err), 0);
    assert_int_equal(path_make_directory("/", &err), 0);
    assert_int_equal(support_mode("there"), 0755);
    assert_true(S_ISLNK(support_stat("link").st_mode));
}

static void directories_belong_to_the_owner_above(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir("home", 0755) == 0 && chown("home", 1234, 2345) == 0, "chown");
    assert_int_equal(path_make_directory("home/.docker/sub", &err), 0);
    assert_int_equal(support_stat("home/.docker").st_uid, 1234);
    assert_int_equal(support_stat("home/.docker").st_gid, 2345);
    assert_int_equal(support_stat("home/.docker/sub").st_uid, 1234);
}

static int make_below_locked(void)
{
    struct error err = ERROR_INIT;

    if (path_make_directory("locked/new", &err) == 0)
        return 1;
    if (strstr(err.message, "'locked/new'") == NULL)
        return 2;
    err = ERROR_INIT;
    if (path_make_directory("locked/new/below", &err) == 0)
        return 3;
    return err.cls == CLASS_AUTHFILE && strstr(err.message, "'locked/new'") != NULL ? 0 : 2;
}

static void directories_that_cannot_be_made_are_an_error(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("locked", 0555) == 0, "mkdir");
    assert_int_equal(support_in_child(true, make_below_locked), 0);
    assert_int_equal(support_count("locked"), 0);
}

static void nearest_directory_exists(void **state)
{
    char found[PATH_MAX];

    (void)state;
    support_must(mkdir("a", 0700) == 0, "mkdir");
    path_nearest_directory(found, "a");
    assert_string_equal(found, "a");
    path_nearest_directory(found, "a/b/c/d");
    assert_string_equal(found, "a");
    path_nearest_directory(found, "x/y");
    assert_string_equal(found, ".");
    path_nearest_directory(found, "/no-such-directory/y");
    assert_string_equal(found, "/");
}

static void same_file_by_another_path(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool is_same;
    } rows[] = {
        {"dir/file", "dir/file", true},    {"dir/file", "./dir/file", true},
        {"dir/file", "dir//file", true},   {"dir/file", "way/file", true},
        {"dir/file", "link", true},        {"dir/absent", "way/absent", true},
        {"dir/file", "dir/other", false}, /* a hard link is replaced alone */
        {"dir/file", "dir/absent", false}, {"none/file", "none/file", true},
        {"none/file", "gone/file", false}, {"dir/file", "loop", false},
    };

    (void)state;
    support_must(mkdir("dir", 0700) == 0 && symlink("dir", "way") == 0, "mkdir");
    support_write("dir/file", "x");
    support_must(link("dir/file", "dir/other") == 0 && symlink("way/file", "link") == 0, "link");
    support_must(symlink("loop", "loop") == 0, "symlink");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(path_is_same(rows[i].a, rows[i].b), rows[i].is_same);
        assert_int_equal(path_is_same(rows[i].b, rows[i].a), rows[i].is_same);
    }
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_is_the_last_component),
        cmocka_unit_test(directory_is_what_stands_before_it),
        cmocka_unit_test(directory_may_be_taken_in_place),
        IN_DIRECTORY(no_link_is_itself),
        IN_DIRECTORY(directories_are_no_files),
        IN_DIRECTORY(links_are_followed),
        IN_DIRECTORY(long_chains_are_followed_as_open_does),
        IN_DIRECTORY(loops_are_refused),
        IN_DIRECTORY(too_long_is_refused),
        IN_DIRECTORY(directories_are_made_for_their_user_only),
        IN_DIRECTORY(directories_may_be_many),
        IN_DIRECTORY(directories_that_exist_stay),
        IN_DIRECTORY(directories_belong_to_the_owner_above),
        IN_DIRECTORY(directories_that_cannot_be_made_are_an_error),
        IN_DIRECTORY(nearest_directory_exists),
        IN_DIRECTORY(same_file_by_another_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * path: where it leads, what is made on the way, and who could lead it elsewhere.
 */
#include "../support.h"

#include "store/path.h"

#include "files.h"
#include "mounts.h"

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
    for (size_t i = 0; i < COUNT(table); i++)
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
    for (size_t i = 0; i < COUNT(table); i++) {
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
    for (size_t i = 0; i < COUNT(paths); i++)
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
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(path_is_same(rows[i].a, rows[i].b), rows[i].is_same);
        assert_int_equal(path_is_same(rows[i].b, rows[i].a), rows[i].is_same);
    }
}

enum { OTHER = 12345 };

static int check_way(const char *path, struct error *err)
{
    char absolute[2 * PATH_MAX];

    (void)snprintf(absolute, sizeof(absolute), "%s/%s", support_dir, path);
    *err = ERROR_INIT;
    return path_check_way(absolute, err);
}

static void make_owned(const char *path, mode_t mode, uid_t owner)
{
    support_must(mkdir(path, 0700) == 0 && chmod(path, mode) == 0, path);
    support_must(chown(path, owner, owner) == 0, path);
}

static void link_owned(const char *target, const char *path, uid_t owner)
{
    support_must(symlink(target, path) == 0 && lchown(path, owner, owner) == 0, path);
}

static void way_leads_through_own_directories(void **state)
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
    make_owned("a", 0700, 0);
    make_owned("a/b", 0700, 0);
    support_write("a/b/file", "x");
    for (size_t i = 0; i < COUNT(rows); i++) {
        support_must(chown("a", 0, rows[i].group) == 0 && chmod("a", rows[i].mode) == 0, "chmod");
        assert_int_equal(check_way("a/b/file", &err), rows[i].is_good ? 0 : -1);
        assert_int_equal(check_way("a/none/file", &err), rows[i].is_good ? 0 : -1);
        if (!rows[i].is_good)
            assert_error("mode", &err, CLASS_AUTHFILE, "other users can replace it");
    }
    support_must(chown("a", OTHER, 0) == 0, "chown");
    assert_int_equal(check_way("a/b/file", &err), -1);
    assert_non_null(strstr(err.hint, "belongs to another user"));
}

static void way_leads_through_own_links(void **state)
{
    struct error err;

    (void)state;
    if (geteuid() != 0)
        return;
    make_owned("good", 0755, 0);
    make_owned("open", 0777, 0);
    make_owned("sticky", 01777, 0);
    support_write("good/file", "x");
    link_owned("good", "own", 0);
    link_owned("good", "foreign", OTHER);
    link_owned("../good/./", "sticky/own", 0);
    link_owned("../good", "sticky/foreign", OTHER);
    link_owned("../good", "open/own", 0);
    link_owned("open/own", "through", 0); /* a good way first, which leads through a bad one */
    link_owned("file", "good/last", 0);
    link_owned("good/last", "last", OTHER);
    link_owned("round", "round", 0);
    assert_int_equal(check_way("own/file", &err), 0);
    assert_int_equal(check_way("own/last", &err), 0);
    assert_int_equal(check_way("sticky/own/file", &err), 0);
    assert_int_equal(check_way("foreign/file", &err), -1);
    assert_int_equal(check_way("sticky/foreign/file", &err), -1);
    assert_int_equal(check_way("open/own/file", &err), -1);
    assert_int_equal(check_way("through/file", &err), -1);
    assert_int_equal(check_way("last", &err), -1);
    assert_int_equal(check_way("round", &err), -1);
    assert_error("round", &err, CLASS_AUTHFILE, "cannot stat");
    err = ERROR_INIT;
    assert_int_equal(path_check_way("own/file", &err), 0); /* from here */
    assert_int_equal(path_check_way("foreign/file", &err), -1);
}

static int check_way_in_a_user_namespace(void)
{
    struct error err;

    if (unshare(CLONE_NEWUSER) < 0 || !mounts_write("/proc/self/setgroups", "deny") ||
        !mounts_write("/proc/self/gid_map", "0 0 1") ||
        !mounts_write("/proc/self/uid_map", "0 0 1"))
        return MOUNTS_NOT_ALLOWED;
    return check_way("theirs/file", &err) != 0 || check_way("open/file", &err) == 0;
}

/* Podman without root runs a helper where the machine's root has no name. */
static void way_of_owners_that_have_no_name(void **state)
{
    struct error err;
    int verdict;

    (void)state;
    if (geteuid() != 0)
        return;
    make_owned("theirs", 0755, SUPPORT_NOBODY);
    make_owned("open", 0777, SUPPORT_NOBODY);
    assert_int_equal(check_way("theirs/file", &err), -1);
    verdict = support_in_child(false, check_way_in_a_user_namespace);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
}

static void way_that_is_too_long(void **state)
{
    char path[2 * PATH_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    memset(path, 'x', sizeof(path));
    memcpy(path, "own/", 4);
    link_owned(".", "own", geteuid());
    path[PATH_MAX - 1] = '\0';
    assert_int_equal(path_check_way(path, &err), -1);
    assert_error("too long", &err, CLASS_AUTHFILE, "cannot stat");
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
        IN_DIRECTORY(way_leads_through_own_directories),
        IN_DIRECTORY(way_leads_through_own_links),
        IN_DIRECTORY(way_of_owners_that_have_no_name),
        IN_DIRECTORY(way_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

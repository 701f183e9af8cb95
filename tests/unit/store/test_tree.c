/*
 * tree: all of a directory goes, and nothing outside. Two calls are linked through here.
 */
#include "../support.h"

#include "store/exec/tree.h"

#include "support.h"

static bool has_no_fdopendir;
static bool is_filled; /* by somebody else, whenever it is to go */

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
int __real_unlinkat(int parent_fd, const char *name, int flags);
int __wrap_unlinkat(int parent_fd, const char *name, int flags);

DIR *__wrap_fdopendir(int fd)
{
    if (!has_no_fdopendir)
        return __real_fdopendir(fd);
    errno = ENOMEM;
    return NULL;
}

int __wrap_unlinkat(int parent_fd, const char *name, int flags)
{
    if (is_filled && flags == AT_REMOVEDIR)
        support_write("a/new", "x");
    return __real_unlinkat(parent_fd, name, flags);
}

static void make_tree(const char *top)
{
    char path[PATH_MAX];

    support_must(mkdir(top, 0755) == 0, top);
    (void)snprintf(path, sizeof(path), "%s/file", top);
    support_write(path, "x");
    (void)snprintf(path, sizeof(path), "%s/below", top);
    support_must(mkdir(path, 0755) == 0, path);
    (void)snprintf(path, sizeof(path), "%s/below/file", top);
    support_write(path, "x");
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void test_everything_below(void **state)
{
    (void)state;
    make_tree("a");
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
    assert_int_equal(support_count("."), 0);
}

static void test_what_is_not_there_or_no_directory(void **state)
{
    (void)state;
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
    support_write("a", "x");
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
    assert_int_equal(support_count("."), 0);
}

static void test_links_are_not_followed(void **state)
{
    (void)state;
    make_tree("outside");
    make_tree("a");
    support_must(symlink("../outside", "a/dir") == 0, "symlink");
    support_must(symlink("../../outside/file", "a/below/out") == 0, "symlink");
    support_must(symlink("nowhere", "a/dangling") == 0, "symlink");
    support_must(symlink("outside", "link") == 0, "symlink");
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
    assert_int_equal(tree_remove(AT_FDCWD, "link"), 0);
    assert_int_equal(support_count("."), 1);
    assert_true(is_there("outside/file") && is_there("outside/below/file"));
}

static int remove_closed(void)
{
    return tree_remove(AT_FDCWD, "a") == 0 && !is_there("a") ? 0 : 1;
}

/* A directory may have been closed to its owner; root would not notice. */
static void test_directories_without_rights(void **state)
{
    static const mode_t modes[] = {0, 0500, 0300, 0400};

    (void)state;
    support_must(chmod(".", 0777) == 0, "chmod");
    for (size_t i = 0; i < COUNT(modes); i++) {
        make_tree("a");
        support_must(geteuid() != 0 || (chown("a", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 &&
                                        chown("a/below", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0),
                     "chown");
        support_must(chmod("a/below", modes[i]) == 0 && chmod("a", modes[i]) == 0, "chmod");
        assert_int_equal(support_in_child(true, remove_closed), 0);
    }
}

static int remove_anothers(void)
{
    return tree_remove(AT_FDCWD, "a") < 0 && errno == EACCES ? 0 : 1;
}

static void test_what_cannot_be_removed_is_told(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_tree("a");
    support_must(chmod(".", 0755) == 0, "chmod");
    assert_int_equal(support_in_child(true, remove_anothers), 0);
    assert_true(is_there("a/below/file"));
}

static int remove_unpermitted(void)
{
    return tree_remove(AT_FDCWD, "a") < 0 && errno == EPERM ? 0 : 1;
}

/* As in /tmp. */
static void test_what_is_anothers_in_a_shared_directory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_tree("a");
    support_must(chmod(".", 01777) == 0, "chmod");
    assert_int_equal(support_in_child(true, remove_unpermitted), 0);
    assert_true(is_there("a/below/file"));
}

static void test_what_cannot_be_opened_in_an_own_directory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_tree("a");
    support_must(chmod("a", 0700) == 0 && chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(true, remove_unpermitted), 0);
    assert_true(is_there("a/below/file"));
}

static void test_what_is_filled_again_and_again(void **state)
{
    (void)state;
    make_tree("a");
    is_filled = true;
    assert_int_equal(tree_remove(AT_FDCWD, "a"), -1);
    assert_int_equal(errno, ENOTEMPTY);
    is_filled = false;
    assert_int_equal(support_count("a"), 1);
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
}

static void test_without_memory(void **state)
{
    size_t descriptors = support_count("/proc/self/fd");

    (void)state;
    make_tree("a");
    has_no_fdopendir = true;
    assert_int_equal(tree_remove(AT_FDCWD, "a"), -1);
    has_no_fdopendir = false;
    assert_int_equal(support_count("/proc/self/fd"), descriptors);
    assert_int_equal(tree_remove(AT_FDCWD, "a"), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_everything_below),
        IN_DIRECTORY(test_what_is_not_there_or_no_directory),
        IN_DIRECTORY(test_links_are_not_followed),
        IN_DIRECTORY(test_directories_without_rights),
        IN_DIRECTORY(test_what_cannot_be_removed_is_told),
        IN_DIRECTORY(test_what_is_anothers_in_a_shared_directory),
        IN_DIRECTORY(test_what_cannot_be_opened_in_an_own_directory),
        IN_DIRECTORY(test_what_is_filled_again_and_again),
        IN_DIRECTORY(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

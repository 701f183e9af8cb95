/*
 * private_directory: all that is in one goes, and nothing outside; what cannot go is told, and
 * costs no more time than there is. Three calls are linked through here.
 */
#include "../support.h"

#include <sys/resource.h>

#include "store/path.h"
#include "store/private_config.h"
#include "store/private_directory.h"

#include "mounts.h"
#include "files.h"

enum { ENOUGH_MS = 20000 };

static bool has_no_fdopendir;
static const char *filled; /* by somebody else, whenever a directory is to go */
static const char *fast;   /* a name that stays, as with chattr +i */
static unsigned unlinks;
static const char *gap;    /* a name that is bound to "outside" as soon as it is found not empty */
static const char *closed; /* a name that is a link to "outside" before its mode is changed */

static char outside[PATH_MAX]; /* the path of a directory that is to stay as it is */

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
    unlinks++;
    if (filled != NULL && flags == AT_REMOVEDIR)
        support_write(filled, "x");
    if (gap != NULL && flags == AT_REMOVEDIR && strcmp(name, gap) == 0 &&
        __real_unlinkat(parent_fd, name, flags) < 0) {
        int errnum = errno;

        gap = NULL;
        support_must(fchdir(parent_fd) == 0 && mounts_bind(outside, name), "bind");
        errno = errnum;
        return -1;
    }
    if (fast == NULL || strcmp(name, fast) != 0)
        return __real_unlinkat(parent_fd, name, flags);
    errno = flags == AT_REMOVEDIR ? ENOTDIR : EPERM;
    return -1;
}

int __real_fchmodat(int parent_fd, const char *name, mode_t mode, int flags);
int __wrap_fchmodat(int parent_fd, const char *name, mode_t mode, int flags);

int __wrap_fchmodat(int parent_fd, const char *name, mode_t mode, int flags)
{
    if (closed != NULL && strcmp(name, closed) == 0)
        support_must(renameat(parent_fd, name, parent_fd, "moved") == 0 &&
                         symlinkat(outside, parent_fd, name) == 0,
                     "symlink");
    return __real_fchmodat(parent_fd, name, mode, flags);
}

static struct private_directory made = PRIVATE_DIRECTORY_INIT;

/* Of something in the private directory. */
static const char *in(const char *name)
{
    static char path[2 * PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", made.path, name);
    return path;
}

static void make(void)
{
    struct private_places places = {.count = 1};
    struct error err = ERROR_INIT;

    (void)snprintf(places.items[0], PATH_MAX, "%s", support_dir);
    if (private_directory_make(&made, &places, &(struct private_room){.bytes = 0}, &err) < 0)
        fail_msg("%s", err.message);
}

static int take_away(struct error *err)
{
    *err = ERROR_INIT;
    return private_directory_remove(&made, clock_system(), support_in_ms(ENOUGH_MS), err);
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
    struct error err;

    (void)state;
    make();
    support_write(in("file"), "x");
    make_tree(in("a"));
    make_tree(in("a/below/b"));
    assert_int_equal(take_away(&err), 0);
    assert_int_equal(support_count("."), 0);
}

static void test_links_are_not_followed(void **state)
{
    struct error err;

    (void)state;
    make_tree("outside");
    make();
    make_tree(in("a"));
    support_must(symlink("../../outside", in("a/dir")) == 0, "symlink");
    support_must(symlink("../../../outside/file", in("a/below/out")) == 0, "symlink");
    support_must(symlink("nowhere", in("a/dangling")) == 0, "symlink");
    support_must(symlink("../outside", in("link")) == 0, "symlink");
    assert_int_equal(take_away(&err), 0);
    assert_int_equal(support_count("."), 1);
    assert_true(is_there("outside/file") && is_there("outside/below/file"));
}

static int remove_closed(void)
{
    static const mode_t modes[] = {0, 0500, 0300, 0400};
    struct error err;

    for (size_t i = 0; i < COUNT(modes); i++) {
        make();
        make_tree(in("a"));
        support_must(chmod(in("a/below"), modes[i]) == 0 && chmod(in("a"), modes[i]) == 0 &&
                         chmod(made.path, modes[i]) == 0,
                     "chmod");
        if (take_away(&err) < 0 || support_count(".") != 0)
            return 1;
    }
    return 0;
}

/* A directory may have been closed to its owner; root would not notice. */
static void test_directories_without_rights(void **state)
{
    (void)state;
    support_must(chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, remove_closed), 0);
}

static int remove_from_a_closed_place(void)
{
    char left[PATH_MAX];
    struct error err;
    int fd;

    make();
    fd = made.fd;
    (void)snprintf(left, sizeof(left), "%s", made.path);
    support_write(in("file"), "x");
    support_must(chmod(".", 0500) == 0, "chmod");
    if (take_away(&err) == 0 || made.fd != -1 || made.marker_fd != -1)
        return 1;
    if (support_count(left) != 0 || fcntl(fd, F_GETFD) >= 0)
        return 3;
    return strstr(err.message, "cannot remove '") != NULL &&
                   strstr(err.message, strerror(EACCES)) != NULL
               ? 0
               : 2;
}

static void test_what_cannot_be_removed_is_told(void **state)
{
    (void)state;
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 || geteuid() != 0, "chown");
    assert_int_equal(support_in_child(true, remove_from_a_closed_place), 0);
    support_must(chmod(".", 0700) == 0, "chmod");
    assert_int_equal(support_count("."), 1);
}

static int remove_anothers(void)
{
    struct error err;

    if (take_away(&err) == 0)
        return 1;
    return strstr(err.message, strerror(EACCES)) != NULL  ? 2
           : strstr(err.message, strerror(EPERM)) != NULL ? 3
                                                          : 4;
}

static void test_what_is_anothers(void **state)
{
    char path[2 * PATH_MAX];

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0777) == 0, "chmod");
    make();
    make_tree(in("a"));
    (void)snprintf(path, sizeof(path), "%s", in("a/below/file"));
    support_must(chown(made.path, SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(true, remove_anothers), 2);
    assert_true(is_there(path));
    support_must(chmod(in("a"), 0700) == 0, "chmod");
    assert_int_equal(support_in_child(true, remove_anothers), 3);
    assert_true(is_there(path));
}

static void make_deep(unsigned depth, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s", in("d"));
    for (unsigned i = 0; i < depth; i++) {
        support_must(mkdir(path, 0700) == 0, path);
        (void)snprintf(path + strlen(path), PATH_MAX - strlen(path), "/d");
    }
}

/* Its cost grows with the depth, not with a power of that. */
static void test_an_entry_that_stays_eight_levels_down(void **state)
{
    char path[PATH_MAX];
    char top[PATH_MAX];
    struct error err;

    (void)state;
    make();
    (void)snprintf(top, sizeof(top), "%s", made.path);
    make_deep(8, path);
    (void)snprintf(path + strlen(path) - 1, sizeof("fast"), "fast");
    support_write(path, "x");
    support_write(in("other"), "x");
    fast = "fast";
    unlinks = 0;
    assert_int_equal(take_away(&err), -1);
    fast = NULL;
    assert_error("fast", &err, CLASS_AUTHFILE, strerror(EPERM));
    assert_true(unlinks < 100);
    assert_true(is_there(path));
    assert_int_equal(support_count("."), 1);
    /* The way there, and the marker, so that a sweep can take it. */
    assert_int_equal(support_count(top), 2);
}

static void make_outside(void)
{
    (void)snprintf(outside, sizeof(outside), "%.4000s/outside", support_dir);
    make_tree("outside");
    support_write("outside/" PRIVATE_CONFIG_DOCKER_FILE, "x");
}

static int is_outside_kept(void)
{
    (void)chdir(support_dir);
    return is_there("outside/file") && is_there("outside/below/file") &&
                   is_there("outside/" PRIVATE_CONFIG_DOCKER_FILE)
               ? 0
               : 1;
}

/* One far down, one over all, one where the login was, and one that comes between two calls. */
static int remove_around_mounts(void)
{
    char path[PATH_MAX];
    struct error err;

    if (!mounts_enter())
        return MOUNTS_NOT_ALLOWED;
    make();
    make_deep(8, path);
    support_must(mkdir(path, 0700) == 0 && mounts_bind(outside, path), "mount");
    if (take_away(&err) == 0 || is_outside_kept() != 0)
        return 4;
    make();
    make_tree(in(PRIVATE_CONFIG_DOCKER));
    (void)snprintf(path, sizeof(path), "%s", made.path);
    support_must(mounts_bind(outside, path), "mount");
    if (take_away(&err) < 0 || is_outside_kept() != 0 || umount(path) < 0 ||
        support_count(path) > 0)
        return 5;
    make();
    support_must(mkdir(in("docker"), 0700) == 0 && mounts_bind(outside, in("docker")), "mount");
    if (take_away(&err) == 0 || is_outside_kept() != 0)
        return 1;
    make();
    make_tree(in("late"));
    gap = "late";
    if (take_away(&err) == 0 || gap != NULL || is_outside_kept() != 0)
        return 2;
    return strstr(err.message, strerror(EBUSY)) != NULL ? 0 : 3;
}

static void test_a_mount_is_not_entered(void **state)
{
    int verdict;

    (void)state;
    make_outside();
    verdict = support_in_child(false, remove_around_mounts);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
    assert_int_equal(is_outside_kept(), 0);
}

static int remove_what_becomes_a_link(void)
{
    struct error err;

    make_outside();
    make();
    make_tree(in("shut"));
    support_must(chmod(in("shut"), 0) == 0 && chmod("outside", 0755) == 0, "chmod");
    closed = "shut";
    (void)take_away(&err);
    return support_mode("outside") == 0755 ? is_outside_kept() : 1;
}

static void test_a_link_is_not_followed_whenever_it_is_made(void **state)
{
    (void)state;
    support_must(chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, remove_what_becomes_a_link), 0);
}

enum { FAR_DOWN = 300 };
static rlim_t descriptors_max;

/* Some are closed to their owner, and a name is taken that it may want. */
static int remove_far_down(void)
{
    struct rlimit few;
    struct error err;
    char path[PATH_MAX];

    make();
    make_deep(FAR_DOWN, path);
    for (size_t len = strlen(path); len > strlen(made.path) + 2; len -= 2) {
        path[len] = '\0';
        if (len % 3 == 0)
            (void)chmod(path, 0);
    }
    support_write(in(PRIVATE_DIRECTORY_MARKER ".0"), "x");
    support_must(getrlimit(RLIMIT_NOFILE, &few) == 0, "getrlimit");
    few.rlim_cur = descriptors_max; /* valgrind keeps the other one */
    support_must(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
    return take_away(&err) == 0 && support_count(".") == 0 ? 0 : 1;
}

static void test_a_tree_of_any_depth(void **state)
{
    (void)state;
    support_must(chmod(".", 0777) == 0, "chmod");
    descriptors_max = 1024;
    assert_int_equal(support_in_child(true, remove_far_down), 0);
    descriptors_max = 16;
    assert_int_equal(support_in_child(true, remove_far_down), 0);
}

static void test_a_marker_that_was_replaced(void **state)
{
    struct error err;

    (void)state;
    make();
    support_must(unlink(in(PRIVATE_DIRECTORY_MARKER)) == 0, "unlink");
    make_tree(in(PRIVATE_DIRECTORY_MARKER));
    assert_int_equal(take_away(&err), 0);
    assert_int_equal(support_count("."), 0);
}

static void test_what_is_filled_again_and_again(void **state)
{
    char path[2 * PATH_MAX];
    struct error err;

    (void)state;
    make();
    filled = strcpy(path, in("new"));
    assert_int_equal(take_away(&err), -1);
    filled = NULL;
    assert_error("filled", &err, CLASS_AUTHFILE, strerror(ENOTEMPTY));
    path_directory(path, path); /* with its marker, for a sweep */
    assert_int_equal(support_count(path), 2);
}

/* Time is up at once: the login goes all the same, and nothing hangs. */
static void test_no_time(void **state)
{
    struct fake_clock fake = {.now_ms = 5};
    struct clock clock = fake_clock_face(&fake);
    struct error err = ERROR_INIT;
    char top[PATH_MAX];

    (void)state;
    make();
    (void)snprintf(top, sizeof(top), "%s", made.path);
    make_tree(in(PRIVATE_CONFIG_DOCKER));
    make_tree(in(PRIVATE_CONFIG_PODMAN));
    support_write(in("docker/config.json"), "x");
    support_write(in("podman/auth.json"), "x");
    assert_int_equal(private_directory_remove(&made, &clock, 5, &err), -1);
    assert_error("time", &err, CLASS_AUTHFILE, "timed out");
    support_must(chdir(top) == 0, top);
    assert_int_equal(support_count("docker"), 2);
    assert_int_equal(support_count("podman"), 2);
    assert_false(is_there("docker/config.json") || is_there("podman/auth.json"));
    assert_true(is_there(PRIVATE_DIRECTORY_MARKER));
}

/* Somebody moved it: what it held goes, wherever it is; what has its name now stays. */
static void test_one_that_was_moved(void **state)
{
    char path[2 * PATH_MAX];
    struct error err;

    (void)state;
    make();
    make_tree(in("a"));
    (void)snprintf(path, sizeof(path), "%s", made.path);
    support_must(rename(path, "moved") == 0, "rename");
    make_tree(path);
    assert_int_equal(take_away(&err), 0);
    assert_int_equal(support_count("moved"), 0);
    assert_int_equal(support_count(path), 2);
}

static void test_one_that_is_gone(void **state)
{
    struct error err;

    (void)state;
    make();
    support_must(unlink(in(PRIVATE_DIRECTORY_MARKER)) == 0 && rmdir(made.path) == 0, "rmdir");
    assert_int_equal(take_away(&err), 0);
}

static void test_without_memory(void **state)
{
    size_t descriptors = support_count("/proc/self/fd");
    struct error err;

    (void)state;
    make();
    make_tree(in("a"));
    has_no_fdopendir = true;
    assert_int_equal(take_away(&err), -1);
    has_no_fdopendir = false;
    assert_error("memory", &err, CLASS_AUTHFILE, strerror(ENOMEM));
    assert_int_equal(support_count("/proc/self/fd"), descriptors);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_everything_below),
        IN_DIRECTORY(test_links_are_not_followed),
        IN_DIRECTORY(test_directories_without_rights),
        IN_DIRECTORY(test_what_cannot_be_removed_is_told),
        IN_DIRECTORY(test_what_is_anothers),
        IN_DIRECTORY(test_an_entry_that_stays_eight_levels_down),
        IN_DIRECTORY(test_a_mount_is_not_entered),
        IN_DIRECTORY(test_a_link_is_not_followed_whenever_it_is_made),
        IN_DIRECTORY(test_a_tree_of_any_depth),
        IN_DIRECTORY(test_a_marker_that_was_replaced),
        IN_DIRECTORY(test_what_is_filled_again_and_again),
        IN_DIRECTORY(test_no_time),
        IN_DIRECTORY(test_one_that_was_moved),
        IN_DIRECTORY(test_one_that_is_gone),
        IN_DIRECTORY(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * preflight: what would fail later is told before, with what to do; and nothing is touched.
 */
#include "../support.h"

#include "store/file/preflight.h"

#include <sys/ioctl.h>
#if defined(__linux__)
#include <linux/capability.h>
#include <sys/syscall.h>
#endif

#include "mounts.h"
#include "store/auth_file.h"
#include "store/file/preflight.h"
#include "base/json.h"
#include "storing.h"
#include "files.h"

#define FILE_PATH "home/config.json"

/* <linux/fs.h> does not go with <sys/mount.h> */
#if !defined(FS_IOC_SETFLAGS)
#define FS_IOC_SETFLAGS _IOW('f', 2, long)
#endif
enum { IMMUTABLE = 0x10, APPEND_ONLY = 0x20 };

static void assert_good(const char *path)
{
    struct error err = ERROR_INIT;

    if (preflight_check(path, &err) < 0)
        fail_msg("row '%s': %s", path, err.message);
    assert_row(path, err.cls == CLASS_NONE);
}

static void assert_refused(const char *path, int errnum)
{
    struct error err = ERROR_INIT;

    assert_row(path, preflight_check(path, &err) == -1);
    assert_error(path, &err, CLASS_AUTHFILE, strerror(errnum));
}

/* For children: whether the refusal says all that. */
static bool is_refused(const char *path, int errnum, const char *part, const char *hint)
{
    struct error err = ERROR_INIT;

    if (preflight_check(path, &err) == 0)
        return false;
    if (err.cls == CLASS_AUTHFILE && strstr(err.message, strerror(errnum)) != NULL &&
        strstr(err.message, part) != NULL && strstr(err.hint, hint) != NULL)
        return true;
    print_message("           '%s' / '%s'\n", err.message, err.hint);
    return false;
}

static void test_good_places(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0 && mkdir("real", 0700) == 0, "mkdir");
    support_write(FILE_PATH, "");
    support_must(symlink("real", "sideways") == 0 && symlink("../real/x", "home/x") == 0 &&
                     symlink("../real/deep/x", "home/deep") == 0,
                 "symlink");
    assert_good(FILE_PATH);
    assert_good("home/absent");
    assert_good("home/a/b/c/d/config.json");
    assert_good("absent.json");
    assert_good("sideways/config.json");
    assert_good("home/x");
    assert_good("home/deep");
    assert_int_equal(support_count("home"), 3);
    assert_int_equal(support_count("real"), 0);
}

/* Its owner may replace it all the same. */
static void test_read_only_file_is_good(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0, "mkdir");
    support_write(FILE_PATH, "");
    support_must(chmod(FILE_PATH, 0400) == 0, "chmod");
    assert_good(FILE_PATH);
}

static void test_loops_and_files_for_directories(void **state)
{
    (void)state;
    support_write("file", "");
    support_must(symlink("pong", "ping") == 0 && symlink("ping", "pong") == 0, "symlink");
    assert_refused("ping", ELOOP);
    assert_refused("file/config.json", ENOTDIR);
    assert_refused("file/a/b/config.json", ENOTDIR);
    assert_refused("ping/config.json", ELOOP);
    assert_int_equal(support_count("."), 3);
}

/* mkdir(2) cannot make a directory where a link stands. */
static void test_directory_that_is_a_dangling_link(void **state)
{
    (void)state;
    support_must(symlink("gone", "home") == 0, "symlink");
    assert_refused(FILE_PATH, ENOENT);
    assert_refused("home/below/config.json", ENOENT);
}

static int check_unwritable(void)
{
    if (!is_refused("home/config.json", EACCES, "cannot store in 'home/config.json'",
                    support_stat("home").st_uid == 0 ? "belongs to root" : "--config DIR"))
        return 1;
    return is_refused("home/absent/below", EACCES, "the directory 'home'", "--authfile FILE") ? 0
                                                                                              : 2;
}

static void test_directory_that_cannot_be_written(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("home", 0755) == 0, "mkdir");
    support_write(FILE_PATH, "");
    support_must(chmod(FILE_PATH, 0666) == 0 && chmod("home", 0555) == 0, "chmod");
    assert_int_equal(support_in_child(true, check_unwritable), 0);
    support_must(chmod("home", 0755) == 0, "chmod");
}

static int check_own_unwritable(void)
{
    return is_refused("home/config.json", EACCES, "the directory 'home'",
                      "store elsewhere with --config DIR or --authfile FILE")
               ? 0
               : 1;
}

static void test_own_directory_that_cannot_be_written(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("home", 0555) == 0, "mkdir");
    if (geteuid() == 0)
        support_must(chown("home", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(true, check_own_unwritable), 0);
}

/* The same said by the check of a whole login. */
static bool is_login_refused(const char *path, const char *hint)
{
    struct secret auth = support_secret("YTpi");
    struct entry file = storing_entry(path, "ghcr.io", &auth);
    struct error err = ERROR_INIT;
    int ret = storing_check(&file, &err);

    secret_clear(&auth);
    return ret < 0 && err.cls == CLASS_AUTHFILE && strstr(err.hint, hint) != NULL;
}

static int check_closed_own(void)
{
    return is_refused(FILE_PATH, EACCES, "home", "--config DIR") ? 0 : 1;
}

static int check_closed_of_root(void)
{
    if (!is_refused(FILE_PATH, EACCES, "home", "belongs to root, perhaps from a login under"))
        return 1;
    return is_login_refused(FILE_PATH, "belongs to root") ? 0 : 2;
}

/* What a login under sudo leaves: nobody else can even look into it. */
static void test_directory_that_cannot_be_searched(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("home", 0600) == 0, "mkdir");
    if (geteuid() == 0) {
        support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
        support_write(FILE_PATH, "{}");
        assert_int_equal(support_in_child(true, check_closed_of_root), 0);
        support_must(chown("home", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    }
    assert_int_equal(support_in_child(true, check_closed_own), 0);
    support_must(chmod("home", 0700) == 0, "chmod");
}

static int check_file_of_root(void)
{
    return is_refused(FILE_PATH, EPERM, "cannot replace",
                      "belongs to root, perhaps from a login under") &&
                   is_refused(FILE_PATH, EPERM, FILE_PATH, "sudo chown")
               ? 0
               : 1;
}

static int check_file_of_another(void)
{
    return is_refused(FILE_PATH, EPERM, "cannot replace", "belongs to the user unknown (1234)") ? 0
                                                                                                : 1;
}

static void test_file_of_another_user(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0755) == 0 && mkdir("home", 0700) == 0 &&
                     chown("home", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "mkdir");
    support_write(FILE_PATH, "");
    assert_int_equal(support_in_child(true, check_file_of_root), 0);
    support_must(chown(FILE_PATH, 1234, 1234) == 0, "chown");
    assert_int_equal(support_in_child(true, check_file_of_another), 0);
    assert_int_equal(preflight_check(FILE_PATH, &err), 0); /* root keeps the owner */
}

#if defined(__linux__)
static int check_without_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    support_must(syscall(SYS_capget, &header, sets) == 0, "capget");
    sets[0].effective &= ~(1U << CAP_CHOWN);
    support_must(syscall(SYS_capset, &header, sets) == 0, "capset");
    return is_refused(FILE_PATH, EPERM, "cannot keep the owner of 'home/config.json'", "CAP_CHOWN")
               ? 0
               : 1;
}

/* As in a container that has few of them: then the network is not asked in vain. */
static void test_root_that_cannot_keep_the_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir("home", 0755) == 0, "mkdir");
    support_write(FILE_PATH, "");
    assert_good(FILE_PATH);
    support_must(chown(FILE_PATH, 1234, 1234) == 0, "chown");
    assert_int_equal(support_in_child(false, check_without_capability), 0);
}
#endif

static void test_directory_that_was_removed(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0 && chdir("home") == 0 && rmdir("../home") == 0, "rmdir");
    assert_refused("config.json", ENOENT);
    assert_refused(".docker/config.json", ENOENT);
}

static void assert_or_skip(int verdict)
{
    if (verdict == MOUNTS_NOT_ALLOWED) {
        print_message("           no mount namespace here: not run\n");
        skip();
    }
    assert_int_equal(verdict, 0);
}

static int check_read_only(void)
{
    if (!mounts_enter() || !mounts_bind("home", "home") || !mounts_read_only("home"))
        return MOUNTS_NOT_ALLOWED;
    if (!is_refused(FILE_PATH, EROFS, "the directory 'home'", "ReadWritePaths="))
        return 1;
    return is_refused("home/.docker/config.json", EROFS, "'home'", "--config DIR") ? 0 : 2;
}

static void test_read_only_file_system(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0, "mkdir");
    support_write(FILE_PATH, "");
    assert_or_skip(support_in_child(false, check_read_only));
}

static int check_mounted_file(void)
{
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_bind("outside", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    if (!is_refused(FILE_PATH, EBUSY, "cannot replace", "ghcr-login exec"))
        return 1;
    if (!is_refused("link", EBUSY, "cannot replace", "mount its directory"))
        return 2;
    if (preflight_check("home/other", &err) < 0)
        return 3;
    if (!mounts_read_only(FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    return is_refused(FILE_PATH, EBUSY, "cannot replace", "mount") ? 0 : 4;
}

static void test_file_that_is_a_mount(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0 && symlink(FILE_PATH, "link") == 0, "mkdir");
    support_write(FILE_PATH, "");
    support_write("outside", "");
    assert_or_skip(support_in_child(false, check_mounted_file));
}

/* A directory that is a mount is nothing special. */
static int check_mounted_directory(void)
{
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_bind("outside", "home"))
        return MOUNTS_NOT_ALLOWED;
    support_write(FILE_PATH, "");
    return preflight_check(FILE_PATH, &err) == 0 && preflight_check("home/absent/x", &err) == 0 ? 0
                                                                                                : 1;
}

static void test_directory_that_is_a_mount(void **state)
{
    (void)state;
    support_must(mkdir("home", 0700) == 0 && mkdir("outside", 0700) == 0, "mkdir");
    assert_or_skip(support_in_child(false, check_mounted_directory));
}

/* What is not this user's to have is not to be taken, or given, by a pasted command. */
static bool is_chown_advised(const char *path)
{
    struct error err = ERROR_INIT;

    if (preflight_check(path, &err) == 0)
        return false;
    support_must(strstr(err.hint, "--config DIR") != NULL, err.hint);
    return strstr(err.hint, "chown") != NULL;
}

#define TEN "0123456789"

static const char *const odd_names[] = {
    "it's",
    "back\\slash",
    "a blank",
    "caf\xc3\xa9",
    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN, /* more than a command that is shown */
};

static int check_advice(void)
{
    if (is_chown_advised("/config.json") || is_chown_advised("/nonexistent/.docker/config.json") ||
        is_chown_advised("/etc/config.json") || is_chown_advised("/etc/foo/config.json") ||
        is_chown_advised("/root/.docker/config.json"))
        return 1;
    if (is_chown_advised("roots/in/config.json") || is_chown_advised("roots/absent/config.json"))
        return 2;
    if (!is_chown_advised("roots/config.json") || !is_chown_advised("home/config.json"))
        return 3;
    if (!is_refused("roots/config.json", EACCES, "roots", "sudo chown -R \"$(id -u)"))
        return 4;
    if (!is_refused("home/config.json", EPERM, "home", "-- 'home/config.json')"))
        return 5;
    /* a quote would end the word in a shell; what is odd or long is not shown to be pasted */
    for (size_t i = 0; i < COUNT(odd_names); i++) {
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/config.json", odd_names[i]);
        if (!is_refused(path, EACCES, odd_names[i], "back with sudo chown,"))
            return 6;
    }
    return 0;
}

static void test_chown_is_advised_for_what_sudo_left(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0755) == 0 && chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 &&
                     mkdir("roots", 0755) == 0 && mkdir("roots/in", 0755) == 0 &&
                     mkdir("home", 0700) == 0 && chown("home", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "mkdir");
    for (size_t i = 0; i < COUNT(odd_names); i++)
        support_must(mkdir(odd_names[i], 0755) == 0, odd_names[i]);
    support_write(FILE_PATH, "{}");
    assert_int_equal(support_in_child(true, check_advice), 0);
}

/* Root makes a first file as the directory's owner: so it is the owner who must be able to. */
static void test_root_looks_as_the_owner(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir("home", 0500) == 0 && chown("home", 1234, 1234) == 0, "mkdir");
    assert_refused("home/config.json", EACCES);
    assert_refused("home/below/config.json", EACCES);
    support_write(FILE_PATH, "{}"); /* this one root replaces itself */
    assert_int_equal(preflight_check(FILE_PATH, &err), 0);
    assert_int_equal(geteuid(), 0);
    support_must(unlink(FILE_PATH) == 0 && chmod("home", 0300) == 0, "chmod");
    assert_int_equal(preflight_check(FILE_PATH, &err), 0);
}

static void test_name_without_room_for_a_temporary(void **state)
{
    char name[NAME_MAX + 1];

    (void)state;
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    name[NAME_MAX - 19] = '\0';
    assert_good(name);
    name[NAME_MAX - 19] = 'n';
    name[NAME_MAX - 18] = '\0';
    assert_refused(name, ENAMETOOLONG);
}

static void set_flags(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0) {
        (void)close(fd);
        print_message("           no such flags here: not run\n");
        skip();
    }
    support_must(close(fd) == 0, path);
}

static void test_what_chattr_has_frozen(void **state)
{
    static const int flags[] = {IMMUTABLE, APPEND_ONLY};

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir("home", 0700) == 0, "mkdir");
    support_write(FILE_PATH, "{}");
    for (size_t i = 0; i < COUNT(flags); i++) {
        bool told;

        set_flags(FILE_PATH, flags[i]);
        told = is_refused(FILE_PATH, EPERM, "cannot replace", "lsattr");
        set_flags(FILE_PATH, 0);
        assert_true(told);
        set_flags("home", flags[i]);
        told = is_refused(FILE_PATH, EPERM, "the directory 'home'", "lsattr");
        set_flags("home", 0);
        assert_true(told);
    }
}

static int hint_at_nothing(void)
{
    struct error err = ERROR_INIT;

    (void)error_set(&err, CLASS_AUTHFILE, "x");
    obstacle_hint("absent", EACCES, &err);
    return err.hint[0] == '\0' ? 0 : 1;
}

static void test_nothing_is_hinted_at_what_is_gone(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(true, hint_at_nothing), 0);
}

static int check_unreadable(void)
{
    return is_refused("home/config.json", EACCES, "cannot read the directory 'home'",
                      "--config DIR")
               ? 0
               : 1;
}

/* It could be written to; but it has to be opened, to be locked. */
static void test_directory_that_cannot_be_read(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("home", 0733) == 0 && chmod("home", 0733) == 0,
                 "mkdir");
    if (geteuid() != 0)
        support_must(chmod("home", 0333) == 0, "chmod");
    assert_int_equal(support_in_child(true, check_unreadable), 0);
    support_must(chmod("home", 0700) == 0, "chmod");
}

static void test_hint_fits_or_is_silent(void **state)
{
    static const int errnums[] = {EIO, ENOENT, EACCES, EPERM};
    static const int full[] = {ENOSPC, EDQUOT};

    (void)state;
    support_write("own", "");
    for (size_t i = 0; i < COUNT(errnums); i++) {
        struct error err = ERROR_INIT;

        (void)error_set(&err, CLASS_AUTHFILE, "x");
        obstacle_hint("own", errnums[i], &err);
        obstacle_hint("absent", errnums[i], &err);
        assert_string_equal(err.hint, "");
        obstacle_hint("absent", EROFS, &err);
        assert_non_null(strstr(err.hint, "read-only"));
    }
    for (size_t i = 0; i < COUNT(full); i++) {
        struct error err = ERROR_INIT;

        obstacle_hint("absent", full[i], &err);
        assert_non_null(strstr(err.hint, "free some space"));
        assert_non_null(strstr(err.hint, "DOCKER_CONFIG=DIR docker pull"));
    }
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_good_places),
        IN_DIRECTORY(test_read_only_file_is_good),
        IN_DIRECTORY(test_loops_and_files_for_directories),
        IN_DIRECTORY(test_directory_that_is_a_dangling_link),
        IN_DIRECTORY(test_directory_that_cannot_be_written),
        IN_DIRECTORY(test_own_directory_that_cannot_be_written),
        IN_DIRECTORY(test_directory_that_cannot_be_searched),
        IN_DIRECTORY(test_file_of_another_user),
#if defined(__linux__)
        IN_DIRECTORY(test_root_that_cannot_keep_the_owner),
#endif
        IN_DIRECTORY(test_directory_that_was_removed),
        IN_DIRECTORY(test_read_only_file_system),
        IN_DIRECTORY(test_file_that_is_a_mount),
        IN_DIRECTORY(test_directory_that_is_a_mount),
        IN_DIRECTORY(test_chown_is_advised_for_what_sudo_left),
        IN_DIRECTORY(test_root_looks_as_the_owner),
        IN_DIRECTORY(test_name_without_room_for_a_temporary),
        IN_DIRECTORY(test_what_chattr_has_frozen),
        IN_DIRECTORY(test_directory_that_cannot_be_read),
        IN_DIRECTORY(test_hint_fits_or_is_silent),
        IN_DIRECTORY(test_nothing_is_hinted_at_what_is_gone),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * replace: how a file is read, and what stands beside it for a moment. openat() is linked through
 * here, for a directory in which every name is taken; fstatfs() and posix_fadvise(), for a file
 * system whose cache holds text of the file that was there before.
 */
#include "../support.h"

#include "store/file/replace.h"

#include <sys/vfs.h>
#include <time.h>

#include "files.h"

static bool is_crowded;
static bool is_swept;       /* another run removes what is made, as a leftover */
static bool has_no_unnamed; /* the file system knows no O_TMPFILE */

int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);

int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
    bool is_unnamed = (flags & O_TMPFILE) == O_TMPFILE;

    if (is_unnamed && has_no_unnamed) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (is_swept && (flags & O_EXCL) != 0) {
        int fd = __real_openat(dir_fd, path, flags, 0600);

        support_must(fd >= 0 && unlinkat(dir_fd, path, 0) == 0, path);
        return fd;
    }
    if (!is_crowded || (flags & (O_CREAT | O_TMPFILE)) == O_DIRECTORY)
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

static void write_aged(const char *name, time_t age_s)
{
    struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};

    support_write(name, "x");
    support_must(utimensat(AT_FDCWD, name, times, 0) == 0, name);
}

/* Another host may be at work: what is young may be its. */
static void test_only_what_is_old_goes_where_others_may_be(void **state)
{
    (void)state;
    write_aged(".file.ghcr-login.aaaaaa", 0);
    write_aged(".file.ghcr-login.bbbbbb", 590);
    write_aged(".file.ghcr-login.cccccc", 610);
    write_aged(".file.ghcr-login.dddddd", 1000000);
    write_aged(".file.ghcr-login.eeeeee", -1000000); /* a clock that was wrong */
    temporary_remove_leftovers(AT_FDCWD, "file", false);
    assert_int_equal(support_count("."), 3);
    assert_int_equal(access(".file.ghcr-login.cccccc", F_OK), -1);
    assert_int_equal(access(".file.ghcr-login.dddddd", F_OK), -1);
    is_crowded = true; /* nothing can be made there, so that nobody tells the time */
    temporary_remove_leftovers(AT_FDCWD, "file", false);
    is_crowded = false;
    assert_int_equal(support_count("."), 3);
    temporary_remove_leftovers(AT_FDCWD, "file", true);
    assert_int_equal(support_count("."), 0);
}

static void test_a_trial_leaves_nothing(void **state)
{
    char byte;
    int fd;

    (void)state;
    for (int i = 0; i < 3; i++) {
        has_no_unnamed = i > 0;
        is_swept = i == 2;
        fd = temporary_try(AT_FDCWD, "file");
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, 0), 1);
        support_must(close(fd) == 0, "close");
        assert_int_equal(temporary_try_directory(AT_FDCWD, "dir"), 0);
        assert_int_equal(support_count("."), 0);
    }
    has_no_unnamed = is_swept = false;
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

enum { NFS = 0x6969, TMPFS = 0x01021994, STALE_MAX = 3 };

int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);

static unsigned stale_stats; /* so many calls find that another host has removed the file */

int __wrap_fstat(int fd, struct stat *st)
{
    if (stale_stats == 0)
        return __real_fstat(fd, st);
    stale_stats--;
    errno = ESTALE;
    return -1;
}

static long fs_type;
static const char *cached[STALE_MAX]; /* what is read after the cache was dropped so often */
static unsigned drops;

int __wrap_fstatfs(int, struct statfs *);
int __wrap_posix_fadvise(int, off_t, off_t, int);

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    (void)fd;
    fs->f_type = fs_type;
    return 0;
}

/* Other text in the same file, and nothing in its status tells of it. */
int __wrap_posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
    struct stat before;
    struct timespec times[2];

    assert_true(offset == 0 && len == 0 && advice == POSIX_FADV_DONTNEED);
    if (drops < STALE_MAX && cached[drops] != NULL) {
        support_must(fstat(fd, &before) == 0, "fstat");
        times[0] = before.st_atim;
        times[1] = before.st_mtim;
        support_write("file", cached[drops]);
        support_must(futimens(fd, times) == 0, "futimens");
    }
    drops++;
    return 0;
}

static void assert_version(long type, const char *expected, unsigned drops_expected)
{
    struct version version = VERSION_INIT;
    struct error err = ERROR_INIT;

    fs_type = type;
    drops = 0;
    assert_int_equal(version_read(&version, AT_FDCWD, "file", "file", 100, &err), 0);
    assert_string_equal(secret_text(&version.text), expected);
    assert_int_equal(drops, drops_expected);
    version_clear(&version);
}

static void test_a_stale_descriptor_is_opened_again(void **state)
{
    (void)state;
    support_write("file", "text");
    stale_stats = 2;
    assert_version(NFS, "text", 2);
    assert_int_equal(stale_stats, 0);
}

static void test_two_readings_agree_where_other_hosts_may_write(void **state)
{
    (void)state;
    support_write("file", "torn..");
    assert_version(TMPFS, "torn..", 0);
    cached[0] = NULL;
    cached[1] = "whole.";
    assert_version(NFS, "whole.", 4);
    cached[1] = NULL;
    assert_version(NFS, "whole.", 2);
    assert_version(TMPFS, "whole.", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_it_is_written_and_removed),
        IN_DIRECTORY(test_only_what_is_old_goes_where_others_may_be),
        IN_DIRECTORY(test_a_trial_leaves_nothing),
        IN_DIRECTORY(test_without_a_name),
        IN_DIRECTORY(test_a_stale_descriptor_is_opened_again),
        IN_DIRECTORY(test_two_readings_agree_where_other_hosts_may_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

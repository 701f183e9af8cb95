/*
 * swap_in(): a peer that acts at any instant is noticed, and what it did is kept. The system calls
 * are linked through here, so that a peer can act just before one, or that one fails.
 */
#include "../support.h"

#include "store/file/replace.h"

#include "files.h"

#define FILE_PATH "config.json"

enum { CALLS_MAX = 4 };

/* What happens at the calls of one kind, the first being number 0. */
struct plan {
    void (*peer[CALLS_MAX])(void); /* acts before it */
    int errnum[CALLS_MAX];         /* it fails with this */
    size_t count;
};

static struct plan exchanges;
static struct plan links;

static int step(struct plan *plan)
{
    size_t n = plan->count++;

    if (n >= CALLS_MAX)
        return 0;
    if (plan->peer[n] != NULL)
        plan->peer[n]();
    errno = plan->errnum[n];
    return plan->errnum[n] != 0 ? -1 : 0;
}

int __real_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_renameat2(int, const char *, int, const char *, unsigned);
int __real_linkat(int, const char *, int, const char *, int);
int __wrap_linkat(int, const char *, int, const char *, int);

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return step(&exchanges) < 0 ? -1 : __real_renameat2(from_dir, from, to_dir, to, flags);
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return step(&links) < 0 ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

static char temporary[PATH_MAX];

static int setup(void **state)
{
    exchanges = (struct plan){.count = 0};
    links = (struct plan){.count = 0};
    (void)snprintf(temporary, sizeof(temporary), "temporary");
    (void)support_setup(state);
    support_write(temporary, "ours");
    return 0;
}

/* The file that was read, kept from being used again as a descriptor of it would. */
static struct stat make_old(void)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000, .tv_nsec = 5}};

    support_write(FILE_PATH, "old");
    support_must(utimensat(AT_FDCWD, FILE_PATH, times, 0) == 0, "utimensat");
    support_must(link(FILE_PATH, "kept") == 0, "link");
    return support_stat(FILE_PATH);
}

static void set_mtime(long nsec)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000, .tv_nsec = nsec}};

    support_must(utimensat(AT_FDCWD, FILE_PATH, times, 0) == 0, "utimensat");
}

static void theirs(void)
{
    support_replace(FILE_PATH, "theirs");
}

static void theirs_too(void)
{
    support_replace(FILE_PATH, "theirs too");
}

static void theirs_in_place(void)
{
    support_write(FILE_PATH, "theirs, in place");
}

static void vanish(void)
{
    support_must(unlink(FILE_PATH) == 0, "unlink");
}

static void test_what_was_seen_is_replaced(void **state)
{
    struct stat seen = make_old();
    struct stat ours = support_stat(temporary);

    (void)state;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_DONE);
    assert_true(support_holds(FILE_PATH, "ours"));
    assert_int_equal(support_stat(FILE_PATH).st_ino, ours.st_ino);
    if (temporary[0] != '\0')
        assert_true(support_holds(temporary, "old"));
}

static void test_first_is_made(void **state)
{
    (void)state;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_DONE);
    assert_true(support_holds(FILE_PATH, "ours"));
    if (temporary[0] != '\0')
        support_must(unlink(temporary) == 0, "unlink");
    assert_int_equal(support_stat(FILE_PATH).st_nlink, 1);
}

/* Nothing but one thing differs each time. */
static void test_each_difference_is_stale(void **state)
{
    enum { GOES = 6 };
    static const char *const rows[] = {"inode", "size",   "mtime", "second",   "mode",
                                       "group", "absent", "link",  "directory"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stat seen = make_old();
        const char *row = rows[i];
        struct stat now;

        if (strcmp(row, "inode") == 0)
            support_replace(FILE_PATH, "OLD");
        if (strcmp(row, "size") == 0)
            support_write(FILE_PATH, "older");
        if (strcmp(row, "inode") == 0 || strcmp(row, "size") == 0)
            set_mtime(5);
        if (strcmp(row, "mtime") == 0)
            set_mtime(6);
        if (strcmp(row, "second") == 0) /* of it, and the same fraction */
            seen.st_mtim.tv_sec++;
        if (strcmp(row, "mode") == 0)
            support_must(chmod(FILE_PATH, 0400) == 0, "chmod");
        if (strcmp(row, "group") == 0)
            support_must(geteuid() != 0 || chown(FILE_PATH, 0, 2345) == 0, "chown");
        if (strcmp(row, "group") == 0 && geteuid() != 0)
            set_mtime(6); /* an ordinary user may have one group only */
        if (i >= GOES)
            vanish();
        if (strcmp(row, "link") == 0)
            support_must(symlink("kept", FILE_PATH) == 0, "symlink");
        if (strcmp(row, "directory") == 0)
            support_must(mkdir(FILE_PATH, 0700) == 0, "mkdir");
        assert_row(row, swap_in(AT_FDCWD, temporary, FILE_PATH, &seen) == SWAP_STALE);
        assert_row(row, support_holds("temporary", "ours"));
        if (strcmp(row, "absent") == 0) {
            assert_row(row, access(FILE_PATH, F_OK) < 0);
        } else {
            now = support_stat(FILE_PATH);
            assert_row(row, S_ISREG(now.st_mode) == (i < GOES));
            support_must(remove(FILE_PATH) == 0, "remove");
        }
        support_must(unlink("kept") == 0, "unlink");
    }
}

static void test_present_instead_of_absent_is_stale(void **state)
{
    (void)state;
    support_write(FILE_PATH, "");
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, ""));
    support_must(unlink(FILE_PATH) == 0 && symlink("nowhere", FILE_PATH) == 0, "symlink");
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_STALE);
    assert_true(S_ISLNK(support_stat(FILE_PATH).st_mode));
    assert_true(support_holds("temporary", "ours"));
}

/* One more name is no new version. */
static void test_what_is_no_version_is_not_stale(void **state)
{
    struct stat seen = make_old();

    (void)state;
    support_must(link(FILE_PATH, "one more") == 0, "link");
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_DONE);
    assert_true(support_holds(FILE_PATH, "ours"));
}

/* Between the look and the exchange, and between the exchange and the one back. */
static void test_peers_at_the_exchange(void **state)
{
    static const struct {
        const char *label;
        void (*first)(void);
        void (*second)(void);
        const char *text; /* NULL: nothing is there */
    } rows[] = {
        {"replaced", theirs, NULL, "theirs"},
        {"written in place", theirs_in_place, NULL, "theirs, in place"},
        {"gone", vanish, NULL, NULL},
        {"replaced twice", theirs, theirs_too, "theirs too"},
        {"replaced, then written in place", theirs, theirs_in_place, "theirs, in place"},
        {"replaced, then gone", theirs, vanish, "theirs"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stat seen = make_old();

        (void)snprintf(temporary, sizeof(temporary), "temporary");
        support_write(temporary, "ours");
        exchanges = (struct plan){.peer = {rows[i].first, rows[i].second}};
        assert_row(rows[i].label, swap_in(AT_FDCWD, temporary, FILE_PATH, &seen) == SWAP_STALE);
        if (rows[i].text != NULL)
            assert_row(rows[i].label, support_holds(FILE_PATH, rows[i].text));
        else
            assert_row(rows[i].label, access(FILE_PATH, F_OK) < 0);
        (void)unlink(FILE_PATH);
        support_must(unlink("kept") == 0, "unlink");
    }
}

static void forbid(void)
{
    support_must(chmod(FILE_PATH, 0600) == 0, "chmod");
}

/* What was taken from others in that instant is not given back to them. */
static void test_mode_taken_at_the_exchange_stays_taken(void **state)
{
    struct stat seen;

    (void)state;
    (void)make_old();
    support_must(chmod(FILE_PATH, 0644) == 0, "chmod");
    seen = support_stat(FILE_PATH);
    exchanges.peer[0] = forbid;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "old"));
    assert_int_equal(support_mode(FILE_PATH), 0600);
}

/* The two names are of the directory that was opened, wherever it is by now. */
static void test_directory_may_be_moved(void **state)
{
    struct stat seen = make_old();
    int fd;

    (void)state;
    support_must(mkdir("dir", 0700) == 0 && rename(FILE_PATH, "dir/" FILE_PATH) == 0 &&
                     rename(temporary, "dir/temporary") == 0,
                 "mkdir");
    fd = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    support_must(fd >= 0 && rename("dir", "moved") == 0 && mkdir("dir", 0700) == 0, "rename");
    assert_int_equal(swap_in(fd, temporary, FILE_PATH, &seen), SWAP_DONE);
    assert_true(support_holds("moved/" FILE_PATH, "ours"));
    assert_int_equal(support_count("dir"), 0);
    support_must(close(fd) == 0, "close");
}

static void test_peer_at_the_first_link(void **state)
{
    (void)state;
    links.peer[0] = theirs;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "theirs"));
    assert_true(support_holds(temporary, "ours"));
}

static const int cannot_exchange[] = {ENOSYS, EINVAL, EPERM, EOPNOTSUPP, EACCES, EXDEV, EROFS};

static void test_rename_where_none_can_be_exchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cannot_exchange); i++) {
        struct stat seen = make_old();

        (void)snprintf(temporary, sizeof(temporary), "temporary");
        support_write(temporary, "ours");
        exchanges = (struct plan){.errnum = {cannot_exchange[i]}};
        assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_DONE);
        assert_int_equal(exchanges.count, 1);
        assert_true(support_holds(FILE_PATH, "ours"));
        assert_string_equal(temporary, "");
        assert_int_equal(access("temporary", F_OK), -1);
        support_must(unlink("kept") == 0, "unlink");
    }
}

static void test_rename_is_for_what_was_seen_too(void **state)
{
    struct stat seen = make_old();

    (void)state;
    theirs();
    exchanges.errnum[0] = ENOSYS;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "theirs"));
    assert_true(support_holds(temporary, "ours"));
}

/* The last look comes last: behind the call that turned out not to work. */
static void test_last_look_is_before_rename(void **state)
{
    struct stat seen = make_old();

    (void)state;
    exchanges = (struct plan){.peer = {theirs}, .errnum = {EINVAL}};
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "theirs"));
    assert_true(support_holds("temporary", "ours"));
}

static void test_last_look_is_before_the_first_rename(void **state)
{
    (void)state;
    links = (struct plan){.peer = {theirs}, .errnum = {EPERM}};
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "theirs"));
    assert_true(support_holds("temporary", "ours"));
}

static void test_first_is_renamed_where_no_link_can_be(void **state)
{
    static const int cannot_link[] = {EPERM, EOPNOTSUPP, ENOSYS, EXDEV, EACCES, EROFS, EINVAL};

    (void)state;
    for (size_t i = 0; i < COUNT(cannot_link); i++) {
        (void)snprintf(temporary, sizeof(temporary), "temporary");
        support_write(temporary, "ours");
        links = (struct plan){.errnum = {cannot_link[i]}};
        assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_DONE);
        assert_true(support_holds(FILE_PATH, "ours"));
        assert_string_equal(temporary, "");
        vanish();
    }
}

static void test_other_errors_change_nothing(void **state)
{
    static const int errnums[] = {EBUSY, EIO, ENOSPC};

    (void)state;
    for (size_t i = 0; i < COUNT(errnums); i++) {
        struct stat seen = make_old();

        exchanges = (struct plan){.errnum = {errnums[i]}};
        assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_FAILED);
        assert_int_equal(errno, errnums[i]);
        assert_true(support_holds(FILE_PATH, "old"));
        assert_true(support_holds("temporary", "ours"));
        vanish();
        support_must(unlink("kept") == 0, "unlink");
        if (errnums[i] == EBUSY)
            continue;
        links = (struct plan){.errnum = {errnums[i]}};
        assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_FAILED);
        assert_int_equal(errno, errnums[i]);
        assert_int_equal(access(FILE_PATH, F_OK), -1);
        assert_true(support_holds("temporary", "ours"));
    }
}

/* The exchange back fails: rename(2) still gives the peer its place again. */
static void test_exchange_back_may_fail(void **state)
{
    struct stat seen = make_old();

    (void)state;
    exchanges = (struct plan){.peer = {theirs}, .errnum = {0, EIO}};
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_STALE);
    assert_true(support_holds(FILE_PATH, "theirs"));
    assert_string_equal(temporary, "");
    assert_int_equal(access("temporary", F_OK), -1);
}

static void test_no_temporary_is_an_error(void **state)
{
    struct stat seen = make_old();

    (void)state;
    support_must(unlink(temporary) == 0, "unlink");
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, &seen), SWAP_FAILED);
    assert_int_equal(errno, ENOENT);
    assert_true(support_holds(FILE_PATH, "old"));
    vanish();
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH, NULL), SWAP_FAILED);
    assert_int_equal(errno, ENOENT);
}

/* What cannot be looked at is not stale: reading it again would go on for ever. */
static void test_look_that_fails_is_an_error(void **state)
{
    struct stat seen = make_old();

    (void)state;
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH "/below", &seen), SWAP_FAILED);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(swap_in(AT_FDCWD, temporary, FILE_PATH "/below", NULL), SWAP_FAILED);
    assert_int_equal(errno, ENOTDIR);
    assert_true(support_holds("temporary", "ours"));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_what_was_seen_is_replaced),
        IN_DIRECTORY(test_first_is_made),
        IN_DIRECTORY(test_each_difference_is_stale),
        IN_DIRECTORY(test_present_instead_of_absent_is_stale),
        IN_DIRECTORY(test_what_is_no_version_is_not_stale),
        IN_DIRECTORY(test_peers_at_the_exchange),
        IN_DIRECTORY(test_mode_taken_at_the_exchange_stays_taken),
        IN_DIRECTORY(test_directory_may_be_moved),
        IN_DIRECTORY(test_peer_at_the_first_link),
        IN_DIRECTORY(test_rename_where_none_can_be_exchanged),
        IN_DIRECTORY(test_rename_is_for_what_was_seen_too),
        IN_DIRECTORY(test_last_look_is_before_rename),
        IN_DIRECTORY(test_last_look_is_before_the_first_rename),
        IN_DIRECTORY(test_first_is_renamed_where_no_link_can_be),
        IN_DIRECTORY(test_other_errors_change_nothing),
        IN_DIRECTORY(test_exchange_back_may_fail),
        IN_DIRECTORY(test_no_temporary_is_an_error),
        IN_DIRECTORY(test_look_that_fails_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * lock: one at a time, between processes too; nothing stale, no litter. openat() is linked through
 * here, to come in between.
 */
#include "../support.h"

#include "store/file/lock.h"

#include <sched.h>
#include <signal.h>

#include "files.h"
#include "locking.h"

#define NAME      "config.json"
#define SIDE_FILE ".config.json.ghcr-login-lock"

static bool is_going; /* the side file, between two looks at it */

int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);

int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
    if (is_going && strcmp(path, SIDE_FILE) == 0 && (flags & O_CREAT) == 0) {
        is_going = false;
        support_must(unlink(SIDE_FILE) == 0, SIDE_FILE);
    }
    return __real_openat(dir_fd, path, flags, 0600);
}

static int setup(void **state)
{
    locking_reset();
    return support_setup(state);
}

static int acquire_at(struct lock *lock, const char *dir, int64_t wait_ms, struct error *err)
{
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret;

    support_must(dir_fd >= 0, dir);
    ret = lock_acquire(lock, dir_fd, dir, NAME, clock_system(), support_in_ms(wait_ms), err);
    support_must(close(dir_fd) == 0, "close"); /* the lock does not hang on it */
    return ret;
}

static int acquire(struct lock *lock, int64_t wait_ms, struct error *err)
{
    return acquire_at(lock, ".", wait_ms, err);
}

static bool is_warned(const struct lock *lock, const char *part)
{
    struct warnings warnings = {.count = 0};

    lock_warn(lock, "dir", &warnings);
    if (part == NULL)
        return warnings.count == 0;
    return warnings.count == 1 && strstr(warnings.items[0], part) != NULL;
}

static void assert_warned(const struct lock *lock, const char *part)
{
    assert_true(is_warned(lock, part));
}

static void test_directory_is_locked_without_litter(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(acquire(&lock, 1000, &err), 0);
    assert_int_equal(err.cls, CLASS_NONE);
    assert_true(lock.fd >= 0);
    assert_int_equal(lock.side_fd, -1);
    assert_int_equal(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(support_count("."), 0);
    lock_release(&lock);
    assert_int_equal(lock.fd, -1);
    lock_release(&lock);
    assert_int_equal(acquire(&lock, -1, &err), 0);
    lock_release(&lock);
}

static void test_never_held_may_be_released(void **state)
{
    struct lock lock = LOCK_INIT;

    (void)state;
    lock_release(&lock);
    assert_int_equal(lock.fd, -1);
}

static void assert_second_waits(void)
{
    struct lock first = LOCK_INIT;
    struct lock second = LOCK_INIT;
    struct error err = ERROR_INIT;
    size_t count;

    assert_int_equal(acquire(&first, 1000, &err), 0);
    count = support_count(".");
    assert_int_equal(acquire(&second, -1, &err), -1);
    assert_error("second", &err, CLASS_AUTHFILE, "is still locked");
    assert_non_null(strstr(err.hint, "wait for that process, or find it with lsof '"));
    assert_int_equal(second.fd, -1);
    assert_int_equal(second.side_fd, -1);
    lock_release(&second);
    assert_int_equal(support_count("."), count); /* the holder's file is not the loser's */
    err = ERROR_INIT;
    assert_int_equal(acquire(&second, -1, &err), -1);
    lock_release(&first);
    err = ERROR_INIT;
    assert_int_equal(acquire(&second, -1, &err), 0);
    lock_release(&second);
    assert_int_equal(support_count("."), 0);
}

static void test_second_waits(void **state)
{
    (void)state;
    assert_second_waits();
    flock_errnum = ENOLCK;
    assert_second_waits();
}

/* Short waits until the deadline, not one long one and not none. */
static void assert_waits_to_the_deadline(bool is_unlucky)
{
    struct fake_clock fake = {.now_ms = 5000, .is_unlucky = is_unlucky};
    struct clock clock = fake_clock_face(&fake);
    struct lock first = LOCK_INIT;
    struct lock second = LOCK_INIT;
    struct error err = ERROR_INIT;
    int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(acquire(&first, 1000, &err), 0);
    assert_int_equal(lock_acquire(&second, dir_fd, ".", NAME, &clock, 5100, &err), -1);
    assert_error("deadline", &err, CLASS_AUTHFILE, "is still locked");
    assert_in_range(fake.now_ms, 5100, 5150);
    assert_true(fake.sleeps >= 3);
    for (size_t i = 0; i < fake.sleeps; i++)
        assert_in_range(fake.waits_ms[i], 1, 50);
    lock_release(&first);
    support_must(close(dir_fd) == 0, "close");
}

static void test_waits_to_the_deadline(void **state)
{
    (void)state;
    assert_waits_to_the_deadline(false);
    assert_waits_to_the_deadline(true);
    flock_errnum = EOPNOTSUPP;
    assert_waits_to_the_deadline(false);
    assert_waits_to_the_deadline(true);
}

static void test_other_directories_are_free(void **state)
{
    struct lock first = LOCK_INIT;
    struct lock second = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_must(mkdir("other", 0700) == 0, "mkdir");
    for (int round = 0; round < 2; round++) {
        flock_errnum = round == 0 ? 0 : ENOLCK;
        assert_int_equal(acquire(&first, 1000, &err), 0);
        assert_int_equal(acquire_at(&second, "other", -1, &err), 0);
        lock_release(&first);
        lock_release(&second);
    }
}

static void test_side_file_where_flock_is_refused(void **state)
{
    static const int errnums[] = {ENOLCK, EOPNOTSUPP, EBADF, ENOSYS, EINVAL};

    (void)state;
    for (size_t i = 0; i < COUNT(errnums); i++) {
        struct lock lock = LOCK_INIT;
        struct error err = ERROR_INIT;

        flock_errnum = errnums[i];
        assert_int_equal(acquire(&lock, 1000, &err), 0);
        assert_int_equal(err.cls, CLASS_NONE);
        assert_string_equal(lock.name, SIDE_FILE);
        assert_int_equal(fcntl(lock.side_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(support_mode(SIDE_FILE), 0600);
        assert_int_equal(support_stat(SIDE_FILE).st_size, 0);
        assert_int_equal(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        lock_release(&lock);
        assert_int_equal(support_count("."), 0);
    }
}

static void test_interrupted_flock_is_tried_again(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    flock_errnum = EINTR;
    flock_times = 3;
    assert_int_equal(acquire(&lock, 5000, &err), 0);
    assert_int_equal(lock.side_fd, -1);
    assert_int_equal(flock_calls, 4);
    lock_release(&lock);
}

/* Left by a run that was killed; nobody holds it. */
static void test_side_file_that_was_left_is_taken_and_removed(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_write(SIDE_FILE, "");
    flock_errnum = ENOLCK;
    assert_int_equal(acquire(&lock, -1, &err), 0);
    lock_release(&lock);
    assert_int_equal(support_count("."), 0);
}

/* Its holder removes it when another has seen it, but has not opened it. */
static void test_side_file_that_goes_is_made_again(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_write(SIDE_FILE, "");
    flock_errnum = ENOLCK;
    is_going = true;
    assert_int_equal(acquire(&lock, 1000, &err), 0);
    assert_false(is_going);
    assert_true(lock.side_fd >= 0);
    lock_release(&lock);
    assert_int_equal(support_count("."), 0);
}

static void test_side_file_is_no_link(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_write("precious", "kept");
    support_must(symlink("precious", SIDE_FILE) == 0, "symlink");
    flock_errnum = ENOLCK;
    assert_int_equal(acquire(&lock, 1000, &err), 0);
    assert_int_equal(lock.side_fd, -1);
    assert_warned(&lock, strerror(ELOOP));
    assert_warned(&lock, "; if two logins run at once, one may be lost");
    lock_release(&lock);
    assert_true(support_holds("precious", "kept"));
    assert_int_equal(support_count("."), 2);
}

static void test_name_of_the_side_file_may_be_too_long(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;
    char name[NAME_MAX + 1];
    int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    memset(name, 'n', NAME_MAX - 16);
    name[NAME_MAX - 16] = '\0';
    flock_errnum = ENOLCK;
    assert_int_equal(lock_acquire(&lock, dir_fd, ".", name, clock_system(), 0, &err), 0);
    assert_warned(&lock, strerror(ENAMETOOLONG));
    lock_release(&lock);
    assert_int_equal(lock.fd, -1);
    assert_int_equal(support_count("."), 0);
    support_must(close(dir_fd) == 0, "close");
}

/* Root is killed: what it leaves belongs to the user, who takes and removes it. */
static int take_what_is_left(void)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    flock_errnum = ENOLCK;
    if (acquire(&lock, -1, &err) < 0)
        return 1;
    lock_release(&lock);
    return 0;
}

static int lock_and_die(void)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    flock_errnum = ENOLCK;
    return acquire(&lock, -1, &err) < 0;
}

static void test_side_file_of_root_is_the_directory_s_owner_s(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    assert_int_equal(support_in_child(false, lock_and_die), 0);
    assert_int_equal(support_stat(SIDE_FILE).st_uid, SUPPORT_NOBODY);
    assert_int_equal(support_in_child(true, take_what_is_left), 0);
    assert_int_equal(support_count("."), 0);
}

/* Another name of one of root's files, where users may make such: it stays root's. */
static void test_what_was_there_is_given_to_nobody(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    support_write("precious", "root's");
    support_must(link("precious", SIDE_FILE) == 0, "link");
    flock_errnum = ENOLCK;
    assert_int_equal(acquire(&lock, -1, &err), 0);
    assert_int_equal(support_stat("precious").st_uid, 0);
    lock_release(&lock);
    assert_true(support_holds("precious", "root's"));
}

static int meet_what_is_another_s(void)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    flock_errnum = ENOLCK;
    if (acquire(&lock, -1, &err) < 0)
        return 1;
    return is_warned(&lock, "remove '" SIDE_FILE "' there") ? 0 : 2;
}

static void test_side_file_of_another_is_named(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0777) == 0, "chmod");
    support_write(SIDE_FILE, "");
    assert_int_equal(support_in_child(true, meet_what_is_another_s), 0);
}

static int lock_unwritable(void)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    if (acquire(&lock, 1000, &err) < 0)
        return 1; /* the directory itself needs no right to write */
    lock_release(&lock);
    flock_errnum = ENOLCK;
    if (acquire(&lock, 1000, &err) < 0)
        return 2;
    return is_warned(&lock, strerror(EACCES)) ? 0 : 3;
}

static void test_side_file_needs_a_directory_that_can_be_written(void **state)
{
    (void)state;
    support_must(chmod(".", 0555) == 0, "chmod");
    assert_int_equal(support_in_child(true, lock_unwritable), 0);
    support_must(chmod(".", 0700) == 0, "chmod");
}

/* A child takes the lock, says so, and is killed. */
static void assert_nothing_is_stale(void)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;
    int ready[2];
    char byte;
    pid_t child;

    support_must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    child = fork();
    support_must(child >= 0, "fork");
    if (child == 0) {
        if (acquire(&lock, 5000, &err) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    support_must(read(ready[0], &byte, 1) == 1, "the lock was not taken");
    assert_int_equal(acquire(&lock, -1, &err), -1);
    assert_error("held", &err, CLASS_AUTHFILE, "is still locked");
    support_must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child, "kill");
    err = ERROR_INIT;
    assert_int_equal(acquire(&lock, -1, &err), 0);
    lock_release(&lock);
    assert_int_equal(support_count("."), 0);
    support_must(close(ready[0]) == 0 && close(ready[1]) == 0, "close");
}

static void test_killed_holder_leaves_nothing_stale(void **state)
{
    (void)state;
    assert_nothing_is_stale();
    flock_errnum = ENOLCK;
    assert_nothing_is_stale();
}

enum { ROUNDS = 200, RUNNERS = 3 };

/* In and out, again and again; inside, a name that nobody else may have made. */
static int run_rounds(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct lock lock = LOCK_INIT;
        struct error err = ERROR_INIT;
        int fd;

        if (acquire(&lock, 30000, &err) < 0)
            return 1;
        fd = open("inside", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return 2; /* somebody else is in here */
        (void)sched_yield();
        if (close(fd) < 0 || unlink("inside") < 0)
            return 3;
        lock_release(&lock);
    }
    return 0;
}

static void assert_never_two_inside(void)
{
    pid_t runners[RUNNERS];

    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = fork();
        support_must(runners[i] >= 0, "fork");
        if (runners[i] == 0)
            _exit(run_rounds());
    }
    for (int i = 0; i < RUNNERS; i++) {
        int status = -1;

        support_must(waitpid(runners[i], &status, 0) == runners[i], "waitpid");
        assert_int_equal(status, 0);
    }
    assert_int_equal(support_count("."), 0);
}

static void test_never_two_inside(void **state)
{
    (void)state;
    assert_never_two_inside();
}

static void test_never_two_inside_by_the_side_file(void **state)
{
    (void)state;
    flock_errnum = EOPNOTSUPP;
    assert_never_two_inside();
    ofd_errnum = EINVAL; /* then the lock is the process' */
    assert_never_two_inside();
}

/* POSIX permits EACCES where others say EAGAIN. */
static void test_held_side_file_may_be_told_as_denied(void **state)
{
    (void)state;
    flock_errnum = ENOLCK;
    busy_errnum = EACCES;
    assert_second_waits();
}

/* Its server may have it locked for other hosts; and there it stays. */
static void test_network_file_system_has_both_locks(void **state)
{
    struct lock first = LOCK_INIT;
    struct lock second = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    fs_type = NFS;
    for (int round = 0; round < 2; round++) {
        flock_errnum = round == 0 ? 0 : EBADF;
        assert_int_equal(acquire(&first, 1000, &err), 0);
        assert_true(first.side_fd >= 0 && first.has_directory == (round == 0));
        assert_false(lock_is_alone(&first));
        assert_warned(&first, NULL);
        assert_int_equal(acquire(&second, -1, &err), -1);
        assert_true((strstr(err.hint, "/" SIDE_FILE) != NULL) == (round == 1));
        err = ERROR_INIT;
        lock_release(&first);
        assert_int_equal(support_count("."), 1);
    }
    /* on the server itself the file system is local */
    fs_type = TMPFS;
    flock_errnum = 0;
    assert_int_equal(acquire(&first, 1000, &err), 0);
    assert_true(first.side_fd >= 0 && first.has_directory && lock_is_alone(&first));
    lock_release(&first);
    assert_int_equal(support_count("."), 1);
}

static void test_network_file_system_that_locks_for_one_host(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    fs_type = NFS;
    fcntl_errnum = ENOLCK;
    assert_int_equal(acquire(&lock, 1000, &err), 0);
    assert_true(lock.has_directory);
    assert_warned(&lock, "against other hosts: No locks available");
    lock_release(&lock);
    assert_int_equal(support_count("."), 0);
}

/* It goes on, says so, and leaves nothing. */
static void test_nothing_can_be_locked(void **state)
{
    static const int errnums[] = {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL, EPERM, EACCES};

    (void)state;
    for (size_t i = 0; i < COUNT(errnums) * 2; i++) {
        struct lock lock = LOCK_INIT;
        struct error err = ERROR_INIT;

        fs_type = i % 2 == 0 ? TMPFS : NFS;
        flock_errnum = fcntl_errnum = errnums[i / 2];
        assert_int_equal(acquire(&lock, 1000, &err), 0);
        assert_int_equal(lock.side_fd, -1);
        assert_false(lock.has_directory || lock_is_alone(&lock));
        assert_warned(&lock, strerror(errnums[i / 2]));
        lock_release(&lock);
        assert_int_equal(support_count("."), 0);
    }
}

/* Anybody who may read a directory can have its flock(2), and nobody else the owner's file. */
static void test_readers_of_the_directory_do_not_hold_it_up(void **state)
{
    struct lock lock = LOCK_INIT;
    struct error err = ERROR_INIT;
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    support_must(fd >= 0 && __real_flock(fd, LOCK_EX) == 0, "flock");
    support_must(chmod(".", 0755) == 0, "chmod");
    assert_second_waits();
    assert_int_equal(acquire(&lock, -1, &err), 0);
    assert_int_equal(support_mode(SIDE_FILE), 0600);
    assert_true(lock_is_alone(&lock));
    lock_release(&lock);
    assert_int_equal(support_count("."), 0);
    /* who can write there as well may make the side file too, each their own */
    support_must(chmod(".", 0775) == 0, "chmod");
    assert_int_equal(acquire(&lock, -1, &err), -1);
    support_must(chmod(".", 0700) == 0 && close(fd) == 0, "chmod");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_directory_is_locked_without_litter),
        IN_DIRECTORY(test_never_held_may_be_released),
        IN_DIRECTORY(test_second_waits),
        IN_DIRECTORY(test_waits_to_the_deadline),
        IN_DIRECTORY(test_other_directories_are_free),
        IN_DIRECTORY(test_side_file_where_flock_is_refused),
        IN_DIRECTORY(test_held_side_file_may_be_told_as_denied),
        IN_DIRECTORY(test_interrupted_flock_is_tried_again),
        IN_DIRECTORY(test_side_file_that_was_left_is_taken_and_removed),
        IN_DIRECTORY(test_side_file_that_goes_is_made_again),
        IN_DIRECTORY(test_side_file_is_no_link),
        IN_DIRECTORY(test_name_of_the_side_file_may_be_too_long),
        IN_DIRECTORY(test_side_file_of_root_is_the_directory_s_owner_s),
        IN_DIRECTORY(test_what_was_there_is_given_to_nobody),
        IN_DIRECTORY(test_side_file_of_another_is_named),
        IN_DIRECTORY(test_side_file_needs_a_directory_that_can_be_written),
        IN_DIRECTORY(test_network_file_system_has_both_locks),
        IN_DIRECTORY(test_network_file_system_that_locks_for_one_host),
        IN_DIRECTORY(test_nothing_can_be_locked),
        IN_DIRECTORY(test_readers_of_the_directory_do_not_hold_it_up),
        IN_DIRECTORY(test_killed_holder_leaves_nothing_stale),
        IN_DIRECTORY(test_never_two_inside),
        IN_DIRECTORY(test_never_two_inside_by_the_side_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

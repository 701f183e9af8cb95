/*
 * private_directory: what the sweep takes, and what it never takes. Where one is made is in
 * test_private_places.c, and how it is removed in test_private_removal.c. Four calls are linked
 * through here.
 */
#include "../support.h"

#include <signal.h>

#include "store/private_directory.h"

#include "files.h"
#include "locking.h"

/* A sweep between mkdtemp() and flock(): the directory is lost, and another is made. */
static int swept;

static const struct private_room little = {.bytes = 1, .files = 1, .links = 1};

static void sweep_first(int fd)
{
    char link[64];
    char path[PATH_MAX];
    ssize_t len;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path) - 1);
    if (swept-- > 0 && len > 0) {
        path[len] = '\0';
        support_must(rmdir(path) == 0, path);
    }
}

/* The file system's own clock. */
static time_t server_behind_s;
static int futimens_errnum;

static time_t server_now(void)
{
    return (time_t)clock_system()->unix_s(NULL) - server_behind_s;
}

int __wrap_futimens(int fd, const struct timespec times[2]);
int __real_futimens(int fd, const struct timespec times[2]);

int __wrap_futimens(int fd, const struct timespec times[2])
{
    struct timespec by_server[2] = {{.tv_sec = server_now()}, times[1]};

    if (futimens_errnum == 0)
        return __real_futimens(fd, by_server);
    errno = futimens_errnum;
    return -1;
}

enum { ENOUGH_MS = 20000 };

/* The test's own directory as the one place. */
static struct private_places here(void)
{
    struct private_places places = {.count = 1};

    (void)snprintf(places.items[0], PATH_MAX, "%s", support_dir);
    return places;
}

static void sweep(void)
{
    struct private_places places = here();

    private_directory_sweep(&places, clock_system(), support_in_ms(ENOUGH_MS));
}

static struct private_directory make(void)
{
    struct private_places places = here();
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    if (private_directory_make(&made, &places, &little, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(made.marker_fd, -1); /* for a child to have no copy of it */
    private_directory_hold(&made);
    return made;
}

static int try_to_take_away(struct private_directory *directory, struct error *err)
{
    return private_directory_remove(directory, clock_system(), support_in_ms(ENOUGH_MS), err);
}

static void take_away(struct private_directory *directory)
{
    struct error err = ERROR_INIT;

    if (try_to_take_away(directory, &err) < 0)
        fail_msg("%s", err.message);
}

/* As if the process had been killed. */
static void let_go(struct private_directory *directory)
{
    support_must(close(directory->fd) == 0 && close(directory->marker_fd) == 0, "close");
    *directory = PRIVATE_DIRECTORY_INIT;
}

static void test_it_is_private_and_goes(void **state)
{
    struct private_directory made = make();
    char path[PATH_MAX + 8];

    (void)state;
    assert_int_equal(support_mode(made.path), 0700);
    assert_int_equal(support_count(made.path), 1);
    assert_true(fcntl(made.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(made.marker_fd, F_GETFD) & FD_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/file", made.path);
    support_write(path, "x");
    take_away(&made);
    assert_int_equal(support_count("."), 0);
    assert_int_equal(made.fd, -1);
    assert_int_equal(made.marker_fd, -1);
}

#define STALE PRIVATE_DIRECTORY_PREFIX "stale1"

static void make_stale(void)
{
    support_must(mkdir(STALE, 0700) == 0, "mkdir");
    support_write(STALE "/" PRIVATE_DIRECTORY_MARKER, "");
}

static void test_the_sweep_takes_what_nobody_holds(void **state)
{
    struct private_directory live = make();

    (void)state;
    support_must(mkdir("outside", 0700) == 0, "mkdir");
    support_write("outside/file", "x");
    make_stale();
    support_write(STALE "/file", "x");
    support_must(symlink("../outside", STALE "/link") == 0, "symlink");
    support_must(mkdir(PRIVATE_DIRECTORY_PREFIX "empty1", 0700) == 0, "mkdir");
    /* Not what it looks for: a link, a file, another name. */
    support_must(symlink("outside", PRIVATE_DIRECTORY_PREFIX "link00") == 0, "symlink");
    support_write(PRIVATE_DIRECTORY_PREFIX "file00", "x");
    sweep();
    assert_int_equal(support_count("."), 4);
    assert_int_equal(support_count("outside"), 1);
    assert_int_equal(support_mode(live.path), 0700);
    let_go(&live);
    sweep();
    assert_int_equal(support_count("."), 3);
}

static void test_the_sweep_leaves_what_is_another_users(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_stale();
    support_must(chown(STALE, SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    sweep();
    assert_int_equal(support_count("."), 1);
    /* Nor does a marker of another's make one ours. */
    support_must(chown(STALE, 0, 0) == 0 &&
                     chown(STALE "/" PRIVATE_DIRECTORY_MARKER, SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "chown");
    sweep();
    assert_int_equal(support_count("."), 1);
}

/* Somebody may have given our name to another directory of this user's. */
static void test_the_sweep_leaves_what_has_no_marker(void **state)
{
    (void)state;
    support_must(mkdir(STALE, 0700) == 0, "mkdir");
    support_write(STALE "/precious", "x");
    sweep();
    assert_true(support_holds(STALE "/precious", "x"));
    support_must(symlink("precious", STALE "/" PRIVATE_DIRECTORY_MARKER) == 0, "symlink");
    sweep();
    assert_true(support_holds(STALE "/precious", "x"));
    support_must(unlink(STALE "/" PRIVATE_DIRECTORY_MARKER) == 0 &&
                     mkfifo(STALE "/" PRIVATE_DIRECTORY_MARKER, 0600) == 0,
                 "mkfifo");
    sweep();
    assert_true(support_holds(STALE "/precious", "x"));
}

static int sweep_as_nobody(void)
{
    make_stale();
    sweep();
    return (int)support_count(".");
}

/* A marker alone is no proof: whoever may give it our name may have put one there. */
static void test_the_sweep_takes_places_where_nobody_else_gives_names(void **state)
{
    enum { ANOTHER = 1 };
    static const struct {
        uid_t owner;
        mode_t mode;
        int left;
    } rows[] = {
        {SUPPORT_NOBODY, 0700, 0},
        {SUPPORT_NOBODY, 0755, 0},
        {SUPPORT_NOBODY, 01777, 0},
        {SUPPORT_NOBODY, 0777, 1},
        {SUPPORT_NOBODY, 0770, 1},
        {SUPPORT_NOBODY, 0702, 1},
        {0, 01777, 0},
        {0, 0777, 1},
        {ANOTHER, 01777, 1},
        {ANOTHER, 0777, 1},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(rows); i++) {
        support_must(chown(".", rows[i].owner, SUPPORT_NOBODY) == 0 &&
                         chmod(".", rows[i].mode) == 0,
                     "chown");
        if (support_in_child(true, sweep_as_nobody) != rows[i].left)
            fail_msg("owner %u, mode %o", (unsigned)rows[i].owner, (unsigned)rows[i].mode);
        if (rows[i].left > 0)
            support_must(unlink(STALE "/" PRIVATE_DIRECTORY_MARKER) == 0 && rmdir(STALE) == 0,
                         "rmdir");
    }
}

/* By a host that has another idea of flock(2): the lock in the marker is what counts. */
static void test_the_sweep_leaves_a_marker_that_is_held(void **state)
{
    struct private_directory live = make();
    struct private_directory other = live;

    (void)state;
    support_must(flock(live.fd, LOCK_UN) == 0, "flock");
    sweep();
    assert_int_equal(support_count("."), 1);
    let_go(&other);
    sweep();
    assert_int_equal(support_count("."), 0);
}

/* A network file system, which may not pass locks on: only what is old goes. */
static void test_the_sweep_where_locks_may_not_be_passed_on(void **state)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

    (void)state;
    fs_type = NFS;
    make_stale();
    sweep();
    assert_int_equal(support_count("."), 1);
    times[1].tv_sec = (time_t)clock_system()->unix_s(NULL) - 25 * 60 * 60;
    support_must(utimensat(AT_FDCWD, STALE "/" PRIVATE_DIRECTORY_MARKER, times, 0) == 0, "utimens");
    sweep();
    assert_int_equal(support_count("."), 0);
    make_stale();
    fs_type = -1;
    sweep();
    assert_int_equal(support_count("."), 1);
    fs_type = TMPFS;
    sweep();
    assert_int_equal(support_count("."), 0);
}

/* A server whose clock is two days behind ours: what a run left an hour ago is not old there. */
static void test_the_sweep_goes_by_the_clock_of_the_server(void **state)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

    (void)state;
    fs_type = NFS;
    server_behind_s = 2 * 24 * 60 * 60;
    make_stale();
    times[1].tv_sec = server_now() - 60 * 60;
    support_must(utimensat(AT_FDCWD, STALE "/" PRIVATE_DIRECTORY_MARKER, times, 0) == 0, "utimens");
    sweep();
    assert_int_equal(support_count("."), 1);
    times[1].tv_sec -= 24 * 60 * 60;
    support_must(utimensat(AT_FDCWD, STALE "/" PRIVATE_DIRECTORY_MARKER, times, 0) == 0, "utimens");
    futimens_errnum = EROFS;
    sweep();
    assert_int_equal(support_count("."), 1);
    futimens_errnum = 0;
    sweep();
    assert_int_equal(support_count("."), 0);
    server_behind_s = 0;
}

/* As where a file system knows none: then nobody can sweep. */
static void test_without_locks(void **state)
{
    struct private_directory made;
    struct error err = ERROR_INIT;

    (void)state;
    flock_errnum = ENOLCK;
    fcntl_errnum = EOPNOTSUPP;
    made = make();
    sweep();
    assert_int_equal(support_count("."), 1);
    assert_int_equal(try_to_take_away(&made, &err), 0);
    locking_reset();
    assert_int_equal(support_count("."), 0);
}

static void test_a_sweep_has_an_end(void **state)
{
    struct private_places places = here();
    struct fake_clock fake = {.now_ms = 0};
    struct clock clock = fake_clock_face(&fake);

    (void)state;
    make_stale();
    private_directory_sweep(&places, &clock, 0);
    assert_int_equal(support_count("."), 1);
}

enum { RUNS = 8, ROUNDS = 200 };

/* Make, use, remove, again and again, each a sweep of what the others have. */
static int churn(void)
{
    struct private_places places = here();

    for (int i = 0; i < ROUNDS; i++) {
        struct private_directory made = PRIVATE_DIRECTORY_INIT;
        struct error err = ERROR_INIT;
        char path[PATH_MAX + 8];
        struct stat st;

        sweep();
        if (private_directory_make(&made, &places, &little, &err) < 0)
            return 1;
        private_directory_hold(&made);
        (void)snprintf(path, sizeof(path), "%s/below", made.path);
        if (mkdir(path, 0700) < 0)
            return 2; /* swept while it was in use */
        (void)usleep(100);
        if (stat(path, &st) < 0)
            return 3;
        if (i % 10 == 9) {
            let_go(&made);
            continue;
        }
        if (try_to_take_away(&made, &err) < 0)
            return 4;
    }
    return 0;
}

static void test_nothing_live_is_swept(void **state)
{
    pid_t runs[RUNS];

    (void)state;
    for (size_t i = 0; i < RUNS; i++) {
        runs[i] = fork();
        support_must(runs[i] >= 0, "fork");
        if (runs[i] == 0)
            _exit(churn());
    }
    for (size_t i = 0; i < RUNS; i++) {
        int status = -1;

        support_must(waitpid(runs[i], &status, 0) == runs[i], "waitpid");
        assert_int_equal(status, 0);
    }
    sweep();
    assert_int_equal(support_count("."), 0);
}

static void test_lost_at_birth(void **state)
{
    struct private_directory made;

    (void)state;
    swept = 3;
    flock_begins = sweep_first;
    made = make();
    assert_int_equal(support_count("."), 1);
    assert_int_equal(support_mode(made.path), 0700);
    take_away(&made);
}

static void test_lost_again_and_again(void **state)
{
    struct private_places places = here();
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    swept = 1000;
    flock_begins = sweep_first;
    assert_int_equal(private_directory_make(&made, &places, &little, &err), -1);
    assert_error("lost", &err, CLASS_AUTHFILE, strerror(EBUSY));
    assert_int_equal(made.fd, -1);
    assert_int_equal(support_count("."), 0);
    locking_reset();
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_it_is_private_and_goes),
        IN_DIRECTORY(test_the_sweep_takes_what_nobody_holds),
        IN_DIRECTORY(test_the_sweep_leaves_what_is_another_users),
        IN_DIRECTORY(test_the_sweep_leaves_what_has_no_marker),
        IN_DIRECTORY(test_the_sweep_takes_places_where_nobody_else_gives_names),
        IN_DIRECTORY(test_the_sweep_leaves_a_marker_that_is_held),
        IN_DIRECTORY(test_the_sweep_where_locks_may_not_be_passed_on),
        IN_DIRECTORY(test_the_sweep_goes_by_the_clock_of_the_server),
        IN_DIRECTORY(test_without_locks),
        IN_DIRECTORY(test_a_sweep_has_an_end),
        IN_DIRECTORY(test_nothing_live_is_swept),
        IN_DIRECTORY(test_lost_at_birth),
        IN_DIRECTORY(test_lost_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * private_directory: where it is made, what the sweep takes, and what it never takes. How one is
 * removed is in test_private_removal.c.
 */
#include "../support.h"

#include <signal.h>

#include "store/private_directory.h"

#include "mounts.h"
#include "files.h"
#include "locking.h"

/* A sweep between mkdtemp() and flock(): the directory is lost, and another is made. */
static int swept;

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

static const char *variables[2]; /* XDG_RUNTIME_DIR, TMPDIR */

static const char *environment(const char *name)
{
    return variables[strcmp(name, "TMPDIR") == 0];
}

static bool has_place(const struct private_places *places, const char *path)
{
    for (size_t i = 0; i < places->count; i++) {
        if (strcmp(places->items[i], path) == 0)
            return true;
    }
    return false;
}

static void test_places(void **state)
{
    struct private_places places;

    (void)state;
    variables[0] = support_dir;
    variables[1] = "/elsewhere";
    private_directory_places(&places, environment);
    assert_string_equal(places.items[0], support_dir);
    assert_string_equal(places.items[places.count - 2], "/elsewhere");
    assert_string_equal(places.items[places.count - 1], "/tmp");
    variables[0] = "/proc/nonexistent";
    variables[1] = "relative";
    private_directory_places(&places, environment);
    assert_false(has_place(&places, "/proc/nonexistent"));
    assert_false(has_place(&places, "relative"));
    variables[0] = variables[1] = NULL;
    private_directory_places(&places, environment);
    assert_string_equal(places.items[places.count - 1], "/tmp");
}

static void test_a_runtime_directory_of_another(void **state)
{
    struct private_places places;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0, "chown");
    variables[0] = support_dir;
    variables[1] = NULL;
    private_directory_places(&places, environment);
    assert_false(has_place(&places, support_dir));
}

static int look_in_run_user(void)
{
    struct private_places places;
    char usual[64];

    if (!mounts_enter() || !mounts_tiny("/run", "8192"))
        return MOUNTS_NOT_ALLOWED;
    (void)snprintf(usual, sizeof(usual), "/run/user/%lu", (unsigned long)geteuid());
    support_must(mkdir("/run/user", 0755) == 0 && mkdir(usual, 0700) == 0, "mkdir");
    private_directory_places(&places, environment);
    return has_place(&places, usual) ? 0 : 1;
}

/* As su and sudo leave it: the variable is unset, the directory is there. */
static void test_the_usual_runtime_directory(void **state)
{
    int verdict;

    (void)state;
    variables[0] = variables[1] = NULL;
    verdict = support_in_child(false, look_in_run_user);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
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

    if (private_directory_make(&made, &places, 1, &err) < 0)
        fail_msg("%s", err.message);
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

static void test_the_next_place_where_one_refuses(void **state)
{
    struct private_places places = {.items = {"/proc"}, .count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    (void)snprintf(places.items[1], PATH_MAX, "%s", support_dir);
    assert_int_equal(private_directory_make(&made, &places, 1, &err), 0);
    assert_memory_equal(made.path, support_dir, strlen(support_dir));
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/proc/nonexistent");
    assert_int_equal(private_directory_make(&made, &places, 1, &err), 0);
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/proc");
    places.count = 1;
    assert_int_equal(private_directory_make(&made, &places, 1, &err), -1);
    assert_error("/proc", &err, CLASS_AUTHFILE, "'/proc'");
    assert_non_null(strstr(err.hint, "TMPDIR"));
}

static int make_where_there_is_no_room(void)
{
    struct private_places places = {.count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    support_must(mkdir("tiny", 0700) == 0 && mkdir("large", 0700) == 0, "mkdir");
    if (!mounts_enter() || !mounts_tiny("tiny", "16k"))
        return MOUNTS_NOT_ALLOWED;
    (void)snprintf(places.items[0], PATH_MAX, "%.4000s/tiny", support_dir);
    (void)snprintf(places.items[1], PATH_MAX, "%.4000s/large", support_dir);
    if (private_directory_make(&made, &places, 64 * 1024, &err) < 0 || support_count("tiny") != 0)
        return 1;
    if (support_count("large") != 1 || support_count(made.path) != 1)
        return 2;
    take_away(&made);
    places.count = 1;
    if (private_directory_make(&made, &places, 64 * 1024, &err) == 0 || support_count("tiny") != 0)
        return 3;
    return strstr(err.message, strerror(ENOSPC)) != NULL ? 0 : 4;
}

static void test_the_next_place_where_one_is_full(void **state)
{
    int verdict;

    (void)state;
    verdict = support_in_child(false, make_where_there_is_no_room);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
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

static void test_the_sweep_takes_sticky_or_own_places(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, sweep_as_nobody), 1);
    support_must(rename(STALE, "kept") == 0 && chmod(".", 01777) == 0, "chmod");
    assert_int_equal(support_in_child(true, sweep_as_nobody), 1);
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 && chmod(".", 0700) == 0, "chmod");
    assert_int_equal(support_in_child(true, sweep_as_nobody), 1);
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
        if (private_directory_make(&made, &places, 1, &err) < 0)
            return 1;
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
    assert_int_equal(private_directory_make(&made, &places, 1, &err), -1);
    assert_error("lost", &err, CLASS_AUTHFILE, strerror(EBUSY));
    assert_int_equal(made.fd, -1);
    assert_int_equal(support_count("."), 0);
    locking_reset();
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_places),
        IN_DIRECTORY(test_a_runtime_directory_of_another),
        IN_DIRECTORY(test_the_usual_runtime_directory),
        IN_DIRECTORY(test_it_is_private_and_goes),
        IN_DIRECTORY(test_the_next_place_where_one_refuses),
        IN_DIRECTORY(test_the_next_place_where_one_is_full),
        IN_DIRECTORY(test_the_sweep_takes_what_nobody_holds),
        IN_DIRECTORY(test_the_sweep_leaves_what_is_another_users),
        IN_DIRECTORY(test_the_sweep_leaves_what_has_no_marker),
        IN_DIRECTORY(test_the_sweep_takes_sticky_or_own_places),
        IN_DIRECTORY(test_the_sweep_leaves_a_marker_that_is_held),
        IN_DIRECTORY(test_the_sweep_where_locks_may_not_be_passed_on),
        IN_DIRECTORY(test_without_locks),
        IN_DIRECTORY(test_a_sweep_has_an_end),
        IN_DIRECTORY(test_nothing_live_is_swept),
        IN_DIRECTORY(test_lost_at_birth),
        IN_DIRECTORY(test_lost_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * private_directory: where it is made, what the sweep takes, and what it never takes.
 */
#include "../support.h"

#include <signal.h>
#include <sys/file.h>

#include "store/private_directory.h"

#include "mounts.h"
#include "support.h"

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
    variables[0] = "/nonexistent";
    variables[1] = "relative";
    private_directory_places(&places, environment);
    assert_false(has_place(&places, "/nonexistent"));
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

/* The test's own directory as the one place. */
static struct private_places here(void)
{
    struct private_places places = {.count = 1};

    (void)snprintf(places.items[0], PATH_MAX, "%s", support_dir);
    return places;
}

static struct private_directory make(void)
{
    struct private_places places = here();
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    if (private_directory_make(&made, &places, &err) < 0)
        fail_msg("%s", err.message);
    return made;
}

static void take_away(struct private_directory *directory)
{
    struct error err = ERROR_INIT;

    if (private_directory_remove(directory, &err) < 0)
        fail_msg("%s", err.message);
}

static void test_it_is_private_and_goes(void **state)
{
    struct private_directory made = make();
    char path[PATH_MAX + 8];

    (void)state;
    assert_int_equal(support_mode(made.path), 0700);
    assert_true(fcntl(made.fd, F_GETFD) & FD_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/file", made.path);
    support_write(path, "x");
    take_away(&made);
    assert_int_equal(support_count("."), 0);
    assert_int_equal(made.fd, -1);
}

static void test_the_next_place_where_one_refuses(void **state)
{
    struct private_places places = {.items = {"/proc"}, .count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    (void)snprintf(places.items[1], PATH_MAX, "%s", support_dir);
    assert_int_equal(private_directory_make(&made, &places, &err), 0);
    assert_memory_equal(made.path, support_dir, strlen(support_dir));
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/nonexistent");
    assert_int_equal(private_directory_make(&made, &places, &err), 0);
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/proc");
    places.count = 1;
    assert_int_equal(private_directory_make(&made, &places, &err), -1);
    assert_error("/proc", &err, CLASS_AUTHFILE, "'/proc'");
    assert_non_null(strstr(err.hint, "TMPDIR"));
}

static void test_the_sweep_takes_what_nobody_holds(void **state)
{
    struct private_directory live = make();
    struct private_directory other;

    (void)state;
    support_must(mkdir("outside", 0700) == 0, "mkdir");
    support_write("outside/file", "x");
    support_must(mkdir(PRIVATE_DIRECTORY_PREFIX "stale1", 0700) == 0, "mkdir");
    support_write(PRIVATE_DIRECTORY_PREFIX "stale1/file", "x");
    support_must(symlink("../outside", PRIVATE_DIRECTORY_PREFIX "stale1/link") == 0, "symlink");
    /* Not what it looks for: a link, a file, another name. */
    support_must(symlink("outside", PRIVATE_DIRECTORY_PREFIX "link00") == 0, "symlink");
    support_write(PRIVATE_DIRECTORY_PREFIX "file00", "x");
    other = make();
    assert_int_equal(support_count("."), 5);
    assert_int_equal(support_count("outside"), 1);
    assert_int_equal(support_mode(live.path), 0700);
    take_away(&live);
    take_away(&other);
    assert_int_equal(support_count("."), 3);
}

static void test_the_sweep_leaves_what_is_another_users(void **state)
{
    struct private_directory made;

    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir(PRIVATE_DIRECTORY_PREFIX "theirs", 0700) == 0 &&
                     chown(PRIVATE_DIRECTORY_PREFIX "theirs", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "theirs");
    made = make();
    assert_int_equal(support_count("."), 2);
    take_away(&made);
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

        if (private_directory_make(&made, &places, &err) < 0)
            return 1;
        (void)snprintf(path, sizeof(path), "%s/below", made.path);
        if (mkdir(path, 0700) < 0)
            return 2; /* swept while it was in use */
        (void)usleep(100);
        if (stat(path, &st) < 0)
            return 3;
        if (i % 10 == 9) {
            (void)close(made.fd); /* as if it had been killed */
            continue;
        }
        if (private_directory_remove(&made, &err) < 0)
            return 4;
    }
    return 0;
}

static void test_nothing_live_is_swept(void **state)
{
    struct private_directory last;
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
    last = make();
    assert_int_equal(support_count("."), 1);
    take_away(&last);
}

/* A sweep between mkdtemp() and flock(): the directory is lost, and another is made. */
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
static int swept;

int __wrap_flock(int fd, int operation)
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
    return __real_flock(fd, operation);
}

static void test_lost_at_birth(void **state)
{
    struct private_directory made;

    (void)state;
    swept = 3;
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
    assert_int_equal(private_directory_make(&made, &places, &err), -1);
    assert_error("lost", &err, CLASS_AUTHFILE, strerror(EBUSY));
    assert_int_equal(made.fd, -1);
    assert_int_equal(support_count("."), 0);
    swept = 0;
}

static int remove_from_a_closed_place(void)
{
    struct private_directory made = make();
    struct private_directory gone = made;
    struct error err = ERROR_INIT;
    char path[PATH_MAX + 8];

    (void)snprintf(path, sizeof(path), "%s/file", made.path);
    support_write(path, "x");
    support_must(chmod(".", 0500) == 0, "chmod");
    if (private_directory_remove(&made, &err) == 0 || made.fd != -1)
        return 1;
    if (support_count(gone.path) != 0 || fcntl(gone.fd, F_GETFD) >= 0)
        return 3;
    return strstr(err.message, "cannot remove '") != NULL ? 0 : 2;
}

static void test_what_cannot_be_removed_is_told(void **state)
{
    (void)state;
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 || geteuid() != 0, "chown");
    assert_int_equal(support_in_child(true, remove_from_a_closed_place), 0);
    support_must(chmod(".", 0700) == 0, "chmod");
    assert_int_equal(support_count("."), 1);
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
        IN_DIRECTORY(test_the_sweep_takes_what_nobody_holds),
        IN_DIRECTORY(test_the_sweep_leaves_what_is_another_users),
        IN_DIRECTORY(test_nothing_live_is_swept),
        IN_DIRECTORY(test_lost_at_birth),
        IN_DIRECTORY(test_lost_again_and_again),
        IN_DIRECTORY(test_what_cannot_be_removed_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

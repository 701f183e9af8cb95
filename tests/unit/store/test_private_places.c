/*
 * private_directory: where it is made. What the sweep takes is in test_private_directory.c.
 */
#include "../support.h"

#include "store/private_directory.h"

#include "mounts.h"
#include "files.h"

enum { ENOUGH_MS = 20000 };

static const struct private_room little = {.bytes = 1, .files = 1, .links = 1};
static const struct private_room much = {.bytes = 64 * 1024, .files = 6, .links = 6};

static void take_away(struct private_directory *directory)
{
    struct error err = ERROR_INIT;

    if (private_directory_remove(directory, clock_system(), support_in_ms(ENOUGH_MS), &err) < 0)
        fail_msg("%s", err.message);
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

static void test_the_next_place_where_one_refuses(void **state)
{
    struct private_places places = {.items = {"/proc"}, .count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    (void)snprintf(places.items[1], PATH_MAX, "%s", support_dir);
    assert_int_equal(private_directory_make(&made, &places, &little, &err), 0);
    assert_memory_equal(made.path, support_dir, strlen(support_dir));
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/proc/nonexistent");
    assert_int_equal(private_directory_make(&made, &places, &little, &err), 0);
    take_away(&made);
    (void)snprintf(places.items[0], PATH_MAX, "/proc");
    places.count = 1;
    assert_int_equal(private_directory_make(&made, &places, &little, &err), -1);
    assert_error("/proc", &err, CLASS_AUTHFILE, "'/proc'");
    assert_non_null(strstr(err.hint, "TMPDIR"));
}

static const char *full_by;

static int make_where_there_is_no_room(void)
{
    struct private_places places = {.count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    support_must(mkdir("tiny", 0700) == 0 && mkdir("large", 0700) == 0, "mkdir");
    if (!mounts_enter() || !mounts_tiny("tiny", full_by))
        return MOUNTS_NOT_ALLOWED;
    (void)snprintf(places.items[0], PATH_MAX, "%.4000s/tiny", support_dir);
    (void)snprintf(places.items[1], PATH_MAX, "%.4000s/large", support_dir);
    if (private_directory_make(&made, &places, &much, &err) < 0 || support_count("tiny") != 0)
        return 1;
    if (support_count("large") != 1 || support_count(made.path) != 1)
        return 2;
    take_away(&made);
    places.count = 1;
    if (private_directory_make(&made, &places, &much, &err) == 0 || support_count("tiny") != 0)
        return 3;
    return strstr(err.message, strerror(ENOSPC)) != NULL ? 0 : 4;
}

/* Of bytes; or of inodes, at the last file and at the last link. */
static void test_the_next_place_where_one_is_full(void **state)
{
    static const char *const rows[] = {"16k", "1m,nr_inodes=8", "1m,nr_inodes=14"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int verdict;

        full_by = rows[i];
        verdict = support_in_child(false, make_where_there_is_no_room);
        if (verdict == MOUNTS_NOT_ALLOWED)
            skip();
        if (verdict != 0)
            fail_msg("%s: %d", rows[i], verdict);
        support_must(rmdir("tiny") == 0 && rmdir("large") == 0, "rmdir");
    }
}

/* Who may rename it may lead the login, and the command, to another. */
static void test_a_place_where_others_give_names_comes_last(void **state)
{
    struct private_places places = {.count = 2};
    struct private_directory made = PRIVATE_DIRECTORY_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_must(mkdir("shared", 0700) == 0 && mkdir("own", 0700) == 0, "mkdir");
    support_must(chmod("shared", 0777) == 0, "chmod");
    (void)snprintf(places.items[0], PATH_MAX, "%.4000s/shared", support_dir);
    (void)snprintf(places.items[1], PATH_MAX, "%.4000s/own", support_dir);
    assert_int_equal(private_directory_make(&made, &places, &little, &err), 0);
    assert_int_equal(support_count("own"), 1);
    take_away(&made);
    places.count = 1; /* and it is better than none */
    assert_int_equal(private_directory_make(&made, &places, &little, &err), 0);
    assert_int_equal(support_count("shared"), 1);
    take_away(&made);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_places),
        IN_DIRECTORY(test_a_runtime_directory_of_another),
        IN_DIRECTORY(test_the_usual_runtime_directory),
        IN_DIRECTORY(test_the_next_place_where_one_refuses),
        IN_DIRECTORY(test_the_next_place_where_one_is_full),
        IN_DIRECTORY(test_a_place_where_others_give_names_comes_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

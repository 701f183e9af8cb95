/*
 * Root stores into the directory of a user, who at every step of that swaps the directory for a
 * link to one of root's: just before a system call, for good or until just before the next. What is
 * root's stays as it is, each directory keeps its own files, and nothing is left beside them.
 */
#include "store/auth_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "inject.h"
#include "unit/store/storing.h"
#include "unit/store/files.h"

#define AUTH  "b2N0b2NhdDp0b2tlbg=="
#define OLD   "{\"auths\":{}}"
#define NEW   "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"
#define FIRST "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"" AUTH "\"\n\t\t}\n\t}\n}\n"
#define ROOTS "root:x:0:0:root:/root:/bin/sh\n"

enum { USER = 1234 };

struct scene {
    const char *name;
    const char *old; /* of the user's file "passwd"; NULL: there is none */
    const char *new_text;
    enum inject_call missing;
    int missing_errnum;
};

static const struct scene scenes[] = {
    {"old file", OLD, NEW, INJECT_CALLS, 0},
    {"new file", NULL, FIRST, INJECT_CALLS, 0},
    {"no exchange", OLD, NEW, INJECT_renameat2, ENOSYS},
    {"no hard links", NULL, FIRST, INJECT_linkat, EPERM},
    {"no flock", OLD, NEW, INJECT_flock, ENOLCK},
    {"bind mount", OLD, NEW, INJECT_renameat2, EBUSY},
};

static struct secret auth;
static unsigned turn;
static bool is_for_good;
static unsigned came;
static bool is_swapped;

static void swap_directory(void)
{
    support_must(renameat2(AT_FDCWD, "theirs", AT_FDCWD, "link", RENAME_EXCHANGE) == 0, "swap");
    is_swapped = !is_swapped;
}

static void take_turn(enum inject_call call, unsigned step)
{
    (void)call;
    if (step != turn && (is_for_good || step != turn + 1))
        return;
    swap_directory();
    came++;
}

/* The user's config.json is a link to their file "passwd"; the link beside it leads to root's. */
static void set_scene(const struct scene *scene)
{
    (void)support_teardown(NULL);
    support_must(mkdir(support_dir, 0755) == 0 && chown(support_dir, USER, USER) == 0 &&
                     chdir(support_dir) == 0,
                 "mkdir");
    support_must(mkdir("theirs", 0700) == 0 && chown("theirs", USER, USER) == 0, "mkdir");
    support_must(mkdir("roots", 0755) == 0 && symlink("roots", "link") == 0, "mkdir");
    support_must(symlink("passwd", "theirs/config.json") == 0, "symlink");
    support_write("roots/passwd", ROOTS);
    support_must(chmod("roots/passwd", 0644) == 0, "chmod");
    is_swapped = false;
    if (scene->old == NULL)
        return;
    support_write("theirs/passwd", scene->old);
    support_must(chown("theirs/passwd", USER, USER) == 0, "chown");
}

static void store(void)
{
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    bool changed;
    struct entry file = {.path = "theirs/config.json",
                         .owner = &reader_docker,
                         .reader = &reader_docker,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth};

    /* It may fail, but not without saying so; and what matters is what is there afterwards. */
    if (storing_store(&file, support_in_ms(100), &changed, &warnings, &err) < 0)
        assert_int_not_equal(err.cls, CLASS_NONE);
}

/* Returns what is wrong, or NULL. */
static const char *judge(const struct scene *scene, const struct stat *roots)
{
    struct stat now = support_stat("roots/passwd");
    bool is_there = access("theirs/passwd", F_OK) == 0;

    if (now.st_ino != roots->st_ino || now.st_uid != 0 || now.st_mode != roots->st_mode ||
        !support_holds("roots/passwd", ROOTS))
        return "root's file is no longer what it was";
    if (support_count("roots") != (size_t)(access("roots/config.json", F_OK) == 0 ? 2 : 1))
        return "something is left in root's directory";
    if (support_count("theirs") != (is_there ? 2 : 1))
        return "something is left in the user's directory";
    if (!is_there)
        return scene->old == NULL ? NULL : "the user's file is gone";
    if (support_stat("theirs/passwd").st_uid != USER)
        return "the user's file is no longer theirs";
    if (support_holds("theirs/passwd", scene->new_text))
        return NULL;
    return scene->old != NULL && support_holds("theirs/passwd", scene->old) ? NULL : "damaged text";
}

/* Returns how many steps there were. */
static unsigned walk(const struct scene *scene)
{
    const struct inject_fault no_fault = {.nth = 0};

    for (turn = 1;; turn++) {
        const char *wrong;
        struct stat roots;

        set_scene(scene);
        roots = support_stat("roots/passwd");
        came = 0;
        inject_arm(&no_fault, scene->missing, scene->missing_errnum);
        store();
        (void)inject_disarm();
        if (is_swapped)
            swap_directory();
        if (came == 0)
            return turn - 1;
        wrong = judge(scene, &roots);
        if (wrong != NULL)
            fail_msg("%s, swapped before step %u%s: %s", scene->name, turn,
                     is_for_good ? "" : " and back before the next", wrong);
    }
}

static void directory_is_swapped_at_every_step(void **state)
{
    unsigned steps = 0;

    (void)state;
    if (geteuid() != 0)
        skip();
    inject_observer = take_turn;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        is_for_good = true;
        steps += walk(&scenes[i]);
        is_for_good = false;
        steps += walk(&scenes[i]);
    }
    inject_observer = NULL;
    print_message("the directory was swapped at %u steps\n", steps);
    assert_true(steps > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(directory_is_swapped_at_every_step, support_setup,
                                        support_teardown),
    };
    int failed;

    json_init();
    auth = support_secret(AUTH);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&auth);
    return failed;
}

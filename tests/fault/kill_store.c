/*
 * A process that runs auth_file_store() is stopped before and after each of its system calls
 * (ptrace(2)) and gets a signal there. Killed, it leaves the old file or the new one, whole, and
 * the next run succeeds and removes what it left. Terminated, it leaves nothing beside the file
 * either.
 */
#include "store/auth_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <cmocka.h>

#include "base/json.h"
#include "unit/store/storing.h"
#include "unit/store/files.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="
#define OLD  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}},\"psFormat\":\"x\"}"
#define NEW                                                                                        \
    "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"},\"ghcr.io\":{\"auth\":\"" AUTH                    \
    "\"}},\"psFormat\":\"x\"}"
#define FIRST "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"" AUTH "\"\n\t\t}\n\t}\n}\n"

/* Shortened, so that between writing and cutting off the file is damaged. */
#define LONG                                                                                       \
    "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"},\"ghcr.io\":{\"auth\":\"b2xk\","                  \
    "\"identitytoken\":"                                                                           \
    "\"longer than what takes its place\"}},\"psFormat\":\"x\"}"

enum { USER = 1234 };

/* "home/config.json" is to be changed; what it is, or leads to, is "real". */
struct scene {
    const char *name;
    const char *old; /* NULL: there is none */
    const char *new_text;
    const char *real;
    const char *dir; /* of the real one */
    uid_t owner;     /* of that directory and the file: root stores for a user */
};

static int store(void)
{
    struct secret auth = support_secret(AUTH);
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    bool changed;
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .path = "home/config.json",
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth};
    int ret = storing_store(&file, support_in_ms(5000), &changed, &warnings, &err);

    secret_clear(&auth);
    return ret;
}

/*
 * Run it to its stop number `nth` (each system call has two), and send it a signal there. Returns
 * whether it came that far.
 */
static bool signal_at(unsigned nth, int signal_number)
{
    unsigned stops = 0;
    int deliver = 0;
    int status;
    pid_t child = fork();

    support_must(child >= 0, "fork");
    if (child == 0) {
        support_must(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && raise(SIGSTOP) == 0, "ptrace");
        _exit(store() == 0 ? 0 : 1);
    }
    support_must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "waitpid");
    support_must(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) ==
                     0,
                 "ptrace");
    while (!WIFEXITED(status) && !WIFSIGNALED(status)) {
        /* fails where it was just killed */
        (void)ptrace(PTRACE_SYSCALL, child, 0, deliver);
        support_must(waitpid(child, &status, 0) == child, "waitpid");
        deliver = 0;
        if (!WIFSTOPPED(status))
            continue;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            deliver = WSTOPSIG(status);
        else if (++stops == nth)
            support_must(kill(child, signal_number) == 0, "kill");
    }
    return stops >= nth;
}

static void set_scene(const struct scene *scene)
{
    (void)support_teardown(NULL);
    support_must(mkdir(support_dir, 0700) == 0 && chdir(support_dir) == 0, "mkdir");
    support_must(mkdir("home", 0700) == 0 && mkdir("real", 0700) == 0, "mkdir");
    if (strcmp(scene->dir, "home") != 0)
        support_must(symlink("../real/config.json", "home/config.json") == 0, "symlink");
    if (scene->old != NULL)
        support_write(scene->real, scene->old);
    if (scene->owner == 0)
        return;
    support_must(chmod(".", 0755) == 0 && chown(scene->dir, scene->owner, scene->owner) == 0 &&
                     (scene->old == NULL || chown(scene->real, scene->owner, scene->owner) == 0),
                 "chown");
}

/* Whose it has to be is at every instant whose it is. */
static bool is_owned(const struct scene *scene)
{
    return scene->owner == 0 || access(scene->real, F_OK) < 0 ||
           support_stat(scene->real).st_uid == scene->owner;
}

static int store_as_user(void)
{
    support_must(setgroups(0, NULL) == 0 && setgid(USER) == 0 && setuid(USER) == 0, "setuid");
    return store() == 0 ? 0 : 1;
}

/* The run after: of the user, where it was root's that was killed. */
static bool store_again(const struct scene *scene)
{
    return scene->owner == 0 ? store() == 0 : support_in_child(false, store_as_user) == 0;
}

static bool is_old(const struct scene *scene)
{
    return scene->old != NULL ? support_holds(scene->real, scene->old)
                              : access(scene->real, F_OK) < 0;
}

static bool is_new(const struct scene *scene)
{
    return support_holds(scene->real, scene->new_text);
}

/* Nothing beside the file. */
static bool is_clean(const struct scene *scene)
{
    return support_count(scene->dir) == (access(scene->real, F_OK) == 0 ? 1 : 0);
}

/* At every how many stops: given where sanitizers watch, which takes ten times as long. */
static unsigned stride = 1;

static void walk(const struct scene *scene, int signal_number)
{
    unsigned counts[2] = {0, 0};
    unsigned left = 0;
    bool came = true;
    unsigned nth;

    for (nth = 1; came; nth += stride) {
        set_scene(scene);
        came = signal_at(nth, signal_number);
        if (!is_old(scene) && !is_new(scene))
            fail_msg("%s, signal %d at stop %u: neither old nor new", scene->name, signal_number,
                     nth);
        counts[is_new(scene)]++;
        left += !is_clean(scene);
        if (signal_number != SIGKILL && !is_clean(scene))
            fail_msg("%s, signal %d at stop %u: something is left", scene->name, signal_number,
                     nth);
        if (!is_owned(scene))
            fail_msg("%s, signal %d at stop %u: the owner is another", scene->name, signal_number,
                     nth);
        if (!store_again(scene) || !is_new(scene))
            fail_msg("%s, signal %d at stop %u: the next run fails", scene->name, signal_number,
                     nth);
        if (!is_clean(scene))
            fail_msg("%s, signal %d at stop %u: the next run leaves something", scene->name,
                     signal_number, nth);
    }
    print_message("%s, signal %d: %u stops, %u old, %u new, %u left something\n", scene->name,
                  signal_number, counts[0] + counts[1] - 1, counts[0], counts[1], left);
    assert_true(counts[0] > 0 && counts[1] > 0);
}

static const struct scene scenes[] = {
    {"new file", NULL, FIRST, "home/config.json", "home", 0},
    {"old file", OLD, NEW, "home/config.json", "home", 0},
    {"link", OLD, NEW, "real/config.json", "real", 0},
    {"dangling link", NULL, FIRST, "real/config.json", "real", 0},
};

static const struct scene scenes_of_root[] = {
    {"new file for a user", NULL, FIRST, "home/config.json", "home", USER},
    {"old file of a user", OLD, NEW, "home/config.json", "home", USER},
};

static void killed_at_every_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
        walk(&scenes[i], SIGKILL);
}

static void root_killed_at_every_stop_in_a_user_s_directory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof(scenes_of_root) / sizeof(scenes_of_root[0]); i++) {
        walk(&scenes_of_root[i], SIGKILL);
        walk(&scenes_of_root[i], SIGTERM);
    }
}

static void terminated_at_every_stop(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        walk(&scenes[i % 2], signals[i]);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(killed_at_every_stop),
        IN_DIRECTORY(root_killed_at_every_stop_in_a_user_s_directory),
        IN_DIRECTORY(terminated_at_every_stop),
    };

    if (argc == 2)
        stride = (unsigned)strtoul(argv[1], NULL, 10);
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

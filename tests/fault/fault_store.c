/*
 * auth_file_store() and auth_file_remove() with the N-th call of every kind failing, for N = 1, 2,
 * ... until the run does not reach it. Whatever fails: the file holds its old bytes or the new
 * ones, nothing else is left beside it, the verdict and the error agree, and the next run, without
 * a fault, mends it all.
 */
#include "store/auth_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <cmocka.h>

#include "base/json.h"
#include "inject.h"
#include "store/helper/helper.h"
#include "unit/store/files.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="
#define OLD  "{\n  \"auths\": {\n    \"quay.io\": {\n      \"auth\": \"eDp5\"\n    }\n  }\n}\n"
#define NEW                                                                                        \
    "{\n  \"auths\": {\n    \"quay.io\": {\n      \"auth\": \"eDp5\"\n    },\n    \"ghcr.io\": "   \
    "{\n      \"auth\": \"" AUTH "\"\n    }\n  }\n}\n"
#define FIRST "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"" AUTH "\"\n\t\t}\n\t}\n}\n"
#define SPELLED                                                                                    \
    "{\n  \"auths\": {\n    \"https://ghcr.io/\": {},\n    \"quay.io\": {\n      \"auth\": "       \
    "\"eDp5\"\n    },\n    \"ghcr.io\": {}\n  }\n}\n"
#define HELPER   "{\n  \"credsStore\": \"fake\"\n}\n"
#define MARKED   "{\n  \"credsStore\": \"fake\",\n  \"auths\": {\n    \"ghcr.io\": {}\n  }\n}\n"
#define LEFTOVER ".config.json.ghcr-login.aBc123"

/* One thing that a run may find. */
struct scene {
    const char *name;
    const char *old; /* of the file; NULL: there is none */
    const char *new_text;
    const char *link;         /* what "home/config.json" points to; NULL: it is the file */
    const char *real;         /* the file */
    const char *dir;          /* where it lies; NULL: made by the run */
    enum inject_call missing; /* a call that this system does not have */
    int missing_errnum;
    const char *extra; /* the text of a temporary file that a killed run left beside it */
};

#define AT_HOME NULL, "home/config.json", "home"

static const struct scene scenes[] = {
    {"new file", NULL, FIRST, AT_HOME, INJECT_CALLS, 0, NULL},
    {"new directory", NULL, FIRST, NULL, "home/config.json", NULL, INJECT_CALLS, 0, NULL},
    {"old file", OLD, NEW, AT_HOME, INJECT_CALLS, 0, NULL},
    {"same credential", NEW, NEW, AT_HOME, INJECT_CALLS, 0, NULL},
    {"link", OLD, NEW, "../real/config.json", "real/config.json", "real", INJECT_CALLS, 0, NULL},
    {"dangling link", NULL, FIRST, "../real/config.json", "real/config.json", "real", INJECT_CALLS,
     0, NULL},
    {"leftover", OLD, NEW, AT_HOME, INJECT_CALLS, 0, "{"},
    {"no exchange", OLD, NEW, AT_HOME, INJECT_renameat2, ENOSYS, NULL},
    {"no hard links", NULL, FIRST, AT_HOME, INJECT_linkat, EPERM, NULL},
    {"no flock", OLD, NEW, AT_HOME, INJECT_flock, ENOLCK, NULL},
    {"a helper's", HELPER, MARKED, AT_HOME, INJECT_CALLS, 0, NULL},
    {"removal", NEW, OLD, AT_HOME, INJECT_CALLS, 0, NULL},
    {"removal of spellings", SPELLED, OLD, AT_HOME, INJECT_CALLS, 0, NULL},
    {"nothing to remove", OLD, OLD, AT_HOME, INJECT_CALLS, 0, NULL},
};

enum { SCENES = sizeof(scenes) / sizeof(scenes[0]), FILE_MODE = 0640 };

static struct secret auth;
static bool helper_has_it;

/* A helper without a process: fault_helper.c has those. */
int __wrap_helper_get(const struct helper *helper, const char *server_url, struct secret *username,
                      struct secret *token, struct error *err);
int __wrap_helper_get(const struct helper *helper, const char *server_url, struct secret *username,
                      struct secret *token, struct error *err)
{
    (void)helper;
    (void)server_url;
    if (!helper_has_it)
        return 0;
    return secret_append_text(username, "u", err) == 0 && secret_append_text(token, "t", err) == 0
               ? 1
               : -1;
}

int __wrap_helper_store(const struct helper *helper, const char *server_url, const char *username,
                        const struct secret *token, struct error *err);
int __wrap_helper_store(const struct helper *helper, const char *server_url, const char *username,
                        const struct secret *token, struct error *err)
{
    (void)helper;
    (void)server_url;
    (void)username;
    (void)token;
    (void)err;
    helper_has_it = true;
    return 0;
}

static bool is_memory(enum inject_call call)
{
    return call == INJECT_malloc || call == INJECT_realloc;
}

static unsigned walked[INJECT_CALLS];
static unsigned wrongs;
static unsigned left_new; /* failures reported of runs that had replaced the file */

static bool is_absent(const char *path)
{
    return access(path, F_OK) < 0;
}

static bool holds_old(const struct scene *scene)
{
    return scene->old == NULL ? is_absent(scene->real) : support_holds(scene->real, scene->old);
}

/* What all files that are made in there would let another user read, as xattr(7) has it. */
static void set_default_list(const char *dir)
{
    static const unsigned char list[] = {2,   0,   0,   0,   1,   0,   6,   0,   255, 255, 255,
                                         255, 2,   0,   4,   0,   254, 255, 0,   0,   4,   0,
                                         0,   0,   255, 255, 255, 255, 16,  0,   4,   0,   255,
                                         255, 255, 255, 32,  0,   0,   0,   255, 255, 255, 255};

    (void)setxattr(dir, "system.posix_acl_default", list, sizeof(list),
                   0); /* where there are such */
}

static void set_scene(const struct scene *scene)
{
    helper_has_it = false;
    (void)support_teardown(NULL);
    support_must(mkdir(support_dir, 0700) == 0 && chdir(support_dir) == 0, "mkdir");
    if (scene->dir != NULL || scene->link != NULL)
        support_must(mkdir("home", 0700) == 0, "mkdir");
    if (scene->link != NULL)
        support_must(mkdir("real", 0700) == 0 && symlink(scene->link, "home/config.json") == 0,
                     "symlink");
    if (scene->old == NULL)
        return;
    support_write(scene->real, scene->old);
    if (scene->extra != NULL)
        support_write("home/" LEFTOVER, scene->extra);
    support_must(chmod(scene->real, FILE_MODE) == 0, "chmod");
    (void)setxattr(scene->real, "user.kept", "1", 1, 0); /* where there are such */
    if (strcmp(scene->name, "old file") == 0)
        set_default_list("home");
}

/* Time that passes only while somebody waits, so that no slow machine runs into the deadline. */
static int64_t played_ms;

static int64_t played_now(void *ctx)
{
    (void)ctx;
    return played_ms;
}

static void played_sleep(void *ctx, int64_t ms)
{
    (void)ctx;
    played_ms += ms;
}

static uint32_t played_random(void *ctx, uint32_t bound)
{
    (void)ctx;
    return bound / 2;
}

static int store(const struct scene *scene, bool *changed, struct error *err)
{
    static const struct clock played = {
        .now_ms = played_now, .sleep_ms = played_sleep, .random_below = played_random};
    struct warnings warnings = {.count = 0};
    struct auth_file_result result = {.changed = false};
    struct entry file = {.path = "home/config.json",
                         .owner = &reader_docker,
                         .reader = &reader_docker,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth,
                         .clock = &played,
                         .deadline_ms = played_ms + 100};
    int ret;

    if (strcmp(scene->new_text, OLD) == 0) { /* there the entry is to go */
        ret = auth_file_remove(&file, false, &result, &warnings, err);
    } else {
        ret = auth_file_check(&file, &result, err);
        result.changed = false;
        if (ret == 0)
            ret = auth_file_store(&file, &result, &warnings, err);
    }
    *changed = result.changed;
    return ret;
}

/* No other file beside the file, but for `spare` ones that may be left. */
static bool is_clean(const struct scene *scene, size_t spare)
{
    const char *dir = scene->link != NULL ? "real" : "home";
    size_t files = is_absent(scene->real) ? 0 : 1;

    return is_absent(dir) || support_count(dir) <= files + spare;
}

static bool is_link_kept(const struct scene *scene)
{
    char target[PATH_MAX] = "";

    return scene->link == NULL || (readlink("home/config.json", target, sizeof(target) - 1) > 0 &&
                                   strcmp(target, scene->link) == 0 && support_count("home") == 1);
}

static bool is_mode_no_wider(const struct scene *scene)
{
    mode_t widest = scene->old != NULL ? FILE_MODE : 0600;

    return is_absent(scene->real) || (support_mode(scene->real) & ~widest) == 0;
}

/* Interrupted, these are to be tried again. */
static bool must_succeed(const struct inject_fault *fault)
{
    bool retried = fault->call == INJECT_read || fault->call == INJECT_write ||
                   fault->call == INJECT_poll || fault->call == INJECT_flock;

    return fault->how == INJECT_SHORT || (fault->errnum == EINTR && retried);
}

/*
 * How many files a run may leave beside the file: those that could not be unlinked (the temporary,
 * the side file of the lock); one that it found and did not come to remove; the empty side file of
 * a lock that could not be had, or that stays.
 */
static size_t spare_files(const struct scene *scene, const struct inject_fault *fault, int ret)
{
    if (fault->call == INJECT_unlinkat)
        return 2;
    if (fault->call == INJECT_fstatfs) /* where nobody knows that the file system is local */
        return 1 + (scene->extra != NULL);
    return scene->extra != NULL || (ret != 0 && scene->missing == INJECT_flock);
}

/* Returns what is wrong, or NULL. */
static const char *judge_run(const struct scene *scene, const struct inject_fault *fault, int ret,
                             bool changed, const struct error *err)
{
    bool is_old = holds_old(scene);
    bool is_new = support_holds(scene->real, scene->new_text);

    if (!is_old && !is_new)
        return "the file is neither the old nor the new one";
    if (ret == 0 && (err->cls != CLASS_NONE || !is_new))
        return "success was reported, and is none";
    if (is_new && !is_old && strcmp(scene->new_text, MARKED) == 0 && !helper_has_it)
        return "the file says that the helper has it, which has nothing";
    if (ret == 0 && changed != (scene->old == NULL || strcmp(scene->old, scene->new_text) != 0))
        return "what changed is not what was said";
    if (ret != 0 &&
        ((err->cls != CLASS_AUTHFILE && err->cls != CLASS_INTERNAL) || err->message[0] == '\0'))
        return "a failure without an error";
    if (ret != 0 && is_memory(fault->call) && err->cls != CLASS_INTERNAL)
        return "a lack of memory is blamed on the file";
    if (ret != 0 && must_succeed(fault))
        return "this should have been tried again";
    if (strstr(err->message, "other processes keep") != NULL)
        return "a failing call was taken for somebody else's doing";
    if (!is_clean(scene, spare_files(scene, fault, ret)))
        return "a temporary file is left";
    if (!is_link_kept(scene))
        return "the link is no longer what it was";
    if (!is_mode_no_wider(scene))
        return "others may do more than they could before";
    left_new += ret != 0 && is_new && !is_old;
    return NULL;
}

/* One run with a fault, and one without. Returns what is wrong, or NULL. */
static const char *run(const struct scene *scene, const struct inject_fault *fault, bool *struck)
{
    size_t descriptors = support_count("/proc/self/fd");
    struct error err = ERROR_INIT;
    const char *wrong;
    bool changed = true;
    sigset_t blocked;
    int ret;

    set_scene(scene);
    inject_arm(fault, scene->missing, scene->missing_errnum);
    ret = store(scene, &changed, &err);
    *struck = inject_disarm();
    wrong = judge_run(scene, fault, ret, changed, &err);
    if (wrong != NULL)
        return wrong;
    (void)sigprocmask(SIG_SETMASK, NULL, &blocked);
    if (sigismember(&blocked, SIGTERM) != 0)
        return "signals stay blocked";
    if (support_count("/proc/self/fd") != descriptors)
        return "a descriptor is left open";
    err = ERROR_INIT;
    inject_arm(&(struct inject_fault){.nth = 0}, scene->missing, scene->missing_errnum);
    ret = store(scene, &changed, &err);
    (void)inject_disarm();
    if (ret != 0 || !support_holds(scene->real, scene->new_text))
        return "the next run does not mend it";
    return is_clean(scene, fault->call == INJECT_fstatfs)
               ? NULL
               : "the next run does not remove what was left";
}

/* Returns whether all went well; else it was told, and one of a kind is enough. */
static bool walk(const struct scene *scene, enum inject_call call, int errnum, enum inject_how how)
{
    struct inject_fault fault = {.call = call, .nth = 1, .errnum = errnum, .how = how};
    bool struck = true;

    for (; struck; fault.nth++) {
        const char *wrong = run(scene, &fault, &struck);

        if (wrong != NULL) {
            print_error("%s, %s number %u, %s, way %d: %s\n", scene->name, inject_name(call),
                        fault.nth, strerror(errnum), (int)how, wrong);
            wrongs++;
            return false;
        }
        walked[call] += struck;
    }
    return true;
}

static bool walk_error(const struct scene *scene, enum inject_call call, int errnum)
{
    return walk(scene, call, errnum, INJECT_ONCE) &&
           /* what is tried again when interrupted would be for ever */
           (errnum == EINTR || walk(scene, call, errnum, INJECT_EVER));
}

static void walk_call(const struct scene *scene, enum inject_call call)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO,    EACCES, EROFS, EPERM,
                                 ENOMEM, ENFILE, EINVAL, EBUSY,  EINTR};
    bool good = true;

    if (is_memory(call)) {
        (void)walk_error(scene, call, ENOMEM);
        return;
    }
    for (size_t i = 0; good && i < sizeof(errors) / sizeof(errors[0]); i++)
        good = walk_error(scene, call, errors[i]);
    if (!good || (call != INJECT_write && call != INJECT_read))
        return;
    if (walk(scene, call, ENOSPC, INJECT_SHORT))
        (void)walk(scene, call, ENOSPC, INJECT_SHORT_THEN_FAIL);
}

static void every_failing_call_leaves_old_or_new(void **state)
{
    int64_t begin = support_in_ms(0);
    unsigned sum = 0;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        for (enum inject_call call = 0; call <= INJECT_STORE_LAST; call++)
            walk_call(&scenes[i], call);
    }
    print_message("fault points walked in %zu scenes:", (size_t)SCENES);
    for (enum inject_call call = 0; call <= INJECT_STORE_LAST; call++) {
        print_message(" %s %u", inject_name(call), walked[call]);
        sum += walked[call];
    }
    print_message("; %u in all, %lld ms; %u failures were told after the file was replaced\n", sum,
                  (long long)(support_in_ms(0) - begin), left_new);
    assert_int_equal(wrongs, 0);
    for (enum inject_call call = 0; call <= INJECT_STORE_LAST; call++) {
        if (call == INJECT_fgetxattr || call == INJECT_fsetxattr || call == INJECT_fremovexattr)
            continue; /* only where there are attributes */
        assert_true(walked[call] > 0);
    }
}

/* What was called, in its order. */
static enum inject_call calls[256];
static unsigned calls_count;

static void note_call(enum inject_call call, unsigned step)
{
    (void)step;
    if (calls_count < sizeof(calls) / sizeof(calls[0]))
        calls[calls_count++] = call;
}

/* Where a call stands between two others; `to` where it does not. */
static unsigned find_call(enum inject_call call, unsigned from, unsigned to)
{
    while (from < to && calls[from] != call)
        from++;
    return from;
}

/* A power cut cannot be played; but that all was synced in time can be seen. */
static void text_and_directory_are_synced(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        enum inject_call putting = scenes[i].old != NULL ? INJECT_renameat2 : INJECT_linkat;
        bool struck;
        unsigned write;
        unsigned put;

        if (scenes[i].missing != INJECT_CALLS || scenes[i].old == scenes[i].new_text)
            continue;
        calls_count = 0;
        inject_observer = note_call;
        assert_null(run(&scenes[i], &(struct inject_fault){.nth = 0}, &struck));
        inject_observer = NULL;
        write = find_call(INJECT_write, 0, calls_count);
        put = find_call(putting, 0, calls_count);
        assert_true(write < put && put < calls_count);
        assert_true(find_call(INJECT_fsync, write, put) < put);
        assert_true(find_call(INJECT_fsync, put, calls_count) < calls_count);
        assert_int_equal(find_call(INJECT_write, put, calls_count), calls_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_and_directory_are_synced, support_setup,
                                        support_teardown),
        cmocka_unit_test_setup_teardown(every_failing_call_leaves_old_or_new, support_setup,
                                        support_teardown),
    };

    int failed;

    json_init();
    auth = support_secret(AUTH);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&auth);
    inject_report("fault_store");
    return failed;
}

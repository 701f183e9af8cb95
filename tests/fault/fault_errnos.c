/*
 * A kernel, a sandbox or a file system that refuses one call altogether: each call that login,
 * logout and exec make for an auth file, with each of seven errnos, in each of a few scenes. The
 * work is done another way or, for the calls listed here, it is known before the network that it
 * cannot be done: auth_file_check() passes only where auth_file_store() does. What came of each is
 * printed as a table.
 */
#include "store/auth_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <cmocka.h>

#include "base/json.h"
#include "inject.h"
#include "store/private_config.h"
#include "unit/store/files.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="
#define OLD  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}}}"
#define HAD  "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"

enum { OTHER = 1234 };

enum verb { LOGIN, LOGOUT, EXEC };

/* What a run finds; ".docker/config.json" is what it is to change, or to copy. */
static const struct scene {
    char letter;
    const char *name;
    enum verb verb;
    const char *text; /* NULL: there is no file */
    mode_t mode;
    uid_t owner;              /* of the file */
    uid_t directory;          /* its owner */
    enum inject_call missing; /* a call that is refused besides: ENOSYS */
} scenes[] = {
    {'1', "no directory", LOGIN, NULL, 0, 0, 0, INJECT_CALLS},
    {'2', "no file", LOGIN, NULL, 0700, 0, 0, INJECT_CALLS},
    {'3', "a file of mode 0600", LOGIN, OLD, 0600, 0, 0, INJECT_CALLS},
    {'4', "one of mode 0640, with attributes, below a default access list", LOGIN, OLD, 0640, 0, 0,
     INJECT_CALLS},
    {'5', "one of another owner", LOGIN, OLD, 0600, OTHER, 0, INJECT_CALLS},
    {'6', "a file on a file system that may be a network's", LOGIN, OLD, 0600, 0, 0,
     INJECT_fstatfs},
    {'7', "one where no directory can be locked", LOGIN, OLD, 0600, 0, 0, INJECT_flock},
    {'8', "one where nothing can be exchanged", LOGIN, OLD, 0600, 0, 0, INJECT_renameat2},
    {'9', "no file where nothing can be linked", LOGIN, NULL, 0700, 0, 0, INJECT_linkat},
    {'a', "no file, in another user's directory", LOGIN, NULL, 0700, OTHER, OTHER, INJECT_CALLS},
    {'b', "a file in a directory that others may read", LOGIN, OLD, 0600, 0, 0, INJECT_CALLS},
    {'c', "logout", LOGOUT, HAD, 0600, 0, 0, INJECT_CALLS},
    {'d', "exec's copy, with links to what is beside it", EXEC, HAD, 0600, 0, 0, INJECT_CALLS},
};

#define EVERYWHERE "123456789abcd"

/*
 * Where nothing can take a call's place, by scene; all that is refused elsewhere is a fault. The
 * owner of a file or directory is kept, or nothing is stored (fchown, setegid and the like); a file
 * that cannot be exchanged needs rename(2); where a first directory cannot go again, it is not
 * made.
 */
static const struct {
    enum inject_call call;
    const char *scenes;
} needed[] = {
    {INJECT_open, EVERYWHERE}, {INJECT_openat, EVERYWHERE},  {INJECT_close, EVERYWHERE},
    {INJECT_read, EVERYWHERE}, {INJECT_write, EVERYWHERE},   {INJECT_pread, EVERYWHERE},
    {INJECT_poll, EVERYWHERE}, {INJECT_stat, EVERYWHERE},    {INJECT_fstat, EVERYWHERE},
    {INJECT_lstat, "1"},       {INJECT_fstatat, EVERYWHERE}, {INJECT_mkdirat, "1"},
    {INJECT_unlinkat, "1"},    {INJECT_fchown, "5"},         {INJECT_renameat, "8"},
    {INJECT_getgroups, "a"},   {INJECT_setgroups, "a"},      {INJECT_setegid, "a"},
    {INJECT_seteuid, "a"},     {INJECT_prctl, "a"},          {INJECT_opendir, "d"},
    {INJECT_readdir, "d"},     {INJECT_symlinkat, "d"},      {INJECT_realpath, "d"},
};

static const int errnums[] = {EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP, EXDEV, EROFS};

enum {
    SCENES = sizeof(scenes) / sizeof(scenes[0]),
    ERRNUMS = sizeof(errnums) / sizeof(errnums[0]),
};

#define FILE_PATH ".docker/config.json"

/* What all files that are made in there would let another user read, as xattr(7) has it. */
static const unsigned char default_list[] = {
    2,   0,   0,   0,   1,  0, 6, 0, 255, 255, 255, 255, 2,  0, 4, 0, 254, 255, 0,   0,  4, 0, 0, 0,
    255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};

static struct secret auth;
static unsigned wrongs;

static void set_scene(const struct scene *scene)
{
    (void)support_teardown(NULL);
    support_must(mkdir(support_dir, 0700) == 0 && chdir(support_dir) == 0, "mkdir");
    support_must(chmod(".", 0755) == 0, "chmod");
    if (scene->mode == 0)
        return;
    support_must(mkdir(".docker", scene->letter == 'b' ? 0755 : 0700) == 0 &&
                     chown(".docker", scene->directory, scene->directory) == 0,
                 "mkdir");
    if (scene->verb == EXEC)
        support_must(mkdir("copy", 0700) == 0 && mkdir(".docker/cli-plugins", 0700) == 0, "mkdir");
    if (scene->text == NULL)
        return;
    support_write(FILE_PATH, scene->text);
    if (scene->mode != 0600) { /* where there are attributes */
        (void)setxattr(FILE_PATH, "user.kept", "1", 1, 0);
        (void)setxattr(".docker", "system.posix_acl_default", default_list, sizeof(default_list),
                       0);
    }
    support_must(chmod(FILE_PATH, scene->mode) == 0 &&
                     chown(FILE_PATH, scene->owner, scene->owner) == 0,
                 "chmod");
}

static bool has_entry(const char *path)
{
    struct secret text = support_read(path);
    bool is = text.data != NULL && memmem(text.data, text.len, AUTH, strlen(AUTH)) != NULL;

    secret_clear(&text);
    return is;
}

static bool is_as_it_was(const struct scene *scene)
{
    return scene->text != NULL ? support_holds(FILE_PATH, scene->text)
                               : access(FILE_PATH, F_OK) < 0;
}

/* What the table says of one run. */
enum verdict {
    NOT_CALLED = '-',
    DONE = 'S',
    DONE_WITH_A_WARNING = 'W',
    REFUSED_BEFORE_THE_NETWORK = 'B',
    FAILED_AFTER_IT = 'A',
    WRONG = '!',
};

/* Beside the file may be what cannot be removed, and a lock that other hosts may look for. */
static bool is_clean(const struct scene *scene, enum inject_call call)
{
    bool has_lock = access(".docker/.config.json.ghcr-login-lock", F_OK) == 0;
    bool may_have_lock = scene->missing == INJECT_fstatfs || call == INJECT_fstatfs;

    return call == INJECT_unlinkat ||
           support_count(".docker") == (size_t)(has_lock && may_have_lock ? 2 : 1);
}

/* Whether the file is what the verb is to make of it, with the rights that it had at most. */
static bool is_done(const struct scene *scene)
{
    if (scene->verb == EXEC)
        return has_entry("copy/config.json") && is_as_it_was(scene) &&
               access("copy/cli-plugins", F_OK) == 0;
    return has_entry(FILE_PATH) == (scene->verb == LOGIN) &&
           (scene->text == NULL || (support_mode(FILE_PATH) & ~scene->mode) == 0) &&
           support_stat(FILE_PATH).st_uid == scene->owner;
}

/* That the group may read a file of mode 0640 is told whatever fails. */
static bool is_warned(const struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        if (strncmp(warnings->items[i], "other users can read", 20) != 0)
            return true;
    }
    return false;
}

static enum verdict judge(const struct scene *scene, enum inject_call call, int check, int store,
                          const struct warnings *warnings, const struct error *err)
{
    if (check < 0)
        return is_as_it_was(scene) && err->cls != CLASS_NONE && err->message[0] != '\0'
                   ? REFUSED_BEFORE_THE_NETWORK
                   : WRONG;
    if (store < 0)
        return is_as_it_was(scene) ? FAILED_AFTER_IT : WRONG;
    if (!is_done(scene) || (scene->verb != EXEC && !is_clean(scene, call)))
        return WRONG;
    return is_warned(warnings) ? DONE_WITH_A_WARNING : DONE;
}

/* What comes before the network, and what after it; logout and exec fail before it or not at all.
 */
static void act(const struct scene *scene, int *check, int *store, struct warnings *warnings,
                struct error *err)
{
    struct entry entry = {.path = FILE_PATH,
                          .owner = &reader_docker,
                          .reader = &reader_docker,
                          .key = "ghcr.io",
                          .registry = "ghcr.io",
                          .auth = scene->verb == LOGIN ? &auth : NULL,
                          .clock = clock_system(),
                          .deadline_ms = support_in_ms(2000)};
    struct auth_file_result result = {.changed = false};

    *store = 0;
    if (scene->verb == EXEC)
        *check = private_config_link("copy", ".docker", err) < 0 ||
                         private_config_copy("copy/config.json", FILE_PATH, err) < 0
                     ? -1
                     : 0;
    else if (scene->verb == LOGOUT)
        *check = auth_file_remove(&entry, false, &result, warnings, err);
    else
        *check = auth_file_check(&entry, &result, err);
    if (*check == 0 && scene->verb == LOGIN)
        *store = auth_file_store(&entry, &result, warnings, err);
}

/* Root that cannot become itself again aborts: these fail one time. */
static enum inject_how how_it_fails(enum inject_call call)
{
    return call == INJECT_seteuid || call == INJECT_setegid || call == INJECT_setgroups
               ? INJECT_ONCE
               : INJECT_EVER;
}

static enum verdict run(const struct scene *scene, enum inject_call call, int errnum,
                        char message[256])
{
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    int check;
    int store;

    set_scene(scene);
    inject_arm(
        &(struct inject_fault){
            .call = call, .nth = errnum != 0, .errnum = errnum, .how = how_it_fails(call)},
        scene->missing, ENOSYS);
    act(scene, &check, &store, &warnings, &err);
    (void)inject_disarm();
    (void)snprintf(message, 256, "%.200s", err.message);
    if (inject_count(call) == 0)
        return NOT_CALLED;
    return judge(scene, call, check, store, &warnings, &err);
}

static bool is_needed(enum inject_call call, const struct scene *scene)
{
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (needed[i].call == call)
            return strchr(needed[i].scenes, scene->letter) != NULL;
    }
    return false;
}

/* Which calls each scene makes where none fails, and of no others is anything to be found out. */
static bool is_made[INJECT_CALLS][SCENES];

static void find_calls(void)
{
    char message[256];

    for (size_t k = 0; k < SCENES; k++) {
        assert_int_not_equal(run(&scenes[k], INJECT_stat, 0, message), WRONG);
        for (enum inject_call call = 0; call < INJECT_CALLS; call++)
            is_made[call][k] = inject_count(call) > 0;
    }
}

static void walk_errnum(enum inject_call call, int errnum)
{
    char cell[SCENES + 1] = "";
    char message[256];

    for (size_t k = 0; k < SCENES; k++) {
        enum verdict verdict =
            is_made[call][k] ? run(&scenes[k], call, errnum, message) : NOT_CALLED;

        cell[k] = (char)verdict;
        if (verdict != WRONG && verdict != FAILED_AFTER_IT &&
            (verdict != REFUSED_BEFORE_THE_NETWORK || is_needed(call, &scenes[k])))
            continue;
        wrongs++;
        print_error("\n%s, %s, %s: %c: %s\n", inject_name(call), strerror(errnum), scenes[k].name,
                    (int)verdict, message);
    }
    print_message(" %s", cell);
}

static void walk_call(enum inject_call call)
{
    bool is_any = false;

    for (size_t k = 0; k < SCENES; k++)
        is_any = is_any || is_made[call][k];
    if (!is_any)
        return;
    print_message("%-12s", inject_name(call));
    for (size_t i = 0; i < ERRNUMS; i++)
        walk_errnum(call, errnums[i]);
    print_message("\n");
}

static void a_call_that_is_refused_is_known_before_the_network(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    print_message(
        "Columns: EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP, EXDEV, EROFS; in each a letter "
        "for:\n");
    for (size_t k = 0; k < SCENES; k++)
        print_message("  %c. %s\n", scenes[k].letter, scenes[k].name);
    print_message("S done, W done with a warning, B refused before the network, - not called\n");
    find_calls();
    for (enum inject_call call = 0; call < INJECT_curl_global_init_mem; call++) {
        if (call != INJECT_malloc && call != INJECT_calloc && call != INJECT_realloc)
            walk_call(call);
    }
    assert_int_equal(wrongs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_that_is_refused_is_known_before_the_network,
                                        support_setup, support_teardown),
    };
    int failed;

    json_init();
    auth = support_secret(AUTH);
    inject_pace = 1; /* nobody sleeps */
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&auth);
    return failed;
}

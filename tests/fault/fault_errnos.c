/*
 * A kernel, a sandbox or a file system that refuses one call altogether: each call that storing
 * makes, with each of seven errnos, in each of a few scenes. The work is done another way, or it is
 * known before the network that it cannot be done: auth_file_check() passes only where
 * auth_file_store() does. What came of each is printed as a table.
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
#include "unit/store/files.h"

#define AUTH "b2N0b2NhdDp0b2tlbg=="
#define OLD  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}}}"

/* What a run finds; ".docker/config.json" is what it is to change. */
static const struct scene {
    const char *name;
    bool has_directory;
    bool has_file;
    mode_t mode;
    uid_t owner;              /* of the file */
    enum inject_call missing; /* a call that is refused besides: ENOSYS */
} scenes[] = {
    {"no directory", false, false, 0, 0, INJECT_CALLS},
    {"no file", true, false, 0, 0, INJECT_CALLS},
    {"a file of mode 0600", true, true, 0600, 0, INJECT_CALLS},
    {"one of mode 0640, with attributes, below a default access list", true, true, 0640, 0,
     INJECT_CALLS},
    {"one of another owner", true, true, 0600, 1234, INJECT_CALLS},
    {"one of mode 0600 on a file system that may be a network's", true, true, 0600, 0,
     INJECT_fstatfs},
    {"one of mode 0600 where no directory can be locked", true, true, 0600, 0, INJECT_flock},
    {"one of mode 0600 where nothing can be exchanged", true, true, 0600, 0, INJECT_renameat2},
    {"no file where nothing can be linked", true, false, 0, 0, INJECT_linkat},
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
    if (scene->has_directory)
        support_must(mkdir(".docker", 0700) == 0, "mkdir");
    if (!scene->has_file)
        return;
    support_write(FILE_PATH, OLD);
    if (scene->mode != 0600) { /* where there are attributes */
        (void)setxattr(FILE_PATH, "user.kept", "1", 1, 0);
        (void)setxattr(".docker", "system.posix_acl_default", default_list, sizeof(default_list),
                       0);
    }
    support_must(chmod(FILE_PATH, scene->mode) == 0 &&
                     chown(FILE_PATH, scene->owner, scene->owner) == 0,
                 "chmod");
}

static bool is_stored(void)
{
    struct secret text = support_read(FILE_PATH);
    bool is = text.data != NULL && memmem(text.data, text.len, AUTH, strlen(AUTH)) != NULL;

    secret_clear(&text);
    return is;
}

static bool is_as_it_was(const struct scene *scene)
{
    return scene->has_file ? support_holds(FILE_PATH, OLD) : access(FILE_PATH, F_OK) < 0;
}

/* What the table says of one run. */
enum verdict {
    NOT_CALLED = '-',
    STORED = 'S',
    STORED_WITH_A_WARNING = 'W',
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

static enum verdict judge(const struct scene *scene, enum inject_call call, int check, int store,
                          const struct warnings *warnings, const struct error *err)
{
    if (check < 0)
        return is_as_it_was(scene) && err->cls != CLASS_NONE && err->message[0] != '\0'
                   ? REFUSED_BEFORE_THE_NETWORK
                   : WRONG;
    if (store < 0)
        return is_as_it_was(scene) ? FAILED_AFTER_IT : WRONG;
    if (!is_stored() || (scene->has_file && (support_mode(FILE_PATH) & ~scene->mode) != 0) ||
        support_stat(FILE_PATH).st_uid != scene->owner)
        return WRONG;
    if (!is_clean(scene, call))
        return WRONG;
    return warnings->count > 0 ? STORED_WITH_A_WARNING : STORED;
}

static enum verdict run(const struct scene *scene, enum inject_call call, int errnum,
                        char message[256])
{
    struct entry entry = {.path = FILE_PATH,
                          .owner = &reader_docker,
                          .reader = &reader_docker,
                          .key = "ghcr.io",
                          .registry = "ghcr.io",
                          .auth = &auth,
                          .clock = clock_system(),
                          .deadline_ms = support_in_ms(2000)};
    struct auth_file_result result = {.changed = false};
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    int store = -1;
    int check;

    set_scene(scene);
    inject_arm(&(struct inject_fault){.call = call, .nth = 1, .errnum = errnum, .how = INJECT_EVER},
               scene->missing, ENOSYS);
    check = auth_file_check(&entry, &result, &err);
    if (check == 0)
        store = auth_file_store(&entry, &result, &warnings, &err);
    (void)inject_disarm();
    (void)snprintf(message, 256, "%.200s", err.message);
    if (inject_count(call) == 0)
        return NOT_CALLED;
    return judge(scene, call, check, store, &warnings, &err);
}

static void walk_call(enum inject_call call)
{
    char message[256];

    print_message("%-14s", inject_name(call));
    for (size_t i = 0; i < ERRNUMS; i++) {
        char cell[SCENES + 1] = "";

        for (size_t k = 0; k < SCENES; k++) {
            enum verdict verdict = run(&scenes[k], call, errnums[i], message);

            cell[k] = (char)verdict;
            if (verdict != WRONG && verdict != FAILED_AFTER_IT)
                continue;
            wrongs++;
            print_error("\n%s, %s, %s: %c: %s\n", inject_name(call), strerror(errnums[i]),
                        scenes[k].name, (int)verdict, message);
        }
        print_message(" %-10s", cell);
    }
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
        print_message("  %zu. %s\n", k + 1, scenes[k].name);
    print_message(
        "S stored, W stored with a warning, B refused before the network, - not called\n");
    for (enum inject_call call = 0; call < INJECT_CALLS; call++) {
        if (call != INJECT_malloc && call != INJECT_calloc && call != INJECT_realloc &&
            call <= INJECT_realpath)
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
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&auth);
    return failed;
}

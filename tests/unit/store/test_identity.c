/*
 * identity: root makes in a user's directory what that user could make, and nothing else. Some
 * calls are linked through here, to fail.
 */
#include "../nth.h"
#include "../support.h"

#include "store/file/attributes.h"
#include "store/file/locked_file.h"
#include "store/path.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mounts.h"
#include "files.h"

enum { SOMEBODY = 1234, SOME_GROUP = 2345 };

static bool cannot_become_root;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_getgroups(int size, gid_t *list);
int __wrap_getgroups(int size, gid_t *list);
int __real_seteuid(uid_t uid);
int __wrap_seteuid(uid_t uid);
int __real_secret_forbid_dump(void);
int __wrap_secret_forbid_dump(void);

void *__wrap_calloc(size_t count, size_t size)
{
    return nth_strikes() ? NULL : __real_calloc(count, size);
}

int __wrap_getgroups(int size, gid_t *list)
{
    return nth_strikes() ? -1 : __real_getgroups(size, list);
}

/* With fs.suid_dumpable set, the kernel would undo it at each change of the user. */
static bool is_dumpable;

int __wrap_seteuid(uid_t uid)
{
    is_dumpable = true;
    return cannot_become_root && uid == 0 ? -1 : __real_seteuid(uid);
}

int __wrap_secret_forbid_dump(void)
{
    is_dumpable = false;
    return __real_secret_forbid_dump();
}

static void need_root(void)
{
    if (geteuid() != 0)
        skip();
}

static void test_root_becomes_the_owner_and_root_again(void **state)
{
    struct identity identity;
    struct error err = ERROR_INIT;
    struct stat st;
    gid_t many[300];
    gid_t before[300];
    gid_t after[300];

    (void)state;
    need_root();
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (gid_t)(5000 + i);
    support_must(chown(".", SOMEBODY, SOME_GROUP) == 0, "chown");
    support_must(setgroups(COUNT(many), many) == 0 && setegid(77) == 0, "setgroups");
    assert_int_equal(getgroups(COUNT(before), before), COUNT(many));
    st = support_stat(".");
    assert_int_equal(identity_take(&identity, &st, &err), 0);
    assert_int_equal(geteuid(), SOMEBODY);
    assert_int_equal(getegid(), SOME_GROUP);
    assert_int_equal(getgroups(0, NULL), 0);
    assert_false(is_dumpable);
    identity_restore(&identity);
    assert_false(is_dumpable);
    assert_int_equal(geteuid(), 0);
    assert_int_equal(getegid(), 77);
    assert_int_equal(getgroups(COUNT(after), after), COUNT(many));
    assert_memory_equal(before, after, sizeof(before));
    identity_restore(&identity); /* once is enough */
    support_must(setegid(0) == 0 && setgroups(0, NULL) == 0, "setgroups");
}

static void test_own_things_change_nothing(void **state)
{
    struct identity identity;
    struct error err = ERROR_INIT;
    struct stat st = support_stat(".");
    uid_t before = geteuid();

    (void)state;
    assert_int_equal(identity_take(&identity, &st, &err), 0);
    assert_int_equal(geteuid(), before);
    assert_false(identity.is_taken);
    identity_restore(&identity);
}

static void put_new_file(const char *path, bool is_attacked)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct secret new_text = support_secret("new");
    struct error err = ERROR_INIT;

    assert_int_equal(locked_file_open(&file, path, clock_system(), support_in_ms(1000), &err), 0);
    assert_int_equal(locked_file_read(&file, &text, 100, &err), 0);
    /* The user swaps the directory for a link to one of root's, while root is at work in it. */
    if (is_attacked)
        support_must(rename("theirs", "moved") == 0 && symlink("roots", "theirs") == 0, "swap");
    assert_int_equal(locked_file_replace(&file, &new_text, &err), LOCKED_FILE_REPLACED);
    assert_int_equal(geteuid(), 0);
    locked_file_close(&file);
    secret_clear(&text);
    secret_clear(&new_text);
}

static void test_first_file_belongs_to_the_owner_of_its_directory(void **state)
{
    (void)state;
    need_root();
    support_must(chmod(".", 0755) == 0 && mkdir("theirs", 0700) == 0, "mkdir");
    support_must(chown("theirs", SOMEBODY, SOME_GROUP) == 0, "chown");
    put_new_file("theirs/below/config.json", false);
    assert_int_equal(support_stat("theirs/below").st_uid, SOMEBODY);
    assert_int_equal(support_stat("theirs/below").st_gid, SOME_GROUP);
    assert_int_equal(support_mode("theirs/below"), 0700);
    assert_int_equal(support_stat("theirs/below/config.json").st_uid, SOMEBODY);
    assert_int_equal(support_stat("theirs/below/config.json").st_gid, SOME_GROUP);
    assert_int_equal(support_mode("theirs/below/config.json"), 0600);
}

static void test_nothing_is_made_where_the_owner_could_not(void **state)
{
    (void)state;
    need_root();
    support_must(chmod(".", 0755) == 0 && mkdir("theirs", 0700) == 0, "mkdir");
    support_must(mkdir("roots", 0755) == 0, "mkdir");
    support_must(chown("theirs", SOMEBODY, SOME_GROUP) == 0, "chown");
    put_new_file("theirs/config.json", true);
    assert_int_equal(support_count("roots"), 0);
    assert_int_equal(support_stat("moved/config.json").st_uid, SOMEBODY);
}

static int store_beside_a_stranger(void)
{
    struct identity identity;
    struct error err = ERROR_INIT;
    struct stat st;

    if (unshare(CLONE_NEWUSER) < 0 || !mounts_write("/proc/self/setgroups", "deny") ||
        !mounts_write("/proc/self/gid_map", "0 0 1") ||
        !mounts_write("/proc/self/uid_map", "0 0 1"))
        return MOUNTS_NOT_ALLOWED;
    st = support_stat("theirs");
    if (st.st_uid == 0 || identity_take(&identity, &st, &err) < 0 || identity.is_taken)
        return 1;
    put_new_file("theirs/config.json", false);
    return 0;
}

/* Root of a user namespace that does not know the owner goes on as itself, if it may. */
static void test_unknown_owner_is_nobody_to_act_as(void **state)
{
    int verdict;

    (void)state;
    need_root();
    support_must(chmod(".", 0755) == 0 && mkdir("theirs", 0700) == 0 &&
                     chown("theirs", SOMEBODY, SOME_GROUP) == 0 && chmod("theirs", 0777) == 0,
                 "mkdir");
    verdict = support_in_child(false, store_beside_a_stranger);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
    assert_int_equal(support_stat("theirs/config.json").st_uid, 0);
}

/* Where root's own identity cannot be kept, it is not given up. */
static void test_what_cannot_be_remembered(void **state)
{
    struct stat st = {.st_uid = SOMEBODY, .st_gid = SOME_GROUP};
    unsigned n;

    (void)state;
    need_root();
    for (n = 1; n <= 3; n++) {
        struct identity identity;
        struct error err = ERROR_INIT;

        nth_arm(n); /* getgroups(), calloc(), getgroups() */
        assert_int_equal(identity_take(&identity, &st, &err), -1);
        assert_true(nth_disarm());
        assert_error("remember", &err, n == 2 ? CLASS_INTERNAL : CLASS_AUTHFILE, NULL);
        assert_int_equal(geteuid(), 0);
        identity_restore(&identity);
    }
}

static int lack_setgid(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = 1U << CAP_SETUID, .permitted = 1U << CAP_SETUID}};
    struct stat st = {.st_uid = SOMEBODY, .st_gid = SOME_GROUP};
    struct identity identity;
    struct error err = ERROR_INIT;

    support_must(syscall(SYS_capset, &header, data) == 0, "capset");
    if (identity_take(&identity, &st, &err) == 0)
        return 1; /* as that user with root's groups */
    return geteuid() == 0 && strstr(err.message, "act as user 1234") != NULL &&
                   strstr(err.hint, "CAP_SETGID") != NULL
               ? 0
               : 2;
}

static void test_groups_that_cannot_be_given_up(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(support_in_child(false, lack_setgid), 0);
}

static int stay_somebody(void)
{
    struct stat st = {.st_uid = SOMEBODY, .st_gid = SOME_GROUP};
    struct identity identity;
    struct error err = ERROR_INIT;

    if (identity_take(&identity, &st, &err) < 0)
        return 1;
    cannot_become_root = true;
    identity_restore(&identity);
    return 2;
}

static int stay_a_stranger(void)
{
    cannot_become_root = true;
    return lack_setgid();
}

/* Nothing is done as half of root. */
static void test_no_way_back_is_the_end(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(support_in_child(false, stay_somebody), 128 + SIGABRT);
    assert_int_equal(support_in_child(false, stay_a_stranger), 128 + SIGABRT);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_root_becomes_the_owner_and_root_again),
        IN_DIRECTORY(test_own_things_change_nothing),
        IN_DIRECTORY(test_first_file_belongs_to_the_owner_of_its_directory),
        IN_DIRECTORY(test_nothing_is_made_where_the_owner_could_not),
        IN_DIRECTORY(test_unknown_owner_is_nobody_to_act_as),
        cmocka_unit_test(test_what_cannot_be_remembered),
        cmocka_unit_test(test_groups_that_cannot_be_given_up),
        cmocka_unit_test(test_no_way_back_is_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

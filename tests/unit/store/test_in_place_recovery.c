/*
 * in_place after a writer that was killed: the next run finds all entries in the file or in its
 * copy, takes no mixture for a text, loses nothing where it fails itself, and trusts a copy as it
 * trusts the file.
 */
#include "../support.h"

#include "store/in_place.h"

#include <signal.h>

#include "base/json.h"
#include "in_place.h"
#include "mounts.h"
#include "support.h"

static const char *text_behind;

static int write_until_killed(void)
{
    struct error err = ERROR_INIT;

    (void)write_text(FILE_PATH, text_behind, &err);
    return 0;
}

/* A child that writes `text` over `old` is killed at that call. */
static void kill_writer_over(const char *old, const char *text, enum call call, unsigned nth,
                             enum how how)
{
    support_write(FILE_PATH, old);
    (void)unlink(COPY_PATH);
    text_behind = text;
    arm(call, nth, how, 0);
    assert_int_equal(support_in_child(false, write_until_killed), 128 + SIGKILL);
    disarm();
}

static void kill_writer(const char *text, enum call call, unsigned nth, enum how how)
{
    kill_writer_over(OLD, text, call, nth, how);
}

static void test_killed_writer_leaves_the_copy(void **state)
{
    (void)state;
    kill_writer(NEW, CALL_WRITE, 2, HOW_HALF_KILL);
    assert_false(support_holds(FILE_PATH, NEW) || support_holds(FILE_PATH, OLD));
    assert_true(support_holds(COPY_PATH, OLD));
    assert_int_equal(support_mode(COPY_PATH), 0600);
    kill_writer(NEW, CALL_WRITE, 1, HOW_HALF_KILL);
    assert_true(support_holds(FILE_PATH, OLD));
}

/* Whenever it was killed, the next run finds all entries. */
static void test_next_run_recovers(void **state)
{
    static const struct {
        const char *label;
        enum call call;
        unsigned nth;
        enum how how;
    } rows[] = {
        {"before the copy is written", CALL_WRITE, 1, HOW_KILL},
        {"half of the copy is written", CALL_WRITE, 1, HOW_HALF_KILL},
        {"before the copy is synced", CALL_FSYNC, 1, HOW_KILL},
        {"before the file is written", CALL_WRITE, 2, HOW_KILL},
        {"half of the file is written", CALL_WRITE, 2, HOW_HALF_KILL},
        {"before the file is synced", CALL_FSYNC, 3, HOW_KILL},
        {"before it is synced again", CALL_FSYNC, 4, HOW_KILL},
        {"before it is synced at last", CALL_FSYNC, 5, HOW_KILL},
        {"before the copy is removed", CALL_UNLINK, 1, HOW_KILL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;

        kill_writer(NEW, rows[i].call, rows[i].nth, rows[i].how);
        if (store("ghcr.io", AUTH, &err) < 0)
            fail_msg("row '%s': %s", rows[i].label, err.message);
        assert_row(rows[i].label, support_holds(FILE_PATH, NEW));
        (void)unlink(COPY_PATH);
    }
}

/* A mixture of two texts may be valid JSON; it is damage all the same. */
static void test_mixture_is_not_taken_for_a_text(void **state)
{
    /* of one length; half of it ends inside the value */
    static const char old[] =
        "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5enp6enp6enp6enp6enp6enp6enp6\"}}}";
    static const char text[] =
        "{\"auths\":{\"quay.io\":{\"auth\":\"Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj\"}}}";
    struct error err = ERROR_INIT;
    struct secret found;
    bool is_whole;

    (void)state;
    kill_writer_over(old, text, CALL_WRITE, 2, HOW_HALF_KILL);
    assert_false(support_holds(FILE_PATH, old));
    assert_false(support_holds(FILE_PATH, text));
    assert_int_equal(store("ghcr.io", AUTH, &err), 0);
    found = support_read(FILE_PATH);
    is_whole = strstr(secret_text(&found), "\"eDp5enp6enp6enp6enp6enp6enp6enp6\"") != NULL ||
               strstr(secret_text(&found), "\"Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj\"") != NULL;
    secret_clear(&found);
    assert_true(is_whole);
}

/* It has done its work; later it would be put in the place of a file that its user has broken. */
static void test_next_run_removes_the_copy(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    kill_writer(NEW, CALL_UNLINK, 1, HOW_KILL);
    assert_true(support_holds(COPY_PATH, OLD));
    assert_int_equal(store("ghcr.io", AUTH, &err), 0); /* nothing to change */
    assert_int_equal(support_count("."), 1);
}

static void test_recovery_removes_the_copy(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    kill_writer(NEW, CALL_WRITE, 2, HOW_HALF_KILL);
    assert_int_equal(store("ghcr.io", AUTH, &err), 0);
    assert_true(support_holds(FILE_PATH, NEW));
    assert_int_equal(support_count("."), 1);
}

/* The run before was killed in the middle, and now the disk fails in the middle. */
static int fail_while_recovering(void)
{
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_bind("outside", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    arm(CALL_WRITE, 1, HOW_HALF_ONCE, ENOSPC); /* the copy is there already */
    if (store("ghcr.io", AUTH, &err) == 0)
        return 1;
    if (!support_holds(FILE_PATH, OLD) && !support_holds(COPY_PATH, OLD))
        return 2; /* the last whole text is gone */
    err = ERROR_INIT;
    return store("ghcr.io", AUTH, &err) == 0 && support_holds(FILE_PATH, NEW) ? 0 : 3;
}

static void test_failing_recovery_keeps_the_text(void **state)
{
    (void)state;
    kill_writer(NEW, CALL_WRITE, 2, HOW_HALF_KILL);
    support_must(rename(FILE_PATH, "outside") == 0, "rename");
    support_write(FILE_PATH, "");
    assert_or_skip(support_in_child(false, fail_while_recovering));
}

static void test_damage_without_a_copy_is_named(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write(FILE_PATH, OLD);
    support_must(truncate(FILE_PATH, 0) == 0 && truncate(FILE_PATH, 100) == 0, "truncate");
    assert_int_equal(store("ghcr.io", AUTH, &err), -1);
    assert_error("zeros", &err, CLASS_AUTHFILE, "begins with a NUL byte");
    assert_non_null(strstr(err.hint, COPY_PATH));
    assert_int_equal(support_count("."), 1);
}

static int recover(struct error *err)
{
    struct stat st = support_stat(FILE_PATH);
    struct in_place file = {.dir_fd = AT_FDCWD, .path = FILE_PATH, .st = &st};
    struct secret text = SECRET_INIT;
    int ret = in_place_recover(&text, &file, 100, err);
    bool is_right = ret < 0 || strcmp(secret_text(&text), "whole") == 0;

    secret_clear(&text);
    assert_true(is_right);
    return ret;
}

/* A copy is taken from who might have written the file itself. */
static void test_copy_is_trusted_as_the_file_is(void **state)
{
    enum { ROOT = 0, SOMEBODY = 1234, ANOTHER = 1235 };
    static const struct {
        const char *label;
        uid_t file_owner;
        mode_t file_mode;
        uid_t copy_owner;
        mode_t copy_mode;
        bool is_taken;
    } rows[] = {
        {"ours", SOMEBODY, 0644, ROOT, 0600, true},
        {"the owner's", SOMEBODY, 0644, SOMEBODY, 0600, true},
        {"another's", SOMEBODY, 0644, ANOTHER, 0600, false},
        {"others can write it", SOMEBODY, 0600, SOMEBODY, 0602, false},
        {"a group can write it", SOMEBODY, 0600, ROOT, 0620, false},
        {"a file system with one mode for all", SOMEBODY, 0777, SOMEBODY, 0777, true},
        {"with one group for all", SOMEBODY, 0664, SOMEBODY, 0664, true},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;

        support_write(FILE_PATH, "x");
        support_write(COPY_PATH, "whole");
        support_must(chown(FILE_PATH, rows[i].file_owner, 0) == 0, "chown");
        support_must(chown(COPY_PATH, rows[i].copy_owner, 0) == 0, "chown");
        support_must(chmod(FILE_PATH, rows[i].file_mode) == 0, "chmod");
        support_must(chmod(COPY_PATH, rows[i].copy_mode) == 0, "chmod");
        assert_row(rows[i].label, (recover(&err) == 0) == rows[i].is_taken);
        if (!rows[i].is_taken)
            assert_error(rows[i].label, &err, CLASS_AUTHFILE, COPY_PATH);
        support_must(unlink(COPY_PATH) == 0 && unlink(FILE_PATH) == 0, "unlink");
    }
}

/* The copy of one file, where another is at its place: mounted there now, or under the mount. */
static void test_copy_of_another_file_is_left_alone(void **state)
{
    struct error err = ERROR_INIT;
    char copy[PATH_MAX];

    (void)state;
    kill_writer(NEW, CALL_WRITE, 2, HOW_HALF_KILL);
    (void)snprintf(copy, sizeof(copy), "%s", COPY_PATH);
    support_must(rename(FILE_PATH, "outside") == 0, "rename");
    support_write(FILE_PATH, "{}");
    assert_int_equal(store("ghcr.io", AUTH, &err), 0);
    assert_true(support_holds(copy, OLD));
    support_write_bytes(FILE_PATH, "\0x", 2);
    assert_int_equal(store("ghcr.io", AUTH, &err), -1);
    assert_error("another's copy", &err, CLASS_AUTHFILE, "begins with a NUL byte");
    support_must(rename("outside", FILE_PATH) == 0, "rename");
    err = ERROR_INIT;
    assert_int_equal(store("ghcr.io", AUTH, &err), 0);
    assert_true(support_holds(FILE_PATH, NEW));
    assert_int_equal(access(copy, F_OK), -1);
}

static int read_as_owner(void)
{
    struct error err = ERROR_INIT;

    if (store("ghcr.io", AUTH, &err) == 0)
        return support_holds(FILE_PATH, NEW) ? 0 : 1;
    print_message("           %s\n", err.message);
    return 2;
}

/* Root writes through a user's file and is killed: the user goes on with the copy. */
static void test_copy_of_root_s_is_the_file_owner_s(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_write(FILE_PATH, OLD);
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 &&
                     chown(FILE_PATH, SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "chown");
    kill_writer(NEW, CALL_WRITE, 2, HOW_HALF_KILL);
    assert_int_equal(support_stat(COPY_PATH).st_uid, SUPPORT_NOBODY);
    assert_int_equal(support_mode(COPY_PATH), 0600);
    assert_int_equal(support_in_child(true, read_as_owner), 0);
    assert_int_equal(support_count("."), 1);
}

static int meet_root_s_copy(void)
{
    struct error err = ERROR_INIT;

    if (store("ghcr.io", AUTH, &err) == 0)
        return 1;
    return strstr(err.hint, "belongs to another user") != NULL ? 0 : 2;
}

static void test_copy_that_may_not_be_read_has_a_hint(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_write_bytes(FILE_PATH, "\0x", 2);
    support_write(COPY_PATH, OLD);
    support_must(chown(".", SUPPORT_NOBODY, SUPPORT_NOBODY) == 0 &&
                     chown(FILE_PATH, SUPPORT_NOBODY, SUPPORT_NOBODY) == 0,
                 "chown");
    assert_int_equal(support_in_child(true, meet_root_s_copy), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_killed_writer_leaves_the_copy),
        IN_DIRECTORY(test_next_run_recovers),
        IN_DIRECTORY(test_mixture_is_not_taken_for_a_text),
        IN_DIRECTORY(test_next_run_removes_the_copy),
        IN_DIRECTORY(test_recovery_removes_the_copy),
        IN_DIRECTORY(test_failing_recovery_keeps_the_text),
        IN_DIRECTORY(test_damage_without_a_copy_is_named),
        IN_DIRECTORY(test_copy_is_trusted_as_the_file_is),
        IN_DIRECTORY(test_copy_of_another_file_is_left_alone),
        IN_DIRECTORY(test_copy_of_root_s_is_the_file_owner_s),
        IN_DIRECTORY(test_copy_that_may_not_be_read_has_a_hint),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

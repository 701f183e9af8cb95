#include "store/file/locked_file.h"

#include "store/file/preflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "files.h"

enum { TEXT_MAX = 1 << 20 };

static bool is_restless; /* the path leads elsewhere whenever the lock is held at last */

int __real_path_leads_to(const char *, int, const char *, bool *, struct error *);
int __wrap_path_leads_to(const char *, int, const char *, bool *, struct error *);

int __wrap_path_leads_to(const char *path, int dir_fd, const char *name, bool *leads,
                         struct error *err)
{
    int ret = __real_path_leads_to(path, dir_fd, name, leads, err);

    *leads = *leads && !is_restless;
    return ret;
}

/* Open and read; the file has to hold `text`. */
static void start(struct locked_file *file, const char *path, const char *text)
{
    struct secret found = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(locked_file_open(file, path, clock_system(), support_in_ms(1000), &err), 0);
    assert_int_equal(locked_file_read(file, &found, TEXT_MAX, &err), 0);
    assert_string_equal(secret_text(&found), text);
    secret_clear(&found);
}

static enum locked_file_result replace(struct locked_file *file, const char *text,
                                       struct error *err)
{
    struct secret new_text = support_secret(text);
    enum locked_file_result result = locked_file_replace(file, &new_text, err);

    secret_clear(&new_text);
    return result;
}

/* One whole round on `path`, which holds `old`. */
static void round_trip(const char *path, const char *old, const char *new_text)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;

    start(&file, path, old);
    assert_int_equal(replace(&file, new_text, &err), LOCKED_FILE_REPLACED);
    assert_int_equal(err.cls, CLASS_NONE);
    locked_file_close(&file);
    assert_true(support_holds(path, new_text));
}

static void absent_reads_as_empty_and_is_made(void **state)
{
    mode_t before = umask(0);

    (void)state;
    round_trip("config.json", "", "new");
    round_trip("a/b/config.json", "", "new");
    (void)umask(before);
    assert_int_equal(support_mode("config.json"), 0600);
    assert_int_equal(support_mode("a"), 0700);
    assert_int_equal(support_mode("a/b"), 0700);
    assert_int_equal(support_mode("a/b/config.json"), 0600);
    assert_int_equal(support_stat("config.json").st_nlink, 1);
    assert_int_equal(support_count("a/b"), 1);
    assert_int_equal(support_count("."), 2);
}

static void old_is_replaced_and_nothing_left(void **state)
{
    ino_t inode;

    (void)state;
    support_write("config.json", "old");
    inode = support_stat("config.json").st_ino;
    round_trip("config.json", "old", "a longer text than it was");
    assert_int_not_equal(support_stat("config.json").st_ino, inode);
    round_trip("config.json", "a longer text than it was", "");
    round_trip("config.json", "", "x");
    assert_int_equal(support_count("."), 1);
}

static void many_rounds_may_be_made(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    start(&file, "config.json", "");
    for (int i = 0; i < 50; i++) {
        struct secret text = SECRET_INIT;
        char name[16];

        (void)snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(replace(&file, name, &err), LOCKED_FILE_REPLACED);
        assert_int_equal(locked_file_read(&file, &text, TEXT_MAX, &err), 0);
        assert_string_equal(secret_text(&text), name);
        secret_clear(&text);
    }
    assert_int_equal(support_count("."), 1);
    assert_int_equal(fcntl(file.dir_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(file.seen.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    locked_file_close(&file);
    assert_int_equal(file.dir_fd, -1);
    assert_int_equal(file.seen.fd, -1);
    locked_file_close(&file);
}

static void never_opened_may_be_closed(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;

    (void)state;
    locked_file_close(&file);
}

static void old_mode_is_kept(void **state)
{
    static const mode_t modes[] = {0600, 0400, 0640, 0644, 0660, 0666, 0000};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if ((modes[i] & 0400) == 0 && geteuid() != 0)
            continue;
        support_write("config.json", "old");
        support_must(chmod("config.json", modes[i]) == 0, "chmod");
        round_trip("config.json", "old", "new");
        assert_int_equal(support_mode("config.json"), modes[i]);
        support_must(unlink("config.json") == 0, "unlink");
    }
}

static void special_bits_do_not_live_on(void **state)
{
    (void)state;
    support_write("config.json", "old");
    support_must(chmod("config.json", 06755) == 0, "chmod");
    round_trip("config.json", "old", "new");
    assert_int_equal(support_mode("config.json"), 0755);
}

static void old_owner_is_kept_by_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_write("config.json", "old");
    support_must(chown("config.json", 1234, 2345) == 0, "chown");
    round_trip("config.json", "old", "new");
    assert_int_equal(support_stat("config.json").st_uid, 1234);
    assert_int_equal(support_stat("config.json").st_gid, 2345);
    assert_int_equal(support_mode("config.json"), 0600);
}

static void new_belongs_to_the_user_of_the_directory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(mkdir("home", 0755) == 0 && chown("home", 1234, 2345) == 0, "chown");
    round_trip("home/.docker/config.json", "", "new");
    assert_int_equal(support_stat("home/.docker").st_uid, 1234);
    assert_int_equal(support_mode("home/.docker"), 0700);
    assert_int_equal(support_stat("home/.docker/config.json").st_uid, 1234);
    assert_int_equal(support_stat("home/.docker/config.json").st_gid, 2345);
    assert_int_equal(support_mode("home/.docker/config.json"), 0600);
}

/* Replace as nobody; 0 when it is refused with a hint about the owner. */
static int replace_as_other(void)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    enum locked_file_result result;

    if (locked_file_open(&file, "config.json", clock_system(), support_in_ms(1000), &err) < 0 ||
        locked_file_read(&file, &text, TEXT_MAX, &err) < 0)
        return 1;
    result = locked_file_replace(&file, &text, &err);
    locked_file_close(&file);
    secret_clear(&text);
    if (result != LOCKED_FILE_FAILED || err.cls != CLASS_AUTHFILE)
        return 2;
    return strstr(err.hint, "owns") != NULL ? 0 : 3;
}

static void another_s_file_is_not_taken_over(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_write("config.json", "old");
    support_must(chmod("config.json", 0644) == 0 && chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, replace_as_other), 0);
    assert_true(support_holds("config.json", "old"));
    assert_int_equal(support_stat("config.json").st_uid, 0);
    assert_int_equal(support_count("."), 1);
}

static int replace_own(void)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    int verdict =
        locked_file_open(&file, "config.json", clock_system(), support_in_ms(1000), &err) < 0 ||
        locked_file_read(&file, &text, TEXT_MAX, &err) < 0 ||
        locked_file_replace(&file, &text, &err) != LOCKED_FILE_REPLACED;

    locked_file_close(&file);
    secret_clear(&text);
    return verdict;
}

/* The file belongs to a group that its owner is not in: what that group could do is not handed on.
 */
static void rights_do_not_go_to_another_group(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_write("config.json", "old");
    support_must(chown("config.json", SUPPORT_NOBODY, 2345) == 0, "chown");
    support_must(chmod("config.json", 0664) == 0 && chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, replace_own), 0);
    assert_true(support_holds("config.json", "old"));
    assert_int_equal(support_stat("config.json").st_gid, SUPPORT_NOBODY);
    assert_int_equal(support_mode("config.json"), 0604);
}

static void leftovers_are_removed(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_write("config.json", "old");
    support_write(".config.json.ghcr-login.aBc123", "of a killed run");
    support_write(".config.json.ghcr-login.zzzzzz", "of another");
    support_write(".auth.json.ghcr-login.aBc123", "of another file: not ours to judge");
    support_write("config.json.ghcr-login.aBc123", "not hidden");
    support_write("config.json123456", "of docker");
    start(&file, "config.json", "old");
    assert_int_equal(replace(&file, "new", &err), LOCKED_FILE_REPLACED);
    locked_file_close(&file);
    assert_int_equal(access(".config.json.ghcr-login.aBc123", F_OK), -1);
    assert_int_equal(access(".config.json.ghcr-login.zzzzzz", F_OK), -1);
    assert_int_equal(support_count("."), 4);
}

/* A link at the name of a leftover: the link goes, what it points to stays. */
static void leftovers_are_not_followed(void **state)
{
    (void)state;
    support_write("config.json", "old");
    support_write("precious", "kept");
    support_must(symlink("precious", ".config.json.ghcr-login.aBc123") == 0, "symlink");
    round_trip("config.json", "old", "new");
    assert_true(support_holds("precious", "kept"));
    assert_int_equal(support_count("."), 2);
}

static void path_that_never_rests_is_given_up(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;
    size_t descriptors = support_count("/proc/self/fd");

    (void)state;
    is_restless = true;
    assert_int_equal(
        locked_file_open(&file, "config.json", clock_system(), support_in_ms(50), &err), -1);
    is_restless = false;
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, "'config.json' keeps changing (symlink retargeted)"));
    assert_int_equal(support_count("/proc/self/fd"), descriptors);
}

static void too_long_a_file_is_refused(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = support_secret("kept");
    struct error err = ERROR_INIT;

    (void)state;
    support_write("config.json", "12345678");
    assert_int_equal(
        locked_file_open(&file, "config.json", clock_system(), support_in_ms(1000), &err), 0);
    assert_int_equal(locked_file_read(&file, &text, 7, &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_string_equal(secret_text(&text), "kept");
    err = ERROR_INIT;
    assert_int_equal(locked_file_read(&file, &text, 8, &err), 0);
    assert_string_equal(secret_text(&text), "12345678");
    locked_file_close(&file);
    secret_clear(&text);
}

static int write_into_locked_directory(void)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    enum locked_file_result result;

    if (preflight_check("locked/config.json", &err) == 0)
        return 1;
    if (err.cls != CLASS_AUTHFILE || strstr(err.message, strerror(EACCES)) == NULL ||
        strstr(err.hint, "--config") == NULL)
        return 2;
    err = ERROR_INIT;
    if (locked_file_open(&file, "locked/config.json", clock_system(), support_in_ms(1000), &err) <
            0 ||
        locked_file_read(&file, &text, TEXT_MAX, &err) < 0)
        return 3; /* reading needs no right to write */
    result = locked_file_replace(&file, &text, &err);
    locked_file_close(&file);
    secret_clear(&text);
    if (result != LOCKED_FILE_FAILED)
        return 4;
    return err.cls == CLASS_AUTHFILE && strstr(err.message, "config.json") != NULL ? 0 : 5;
}

static void directory_without_write_permission(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("locked", 0755) == 0, "mkdir");
    support_write("locked/config.json", "old");
    support_must(chmod("locked/config.json", 0666) == 0 && chmod("locked", 0555) == 0, "chmod");
    assert_int_equal(support_in_child(true, write_into_locked_directory), 0);
    support_must(chmod("locked", 0755) == 0, "chmod"); /* so that it can be removed */
    assert_true(support_holds("locked/config.json", "old"));
    assert_int_equal(support_count("locked"), 1);
}

static void check_tells_whether_replacing_could_work(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write("file", "");
    support_must(symlink("gone/config.json", "dangling") == 0, "symlink");
    support_must(symlink("loop", "loop") == 0, "symlink");
    assert_int_equal(preflight_check("file", &err), 0);
    assert_int_equal(preflight_check("absent", &err), 0);
    assert_int_equal(preflight_check("absent/below/config.json", &err), 0);
    assert_int_equal(preflight_check("dangling", &err), 0);
    assert_int_equal(support_count("."), 3); /* nothing was made */
    assert_int_equal(preflight_check("loop", &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    err = ERROR_INIT;
    assert_int_equal(preflight_check("file/config.json", &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(absent_reads_as_empty_and_is_made),
        IN_DIRECTORY(old_is_replaced_and_nothing_left),
        IN_DIRECTORY(many_rounds_may_be_made),
        IN_DIRECTORY(never_opened_may_be_closed),
        IN_DIRECTORY(old_mode_is_kept),
        IN_DIRECTORY(special_bits_do_not_live_on),
        IN_DIRECTORY(old_owner_is_kept_by_root),
        IN_DIRECTORY(new_belongs_to_the_user_of_the_directory),
        IN_DIRECTORY(another_s_file_is_not_taken_over),
        IN_DIRECTORY(rights_do_not_go_to_another_group),
        IN_DIRECTORY(leftovers_are_removed),
        IN_DIRECTORY(leftovers_are_not_followed),
        IN_DIRECTORY(path_that_never_rests_is_given_up),
        IN_DIRECTORY(too_long_a_file_is_refused),
        IN_DIRECTORY(directory_without_write_permission),
        IN_DIRECTORY(check_tells_whether_replacing_could_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

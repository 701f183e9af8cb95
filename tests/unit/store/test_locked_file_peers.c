/*
 * locked_file among others: links, things that are no file, peers that know no lock, runs that
 * wait.
 */
#include "store/file/locked_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>

#include "mounts.h"
#include "files.h"

enum { TEXT_MAX = 1 << 20 };

static int try_open(struct locked_file *file, const char *path, int64_t wait_ms, struct error *err)
{
    return locked_file_open(file, path, clock_system(), support_in_ms(wait_ms), err);
}

static void start(struct locked_file *file, const char *path, const char *text)
{
    struct secret found = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(try_open(file, path, 1000, &err), 0);
    assert_int_equal(locked_file_read(file, &found, TEXT_MAX, &err), 0);
    assert_string_equal(secret_text(&found), text);
    secret_clear(&found);
}

static void assert_replace(struct locked_file *file, const char *text,
                           enum locked_file_result expected)
{
    struct secret new_text = support_secret(text);
    struct error err = ERROR_INIT;

    assert_int_equal(locked_file_replace(file, &new_text, &err), expected);
    assert_int_equal(err.cls, CLASS_NONE);
    secret_clear(&new_text);
}

static void assert_reads(struct locked_file *file, const char *text)
{
    struct secret found = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(locked_file_read(file, &found, TEXT_MAX, &err), 0);
    assert_string_equal(secret_text(&found), text);
    secret_clear(&found);
}

static void round_trip(const char *path, const char *old, const char *new_text)
{
    struct locked_file file = LOCKED_FILE_INIT;

    start(&file, path, old);
    assert_replace(&file, new_text, LOCKED_FILE_REPLACED);
    locked_file_close(&file);
}

static void assert_link(const char *path, const char *target)
{
    char found[PATH_MAX] = "";

    support_must(readlink(path, found, sizeof(found) - 1) >= 0, path);
    assert_string_equal(found, target);
}

/* The link is "home/config.json"; what it names lies in "real". */
static void assert_link_is_kept(const char *target, const char *real, const char *old)
{
    support_must(symlink(target, "home/config.json") == 0, "symlink");
    round_trip("home/config.json", old, "new");
    assert_link("home/config.json", target);
    assert_int_equal(support_count("home"), 1);
    assert_true(support_holds(real, "new"));
    assert_true(S_ISREG(support_stat(real).st_mode));
    assert_int_equal(support_mode(real), 0600);
    support_must(unlink("home/config.json") == 0, "unlink");
}

static void links_stay_and_targets_are_replaced(void **state)
{
    char absolute[2 * PATH_MAX];

    (void)state;
    (void)snprintf(absolute, sizeof(absolute), "%s/real/absolute", support_dir);
    support_must(mkdir("home", 0700) == 0 && mkdir("real", 0700) == 0, "mkdir");
    support_write("real/relative", "old");
    support_write("real/absolute", "old");
    support_write("real/chained", "old");
    support_must(symlink("chained", "real/step") == 0, "symlink");
    support_must(symlink("real", "sideways") == 0, "symlink");
    assert_link_is_kept("../real/relative", "real/relative", "old");
    assert_link_is_kept(absolute, "real/absolute", "old");
    assert_link_is_kept("../real/step", "real/chained", "old");
    assert_link("real/step", "chained");
    assert_link_is_kept("../real/dangling", "real/dangling", "");
    assert_link_is_kept("../real/deep/down/dangling", "real/deep/down/dangling", "");
    assert_int_equal(support_mode("real/deep/down"), 0700);
    assert_link_is_kept("../sideways/relative", "real/relative", "new");
    assert_int_equal(support_count("real"), 6);
}

static void loops_are_refused(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    support_must(symlink("b", "a") == 0 && symlink("a", "b") == 0, "symlink");
    assert_int_equal(try_open(&file, "a", 1000, &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, "'a'"));
    assert_int_equal(file.dir_fd, -1);
}

/* In time, and without touching it. */
static void assert_unreadable(const char *path, const char *word)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)alarm(10);
    assert_int_equal(try_open(&file, path, 1000, &err), 0);
    assert_int_equal(locked_file_read(&file, &text, TEXT_MAX, &err), -1);
    (void)alarm(0);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, word));
    locked_file_close(&file);
}

static void only_regular_files_are_read(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    support_must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    support_must(mkfifo("fifo", 0600) == 0 && mkdir("dir", 0700) == 0, "mkfifo");
    support_must(symlink("fifo", "link to fifo") == 0, "symlink");
    assert_unreadable("fifo", "not a regular file");
    assert_unreadable("link to fifo", "not a regular file");
    assert_unreadable("/dev/null", "not a regular file");
    assert_unreadable("/dev/zero", "not a regular file");
    assert_unreadable("dir", strerror(EISDIR));
    assert_unreadable("socket", "socket");
    support_must(close(fd) == 0, "close");
}

static int read_forbidden(void)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (try_open(&file, "config.json", 1000, &err) < 0)
        return 1;
    if (locked_file_read(&file, &text, TEXT_MAX, &err) == 0)
        return 2;
    return err.cls == CLASS_AUTHFILE && strstr(err.message, strerror(EACCES)) != NULL ? 0 : 3;
}

static void forbidden_is_not_absent(void **state)
{
    (void)state;
    support_write("config.json", "old");
    support_must(chmod("config.json", 0) == 0 && chmod(".", 0777) == 0, "chmod");
    assert_int_equal(support_in_child(true, read_forbidden), 0);
}

static void make_in_place(const char *path, const char *text)
{
    support_write(path, text);
}

static void vanish(const char *path, const char *text)
{
    (void)text;
    support_must(unlink(path) == 0, path);
}

static void become_a_link(const char *path, const char *text)
{
    support_write("elsewhere", text);
    support_must(unlink(path) == 0 && symlink("elsewhere", path) == 0, path);
}

/* Between our reading and our writing a peer does something to a file that held `old`. */
static void assert_stale(const char *old, void (*peer)(const char *, const char *),
                         const char *theirs)
{
    struct locked_file file = LOCKED_FILE_INIT;

    (void)unlink("config.json");
    (void)unlink("elsewhere");
    if (old != NULL)
        support_write("config.json", old);
    start(&file, "config.json", old != NULL ? old : "");
    peer("config.json", theirs);
    assert_replace(&file, "ours", LOCKED_FILE_STALE);
    if (peer == vanish)
        assert_int_equal(access("config.json", F_OK), -1);
    else
        assert_true(support_holds("config.json", theirs));
    if (peer != become_a_link) {
        assert_reads(&file, peer == vanish ? "" : theirs);
        assert_replace(&file, "ours on top", LOCKED_FILE_REPLACED);
        assert_true(support_holds("config.json", "ours on top"));
        assert_int_equal(support_count("."), 1);
    }
    locked_file_close(&file);
}

static void peers_are_noticed_and_kept(void **state)
{
    (void)state;
    assert_stale("old", support_replace, "theirs");
    assert_stale("old", support_replace, "old"); /* the same bytes in another file */
    assert_stale("old", make_in_place, "theirs, written into the same file");
    assert_stale("old", vanish, "");
    assert_stale("old", become_a_link, "theirs");
    assert_stale(NULL, support_replace, "theirs");
    assert_stale(NULL, make_in_place, "");
}

/* A child that holds the lock until it is told to end, or is killed. */
struct holder {
    pid_t pid;
    int tell;
};

static struct holder hold_lock(const char *path)
{
    struct holder holder;
    int ready[2];
    int tell[2];
    char byte;

    support_must(pipe2(ready, O_CLOEXEC) == 0 && pipe2(tell, O_CLOEXEC) == 0, "pipe");
    holder.pid = fork();
    support_must(holder.pid >= 0, "fork");
    if (holder.pid == 0) {
        struct locked_file file = LOCKED_FILE_INIT;
        struct error err = ERROR_INIT;

        (void)close(tell[1]);
        if (try_open(&file, path, 5000, &err) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        while (read(tell[0], &byte, 1) > 0)
            ;
        locked_file_close(&file);
        _exit(0);
    }
    support_must(read(ready[0], &byte, 1) == 1, "the lock was not taken");
    support_must(close(ready[0]) == 0 && close(ready[1]) == 0 && close(tell[0]) == 0, "close");
    holder.tell = tell[1];
    return holder;
}

static void release(struct holder holder, int signal_number)
{
    int status;

    if (signal_number != 0)
        support_must(kill(holder.pid, signal_number) == 0, "kill");
    support_must(close(holder.tell) == 0, "close");
    support_must(waitpid(holder.pid, &status, 0) == holder.pid, "waitpid");
}

static void waiting_has_a_limit(void **state)
{
    struct holder holder = hold_lock("config.json");
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;
    int64_t begin = support_in_ms(0);
    int64_t waited;

    (void)state;
    assert_int_equal(try_open(&file, "config.json", 300, &err), -1);
    waited = support_in_ms(0) - begin;
    assert_in_range(waited, 300, 2000);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, "locked"));
    assert_true(err.hint[0] != '\0');
    assert_int_equal(file.dir_fd, -1);
    /* no time left: one try, and an answer at once */
    err = ERROR_INIT;
    begin = support_in_ms(0);
    assert_int_equal(try_open(&file, "config.json", -1, &err), -1);
    assert_in_range(support_in_ms(0) - begin, 0, 200);
    release(holder, 0);
    err = ERROR_INIT;
    assert_int_equal(try_open(&file, "config.json", -1, &err), 0);
    locked_file_close(&file);
}

static void waiting_ends_when_the_lock_is_free(void **state)
{
    static const int signals[] = {0, SIGTERM, SIGKILL};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct holder holder = hold_lock("config.json");
        struct locked_file file = LOCKED_FILE_INIT;
        struct error err = ERROR_INIT;
        int status;
        pid_t waiter = fork();

        support_must(waiter >= 0, "fork");
        if (waiter == 0) {
            support_must(close(holder.tell) == 0, "close"); /* or the holder would never end */
            _exit(try_open(&file, "config.json", 10000, &err) == 0 ? 0 : 1);
        }
        (void)usleep(50000);
        assert_int_equal(waitpid(waiter, &status, WNOHANG), 0); /* it waits */
        release(holder, signals[i]);
        support_must(waitpid(waiter, &status, 0) == waiter, "waitpid");
        assert_int_equal(status, 0);
    }
    assert_int_equal(support_count("."), 0); /* locks leave no litter */
}

static void a_link_and_its_target_share_the_lock(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct error err = ERROR_INIT;
    struct holder holder;

    (void)state;
    support_must(mkdir("real", 0700) == 0 && symlink("real/config.json", "link") == 0, "symlink");
    holder = hold_lock("real/config.json");
    assert_int_equal(try_open(&file, "link", -1, &err), -1);
    release(holder, 0);
}

static void point(const char *target)
{
    support_must(unlink("link") == 0 && symlink(target, "link") == 0, "symlink");
}

/* While we wait for the lock a link is pointed elsewhere: to where it leads then, nothing is old.
 */
static void pointed_elsewhere_while_waiting_is_followed(void **state)
{
    struct holder holder;
    int status;
    pid_t waiter;

    (void)state;
    support_must(mkdir("one", 0700) == 0 && mkdir("two", 0700) == 0, "mkdir");
    support_must(symlink("one/file", "link") == 0, "symlink");
    support_write("one/file", "one");
    support_write("two/file", "two");
    holder = hold_lock("one/file");
    waiter = fork();
    support_must(waiter >= 0, "fork");
    if (waiter == 0) {
        support_must(close(holder.tell) == 0, "close");
        round_trip("link", "two", "new");
        _exit(0);
    }
    (void)usleep(50000);
    assert_int_equal(waitpid(waiter, &status, WNOHANG), 0); /* it waits */
    point("two/file");
    release(holder, 0);
    support_must(waitpid(waiter, &status, 0) == waiter, "waitpid");
    assert_int_equal(status, 0);
    assert_true(support_holds("one/file", "one"));
    assert_true(support_holds("two/file", "new"));
}

/* And while we hold it: then it is told. */
static void pointed_elsewhere_behind_our_back_is_told(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;

    (void)state;
    support_must(mkdir("one", 0700) == 0 && mkdir("two", 0700) == 0, "mkdir");
    support_must(symlink("one/file", "link") == 0, "symlink");
    start(&file, "link", "");
    assert_replace(&file, "new", LOCKED_FILE_REPLACED);
    assert_true(locked_file_is_there(&file, "link"));
    assert_true(locked_file_is_there(&file, "one/../one/file"));
    point("one/other");
    assert_false(locked_file_is_there(&file, "link"));
    point("two/file");
    assert_false(locked_file_is_there(&file, "link"));
    point("nowhere/file");
    assert_false(locked_file_is_there(&file, "link"));
    support_must(rename("one", "moved") == 0 && mkdir("one", 0700) == 0, "rename");
    point("one/file");
    assert_false(locked_file_is_there(&file, "link"));
    locked_file_close(&file);
    assert_true(support_holds("moved/file", "new"));
}

/* What is at work in a directory that is moved leaves nothing there. */
static void moved_directory_is_left_clean(void **state)
{
    struct locked_file file = LOCKED_FILE_INIT;

    (void)state;
    support_must(mkdir("home", 0700) == 0, "mkdir");
    support_write("home/file", "old");
    start(&file, "home/file", "old");
    support_must(rename("home", "moved") == 0 && symlink("elsewhere", "home") == 0, "rename");
    assert_replace(&file, "new", LOCKED_FILE_REPLACED);
    assert_true(support_holds("moved/file", "new"));
    assert_int_equal(support_count("moved"), 1);
    locked_file_close(&file);
}

/* In a mount namespace of its own. */
static int replace_bind_mount(void)
{
    struct locked_file file = LOCKED_FILE_INIT;
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    enum locked_file_result result;

    if (!mounts_enter() || !mounts_bind("outside", "config.json"))
        return MOUNTS_NOT_ALLOWED;
    start(&file, "config.json", "old");
    text = support_secret("new");
    result = locked_file_replace(&file, &text, &err);
    locked_file_close(&file);
    secret_clear(&text);
    if (result != LOCKED_FILE_FAILED)
        return 1;
    if (err.cls != CLASS_AUTHFILE || strstr(err.hint, "mount point") == NULL)
        return 2;
    return support_holds("config.json", "old") && support_count(".") == 2 ? 0 : 3;
}

static void bind_mounts_are_named(void **state)
{
    int verdict;

    (void)state;
    support_write("config.json", "");
    support_write("outside", "old");
    verdict = support_in_child(false, replace_bind_mount);
    if (verdict == MOUNTS_NOT_ALLOWED)
        skip();
    assert_int_equal(verdict, 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(links_stay_and_targets_are_replaced),
        IN_DIRECTORY(loops_are_refused),
        IN_DIRECTORY(only_regular_files_are_read),
        IN_DIRECTORY(forbidden_is_not_absent),
        IN_DIRECTORY(peers_are_noticed_and_kept),
        IN_DIRECTORY(waiting_has_a_limit),
        IN_DIRECTORY(waiting_ends_when_the_lock_is_free),
        IN_DIRECTORY(a_link_and_its_target_share_the_lock),
        IN_DIRECTORY(pointed_elsewhere_while_waiting_is_followed),
        IN_DIRECTORY(pointed_elsewhere_behind_our_back_is_told),
        IN_DIRECTORY(moved_directory_is_left_clean),
        IN_DIRECTORY(bind_mounts_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

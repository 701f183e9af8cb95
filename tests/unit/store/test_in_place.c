/*
 * in_place: what stands beside a file while it is written through, and who puts it right when that
 * fails. write(), fsync() and unlink() are linked through here: they can fail, write only a part,
 * kill the program.
 */
#include "../support.h"

#include "store/in_place.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "base/json.h"
#include "mounts.h"
#include "store/auth_file.h"
#include "store/path.h"
#include "storing.h"
#include "support.h"

#define FILE_PATH "config.json"
#define OLD       "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}}}"
/* So long that half of the new text ends behind the old. */
#define AUTH "YTpiYmJiYmJiYmJiYmJiYmJiYmJiYmJi"
#define NEW  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"},\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"

enum call { CALL_NONE, CALL_WRITE, CALL_FSYNC, CALL_UNLINK };

enum how {
    HOW_FAIL,      /* with errnum */
    HOW_HALF,      /* half is written, and all later calls fail with errnum */
    HOW_HALF_ONCE, /* half is written, the next call fails with errnum, and then all is well */
    HOW_HALF_KILL, /* half is written, then SIGKILL */
    HOW_KILL,      /* before it */
    HOW_LOOK,      /* the observer looks, and all is well */
};

/* The fault of one test, which strikes at a call of `call` number `nth`, the first being 1. */
static struct {
    enum call call;
    unsigned nth;
    enum how how;
    int errnum;
    unsigned count;
    void (*observer)(void);
} fault;

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
int __real_fsync(int);
int __wrap_fsync(int);
int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);

/* How the call has to go: false where it fails, *half where it does only a part. */
static bool is_let_through(enum call call, bool *half)
{
    *half = false;
    if (fault.call != call || ++fault.count < fault.nth)
        return true;
    if (fault.count > fault.nth) {
        errno = fault.errnum;
        return fault.how == HOW_LOOK || fault.how == HOW_FAIL ||
               (fault.how == HOW_HALF_ONCE && fault.count > fault.nth + 1);
    }
    if (fault.how == HOW_KILL)
        (void)raise(SIGKILL);
    if (fault.how == HOW_LOOK)
        fault.observer();
    *half = fault.how == HOW_HALF || fault.how == HOW_HALF_ONCE || fault.how == HOW_HALF_KILL;
    errno = fault.errnum;
    return fault.how != HOW_FAIL;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    bool half;
    ssize_t done;

    if (!is_let_through(CALL_WRITE, &half))
        return -1;
    done = __real_write(fd, data, half ? len / 2 : len);
    if (half && fault.how == HOW_HALF_KILL)
        (void)raise(SIGKILL);
    return done;
}

int __wrap_fsync(int fd)
{
    bool half;

    return is_let_through(CALL_FSYNC, &half) ? __real_fsync(fd) : -1;
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    bool half;

    return is_let_through(CALL_UNLINK, &half) ? __real_unlinkat(dir, path, flags) : -1;
}

static void arm(enum call call, unsigned nth, enum how how, int errnum)
{
    fault.call = call;
    fault.nth = nth;
    fault.how = how;
    fault.errnum = errnum;
    fault.count = 0;
}

static void disarm(void)
{
    fault.call = CALL_NONE;
}

static int setup(void **state)
{
    disarm();
    return support_setup(state);
}

/* The copy of `path`, in the form that messages have it. */
static const char *copy_of(const char *path)
{
    static char copy[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int dir_len = slash != NULL ? (int)(slash - path) : 1;

    (void)snprintf(copy, sizeof(copy), "%.*s/.%s.ghcr-login-copy-%ju", dir_len,
                   slash != NULL ? path : ".", slash != NULL ? slash + 1 : path,
                   (uintmax_t)support_stat(path).st_ino);
    return copy;
}

#define COPY_PATH copy_of(FILE_PATH)

static int open_directory(const char *path)
{
    char dir[PATH_MAX];
    int fd;

    path_directory(dir, path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    support_must(fd >= 0, dir);
    return fd;
}

/* `path` has to hold the old text. */
static int write_text(const char *path, const char *text, struct error *err)
{
    struct secret new_text = support_secret(text);
    struct stat st;
    struct in_place file = {.dir_fd = open_directory(path), .path = path, .st = &st};
    int ret = -1;
    int fd = in_place_open(&file, clock_system(), support_in_ms(0), err);

    if (fd >= 0) {
        support_must(fstat(fd, &st) == 0, "fstat");
        ret = in_place_write(&file, fd, false, &new_text, err);
        support_must(close(fd) == 0, "close");
    }
    disarm();
    support_must(close(file.dir_fd) == 0, "close");
    secret_clear(&new_text);
    return ret;
}

/* The entry `key` into FILE_PATH. */
static int store(const char *key, const char *auth_text, struct error *err)
{
    struct secret auth = support_secret(auth_text);
    struct auth_file file = {.path = FILE_PATH,
                             .format = AUTH_FORMAT_DOCKER,
                             .key = key,
                             .host = key,
                             .auth = &auth,
                             .in_place = true};
    static struct warnings warnings;
    bool changed;
    int ret = storing_store(&file, support_in_ms(2000), &changed, &warnings, err);

    disarm();
    secret_clear(&auth);
    return ret;
}

static void test_hint_says_what_to_do(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(in_place_refuse(FILE_PATH, &err), -1);
    assert_error("refused", &err, CLASS_AUTHFILE, strerror(EBUSY));
    assert_non_null(strstr(err.hint, "bind mount"));
    assert_non_null(strstr(err.hint, "--in-place"));
}

static void test_inode_mode_and_owner_stay(void **state)
{
    static const char *const texts[] = {"longer than the old text", "x", "", "again"};
    struct stat before;

    (void)state;
    support_write(FILE_PATH, "old");
    if (geteuid() == 0)
        support_must(chown(FILE_PATH, 1234, 2345) == 0, "chown");
    support_must(chmod(FILE_PATH, 0640) == 0, "chmod");
    before = support_stat(FILE_PATH);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err = ERROR_INIT;
        struct stat now;

        assert_row(texts[i], write_text(FILE_PATH, texts[i], &err) == 0);
        assert_row(texts[i], err.cls == CLASS_NONE);
        assert_row(texts[i], support_holds(FILE_PATH, texts[i]));
        now = support_stat(FILE_PATH);
        assert_row(texts[i], now.st_ino == before.st_ino && now.st_mode == before.st_mode);
        assert_row(texts[i], now.st_uid == before.st_uid && now.st_gid == before.st_gid);
        assert_row(texts[i], support_count(".") == 1);
    }
}

/* The file is the old text still, or marked as what no reader takes for a text. */
static void look(void)
{
    struct secret now = support_read(FILE_PATH);

    assert_true(support_holds(COPY_PATH, "old"));
    assert_int_equal(support_mode(COPY_PATH), 0600);
    assert_true(now.len == 3 && (now.data[0] == '\0' || now.data[0] == 'o'));
    assert_memory_equal(now.data + 1, "ld", 2);
    secret_clear(&now);
}

/* Whole, and for its owner only, from before the first byte. */
static void test_copy_stands_while_the_file_is_written(void **state)
{
    struct error err = ERROR_INIT;
    mode_t mask = umask(0);

    (void)state;
    support_write(FILE_PATH, "old");
    fault.observer = look;
    arm(CALL_WRITE, 2, HOW_LOOK, 0);
    assert_int_equal(write_text(FILE_PATH, "new", &err), 0);
    assert_int_equal(fault.count, 2);
    (void)umask(mask);
    assert_int_equal(support_count("."), 1);
}

static void test_old_text_is_put_back(void **state)
{
    static const struct {
        const char *label;
        enum call call;
        unsigned nth;
        enum how how;
        int errnum;
    } rows[] = {
        {"the copy is not written", CALL_WRITE, 1, HOW_FAIL, ENOSPC},
        {"half of the copy is written", CALL_WRITE, 1, HOW_HALF, ENOSPC},
        {"the copy is not synced", CALL_FSYNC, 1, HOW_FAIL, EIO},
        {"the directory is not synced", CALL_FSYNC, 2, HOW_FAIL, EIO},
        {"the file is not written", CALL_WRITE, 2, HOW_FAIL, EDQUOT},
        {"half of the file is written", CALL_WRITE, 2, HOW_HALF_ONCE, ENOSPC},
        {"the file is not synced", CALL_FSYNC, 3, HOW_FAIL, EIO},
        {"nor the second time", CALL_FSYNC, 4, HOW_FAIL, EIO},
        {"nor at last", CALL_FSYNC, 5, HOW_FAIL, EIO},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;

        support_write(FILE_PATH, OLD);
        arm(rows[i].call, rows[i].nth, rows[i].how, rows[i].errnum);
        assert_row(rows[i].label, write_text(FILE_PATH, NEW, &err) == -1);
        assert_error(rows[i].label, &err, CLASS_AUTHFILE, strerror(rows[i].errnum));
        assert_row(rows[i].label, support_holds(FILE_PATH, OLD));
        assert_row(rows[i].label, support_count(".") == 1);
    }
}

/* Nor can the old text be put back: the copy stays, and the error names it. */
static void test_copy_stays_where_nothing_can_be_written(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write(FILE_PATH, OLD);
    arm(CALL_WRITE, 2, HOW_HALF, EIO);
    assert_int_equal(write_text(FILE_PATH, NEW, &err), -1);
    assert_error("damaged", &err, CLASS_AUTHFILE, strerror(EIO));
    assert_non_null(strstr(err.hint, COPY_PATH));
    assert_true(support_holds(COPY_PATH, OLD));
    assert_int_equal(support_mode(COPY_PATH), 0600);
}

/* A file that is whole needs a copy of its own: what lies there is not trusted to be one. */
static void test_old_copy_gives_way(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write(FILE_PATH, "old");
    support_write(COPY_PATH, "of another run");
    fault.observer = look;
    arm(CALL_WRITE, 2, HOW_LOOK, 0);
    assert_int_equal(write_text(FILE_PATH, "new", &err), 0);
    assert_int_equal(fault.count, 2);
    assert_int_equal(support_count("."), 1);
    support_write("precious", "kept");
    support_must(symlink("precious", COPY_PATH) == 0, "symlink");
    assert_int_equal(write_text(FILE_PATH, "newer", &err), 0);
    assert_true(support_holds("precious", "kept"));
    assert_int_equal(support_count("."), 2);
}

/* In a directory that others can write, a foreign file there is in the way: nothing is written. */
static int write_beside_a_foreign_file(void)
{
    struct error err = ERROR_INIT;

    if (write_text("shared/file", "new", &err) == 0)
        return 1;
    return err.cls == CLASS_AUTHFILE && strstr(err.message, "the copy") != NULL ? 0 : 2;
}

static void test_foreign_copy_that_stays_is_in_the_way(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0755) == 0 && mkdir("shared", 0755) == 0, "mkdir");
    support_must(chmod("shared", 01777) == 0, "chmod");
    support_write("shared/file", "old");
    support_must(chmod("shared/file", 0666) == 0, "chmod");
    support_write(copy_of("shared/file"), "of root's");
    assert_int_equal(support_in_child(true, write_beside_a_foreign_file), 0);
    assert_true(support_holds("shared/file", "old"));
    assert_true(support_holds(copy_of("shared/file"), "of root's"));
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

/* Another run may write through another mount of the file, where its lock does not hold us up. */
static int finish_soon(void)
{
    int fd = open(FILE_PATH, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || flock(fd, LOCK_EX) < 0 || pwrite(fd, "", 1, 0) != 1)
        return 1;
    (void)kill(getppid(), SIGUSR1);
    (void)poll(NULL, 0, 100);
    return pwrite(fd, "{", 1, 0) == 1 ? 0 : 2;
}

static void test_reader_waits_for_a_writer(void **state)
{
    struct auth_file file = {
        .path = FILE_PATH, .format = AUTH_FORMAT_DOCKER, .key = "x.io", .host = "x.io"};
    struct secret auth = support_secret(AUTH);
    struct error err = ERROR_INIT;
    sigset_t one;
    pid_t child;
    int status;
    int sig;

    (void)state;
    file.auth = &auth;
    support_write(FILE_PATH, OLD);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &one, NULL);
    child = fork();
    support_must(child >= 0, "fork");
    if (child == 0)
        _exit(finish_soon());
    assert_int_equal(sigwait(&one, &sig), 0);
    if (storing_check(&file, &err) < 0)
        fail_msg("%s", err.message);
    support_must(waitpid(child, &status, 0) == child, "waitpid");
    assert_int_equal(status, 0);
    secret_clear(&auth);
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

static void test_only_a_file_is_written_through(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    support_write("precious", "kept");
    support_must(symlink("precious", FILE_PATH) == 0, "symlink");
    assert_int_equal(write_text(FILE_PATH, "new", &err), -1);
    assert_error("link", &err, CLASS_AUTHFILE, strerror(ELOOP));
    assert_true(support_holds("precious", "kept"));
    assert_int_equal(support_count("."), 2);
    support_must(unlink(FILE_PATH) == 0, "unlink");
    err = ERROR_INIT;
    assert_int_equal(write_text(FILE_PATH, "new", &err), -1);
    assert_error("absent", &err, CLASS_AUTHFILE, strerror(ENOENT));
    assert_int_equal(support_count("."), 1);
}

/* There is room for a temporary file's name, but not for the copy's. */
static void test_name_of_the_copy_may_be_too_long(void **state)
{
    struct stat st = {.st_ino = 1};
    struct in_place file = {.dir_fd = AT_FDCWD, .st = &st};
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    char name[NAME_MAX + 1];

    (void)state;
    memset(name, 'n', NAME_MAX - 18);
    name[NAME_MAX - 18] = '\0';
    file.path = name;
    support_write(name, "old");
    assert_int_equal(write_text(name, "new", &err), -1);
    assert_error("write", &err, CLASS_AUTHFILE, strerror(ENAMETOOLONG));
    assert_true(support_holds(name, "old"));
    err = ERROR_INIT;
    assert_int_equal(in_place_recover(&text, &file, 100, &err), -1);
    assert_error("recover", &err, CLASS_AUTHFILE, strerror(ENAMETOOLONG));
    in_place_drop_copy(&file);
    assert_int_equal(support_count("."), 1);
}

static int write_without_room_for_the_copy(void)
{
    struct error err = ERROR_INIT;

    if (write_text("locked/file", "new", &err) == 0)
        return 1;
    return err.cls == CLASS_AUTHFILE && strstr(err.message, strerror(EACCES)) != NULL ? 0 : 2;
}

static void test_nothing_is_written_without_a_copy(void **state)
{
    (void)state;
    support_must(chmod(".", 0755) == 0 && mkdir("locked", 0755) == 0, "mkdir");
    support_write("locked/file", "old");
    support_must(chmod("locked/file", 0666) == 0 && chmod("locked", 0555) == 0, "chmod");
    assert_int_equal(support_in_child(true, write_without_room_for_the_copy), 0);
    assert_true(support_holds("locked/file", "old"));
    support_must(chmod("locked", 0755) == 0, "chmod");
}

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

static int store_through_mount(void)
{
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_bind("outside", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    if (store("ghcr.io", AUTH, &err) < 0)
        return 1;
    return support_holds(FILE_PATH, NEW) && support_count(".") == 2 ? 0 : 2;
}

static void assert_or_skip(int verdict)
{
    if (verdict == MOUNTS_NOT_ALLOWED) {
        print_message("           no mount namespace here: not run\n");
        skip();
    }
    assert_int_equal(verdict, 0);
}

static void test_bind_mount_is_written_through(void **state)
{
    ino_t inode;

    (void)state;
    support_write(FILE_PATH, "");
    support_write("outside", OLD);
    inode = support_stat("outside").st_ino;
    assert_or_skip(support_in_child(false, store_through_mount));
    assert_true(support_holds("outside", NEW));
    assert_int_equal(support_stat("outside").st_ino, inode);
    assert_true(support_holds(FILE_PATH, ""));
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

/* A lock on the file is waited for, and said to be one. */
static void test_locked_file_is_not_called_changed(void **state)
{
    struct error err = ERROR_INIT;
    int fd;

    (void)state;
    support_write(FILE_PATH, OLD);
    fd = open(FILE_PATH, O_RDONLY | O_CLOEXEC);
    support_must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
    assert_int_equal(write_text(FILE_PATH, NEW, &err), -1);
    assert_error("locked", &err, CLASS_AUTHFILE, "stays locked by another process");
    assert_non_null(strstr(err.hint, "lsof"));
    assert_true(support_holds(FILE_PATH, OLD));
    assert_int_equal(support_count("."), 1);
    support_must(close(fd) == 0, "close");
}

/* One that takes longer than we may is no crash. */
static void test_writer_at_work_is_not_called_a_crash(void **state)
{
    struct error err = ERROR_INIT;
    struct stat st;
    struct in_place file = {.dir_fd = AT_FDCWD, .path = FILE_PATH, .st = &st};
    int fd;
    int reader;

    (void)state;
    support_write_bytes(FILE_PATH, "\0x", 2);
    st = support_stat(FILE_PATH);
    fd = open(FILE_PATH, O_RDONLY | O_CLOEXEC);
    reader = open(FILE_PATH, O_RDONLY | O_CLOEXEC);
    support_must(fd >= 0 && reader >= 0 && flock(fd, LOCK_EX) == 0, "flock");
    assert_int_equal(in_place_wait(&file, reader, clock_system(), support_in_ms(50), &err), -1);
    assert_error("at work", &err, CLASS_AUTHFILE, "is being written by another process");
    support_must(flock(fd, LOCK_UN) == 0, "flock");
    err = ERROR_INIT;
    assert_int_equal(in_place_wait(&file, reader, clock_system(), support_in_ms(0), &err), 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* it is not kept */
    support_must(close(fd) == 0 && close(reader) == 0, "close");
}

static int look_for_mounts(void)
{
    if (!mounts_enter() || !mounts_bind("outside", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    return path_is_mount(AT_FDCWD, FILE_PATH) && !path_is_mount(AT_FDCWD, "outside") ? 0 : 1;
}

static void test_mount_is_known(void **state)
{
    (void)state;
    support_write(FILE_PATH, "");
    support_write("outside", "");
    assert_false(path_is_mount(AT_FDCWD, FILE_PATH));
    assert_false(path_is_mount(AT_FDCWD, "absent"));
    assert_or_skip(support_in_child(false, look_for_mounts));
}

/* A text of `len` bytes and its end. */
static const char *long_text(char *text, size_t len)
{
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

/* A file system with room for one page: the new text does not fit. */
static int fill_tiny(void)
{
    static char old[8192];
    static char text[32768];
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_tiny("tiny", "8192"))
        return MOUNTS_NOT_ALLOWED;
    support_write("tiny/file", long_text(old, 3000));
    if (!mounts_bind("tiny/file", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    if (write_text(FILE_PATH, long_text(text, 30000), &err) == 0)
        return 1;
    if (err.cls != CLASS_AUTHFILE || strstr(err.message, strerror(ENOSPC)) == NULL)
        return 2;
    if (!support_holds(FILE_PATH, old) || !support_holds("tiny/file", old))
        return 3;
    return access(COPY_PATH, F_OK) < 0 ? 0 : 4;
}

static void test_full_disk_puts_the_old_text_back(void **state)
{
    (void)state;
    support_write(FILE_PATH, "");
    support_must(mkdir("tiny", 0700) == 0, "mkdir");
    assert_or_skip(support_in_child(false, fill_tiny));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_hint_says_what_to_do),
        IN_DIRECTORY(test_inode_mode_and_owner_stay),
        IN_DIRECTORY(test_copy_stands_while_the_file_is_written),
        IN_DIRECTORY(test_old_text_is_put_back),
        IN_DIRECTORY(test_copy_stays_where_nothing_can_be_written),
        IN_DIRECTORY(test_old_copy_gives_way),
        IN_DIRECTORY(test_foreign_copy_that_stays_is_in_the_way),
        IN_DIRECTORY(test_copy_is_trusted_as_the_file_is),
        IN_DIRECTORY(test_reader_waits_for_a_writer),
        IN_DIRECTORY(test_damage_without_a_copy_is_named),
        IN_DIRECTORY(test_only_a_file_is_written_through),
        IN_DIRECTORY(test_nothing_is_written_without_a_copy),
        IN_DIRECTORY(test_killed_writer_leaves_the_copy),
        IN_DIRECTORY(test_next_run_recovers),
        IN_DIRECTORY(test_mixture_is_not_taken_for_a_text),
        IN_DIRECTORY(test_next_run_removes_the_copy),
        IN_DIRECTORY(test_recovery_removes_the_copy),
        IN_DIRECTORY(test_bind_mount_is_written_through),
        IN_DIRECTORY(test_failing_recovery_keeps_the_text),
        IN_DIRECTORY(test_copy_of_another_file_is_left_alone),
        IN_DIRECTORY(test_copy_of_root_s_is_the_file_owner_s),
        IN_DIRECTORY(test_copy_that_may_not_be_read_has_a_hint),
        IN_DIRECTORY(test_locked_file_is_not_called_changed),
        IN_DIRECTORY(test_writer_at_work_is_not_called_a_crash),
        IN_DIRECTORY(test_mount_is_known),
        IN_DIRECTORY(test_full_disk_puts_the_old_text_back),
        IN_DIRECTORY(test_name_of_the_copy_may_be_too_long),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * in_place: what stands beside a file while it is written through, what is in the way of that, who
 * waits for it, and what is left where it fails.
 */
#include "../support.h"

#include "store/in_place.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "base/json.h"
#include "in_place.h"
#include "mounts.h"
#include "store/auth_file.h"
#include "store/path.h"
#include "storing.h"
#include "support.h"

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

static int store_through_mount(void)
{
    struct error err = ERROR_INIT;

    if (!mounts_enter() || !mounts_bind("outside", FILE_PATH))
        return MOUNTS_NOT_ALLOWED;
    if (store("ghcr.io", AUTH, &err) < 0)
        return 1;
    return support_holds(FILE_PATH, NEW) && support_count(".") == 2 ? 0 : 2;
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
        IN_DIRECTORY(test_reader_waits_for_a_writer),
        IN_DIRECTORY(test_only_a_file_is_written_through),
        IN_DIRECTORY(test_name_of_the_copy_may_be_too_long),
        IN_DIRECTORY(test_nothing_is_written_without_a_copy),
        IN_DIRECTORY(test_bind_mount_is_written_through),
        IN_DIRECTORY(test_locked_file_is_not_called_changed),
        IN_DIRECTORY(test_writer_at_work_is_not_called_a_crash),
        IN_DIRECTORY(test_mount_is_known),
        IN_DIRECTORY(test_full_disk_puts_the_old_text_back),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

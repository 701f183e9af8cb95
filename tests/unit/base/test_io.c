/*
 * io: whole things or nothing, within a limit and a deadline.
 */
#include "../support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"

static char dir[] = "/tmp/ghcr-login-test-io.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static struct io_input input_init(size_t max)
{
    return (struct io_input){.name = "'it'", .cls = CLASS_CREDENTIAL, .max = max};
}

/* With `ms` to go on the machine's own clock, which poll() follows. */
static struct io_input input_until(size_t max, int64_t ms)
{
    struct io_input input = input_init(max);

    input.clock = clock_system();
    input.deadline_ms = clock_now(input.clock) + ms;
    return input;
}

static void write_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, data, len), 0);
    assert_int_equal(close(fd), 0);
}

/* Refused: the class and a part of the words, and *out as it was. */
static void assert_not_read(int fd, const struct io_input *input, const char *part)
{
    struct secret out = secret_of("old");
    struct error err = ERROR_INIT;

    assert_int_equal(io_read_all(&out, fd, input, &err), -1);
    assert_error(part, &err, CLASS_CREDENTIAL, part);
    assert_error(part, &err, CLASS_CREDENTIAL, "'it'");
    assert_string_equal(secret_text(&out), "old");
    secret_clear(&out);
}

static void test_sizes_and_limits(void **state)
{
    static const struct {
        size_t len;
        size_t max;
        int ret;
    } rows[] = {
        {0, 0, 0},           {1, 0, -1},         {1, 1, 0},
        {2, 1, -1},          {255, 255, 0},      {256, 255, -1},
        {16383, 16383, 0},   {16384, 16384, 0},  {16384, 16383, -1},
        {16385, 16384, -1},  {16385, 99999, 0},  {16386, 16386, 0},
        {32768, 32768, 0},   {32769, 32768, -1}, {100000, 100000, 0},
        {100000, 99999, -1}, {100000, 5, -1},    {100000, SIZE_MAX / 2, 0},
    };
    static char data[100000];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i % 251); /* NULs among them */
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct io_input input = input_init(rows[i].max);
        struct secret out = secret_of("old");
        struct error err = ERROR_INIT;
        int errnum = -1;
        char label[64];

        (void)snprintf(label, sizeof(label), "%zu of %zu", rows[i].len, rows[i].max);
        write_file(path_of("sized"), data, rows[i].len);
        assert_row(label,
                   io_read_path(&out, path_of("sized"), &input, &errnum, &err) == rows[i].ret);
        assert_row(label, errnum == 0);
        if (rows[i].ret == 0) {
            assert_row(label, out.len == rows[i].len);
            assert_row(label, memcmp(secret_text(&out), data, out.len) == 0);
        } else {
            assert_error(label, &err, CLASS_CREDENTIAL, "'it' is longer than ");
            assert_row_string(label, secret_text(&out), "old");
        }
        secret_clear(&out);
    }
}

static void test_paths_that_cannot_be_read(void **state)
{
    struct io_input input = input_init(99);
    struct secret out = secret_of("old");
    struct error err = ERROR_INIT;
    int errnum = 0;

    (void)state;
    assert_int_equal(io_read_path(&out, path_of("absent"), &input, &errnum, &err), -1);
    assert_int_equal(errnum, ENOENT);
    assert_error("absent", &err, CLASS_CREDENTIAL, "cannot open 'it': ");
    err = ERROR_INIT;
    write_file(path_of("plain"), "x", 1);
    assert_int_equal(io_read_path(&out, path_of("plain/below"), &input, &errnum, &err), -1);
    assert_int_equal(errnum, ENOTDIR);
    err = ERROR_INIT;
    assert_int_equal(io_read_path(&out, dir, &input, &errnum, &err), -1);
    assert_error("directory", &err, CLASS_CREDENTIAL, "cannot read 'it': ");
    assert_int_equal(errnum, 0);
    err = ERROR_INIT;
    assert_int_equal(io_read_path(&out, path_of("absent"), &input, NULL, &err), -1);
    assert_string_equal(secret_text(&out), "old");
    secret_clear(&out);
}

static void test_links_are_followed(void **state)
{
    struct io_input input = input_init(99);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    write_file(path_of("target"), "through", 7);
    assert_int_equal(symlink("target", path_of("link")), 0);
    assert_int_equal(io_read_path(&out, path_of("link"), &input, NULL, &err), 0);
    assert_string_equal(secret_text(&out), "through");
    secret_clear(&out);
}

/* A closed descriptor is an error, not an end. */
static void test_closed_descriptor(void **state)
{
    struct io_input input = input_init(99);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_not_read(fds[0], &input, "cannot read 'it': ");
}

static void test_pipe_that_stays_open(void **state)
{
    struct io_input input = input_until(99, 60);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(io_write_all(fds[1], "half", 4), 0);
    assert_not_read(fds[0], &input, "timed out reading 'it'");
    assert_true(clock_now(clock_system()) >= input.deadline_ms);
    assert_true(clock_now(clock_system()) < input.deadline_ms + 5000);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* What is there already is read, however late it is. */
static void test_past_deadline(void **state)
{
    struct io_input input = input_until(99, -1000);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_not_read(fds[0], &input, "timed out");
    assert_int_equal(io_write_all(fds[1], "whole", 5), 0);
    (void)close(fds[1]);
    assert_int_equal(io_read_all(&out, fds[0], &input, &err), 0);
    assert_string_equal(secret_text(&out), "whole");
    (void)close(fds[0]);
    secret_clear(&out);
}

static void test_fifo_that_nobody_writes_to(void **state)
{
    struct io_input input = input_until(99, 60);
    struct secret out = secret_of("old");
    struct error err = ERROR_INIT;
    int errnum = -1;

    (void)state;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(io_read_path(&out, path_of("fifo"), &input, &errnum, &err), -1);
    assert_error("fifo", &err, CLASS_CREDENTIAL, "timed out");
    assert_int_equal(errnum, 0);
    assert_string_equal(secret_text(&out), "old");
    assert_true(clock_now(clock_system()) < input.deadline_ms + 5000);
    secret_clear(&out);
}

static void assert_child_done(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    assert_int_equal(status, 0);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Signals every `ms`, which interrupt what waits (no SA_RESTART); 0: no more. */
static void interrupt_every(suseconds_t ms)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval ticks = {.it_interval.tv_usec = ms * 1000, .it_value.tv_usec = ms * 1000};

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &ticks, NULL), 0);
}

/* More than a pipe holds, and signals: each write() does a part of it. */
static void test_large_pipe(void **state)
{
    static char data[300000];
    struct io_input input = input_until(sizeof(data), 20000);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;
    int fds[2];
    pid_t pid;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i % 253);
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        interrupt_every(2);
        _exit(io_write_all(fds[1], data, sizeof(data)) == 0 ? 0 : 1);
    }
    (void)close(fds[1]);
    (void)usleep(50000); /* until it is full, and the writer was interrupted */
    assert_int_equal(io_read_all(&out, fds[0], &input, &err), 0);
    assert_int_equal(out.len, sizeof(data));
    assert_memory_equal(out.data, data, sizeof(data));
    assert_child_done(pid);
    (void)close(fds[0]);
    secret_clear(&out);
}

static void test_fifo_with_a_late_writer(void **state)
{
    struct io_input input = input_until(99, 20000);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;
    pid_t pid;

    (void)state;
    assert_int_equal(mkfifo(path_of("late"), 0600), 0);
    pid = fork();
    if (pid == 0) {
        int fd;

        (void)usleep(30000);
        fd = open(path_of("late"), O_WRONLY);
        _exit(fd >= 0 && io_write_all(fd, "late", 4) == 0 ? 0 : 1);
    }
    assert_int_equal(io_read_path(&out, path_of("late"), &input, NULL, &err), 0);
    assert_string_equal(secret_text(&out), "late");
    assert_child_done(pid);
    secret_clear(&out);
}

/* Signals that come while it waits neither end the wait nor count as data. */
static void test_signals(void **state)
{
    struct io_input input = input_until(99, 20000);
    struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;
    int fds[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        for (const char *p = "slow"; *p != '\0'; p++) {
            (void)usleep(15000);
            if (io_write_all(fds[1], p, 1) < 0)
                _exit(1);
        }
        _exit(0);
    }
    (void)close(fds[1]);
    interrupt_every(3);
    assert_int_equal(io_read_all(&out, fds[0], &input, &err), 0);
    interrupt_every(0);
    assert_string_equal(secret_text(&out), "slow");
    assert_child_done(pid);
    (void)close(fds[0]);
    secret_clear(&out);
}

static void test_write_failures(void **state)
{
    int fds[2];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(io_write_all(fds[1], NULL, 0), 0);
    (void)close(fds[0]);
    errno = 0;
    assert_int_equal(io_write_all(fds[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    (void)close(fds[1]);
    assert_int_equal(io_write_all(fds[1], "x", 1), -1);
    assert_int_equal(errno, EBADF);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"sized", "plain", "target", "link", "fifo", "late"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlink(path_of(names[i]));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_limits),
        cmocka_unit_test(test_paths_that_cannot_be_read),
        cmocka_unit_test(test_links_are_followed),
        cmocka_unit_test(test_closed_descriptor),
        cmocka_unit_test(test_pipe_that_stays_open),
        cmocka_unit_test(test_past_deadline),
        cmocka_unit_test(test_fifo_that_nobody_writes_to),
        cmocka_unit_test(test_large_pipe),
        cmocka_unit_test(test_fifo_with_a_late_writer),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_write_failures),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

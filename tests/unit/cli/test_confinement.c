/*
 * confinement: what is refused to a process that has entered it, what is not, and that nothing
 * happens where the kernel knows no Landlock. syscall() is linked through here to play that.
 */
#include "../support.h"

#include "cli/confinement.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "../store/support.h"

/* What Landlock's three calls have in place of the kernel's answer; 0: that. */
static int errno_of_create;
static int errno_of_restrict;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long arguments[3];
    va_list rest;

    errno = number == SYS_landlock_create_ruleset  ? errno_of_create
            : number == SYS_landlock_restrict_self ? errno_of_restrict
                                                   : 0;
    if (errno != 0)
        return -1;
    va_start(rest, number);
    for (size_t i = 0; i < COUNT(arguments); i++)
        arguments[i] = va_arg(rest, long);
    va_end(rest);
    return __real_syscall(number, arguments[0], arguments[1], arguments[2]);
}

/* The version that the kernel knows of Landlock; 0: none. */
static long landlock(void)
{
    long abi = __real_syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

    return abi > 0 ? abi : 0;
}

static int try_write(void)
{
    return open("file", O_WRONLY | O_CLOEXEC);
}

static int try_append(void)
{
    return open("file", O_RDWR | O_APPEND | O_CLOEXEC);
}

static int try_truncate(void)
{
    return truncate("file", 0);
}

static int try_create(void)
{
    return open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int try_unnamed(void)
{
    return open(".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
}

static int try_mkdir(void)
{
    return mkdir("new", 0700);
}

static int try_mkfifo(void)
{
    return mkfifo("new", 0600);
}

static int try_unlink(void)
{
    return unlink("file");
}

static int try_rmdir(void)
{
    return rmdir("dir");
}

static int try_rename(void)
{
    return rename("file", "new");
}

static int try_rename_over(void)
{
    return rename("file", "dir/file");
}

static int try_link(void)
{
    return link("file", "new");
}

static int try_symlink(void)
{
    return symlink("file", "new");
}

static int try_null(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int try_proc(void)
{
    return open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
}

static int try_exec(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};

    return execve("/bin/true", argv, argv + 1);
}

static int try_terminal(void)
{
    struct winsize size;
    int fd = open("/dev/ptmx", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    return ioctl(fd, TIOCGWINSZ, &size);
}

static int try_listen(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&address,
                sizeof(address));
}

static int try_signal(void)
{
    return kill(getppid(), 0);
}

/* What is to be refused, with what, from which version of Landlock on. */
static const struct refusal {
    const char *label;
    int (*attempt)(void);
    int errnum;
    long since;
} refusals[] = {
    {"write", try_write, EACCES, 1},
    {"append", try_append, EACCES, 1},
    {"truncate", try_truncate, EACCES, 3},
    {"create", try_create, EACCES, 1},
    {"a file without a name", try_unnamed, EACCES, 1},
    {"make a directory", try_mkdir, EACCES, 1},
    {"make a pipe", try_mkfifo, EACCES, 1},
    {"remove", try_unlink, EACCES, 1},
    {"remove a directory", try_rmdir, EACCES, 1},
    {"rename", try_rename, EACCES, 1},
    {"rename into a directory", try_rename_over, EACCES, 2},
    {"link", try_link, EACCES, 1},
    {"symbolic link", try_symlink, EACCES, 1},
    {"/dev/null", try_null, EACCES, 1},
    {"/proc", try_proc, EACCES, 1},
    {"a program", try_exec, EACCES, 1},
    {"a terminal", try_terminal, EACCES, 5},
    {"a TCP port", try_listen, EACCES, 4},
    {"a signal", try_signal, EPERM, 6},
};

static size_t row; /* of refusals: what the child is to try */

/* Refused or not, as a status: 0 is as it should be. */
static int check_refusal(void)
{
    confinement_enter(-1, true);
    errno = 0;
    if (refusals[row].attempt() >= 0)
        return 1;
    return errno == refusals[row].errnum ? 0 : 2;
}

static void make_files(void)
{
    support_write("file", "what was there");
    support_must(mkdir("dir", 0700) == 0, "mkdir");
}

static void test_what_is_refused(void **state)
{
    long abi = landlock();

    (void)state;
    make_files();
    for (row = 0; row < COUNT(refusals); row++) {
        if (refusals[row].since <= abi)
            assert_row(refusals[row].label, support_in_child(false, check_refusal) == 0);
    }
    if (abi >= 3)
        assert_int_equal(support_stat("file").st_size, (off_t)strlen("what was there"));
    assert_int_equal(access("new", F_OK), -1);
}

static bool can_load(const char *name)
{
    void *handle = dlopen(name, RTLD_NOW);

    return handle != NULL && dlclose(handle) == 0;
}

/* Reading, loading what name services and the TLS library load, and the network. */
static int check_what_is_left(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons(9)};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static struct dirent **entries; /* stays: the process ends */

    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    support_must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                     listen(listener, 1) == 0,
                 "socket");
    confinement_enter(listener, true);
    if (open("file", O_RDONLY | O_CLOEXEC) < 0 || scandir(".", &entries, NULL, alphasort) < 0)
        return 1;
    if (!can_load("libnss_dns.so.2") && !can_load("libresolv.so.2"))
        return 2;
    if (connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&address,
                sizeof(address)) < 0)
        return 3;
    if (connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&loopback,
                sizeof(loopback)) == 0 ||
        errno != ECONNREFUSED)
        return 4;
    return raise(SIGURG) == 0 ? 0 : 5;
}

static void test_what_is_left(void **state)
{
    (void)state;
    make_files();
    assert_int_equal(support_in_child(false, check_what_is_left), 0);
}

static bool is_same_file(int a, int b)
{
    struct stat of_a;
    struct stat of_b;

    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* Standard input for reading alone, as a shell's < gives it, stays; a terminal's does not. */
static int check_descriptors(void)
{
    int input = open("file", O_RDONLY | O_CLOEXEC);
    int reader = open("file", O_RDONLY | O_CLOEXEC);
    int writer = open("file", O_WRONLY | O_CLOEXEC);
    int kept = open("file", O_WRONLY | O_CLOEXEC);

    support_must(dup2(input, STDIN_FILENO) == STDIN_FILENO, "dup2");
    support_must(dup2(writer, STDOUT_FILENO) == STDOUT_FILENO, "dup2");
    support_must(dup2(writer, 200) == 200, "dup2");
    confinement_enter(kept, true);
    if (!is_same_file(STDIN_FILENO, reader) || !is_same_file(reader, kept))
        return 1;
    if (fcntl(writer, F_GETFD) >= 0 || fcntl(200, F_GETFD) >= 0)
        return 2;
    if (!is_same_file(STDOUT_FILENO, STDERR_FILENO) || is_same_file(STDOUT_FILENO, kept))
        return 3;
    return write(kept, "x", 1) == 1 ? 0 : 4;
}

static int check_terminal(void)
{
    int terminal = open("file", O_RDWR | O_CLOEXEC); /* for both, as one is */
    char byte;

    support_must(dup2(terminal, STDIN_FILENO) == STDIN_FILENO, "dup2");
    confinement_enter(-1, true);
    if (read(STDIN_FILENO, &byte, 1) != 0)
        return 1;
    return open("/dev/tty", O_RDONLY | O_CLOEXEC) < 0 && getsid(0) == getpid() ? 0 : 2;
}

static void test_descriptors(void **state)
{
    (void)state;
    make_files();
    assert_int_equal(support_in_child(false, check_descriptors), 0);
    assert_int_equal(support_in_child(false, check_terminal), 0);
}

static int check_without_landlock(void)
{
    confinement_enter(-1, true);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    return try_write() >= 0 ? 0 : 2;
}

/* Off at boot, unknown to the kernel, forbidden by a container, one layer too many. */
static void test_without_landlock(void **state)
{
    static const int errnums[] = {EOPNOTSUPP, ENOSYS, EPERM};

    (void)state;
    make_files();
    for (size_t i = 0; i < COUNT(errnums); i++) {
        errno_of_create = errnums[i];
        assert_int_equal(support_in_child(false, check_without_landlock), 0);
    }
    errno_of_create = 0;
    errno_of_restrict = E2BIG;
    assert_int_equal(support_in_child(false, check_without_landlock), 0);
    errno_of_restrict = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_refused, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_left, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_descriptors, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_without_landlock, support_setup, support_teardown),
    };

    return cmocka_run_group_tests_name("confinement", tests, NULL, NULL);
}

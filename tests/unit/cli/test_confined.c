/*
 * confinement: what is left to a process inside it, as root and as a user, that it has no rights
 * and no descriptors, and what comes of it where the kernel lacks a part.
 */
#include "../support.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../store/files.h"
#include "kernels.h"

enum { HIGH = 300 };

static enum confinement asked;

static int setup(void **state)
{
    memset(&kernel, 0, sizeof(kernel));
    return support_setup(state);
}

static int teardown(void **state)
{
    memset(&kernel, 0, sizeof(kernel));
    return support_teardown(state);
}

static bool can_load(const char *name)
{
    void *handle_of = dlopen(name, RTLD_NOW);

    return handle_of != NULL && dlclose(handle_of) == 0;
}

static void *be_a_thread(void *ctx)
{
    return ctx;
}

static bool can_start_a_thread(void)
{
    pthread_t thread;
    void *said = NULL;

    return pthread_create(&thread, NULL, be_a_thread, &said) == 0 &&
           pthread_join(thread, &said) == 0 && said == &said;
}

static bool can_look_up(const char *name, int flags)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    bool is_known = getaddrinfo(name, "443", &hints, &found) == 0;

    freeaddrinfo(found);
    return is_known;
}

static bool can_connect(void)
{
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons(9)};

    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&loopback,
                   sizeof(loopback)) == 0 ||
           errno == ECONNREFUSED;
}

/* Reading, loading what name services and the TLS library load, threads, and the network. */
static int check_what_is_left(void)
{
    static struct dirent **entries; /* stays: the process ends */
    int pair[2];

    enter(CONFINEMENT_WHOLE);
    if (open("file", O_RDONLY | O_CLOEXEC) < 0 || scandir(".", &entries, NULL, alphasort) < 0)
        return 1;
    if (!can_load("libnss_dns.so.2") && !can_load("libresolv.so.2"))
        return 2;
    if (!can_start_a_thread())
        return 3;
    if (!can_connect() || !can_look_up("localhost", 0))
        return 4;
    /* Which addresses this host has, libc also asks where a name has several. */
    if (!can_look_up("localhost", AI_ADDRCONFIG))
        return 7;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || write(pair[0], "x", 1) != 1)
        return 5; /* libcurl's threads wake each other by it */
    return raise(SIGURG) == 0 ? 0 : 6;
}

/* As root it reads what root reads, in the home of somebody else. */
static int check_reading(void)
{
    enter(CONFINEMENT_WHOLE);
    return open("dir/file", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
}

static void test_what_is_left(void **state)
{
    (void)state;
    support_write("file", "what was there");
    for (int is_user = geteuid() != 0; is_user <= 1; is_user++) {
        support_must(chmod(".", 0755) == 0 && chmod("file", 0644) == 0, "chmod");
        assert_int_equal(support_in_child(is_user, check_what_is_left), 0);
    }
    if (geteuid() != 0)
        return;
    support_must(mkdir("dir", 0700) == 0, "mkdir");
    support_write("dir/file", "a certificate");
    support_must(chown("dir", SUPPORT_NOBODY, (gid_t)-1) == 0 &&
                     chown("dir/file", SUPPORT_NOBODY, (gid_t)-1) == 0,
                 "chown");
    assert_int_equal(support_in_child(false, check_reading), 0);
}

static void die(void)
{
    abort();
}

static int end_in_abort(void)
{
    enter(CONFINEMENT_WHOLE);
    die();
    return 0;
}

static void test_it_can_abort(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(false, end_in_abort), 128 + SIGABRT);
}

/* A line of /proc/self/status. */
static bool has_status(const char *line)
{
    char text[8192];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    (void)close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return strstr(text, line) != NULL;
}

static int check_rights(void)
{
    bool is_root = geteuid() == 0;
    /* CAP_DAC_READ_SEARCH */
    const char *permitted =
        is_root ? "\nCapPrm:\t0000000000000004\n" : "\nCapPrm:\t0000000000000000\n";
    const char *effective =
        is_root ? "\nCapEff:\t0000000000000004\n" : "\nCapEff:\t0000000000000000\n";

    enter(CONFINEMENT_WHOLE);
    if (!has_status(permitted) || !has_status(effective))
        return 1;
    if (!has_status("\nCapInh:\t0000000000000000\n") ||
        !has_status("\nCapAmb:\t0000000000000000\n"))
        return 2;
    if (is_root && !has_status("\nCapBnd:\t0000000000000000\n"))
        return 3; /* a user may not drop it; without new privileges it gives nothing */
    return has_status("\nNoNewPrivs:\t1\n") && has_status("\nSeccomp:\t2\n") ? 0 : 4;
}

/* Root's process that is another person for a while: what is not in effect does not come back. */
static int check_rights_of_another(void)
{
    support_must(seteuid(SUPPORT_NOBODY) == 0, "seteuid");
    enter(CONFINEMENT_WHOLE);
    return has_status("\nCapPrm:\t0000000000000000\n") &&
                   has_status("\nCapEff:\t0000000000000000\n")
               ? 0
               : 1;
}

static void test_rights(void **state)
{
    (void)state;
    assert_int_equal(support_in_child(true, check_rights), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(support_in_child(false, check_rights), 0);
    assert_int_equal(support_in_child(false, check_rights_of_another), 0);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool is_same_file(int a, const char *path)
{
    struct stat of_a;
    struct stat of_path;

    return fstat(a, &of_a) == 0 && stat(path, &of_path) == 0 && of_a.st_dev == of_path.st_dev &&
           of_a.st_ino == of_path.st_ino;
}

/* Two are left, whatever they were opened for. */
static int check_descriptors(void)
{
    struct rlimit limit;
    int reader = open("file", O_RDONLY | O_CLOEXEC);
    int result = open("result", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int errors = open("errors", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int last;
    char byte;

    support_must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    last = (int)(limit.rlim_cur < 60000 ? limit.rlim_cur : 60000) - 1;
    support_must(dup2(reader, last) == last && dup2(reader, HIGH) == HIGH, "dup2");
    support_must(dup2(reader, STDIN_FILENO) == STDIN_FILENO, "dup2");
    confinement_enter(result, errors, asked);
    if (is_open(reader) || is_open(errors) || is_open(HIGH) || is_open(last))
        return 1;
    if (read(STDIN_FILENO, &byte, 1) != 0) /* which has ended */
        return 2;
    if (!is_same_file(STDOUT_FILENO, "errors") || !is_same_file(STDERR_FILENO, "errors"))
        return 3;
    if (open("/dev/tty", O_RDONLY | O_CLOEXEC) >= 0 || getsid(0) != getpid())
        return 4;
    return write(result, "x", 1) == 1 ? 0 : 5;
}

static void test_descriptors(void **state)
{
    (void)state;
    support_write("file", "what was there");
    for (int depth = 0; depth < CONFINEMENTS; depth++) {
        asked = (enum confinement)depth;
        kernel.no_close_range = depth > 0;
        assert_int_equal(support_in_child(false, check_descriptors), 0);
    }
    asked = CONFINEMENT_WHOLE;
    assert_int_equal(support_in_child(false, check_descriptors), 0);
}

static int check_nothing(void)
{
    enter(asked);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    return open("file", O_WRONLY | O_CLOEXEC) >= 0 ? 0 : 2;
}

/* Off at boot, unknown to the kernel, forbidden by a container, one layer too many; or not wanted.
 */
static void test_where_there_is_none(void **state)
{
    static const int errnums[] = {EOPNOTSUPP, ENOSYS, EPERM};

    (void)state;
    support_write("file", "what was there");
    kernel.no_filter = EINVAL;
    asked = CONFINEMENT_WHOLE;
    for (size_t i = 0; i < COUNT(errnums); i++) {
        kernel.no_create = errnums[i];
        assert_int_equal(support_in_child(false, check_nothing), 0);
    }
    kernel.no_create = 0;
    kernel.no_enforce = E2BIG;
    assert_int_equal(support_in_child(false, check_nothing), 0);
    memset(&kernel, 0, sizeof(kernel));
    asked = CONFINEMENT_BARE;
    assert_int_equal(support_in_child(false, check_nothing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_can_abort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_there_is_none, setup, teardown),
    };

    /* As the program is: or a user could look into the parent as it is. */
    support_must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
    return cmocka_run_group_tests_name("confined", tests, NULL, NULL);
}

/*
 * confinement: every way we know of to write a file, run a program or reach another process, tried
 * from inside it, as root and as a user, with all of the kernel's Landlock, with its first version
 * (Linux 5.13 to 5.18) and without any; and each of them outside, where it must work, or a refusal
 * would prove nothing. syscall() and prctl() are linked through here to play older kernels.
 * With GHCR_LOGIN_TABLE set the outcomes are printed.
 */
#include "../support.h"

#include "cli/confinement.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "../../arguments.h"
#include "../store/files.h"
#include "attempt_rows.h"

/* The kernels that are played. */
static struct {
    long landlock;  /* its version at most; 0: all of it */
    int no_create;  /* errno in place of a ruleset; 0: none */
    int no_enforce; /* the same where it is to be enforced */
    int no_filter;  /* and for a filter of system calls */
    bool no_close_range;
} kernel;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

long __wrap_syscall(long number, ...)
{
    long a[ARGUMENTS];
    long ret;
    int errnum = number == SYS_landlock_create_ruleset  ? kernel.no_create
                 : number == SYS_landlock_restrict_self ? kernel.no_enforce
                 : number == SYS_close_range            ? kernel.no_close_range * ENOSYS
                                                        : 0;

    if (errnum != 0) {
        errno = errnum;
        return -1;
    }
    ARGUMENTS_TAKE(a, number);
    ret = __real_syscall(number, a[0], a[1], a[2], a[3]);
    if (number == SYS_landlock_create_ruleset && a[0] == 0 && kernel.landlock != 0 &&
        ret > kernel.landlock)
        return kernel.landlock;
    return ret;
}

int __wrap_prctl(int option, ...)
{
    long a[ARGUMENTS];

    if (option == PR_SET_SECCOMP && kernel.no_filter != 0) {
        errno = kernel.no_filter;
        return -1;
    }
    ARGUMENTS_TAKE(a, option);
    return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* The version that the kernel knows of Landlock, or the one that it plays; 0: none. */
static long landlock(void)
{
    long abi = __real_syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

    if (abi > 0 && kernel.landlock != 0 && kernel.landlock < abi)
        return kernel.landlock;
    return abi > 0 ? abi : 0;
}

static void enter(enum confinement depth)
{
    confinement_enter(dup(STDERR_FILENO), STDERR_FILENO, depth);
}

/* What comes of each: where it is tried, and for whoever started it. */
static int *outcomes;
static size_t one;

static enum confinement asked;

static int try_all(void)
{
    prepare();
    enter(asked);
    for (size_t i = 0; i < ROWS; i++)
        outcomes[i] = attempt(&rows[i]);
    return 0;
}

static int try_one_outside(void)
{
    prepare();
    /* What runs another program has worked, if that ends well. */
    outcomes[one] = WORKED;
    outcomes[one] = attempt(&rows[one]);
    return 0;
}

/* The directory is theirs: a refusal for want of rights would prove nothing. */
static void belong_to(bool is_user)
{
    uid_t owner = is_user && geteuid() == 0 ? SUPPORT_NOBODY : geteuid();

    (void)remove("file");
    (void)remove("other");
    (void)remove("dir/file");
    (void)rmdir("dir");
    (void)rmdir("empty");
    support_must(chown(".", owner, (gid_t)-1) == 0, "chown");
    for (size_t i = 0; i < ROWS; i++)
        outcomes[i] = NOT_TRIED;
}

static int listener;
static int master;

static int setup(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};

    if (support_setup(state) < 0)
        return -1;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    support_must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                     listen(listener, 100) == 0 && chmod("socket", 0666) == 0,
                 "socket");
    master = attempts_open_terminal();
    outcomes = mmap(NULL, ROWS * sizeof(*outcomes), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    support_must(outcomes != MAP_FAILED, "mmap");
    memset(&kernel, 0, sizeof(kernel));
    return 0;
}

static int teardown(void **state)
{
    memset(&kernel, 0, sizeof(kernel));
    (void)munmap(outcomes, ROWS * sizeof(*outcomes));
    (void)close(listener);
    (void)close(master);
    return support_teardown(state);
}

static void show(const char *kernel_name, bool is_user)
{
    if (getenv("GHCR_LOGIN_TABLE") == NULL)
        return;
    for (size_t i = 0; i < ROWS; i++)
        (void)printf("TABLE\t%s\t%s\t%s\t%s\n", rows[i].label, is_user ? "user" : "root",
                     kernel_name,
                     outcomes[i] == WORKED      ? "works"
                     : outcomes[i] == NOT_TRIED ? "-"
                                                : strerrorname_np(outcomes[i]));
}

/* What root may read by a capability that stays where nothing but the filter is there. */
static bool is_of_parent(const struct row *row)
{
    return row->attempt == try_environment || row->attempt == try_memory ||
           row->attempt == try_descriptor_of_parent;
}

static void assert_all_refused(const char *kernel_name, bool is_user)
{
    belong_to(is_user);
    assert_int_equal(support_in_child(is_user, try_all), 0);
    show(kernel_name, is_user);
    for (size_t i = 0; i < ROWS; i++) {
        bool is_read_by_right = asked == CONFINEMENT_FILTER && !is_user && is_of_parent(&rows[i]);

        if (outcomes[i] != rows[i].errnum && !is_read_by_right)
            fail_msg("%s, as %s: '%s' came to %d (%s) instead of %d", kernel_name,
                     is_user ? "a user" : "root", rows[i].label, outcomes[i], strerror(outcomes[i]),
                     rows[i].errnum);
    }
    assert_true(support_holds("file", "what was there"));
    assert_int_equal(support_mode("file"), 0600);
    assert_int_equal(access("new", F_OK), -1);
}

static void test_all_of_it_is_refused(void **state)
{
    (void)state;
    for (int is_user = geteuid() != 0; is_user <= 1; is_user++) {
        memset(&kernel, 0, sizeof(kernel));
        asked = CONFINEMENT_WHOLE;
        assert_all_refused("Landlock", is_user);
        kernel.landlock = 1;
        assert_all_refused("Landlock, first version", is_user);
        kernel.no_create = ENOSYS;
        assert_all_refused("no Landlock", is_user);
        asked = CONFINEMENT_FILTER;
        assert_all_refused("the filter alone", is_user);
    }
}

/* A kernel may be without what it takes. */
static bool is_unknown_here(int errnum)
{
    return errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == ENOTTY || errnum == ENXIO ||
           errnum == EBADF || errnum == EAFNOSUPPORT;
}

static void test_outside_it_works(void **state)
{
    (void)state;
    for (int is_user = geteuid() != 0; is_user <= 1; is_user++) {
        belong_to(is_user);
        for (one = 0; one < ROWS; one++) {
            unsigned who = is_user ? USER : ROOT;

            if ((rows[one].outside & (who | MAY)) == 0)
                continue;
            assert_int_equal(support_in_child(is_user, try_one_outside), 0);
            if ((rows[one].outside & who) != 0 && outcomes[one] != WORKED &&
                !is_unknown_here(outcomes[one]))
                fail_msg("outside, as %s: '%s': %s", is_user ? "a user" : "root", rows[one].label,
                         strerror(outcomes[one]));
        }
        show("outside", is_user);
    }
}

static int try_what_landlock_refuses(void)
{
    long abi = landlock();

    prepare();
    enter(CONFINEMENT_WHOLE);
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].landlock <= abi)
            outcomes[i] = attempt(&rows[i]);
    }
    return 0;
}

static void assert_landlock_refuses(bool is_user)
{
    belong_to(is_user);
    assert_int_equal(support_in_child(is_user, try_what_landlock_refuses), 0);
    show("Landlock alone", is_user);
    for (size_t i = 0; i < ROWS; i++)
        assert_row(rows[i].label, outcomes[i] != WORKED);
    assert_true(support_holds("file", "what was there"));
}

/* Another architecture, or a container that allows no filter; with each version up to today's. */
static void test_landlock_alone(void **state)
{
    long newest = landlock();

    (void)state;
    kernel.no_filter = EINVAL;
    for (int is_user = geteuid() != 0; is_user <= 1; is_user++) {
        for (kernel.landlock = 1; kernel.landlock <= newest; kernel.landlock++)
            assert_landlock_refuses(is_user);
    }
}

#if defined(__x86_64__)

/* getpid(2) as 32 bits have it: they have other numbers. The kernel may know none of them. */
static int call_of_32_bits(void)
{
    long ret = 20;

    enter(CONFINEMENT_WHOLE);
    __asm__ volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
    return ret == -ENOSYS ? 0 : 1;
}

static void test_calls_of_32_bits(void **state)
{
    int status = support_in_child(false, call_of_32_bits);

    (void)state;
    assert_true(status == 0 || status == 128 + SIGSEGV);
}

#endif

/* What is left. */

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

static bool can_look_up(const char *name)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
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

    prepare();
    enter(CONFINEMENT_WHOLE);
    if (open("file", O_RDONLY | O_CLOEXEC) < 0 || scandir(".", &entries, NULL, alphasort) < 0)
        return 1;
    if (!can_load("libnss_dns.so.2") && !can_load("libresolv.so.2"))
        return 2;
    if (!can_start_a_thread())
        return 3;
    if (!can_connect() || !can_look_up("localhost"))
        return 4;
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
    for (int is_user = geteuid() != 0; is_user <= 1; is_user++) {
        belong_to(is_user);
        assert_int_equal(support_in_child(is_user, check_what_is_left), 0);
    }
    if (geteuid() != 0)
        return;
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
        cmocka_unit_test_setup_teardown(test_outside_it_works, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_of_it_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_landlock_alone, setup, teardown),
#if defined(__x86_64__)
        cmocka_unit_test_setup_teardown(test_calls_of_32_bits, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(test_what_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_can_abort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_there_is_none, setup, teardown),
    };

    /* As the program is: or a user could look into the parent as it is. */
    support_must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
    return cmocka_run_group_tests_name("confinement", tests, NULL, NULL);
}

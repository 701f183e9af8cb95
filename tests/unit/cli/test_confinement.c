/*
 * confinement: every way we know of to write a file, run a program or reach another process, tried
 * from inside it, as root and as a user, with all of the kernel's Landlock, with its first version
 * (Linux 5.13 to 5.18) and without any; and each of them outside, where it must work, or a refusal
 * would prove nothing.
 * With GHCR_LOGIN_TABLE set the outcomes are printed.
 */
#include "../support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "../store/files.h"
#include "attempt_rows.h"
#include "kernels.h"

/* The version that the kernel knows of Landlock, or the one that it plays; 0: none. */
static long landlock(void)
{
    long abi = __real_syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

    if (abi > 0 && kernel.landlock != 0 && kernel.landlock < abi)
        return kernel.landlock;
    return abi > 0 ? abi : 0;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_outside_it_works, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_of_it_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_landlock_alone, setup, teardown),
#if defined(__x86_64__)
        cmocka_unit_test_setup_teardown(test_calls_of_32_bits, setup, teardown),
#endif
    };

    /* As the program is: or a user could look into the parent as it is. */
    support_must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
    return cmocka_run_group_tests_name("confinement", tests, NULL, NULL);
}

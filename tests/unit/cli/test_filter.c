/*
 * confinement: which system calls its filter lets through, all of them, and with which arguments.
 * What is listed here is what a process can still do that is another's by now: read, map memory,
 * talk to the network, wait, and look after itself. A rule that goes, or a call that is new, is a
 * difference. The filter is taken where it is set, and run here; prctl() is linked through.
 */
#include "../support.h"

#include "cli/confinement.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../arguments.h"
#include "../store/files.h"

#if defined(__x86_64__)
#define OURS AUDIT_ARCH_X86_64
enum { LAST_OF_ITS_OWN = 336 };
#elif defined(__aarch64__)
#define OURS AUDIT_ARCH_AARCH64
enum { LAST_OF_ITS_OWN = 294 };
#endif

#if defined(OURS)

enum { FIRST_IN_COMMON = 424, NEWEST = 469, BEYOND = 1100, X32 = 0x40000000 };

/* What is let through whatever its arguments are; or, of those below, if they are all 0. */
static const uint16_t through[] = {
    SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_lseek, SYS_mmap, SYS_mprotect, SYS_munmap,
    SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_pread64, SYS_pwrite64,
    SYS_readv, SYS_writev, SYS_sched_yield, SYS_mremap, SYS_msync, SYS_mincore, SYS_madvise,
    SYS_dup, SYS_nanosleep, SYS_getitimer, SYS_setitimer, SYS_getpid, SYS_sendfile, SYS_connect,
    SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_shutdown, SYS_getsockname,
    SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_exit, SYS_wait4, SYS_uname, SYS_shmdt,
    SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_umask,
    SYS_gettimeofday, SYS_getrlimit, SYS_getrusage, SYS_sysinfo, SYS_times, SYS_getuid, SYS_getgid,
    SYS_geteuid, SYS_getegid, SYS_setpgid, SYS_getppid, SYS_setsid, SYS_getgroups, SYS_getresuid,
    SYS_getresgid, SYS_getpgid, SYS_getsid, SYS_capget, SYS_capset, SYS_rt_sigpending,
    SYS_rt_sigtimedwait, SYS_rt_sigsuspend, SYS_sigaltstack, SYS_personality, SYS_statfs,
    SYS_fstatfs, SYS_getpriority, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_sched_rr_get_interval, SYS_mlock,
    SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_prctl, SYS_setrlimit, SYS_sync, SYS_nfsservctl,
    SYS_gettid, SYS_readahead, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr,
    SYS_llistxattr, SYS_flistxattr, SYS_futex, SYS_sched_getaffinity, SYS_io_setup, SYS_io_destroy,
    SYS_io_getevents, SYS_io_submit, SYS_io_cancel, SYS_lookup_dcookie, SYS_remap_file_pages,
    SYS_getdents64, SYS_set_tid_address, SYS_restart_syscall, SYS_fadvise64, SYS_timer_create,
    SYS_timer_settime, SYS_timer_gettime, SYS_timer_getoverrun, SYS_timer_delete, SYS_clock_gettime,
    SYS_clock_getres, SYS_clock_nanosleep, SYS_exit_group, SYS_epoll_ctl, SYS_mbind,
    SYS_set_mempolicy, SYS_get_mempolicy, SYS_waitid, SYS_ioprio_get, SYS_inotify_add_watch,
    SYS_inotify_rm_watch, SYS_openat, SYS_readlinkat, SYS_faccessat, SYS_pselect6, SYS_ppoll,
    SYS_set_robust_list, SYS_get_robust_list, SYS_splice, SYS_tee, SYS_sync_file_range,
    SYS_vmsplice, SYS_epoll_pwait, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime,
    SYS_signalfd4, SYS_eventfd2, SYS_epoll_create1, SYS_dup3, SYS_pipe2, SYS_inotify_init1,
    SYS_preadv, SYS_pwritev, SYS_recvmmsg, SYS_prlimit64, SYS_syncfs, SYS_sendmmsg, SYS_getcpu,
    SYS_sched_getattr, SYS_seccomp, SYS_getrandom, SYS_memfd_create, SYS_membarrier, SYS_mlock2,
    SYS_copy_file_range, SYS_preadv2, SYS_pwritev2, SYS_pkey_mprotect, SYS_pkey_alloc,
    SYS_pkey_free, SYS_statx, SYS_io_pgetevents, SYS_rseq, SYS_newfstatat,
#if defined(__x86_64__)
    SYS_open, SYS_stat, SYS_lstat, SYS_poll, SYS_access, SYS_pipe, SYS_select, SYS_dup2, SYS_pause,
    SYS_alarm, SYS_getdents, SYS_readlink, SYS_getpgrp, SYS_ustat, SYS_sysfs, SYS_arch_prctl,
    SYS_time, SYS_set_thread_area, SYS_get_thread_area, SYS_epoll_create, SYS_epoll_wait,
    SYS_inotify_init, SYS_signalfd, SYS_eventfd,
    /* numbers without a call today */
    SYS_create_module, SYS_get_kernel_syms, SYS_query_module, SYS_getpmsg, SYS_putpmsg,
    SYS_afs_syscall, SYS_tuxcall, SYS_security, SYS_epoll_ctl_old, SYS_epoll_wait_old, SYS_vserver,
    335 /* uretprobe */, 336 /* uprobe */,
#endif
    /* which headers may not have yet */
    436 /* close_range */, 439 /* faccessat2 */, 441 /* epoll_pwait2 */, 444, 445,
    446 /* landlock_… */, 447 /* memfd_secret */, 449 /* futex_waitv */,
    450 /* set_mempolicy_home_node */, 451 /* cachestat */, 453 /* map_shadow_stack */, 454, 455,
    456 /* futex_… */, 457 /* statmount */, 458 /* listmount */, 459 /* lsm_get_self_attr */,
    461 /* lsm_list_modules */, 462 /* mseal */, 464 /* getxattrat */, 465 /* listxattrat */,
    468 /* file_getattr */};

struct taken {
    unsigned len;
    pid_t owner;
    struct sock_filter code[512];
};

static struct taken *taken;

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

int __wrap_prctl(int option, ...)
{
    const struct sock_fprog *program;
    long a[ARGUMENTS];

    ARGUMENTS_TAKE(a, option);
    if (option != PR_SET_SECCOMP)
        return __real_prctl(option, a[0], a[1], a[2], a[3]);
    program = (const void *)a[1];
    support_must(program->len <= COUNT(taken->code), "a longer filter");
    memcpy(taken->code, program->filter, program->len * sizeof(program->filter[0]));
    taken->len = program->len;
    taken->owner = getpid();
    return 0;
}

static int take(void)
{
    confinement_enter(dup(STDERR_FILENO), STDERR_FILENO, CONFINEMENT_FILTER);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    support_must(taken != MAP_FAILED, "mmap");
    return support_in_child(false, take);
}

/* As bpf(4) has it: what comes of a call, as errno; 0 for a bind(2) that is not done. */
enum { ALLOWED = -1 };

static int run(const struct seccomp_data *call)
{
    uint32_t a = 0;

    for (unsigned at = 0; at < taken->len; at++) {
        struct sock_filter step = taken->code[at];
        bool is_so = false;

        switch (step.code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&a, (const char *)call + step.k, sizeof(a));
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= step.k;
            continue;
        case BPF_RET | BPF_K:
            return step.k == SECCOMP_RET_ALLOW ? ALLOWED : (int)(step.k & SECCOMP_RET_DATA);
        case BPF_JMP | BPF_JEQ | BPF_K:
            is_so = a == step.k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            is_so = a > step.k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            is_so = a >= step.k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            is_so = (a & step.k) != 0;
            break;
        default:
            fail_msg("a step that is not known here: %u", step.code);
        }
        at += is_so ? step.jt : step.jf;
    }
    fail_msg("the filter has no end");
    return 0;
}

/* With one argument that is not 0. */
static int outcome(long number, unsigned argument, uint64_t value)
{
    struct seccomp_data call = {.nr = (int)number, .arch = OURS};

    call.args[argument] = value;
    return run(&call);
}

static bool is_through(unsigned number)
{
#if defined(__aarch64__)
    if (number >= 244 && number < 260)
        return true; /* kept for calls of one architecture alone, of which this has none */
#endif
    for (size_t i = 0; i < COUNT(through); i++) {
        if (through[i] == number)
            return true;
    }
    return false;
}

static void test_each_call(void **state)
{
    (void)state;
    for (unsigned number = 0; number <= BEYOND; number++) {
        int came = outcome(number, 0, 0);
        bool is_none = number > NEWEST || (number > LAST_OF_ITS_OWN && number < FIRST_IN_COMMON);

        if (is_none ? came != ENOSYS : (came == ALLOWED) != is_through(number))
            fail_msg("call %u: %d", number, came);
    }
}

static void test_calls_of_other_kinds(void **state)
{
    static const uint32_t others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64 + 1, 0};

    (void)state;
    for (unsigned number = 0; number <= BEYOND; number++) {
        assert_int_equal(outcome(number | X32, 0, 0), ENOSYS);
        for (size_t i = 0; i < COUNT(others); i++)
            assert_int_equal(run(&(struct seccomp_data){.nr = (int)number, .arch = others[i]}),
                             ENOSYS);
    }
}

/* Of all values up to `end`, these are allowed, or these are not. */
static void assert_values(long number, unsigned argument, uint32_t end, const uint32_t *listed,
                          size_t count, bool are_allowed)
{
    for (uint32_t value = 0; value < end; value++) {
        bool is_listed = false;

        for (size_t i = 0; i < count; i++)
            is_listed = is_listed || listed[i] == value;
        if ((outcome(number, argument, value) == ALLOWED) != (is_listed == are_allowed))
            fail_msg("call %ld, argument %u: 0x%x", number, argument, value);
    }
}

static void test_what_files_are_asked(void **state)
{
    static const uint32_t ioctls[] = {
        0x541b /* FIONREAD */, FIONBIO,     FIOCLEX,     FIONCLEX,     TIOCOUTQ,
        SIOCGIFNAME,           SIOCGIFCONF, SIOCGIFADDR, SIOCGIFFLAGS, SIOCGIFINDEX};
    static const uint32_t fcntls[] = {
        6 /* F_SETLK */,       7 /* F_SETLKW */,      8 /* F_SETOWN */,
        10 /* F_SETSIG */,     15 /* F_SETOWN_EX */,  37 /* F_OFD_SETLK */,
        38 /* F_OFD_SETLKW */, 1024 /* F_SETLEASE */, 1026 /* F_NOTIFY */};

    (void)state;
    assert_values(SYS_ioctl, 1, 0x20000, ioctls, COUNT(ioctls), true);
    assert_int_equal(outcome(SYS_ioctl, 1, FS_IOC_SETFLAGS), EPERM);
    assert_values(SYS_fcntl, 1, 4096, fcntls, COUNT(fcntls), false);
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t flag = UINT32_C(1) << bit;
        int expected = (flag & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0 ? EACCES : ALLOWED;

        assert_int_equal(outcome(SYS_openat, 2, flag), expected);
#if defined(SYS_open)
        assert_int_equal(outcome(SYS_open, 1, flag), expected);
#endif
    }
}

static void test_what_a_process_does_to_itself(void **state)
{
    static const uint32_t prctls[] = {1 /* PR_SET_PDEATHSIG */, 4 /* PR_SET_DUMPABLE */,
                                      35 /* PR_SET_MM */, 62 /* PR_SCHED_CORE */};
    static const int signals[] = {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
                                  SYS_rt_tgsigqueueinfo};
    static const uint32_t namespaces = (uint32_t)CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                       CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    uint32_t self = (uint32_t)taken->owner;
    uint32_t selves[] = {0, self};
    uint32_t group = UINT32_MAX - self + 1; /* as kill(2) is told of one */

    (void)state;
    assert_values(SYS_prctl, 0, 4096, prctls, COUNT(prctls), false);
    assert_int_equal(outcome(SYS_prctl, 0, 0x59616d61 /* PR_SET_PTRACER */), EPERM);
    for (size_t i = 0; i < COUNT(signals); i++) {
        assert_values(signals[i], 0, self + 100, &self, 1, true);
        assert_int_equal(outcome(signals[i], 0, (uint32_t)-1), EPERM);
        assert_int_equal(outcome(signals[i], 0, group), EPERM);
    }
    assert_values(SYS_prlimit64, 0, self + 100, selves, 2, true);
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t flag = UINT32_C(1) << bit;

        assert_int_equal(outcome(SYS_clone, 0, flag), flag == CLONE_THREAD ? ALLOWED : EPERM);
        assert_int_equal(outcome(SYS_clone, 0, flag | CLONE_THREAD),
                         (flag & namespaces) != 0 ? EPERM : ALLOWED);
    }
}

static int outcome_of_socket(long number, unsigned family, unsigned type, unsigned protocol)
{
    return run(&(struct seccomp_data){
        .nr = (int)number, .arch = OURS, .args = {family, type | SOCK_CLOEXEC, protocol}});
}

static void test_sockets(void **state)
{
    (void)state;
    for (unsigned family = 0; family < 64; family++) {
        for (unsigned type = 0; type < 16; type++) {
            bool is_plain = type == SOCK_STREAM || type == SOCK_DGRAM;
            bool is_pair = family == AF_UNIX && type == SOCK_STREAM;

            assert_int_equal(outcome_of_socket(SYS_socketpair, family, type, 0),
                             is_pair ? ALLOWED : EPERM);
            for (unsigned protocol = 0; protocol < 512; protocol++) {
                bool is_known = protocol == 0 || protocol == 6 || protocol == 17 || protocol == 262;
                bool is_good = family == AF_NETLINK ? protocol == 0
                                                    : (family == AF_INET || family == AF_INET6) &&
                                                          is_plain && is_known;

                if ((outcome_of_socket(SYS_socket, family, type, protocol) == ALLOWED) != is_good)
                    fail_msg("socket(%u, %u, %u)", family, type, protocol);
            }
        }
    }
#if defined(__GLIBC__)
    assert_int_equal(outcome(SYS_bind, 0, 3), EPERM);
#else
    assert_int_equal(outcome(SYS_bind, 0, 3), 0); /* answered, and not done */
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call),
        cmocka_unit_test(test_calls_of_other_kinds),
        cmocka_unit_test(test_what_files_are_asked),
        cmocka_unit_test(test_what_a_process_does_to_itself),
        cmocka_unit_test(test_sockets),
    };

    return cmocka_run_group_tests_name("filter", tests, setup, NULL);
}

#else

/* There is none on this architecture. */
int main(void)
{
    return 0;
}

#endif

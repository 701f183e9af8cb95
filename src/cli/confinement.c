#include "cli/confinement.h"

#if defined(__linux__)

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fork.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Landlock. */

#if defined(SYS_landlock_create_ruleset)

/*
 * What <linux/landlock.h> has, which on the machine that builds may be older than the kernel that
 * runs it: a kernel takes a longer struct whose members it does not know, if these are 0.
 */
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

#define TELL_ABI             1U
#define BIT(n)               (UINT64_C(1) << (n))
#define READ_FILE            BIT(2)
#define READ_DIR             BIT(3)
#define BIND_TCP             BIT(0)
#define ABSTRACT_UNIX_SOCKET BIT(0)
#define SIGNAL               BIT(1)

/* All that an ABI knows of files but reading, and there is no exception from it. */
static struct ruleset landlock_rights(long abi)
{
    /* REFER came with the second, TRUNCATE with the third, IOCTL_DEV with the fifth. */
    unsigned known = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

    return (struct ruleset){
        .files = (BIT(known) - 1) & ~(READ_FILE | READ_DIR),
        .network = abi >= 4 ? BIND_TCP : 0,
        .scopes = abi >= 6 ? ABSTRACT_UNIX_SOCKET | SIGNAL : 0,
    };
}

/* Old kernels, containers and boot options may be without it: then that is so. */
static void landlock_enforce(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, TELL_ABI);
    struct ruleset ruleset = landlock_rights(abi);
    long fd = abi > 0 ? syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0) : -1;

    if (fd < 0)
        return;
    (void)syscall(SYS_landlock_restrict_self, (int)fd, 0);
    (void)close((int)fd);
}

#else

static void landlock_enforce(void)
{
}

#endif

/* Capabilities. */

/*
 * The one that is kept reads: root may be given a certificate from a directory that is somebody
 * else's alone, and is to find there what it would find without us. It is not raised where it is
 * not in effect: then this is another person's process (--for-user).
 */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
    uint32_t kept = 0;

    /* While there still is the capability that this takes. */
    for (unsigned long each = 0; prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == 0; each++)
        ;
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &header, sets) == 0)
        kept = sets[0].effective & CAP_TO_MASK(CAP_DAC_READ_SEARCH);
    sets[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    sets[1] = (struct __user_cap_data_struct){.effective = 0};
    (void)syscall(SYS_capset, &header, sets);
}

/* The filter of system calls. */

/* And the last call before those that all have in common: uprobe(2), by which root traces. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
enum { CALL_NEWEST_OF_ITS_OWN = 336 };
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
enum { CALL_NEWEST_OF_ITS_OWN = 294 };
#endif

#if defined(ARCHITECTURE)

/* Calls since Linux 5.1, which have one number everywhere, and headers may not have yet. */
enum {
    CALL_COMMON = 424,
    CALL_pidfd_send_signal = CALL_COMMON,
    CALL_io_uring_setup,
    CALL_io_uring_enter,
    CALL_io_uring_register,
    CALL_open_tree,
    CALL_move_mount,
    CALL_fsopen,
    CALL_fsconfig,
    CALL_fsmount,
    CALL_fspick,
    CALL_pidfd_open,
    CALL_clone3,
    CALL_openat2 = 437,
    CALL_pidfd_getfd,
    CALL_process_madvise = 440,
    CALL_mount_setattr = 442,
    CALL_quotactl_fd,
    CALL_process_mrelease = 448,
    CALL_fchmodat2 = 452,
    CALL_lsm_set_self_attr = 460,
    CALL_setxattrat = 463,
    CALL_removexattrat = 466,
    CALL_open_tree_attr,
    CALL_file_setattr = 469,
    CALL_NEWEST = CALL_file_setattr, /* whatever comes later is not known to be harmless */
};

/* What is refused whatever its arguments are. */
static const uint16_t refused[] = {
#if defined(__x86_64__)
    SYS_creat, SYS_chmod, SYS_chown, SYS_lchown, SYS_rename, SYS_link, SYS_symlink, SYS_unlink,
    SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_utime, SYS_utimes, SYS_futimesat, SYS_fork, SYS_vfork,
    SYS_uselib, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS__sysctl,
#endif
    /* to write */
    SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_fchmod, SYS_fchmodat, CALL_fchmodat2,
    SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
    CALL_setxattrat, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, CALL_removexattrat,
    CALL_file_setattr, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_unlinkat,
    SYS_mkdirat, SYS_mknodat, SYS_name_to_handle_at, SYS_open_by_handle_at, CALL_io_uring_setup,
    CALL_io_uring_enter, CALL_io_uring_register, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend,
    SYS_mq_timedreceive, SYS_mq_notify, SYS_mq_getsetattr, SYS_acct, SYS_flock,
    /* to run */
    SYS_execve, SYS_execveat, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    CALL_lsm_set_self_attr,
#if defined(SYS_kexec_file_load)
    SYS_kexec_file_load,
#endif
    /* another view of the machine */
    SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, CALL_open_tree,
    CALL_open_tree_attr, CALL_move_mount, CALL_fsopen, CALL_fsconfig, CALL_fsmount, CALL_fspick,
    CALL_mount_setattr, SYS_swapon, SYS_swapoff, SYS_quotactl, CALL_quotactl_fd,
    /* another self */
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid,
    SYS_setfsgid, SYS_setgroups,
    /* to be called */
    SYS_listen, SYS_accept, SYS_accept4,
    /* other processes, and what they share */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, CALL_process_madvise,
    CALL_process_mrelease, CALL_pidfd_open, CALL_pidfd_getfd, CALL_pidfd_send_signal, SYS_kcmp,
    SYS_setpriority, SYS_ioprio_set, SYS_sched_setparam, SYS_sched_setscheduler, SYS_sched_setattr,
    SYS_sched_setaffinity, SYS_migrate_pages, SYS_move_pages, SYS_shmget, SYS_shmat, SYS_shmctl,
    SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv,
    SYS_msgctl, SYS_add_key, SYS_request_key, SYS_keyctl,
    /* parts of the kernel that have often been a way out, and that nothing here needs */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_fanotify_init, SYS_fanotify_mark,
    /* the machine */
    SYS_reboot, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_vhangup, SYS_syslog};

/* Namespaces, as clone(2) has them; that of time is one of unshare(2) alone. */
#define NAMESPACES                                                                                 \
    ((uint32_t)CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |       \
     CLONE_NEWPID | CLONE_NEWNET)

/* What open(2) can write with; O_TMPFILE comes with one of them. */
#define WRITING ((uint32_t)O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

enum { FILTER_MAX = 512, ARGUMENTS_MAX = 128 };

/* What headers may not have yet, or not without _GNU_SOURCE. */
enum { SET_PTRACER = 0x59616d61, SCHED_CORE = 62, OFD_SETLK = 37, OFD_SETLKW, MPTCP = 262 };

enum { SOCKET_TYPE = 0xf }; /* without SOCK_CLOEXEC and SOCK_NONBLOCK */

_Static_assert(2 * COUNT(refused) + ARGUMENTS_MAX <= FILTER_MAX, "the filter has room for all");

struct filter {
    struct sock_filter code[FILTER_MAX];
    uint16_t len;
};

#define OF_CALL(member) ((uint32_t)offsetof(struct seccomp_data, member))
#define OF_ARGUMENT(n)  OF_CALL(args[n]) /* its lower half: these have no more */
#define REFUSAL(errnum) (SECCOMP_RET_ERRNO | (uint32_t)(errnum))

static void filter_add(struct filter *filter, uint16_t code, uint32_t k, uint8_t if_so,
                       uint8_t if_not)
{
    filter->code[filter->len++] = (struct sock_filter){code, if_so, if_not, k};
}

static void filter_load(struct filter *filter, uint32_t offset)
{
    filter_add(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void filter_end(struct filter *filter, uint32_t verdict)
{
    filter_add(filter, BPF_RET | BPF_K, verdict, 0, 0);
}

/* The next `skipped` instructions are for this call alone, and the last of them is an end. */
static void filter_only_for(struct filter *filter, uint32_t call, size_t skipped)
{
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, call, 0, (uint8_t)skipped);
}

static void filter_refuse(struct filter *filter, uint32_t call, int errnum)
{
    filter_only_for(filter, call, 1);
    filter_end(filter, REFUSAL(errnum));
}

static void filter_refuse_bits(struct filter *filter, uint32_t call, unsigned argument,
                               uint32_t bits, int errnum)
{
    filter_only_for(filter, call, 4);
    filter_load(filter, OF_ARGUMENT(argument));
    filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    filter_end(filter, REFUSAL(errnum));
    filter_end(filter, SECCOMP_RET_ALLOW);
}

/* Allow or refuse a call by whether its argument is one of these. */
static void filter_choose(struct filter *filter, uint32_t call, unsigned argument,
                          const uint32_t *values, size_t count, uint32_t if_one, uint32_t if_none)
{
    filter_only_for(filter, call, count + 3);
    filter_load(filter, OF_ARGUMENT(argument));
    for (size_t i = 0; i < count; i++)
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
    filter_end(filter, if_none);
    filter_end(filter, if_one);
}

/* Refuse a call unless its argument, of which `bits` count, is one of these. */
static void filter_require(struct filter *filter, uint32_t call, unsigned argument, uint32_t bits,
                           const uint32_t *values, size_t count)
{
    filter_only_for(filter, call, count + 4);
    filter_load(filter, OF_ARGUMENT(argument));
    filter_add(filter, BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
    for (size_t i = 0; i < count; i++)
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
    filter_end(filter, REFUSAL(EPERM));
    filter_load(filter, OF_CALL(nr));
}

static void filter_arguments(struct filter *filter)
{
    static const uint32_t ioctls[] = {FIONREAD,    FIONBIO,     FIOCLEX,     FIONCLEX,
                                      TIOCOUTQ,    SIOCGIFNAME, SIOCGIFCONF, SIOCGIFINDEX,
                                      SIOCGIFADDR, SIOCGIFFLAGS};
    static const uint32_t prctls[] = {PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_MM, SET_PTRACER,
                                      SCHED_CORE};
    /* Who may read a file could keep others from writing it: by a lock, or by a lease. */
    static const uint32_t fcntls[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG,  F_SETLEASE, F_NOTIFY,
                                      F_SETLK,  F_SETLKW,    OFD_SETLK, OFD_SETLKW};

#if defined(SYS_open)
    filter_refuse_bits(filter, SYS_open, 1, WRITING, EACCES);
#endif
    filter_refuse_bits(filter, SYS_openat, 2, WRITING, EACCES);
    filter_choose(filter, SYS_ioctl, 1, ioctls, COUNT(ioctls), SECCOMP_RET_ALLOW, REFUSAL(EPERM));
    filter_choose(filter, SYS_prctl, 0, prctls, COUNT(prctls), REFUSAL(EPERM), SECCOMP_RET_ALLOW);
    filter_choose(filter, SYS_fcntl, 1, fcntls, COUNT(fcntls), REFUSAL(EPERM), SECCOMP_RET_ALLOW);
}

/* To oneself they are how abort(3) ends. Nobody else is to get any. */
static void filter_signals(struct filter *filter)
{
    static const uint16_t calls[] = {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
                                     SYS_rt_tgsigqueueinfo};
    uint32_t selves[] = {(uint32_t)getpid(), 0};

    for (size_t i = 0; i < COUNT(calls); i++)
        filter_choose(filter, calls[i], 0, selves, 1, SECCOMP_RET_ALLOW, REFUSAL(EPERM));
    filter_choose(filter, SYS_prlimit64, 0, selves, 2, SECCOMP_RET_ALLOW, REFUSAL(EPERM));
}

/* A thread, in which libcurl looks a name up; no process. */
static void filter_clone(struct filter *filter)
{
    filter_only_for(filter, SYS_clone, 5);
    filter_load(filter, OF_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
    filter_end(filter, REFUSAL(EPERM));
    filter_end(filter, SECCOMP_RET_ALLOW);
}

/* By a stream or datagrams, of TCP or UDP: for another protocol a module might be loaded. */
static void filter_sockets(struct filter *filter)
{
    static const uint32_t families[] = {AF_INET, AF_INET6};
    static const uint32_t types[] = {SOCK_STREAM, SOCK_DGRAM};
    static const uint32_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, MPTCP};
    static const uint32_t local = AF_UNIX;

    /* libc asks the routing table which addresses this host has. */
    filter_only_for(filter, SYS_socket, 6);
    filter_load(filter, OF_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3);
    filter_load(filter, OF_ARGUMENT(2));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0 /* NETLINK_ROUTE */, 0, 1);
    filter_end(filter, SECCOMP_RET_ALLOW);
    filter_load(filter, OF_CALL(nr));
    filter_require(filter, SYS_socket, 0, UINT32_MAX, families, COUNT(families));
    filter_require(filter, SYS_socket, 1, SOCKET_TYPE, types, COUNT(types));
    filter_require(filter, SYS_socket, 2, UINT32_MAX, protocols, COUNT(protocols));

    /*
     * A pair of streams, by which libcurl wakes its own threads, cannot be connected to anything
     * else; one of datagrams could. bind(2) would give it a file. Where it is refused, glibc does
     * without the routing table, for whose answers it would wait for ever if it were not done;
     * other resolvers, which only bind to any port, give up, and sending does that by itself.
     */
    filter_require(filter, SYS_socketpair, 0, UINT32_MAX, &local, 1);
    filter_require(filter, SYS_socketpair, 1, SOCKET_TYPE, types, 1);
#if defined(__GLIBC__)
    filter_refuse(filter, SYS_bind, EPERM);
#else
    filter_refuse(filter, SYS_bind, 0); /* answered as if it were done */
#endif
}

/* A kernel without it, or a container that refuses it, leaves what Landlock does. */
static void filter_calls(void)
{
    static struct filter filter; /* of this process, which does it once */
    struct sock_fprog program = {.filter = filter.code};

    filter_load(&filter, OF_CALL(arch));
    filter_add(&filter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    filter_end(&filter, REFUSAL(ENOSYS)); /* a call in the manner of 32 bits */
    filter_load(&filter, OF_CALL(nr));
    filter_add(&filter, BPF_JMP | BPF_JGT | BPF_K, CALL_NEWEST, 2, 0); /* those of x32, too */
    filter_add(&filter, BPF_JMP | BPF_JGE | BPF_K, CALL_COMMON, 2, 0);
    filter_add(&filter, BPF_JMP | BPF_JGT | BPF_K, CALL_NEWEST_OF_ITS_OWN, 0, 1);
    filter_end(&filter, REFUSAL(ENOSYS));
    filter_arguments(&filter);
    filter_signals(&filter);
    filter_clone(&filter);
    filter_sockets(&filter);
    /* Their arguments are behind pointers, where a filter cannot look; libc knows older calls. */
    filter_refuse(&filter, CALL_clone3, ENOSYS);
    filter_refuse(&filter, CALL_openat2, ENOSYS);
    for (size_t i = 0; i < COUNT(refused); i++)
        filter_refuse(&filter, refused[i], EPERM);
    filter_end(&filter, SECCOMP_RET_ALLOW);
    program.len = filter.len;
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#else

static void filter_calls(void)
{
}

#endif

/*
 * In the place of standard input comes a pipe that has ended, and in that of standard output
 * standard error, for /dev/null is not everywhere, and what is opened later must not get their
 * numbers.
 */
static void drop_descriptors(int result, int errors, enum confinement depth)
{
    /* close_range(2) is younger than many a filter of others, just as Landlock is. */
    void (*close_others)(unsigned, unsigned, bool) =
        depth == CONFINEMENT_WHOLE ? fork_close_range : fork_close_each;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) == 0)
        (void)dup2(ends[0], STDIN_FILENO);
    (void)dup2(errors, STDOUT_FILENO);
    (void)dup2(errors, STDERR_FILENO);
    close_others(STDERR_FILENO + 1, (unsigned)result - 1, false);
    close_others((unsigned)result + 1, UINT_MAX, false);
}

void confinement_enter(int result, int errors, enum confinement depth)
{
    (void)setsid(); /* fails for who leads a group: then there is a terminal */
    drop_descriptors(result, errors, depth);
    if (depth < CONFINEMENT_FILTER)
        drop_capabilities();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (depth < CONFINEMENT_WITHOUT_LANDLOCK)
        landlock_enforce();
    if (depth < CONFINEMENT_BARE)
        filter_calls();
}

#else

void confinement_enter(int result, int errors, enum confinement depth)
{
    (void)result;
    (void)errors;
    (void)depth;
}

#endif

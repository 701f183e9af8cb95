/*
 * Every way we know of to write a file, run a program or reach another process: how each is tried.
 * attempt_rows.h has the table. The current directory is the one that is written to.
 */
#ifndef TESTS_CLI_ATTEMPTS_H
#define TESTS_CLI_ATTEMPTS_H

#include <elf.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "../store/files.h"
#include "../support.h"

long __real_syscall(long number, ...);

/* What a process has at hand before it enters. */

/* Descriptors that it inherits: a file to write to, a terminal to read from. */
enum { HIGH = 300, TERMINAL };

static char terminal[64];
static union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} handle;

/* To be kept open by who started it all: a terminal with nobody at its other end is none. */
static int attempts_open_terminal(void)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master >= 0 && unlockpt(master) == 0)
        (void)ptsname_r(master, terminal, sizeof(terminal));
    return master;
}

static void prepare(void)
{
    int tty = open(terminal, O_RDONLY | O_NOCTTY);
    int mount_id;
    int file;

    (void)remove("new");
    support_write("file", "what was there");
    support_write("other", "that nobody has open");
    (void)mkdir("dir", 0700);
    (void)mkdir("empty", 0700);
    file = open("file", O_WRONLY);
    support_must(dup2(file, HIGH) == HIGH && close(file) == 0, "file");
    if (tty >= 0)
        support_must(dup2(tty, TERMINAL) == TERMINAL && close(tty) == 0, "terminal");
    handle.handle.handle_bytes = MAX_HANDLE_SZ;
    (void)name_to_handle_at(AT_FDCWD, "file", &handle.handle, &mount_id, 0);
}

/* What takes more than one call. */

static long on_file(long call, long a, long b, long c, long d)
{
    return __real_syscall(call, open("file", O_RDONLY | O_CLOEXEC), a, b, c, d);
}

static long try_fchmod(void)
{
    return on_file(SYS_fchmod, 04777, 0, 0, 0);
}

static long try_fchown(void)
{
    return on_file(SYS_fchown, 1, 1, 0, 0);
}

static long try_futimens(void)
{
    return on_file(SYS_utimensat, 0, 0, 0, 0);
}

static long try_fsetxattr(void)
{
    return on_file(SYS_fsetxattr, (long)"user.x", (long)"x", 1, 0);
}

static long try_flags(void)
{
    int fd = open("file", O_RDONLY | O_CLOEXEC);
    int flags = 0;

    return ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? -1 : ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static long try_removexattr(void)
{
    (void)setxattr("file", "user.x", "x", 1, 0);
    return removexattr("file", "user.x");
}

static long try_ftruncate(void)
{
    return ftruncate(memfd_create("memory", MFD_CLOEXEC), 1);
}

static long try_handle(void)
{
    int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return open_by_handle_at(root, &handle.handle, O_WRONLY | O_CLOEXEC);
}

static long try_high(void)
{
    return write(HIGH, "x", 1);
}

static long try_socket_file(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "new"};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    /* It may be answered, and not be done. */
    return bind(pair[0], (struct sockaddr *)&address, sizeof(address)) < 0 ? -1
                                                                           : access("new", F_OK);
}

static long try_flock(void)
{
    return flock(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), LOCK_EX | LOCK_NB);
}

static long try_record_lock(void)
{
    struct flock whole = {.l_type = F_RDLCK};

    return fcntl(open("file", O_RDONLY | O_CLOEXEC), F_SETLK, &whole);
}

static long try_open_file_lock(void)
{
    struct flock whole = {.l_type = F_RDLCK};

    return fcntl(open("file", O_RDONLY | O_CLOEXEC), F_OFD_SETLK, &whole);
}

static long try_lease(void)
{
    return fcntl(open("other", O_RDONLY | O_CLOEXEC), F_SETLEASE, F_RDLCK);
}

static long try_notify(void)
{
    return fcntl(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), F_NOTIFY, DN_RENAME);
}

static long try_queue(void)
{
    long queue = __real_syscall(SYS_mq_open, "ghcr-login-test", O_RDWR | O_CREAT, 0600, 0);

    (void)__real_syscall(SYS_mq_unlink, "ghcr-login-test");
    return queue;
}

static char *const no_words[] = {(char[]){"true"}, NULL};

/* One that ends well and has no interpreter: that is a file, which Landlock would refuse. */
static const struct {
    Elf64_Ehdr head;
    Elf64_Phdr segment;
    unsigned char code[12];
} program = {
    .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
             .e_type = ET_EXEC,
             .e_version = EV_CURRENT,
             .e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
             .e_phoff = sizeof(Elf64_Ehdr),
             .e_ehsize = sizeof(Elf64_Ehdr),
             .e_phentsize = sizeof(Elf64_Phdr),
             .e_phnum = 1,
#if defined(__x86_64__)
             .e_machine = EM_X86_64},
    .code = {0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05},
#else
             .e_machine = EM_AARCH64},
    .code = {0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4},
#endif
    .segment = {.p_type = PT_LOAD,
                .p_flags = PF_R | PF_X,
                .p_vaddr = 0x400000,
                .p_filesz = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + 12,
                .p_memsz = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + 12,
                .p_align = 0x1000},
};

static long try_memory_program(void)
{
    int memory = memfd_create("program", MFD_CLOEXEC);

    if (write(memory, &program, sizeof(program)) != sizeof(program))
        return -1;
    return __real_syscall(SYS_execveat, memory, "", no_words, no_words + 1, AT_EMPTY_PATH);
}

static long try_descriptor_program(void)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", open("/bin/true", O_RDONLY));
    return execve(path, no_words, no_words + 1);
}

static long try_spawn(void)
{
    pid_t child;

    errno = posix_spawn(&child, "/bin/true", NULL, NULL, no_words, no_words + 1);
    return errno == 0 ? 0 : -1;
}

static long try_clone(void)
{
    long child = __real_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (child == 0)
        _exit(0);
    return child;
}

static int thread_elsewhere(void *ctx)
{
    (void)ctx;
    return 0;
}

/* In namespaces of its own, or the machine would have less. */
static long try_thread_elsewhere(void)
{
    static char stack[4096] __attribute__((aligned(16)));

    return clone(thread_elsewhere, stack + sizeof(stack),
                 CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWNET, NULL);
}

static void mount_apart(void)
{
    (void)unshare(CLONE_NEWNS);
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static long try_mount(void)
{
    mount_apart();
    return mount("none", "dir", "tmpfs", 0, NULL);
}

static long try_umount(void)
{
    (void)try_mount();
    return umount2("dir", MNT_DETACH);
}

static long try_pivot_root(void)
{
    (void)try_mount();
    (void)!chdir("dir");
    return __real_syscall(SYS_pivot_root, ".", ".");
}

static long try_move_mount(void)
{
    long tree;

    mount_apart();
    tree = __real_syscall(428 /* open_tree */, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */);
    return __real_syscall(429 /* move_mount */, tree, "", AT_FDCWD, "empty", 4);
}

#if defined(__x86_64__)

static long try_vfork(void)
{
    pid_t child = vfork();

    if (child == 0)
        _exit(0);
    return child;
}

#endif

static long try_terminal(void)
{
    return ioctl(open(terminal, O_RDONLY | O_NOCTTY | O_CLOEXEC), TIOCSTI, "x");
}

static long try_inherited_terminal(void)
{
    return ioctl(TERMINAL, TIOCSTI, "x");
}

static long try_console(void)
{
    return ioctl(open(terminal, O_RDONLY | O_NOCTTY | O_CLOEXEC), TIOCLINUX, "\2");
}

static long reach(const char *name, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, len);
    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static long try_unix_socket(void)
{
    return reach("socket", strlen("socket"));
}

static long try_datagrams(void)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
}

/* Of another family: to make them may load a module into the kernel. */
static long try_foreign_pair(void)
{
    int pair[2];

    return socketpair(AF_TIPC, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static long try_listen(void)
{
    return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);
}

static long open_of_parent(const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)getppid(), name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long try_environment(void)
{
    return open_of_parent("environ");
}

static long try_memory(void)
{
    return open_of_parent("mem");
}

static long try_descriptor_of_parent(void)
{
    return open_of_parent("fd/2");
}

static long try_signal(void)
{
    return kill(getppid(), 0);
}

static long try_tgkill(void)
{
    return __real_syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long try_everybody(void)
{
    return kill(-1, 0);
}

static long try_owner(void)
{
    return fcntl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), F_SETOWN, getppid());
}

static long try_owner_of_any_kind(void)
{
    struct f_owner_ex owner = {F_OWNER_PID, getppid()};

    return fcntl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), F_SETOWN_EX, &owner);
}

static long try_owners_signal(void)
{
    return fcntl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), F_SETSIG, SIGURG);
}

static long try_seize(void)
{
    return __real_syscall(SYS_ptrace, PTRACE_SEIZE, getppid(), 0, 0);
}

static long try_vm(void)
{
    char byte;
    struct iovec ours = {&byte, 1};
    struct iovec theirs = {terminal, 1}; /* where it has it, too */

    return process_vm_readv(getppid(), &ours, 1, &theirs, 1, 0);
}

static long try_pidfd(void)
{
    return __real_syscall(434 /* pidfd_open */, getppid(), 0);
}

static long try_priority(void)
{
    return setpriority(PRIO_PROCESS, (id_t)getppid(), getpriority(PRIO_PROCESS, 0));
}

static long try_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    return __real_syscall(SYS_prlimit64, getppid(), RLIMIT_CPU, &limit, NULL);
}

static long try_shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, 4096, 0600);

    return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}

static long try_messages(void)
{
    int id = msgget(IPC_PRIVATE, 0600);

    return id < 0 ? -1 : msgctl(id, IPC_RMID, NULL);
}

static long try_semaphores(void)
{
    int id = semget(IPC_PRIVATE, 1, 0600);

    return id < 0 ? -1 : semctl(id, 0, IPC_RMID);
}

static long try_request_key(void)
{
    (void)__real_syscall(SYS_add_key, "user", "ghcr-login-test", "y", 1, -2);
    return __real_syscall(SYS_request_key, "user", "ghcr-login-test", 0, 0);
}

/* Of itself, and nothing: what anybody may. */
static long try_perf(void)
{
    static const uint32_t dummy[32] = {1 /* software */, 128, 9,
                                       0, [10] = 0x21 /* disabled, user */};

    return __real_syscall(SYS_perf_event_open, dummy, 0, -1, -1, 0);
}

static long try_setns(void)
{
    return __real_syscall(SYS_setns, open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), 0);
}

static long try_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long try_to_outlive(void)
{
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

#endif

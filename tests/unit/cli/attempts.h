/*
 * Every way we know of to write a file, run a program or reach another process, one row each, and
 * what is to come of it in confinement. The current directory is the one that is written to.
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
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
    return bind(pair[0], (struct sockaddr *)&address, sizeof(address));
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

/* The table. */

/* By whom it must work outside; or it is tried there, but a kernel need not have it. */
enum { ROOT = 1, USER = 2, BOTH = ROOT | USER, MAY = 4 };
/* By which version of Landlock alone; SYSTEM: without any, NEVER: by none. */
enum { SYSTEM = 0, NEVER = 99 };

/* As <linux/openat2.h> and <linux/bpf.h> have them. */
static const uint64_t how[3] = {O_WRONLY, 0, 0};
static const uint32_t map[32] = {1 /* hash */, 4, 4, 1};
static char ring[128];

#define P(address)  ((long)(uintptr_t)(address))
#define CALL(name)  NULL, SYS_##name
#define NEW(number) NULL, number

static const struct row {
    const char *label;
    unsigned outside;
    long landlock; /* the version that refuses it by itself */
    int errnum;
    long (*attempt)(void); /* or a call: */
    long call;
    long arguments[6];
} rows[] = {
    {"open(O_WRONLY)", BOTH, 1, EACCES, CALL(openat), {AT_FDCWD, P("file"), O_WRONLY}},
    {"open(O_RDWR|O_APPEND)",
     BOTH,
     1,
     EACCES,
     CALL(openat),
     {AT_FDCWD, P("file"), O_RDWR | O_APPEND}},
    {"open(O_CREAT)",
     BOTH,
     1,
     EACCES,
     CALL(openat),
     {AT_FDCWD, P("new"), O_WRONLY | O_CREAT, 0600}},
    {"open(O_RDONLY|O_CREAT)", BOTH, 1, EACCES, CALL(openat), {AT_FDCWD, P("new"), O_CREAT, 0600}},
    {"open(O_RDONLY|O_TRUNC)", BOTH, 3, EACCES, CALL(openat), {AT_FDCWD, P("file"), O_TRUNC}},
    {"open(O_TMPFILE)",
     MAY,
     1,
     EACCES,
     CALL(openat),
     {AT_FDCWD, P("."), O_WRONLY | O_TMPFILE, 0600}},
    {"open(/dev/null)", BOTH, 1, EACCES, CALL(openat), {AT_FDCWD, P("/dev/null"), O_WRONLY}},
    {"open(/proc/self/comm)",
     ROOT,
     1,
     EACCES,
     CALL(openat),
     {AT_FDCWD, P("/proc/self/comm"), O_WRONLY}},
    {"open(/proc/self/mem)",
     ROOT,
     1,
     EACCES,
     CALL(openat),
     {AT_FDCWD, P("/proc/self/mem"), O_RDWR}},
    {"openat2(O_WRONLY)", BOTH, 1, ENOSYS, NEW(437), {AT_FDCWD, P("file"), P(how), sizeof(how)}},
    {"open_by_handle_at(O_WRONLY)", MAY, 1, EPERM, try_handle, 0, {0}},
    {"write to an inherited descriptor, 300", BOTH, SYSTEM, EBADF, try_high, 0, {0}},
    {"truncate", BOTH, 3, EPERM, CALL(truncate), {P("file"), 0}},
    {"ftruncate", BOTH, NEVER, EPERM, try_ftruncate, 0, {0}},
    {"fchmodat(4777)", BOTH, NEVER, EPERM, CALL(fchmodat), {AT_FDCWD, P("file"), 04777}},
    {"fchmodat2(4777)", MAY, NEVER, EPERM, NEW(452), {AT_FDCWD, P("file"), 04777, 0}},
    {"fchmod(4777)", BOTH, NEVER, EPERM, try_fchmod, 0, {0}},
    {"fchownat", ROOT, NEVER, EPERM, CALL(fchownat), {AT_FDCWD, P("file"), 1, 1, 0}},
    {"fchown", ROOT, NEVER, EPERM, try_fchown, 0, {0}},
    {"utimensat", BOTH, NEVER, EPERM, CALL(utimensat), {AT_FDCWD, P("file"), 0, 0}},
    {"utimensat of a descriptor", BOTH, NEVER, EPERM, try_futimens, 0, {0}},
    {"setxattr", MAY, NEVER, EPERM, CALL(setxattr), {P("file"), P("user.x"), P("x"), 1, 0}},
    {"lsetxattr", MAY, NEVER, EPERM, CALL(lsetxattr), {P("file"), P("user.x"), P("x"), 1, 0}},
    {"fsetxattr", MAY, NEVER, EPERM, try_fsetxattr, 0, {0}},
    {"setxattrat", 0, NEVER, EPERM, NEW(463), {AT_FDCWD, P("file"), 0, P("user.x"), P(how), 16}},
    {"removexattr", 0, NEVER, EPERM, CALL(removexattr), {P("file"), P("user.x")}},
    {"ioctl(FS_IOC_SETFLAGS)", MAY, NEVER, EPERM, try_flags, 0, {0}},
    {"file_setattr", 0, NEVER, EPERM, NEW(469), {AT_FDCWD, P("file"), P(map), 24, 0}},
    {"mkdirat", BOTH, 1, EPERM, CALL(mkdirat), {AT_FDCWD, P("new"), 0700}},
    {"mknodat of a pipe", BOTH, 1, EPERM, CALL(mknodat), {AT_FDCWD, P("new"), S_IFIFO | 0600, 0}},
    {"unlinkat", BOTH, 1, EPERM, CALL(unlinkat), {AT_FDCWD, P("file"), 0}},
    {"unlinkat(AT_REMOVEDIR)",
     BOTH,
     1,
     EPERM,
     CALL(unlinkat),
     {AT_FDCWD, P("empty"), AT_REMOVEDIR}},
    {"renameat2", BOTH, 1, EPERM, CALL(renameat2), {AT_FDCWD, P("file"), AT_FDCWD, P("new"), 0}},
    {"renameat2 to a directory",
     BOTH,
     1,
     EPERM,
     CALL(renameat2),
     {AT_FDCWD, P("file"), AT_FDCWD, P("dir/file"), 0}},
    {"linkat", BOTH, 1, EPERM, CALL(linkat), {AT_FDCWD, P("file"), AT_FDCWD, P("new"), 0}},
    {"symlinkat", BOTH, 1, EPERM, CALL(symlinkat), {P("file"), AT_FDCWD, P("new")}},
#if defined(__GLIBC__)
    {"a socket's file", BOTH, 1, EPERM, try_socket_file, 0, {0}},
#endif
    {"mq_open", 0, NEVER, EPERM, CALL(mq_open), {P("ghcr-login"), O_RDONLY, 0600, 0}},
    {"io_uring_setup", MAY, NEVER, EPERM, NEW(425), {1, P(ring)}},
    {"TIOCSTI", ROOT, NEVER, EPERM, try_terminal, 0, {0}},
    {"TIOCSTI, inherited", ROOT, SYSTEM, EPERM, try_inherited_terminal, 0, {0}},
    {"TIOCLINUX", 0, NEVER, EPERM, try_console, 0, {0}},
    {"execve", BOTH, 1, EPERM, CALL(execve), {P("/bin/true"), P(no_words), P(no_words + 1)}},
    {"execve(/proc/self/fd/N)", BOTH, 1, EPERM, try_descriptor_program, 0, {0}},
    {"memfd_create, execveat", BOTH, NEVER, EPERM, try_memory_program, 0, {0}},
    {"posix_spawn", BOTH, 1, EPERM, try_spawn, 0, {0}},
    {"clone of a process", BOTH, NEVER, EPERM, try_clone, 0, {0}},
    {"clone3", 0, NEVER, ENOSYS, NEW(435), {P(ring), 64}},
    {"clone(CLONE_NEWUSER)", 0, NEVER, EPERM, CALL(clone), {CLONE_NEWUSER | SIGCHLD}},
    {"clone(CLONE_THREAD|CLONE_NEWNET)",
     0,
     NEVER,
     EPERM,
     CALL(clone),
     {CLONE_THREAD | CLONE_NEWNET}},
    {"unshare(CLONE_NEWUSER)", ROOT | MAY, NEVER, EPERM, CALL(unshare), {CLONE_NEWUSER}},
    {"unshare(CLONE_NEWNS)", ROOT | MAY, NEVER, EPERM, CALL(unshare), {CLONE_NEWNS}},
    {"setns", ROOT, NEVER, EPERM, try_setns, 0, {0}},
    {"mount", 0, 1, EPERM, CALL(mount), {P("none"), P("dir"), P("tmpfs"), 0, 0}},
    {"umount2", 0, 1, EPERM, CALL(umount2), {P("dir"), 0}},
    {"open_tree(OPEN_TREE_CLONE)", ROOT, NEVER, EPERM, NEW(428), {AT_FDCWD, P("."), 1}},
    {"fsopen", ROOT, NEVER, EPERM, NEW(430), {P("tmpfs"), 0}},
    {"move_mount", 0, 1, EPERM, NEW(429), {AT_FDCWD, P("dir"), AT_FDCWD, P("empty"), 0}},
    {"pivot_root", 0, 1, EPERM, CALL(pivot_root), {P("."), P(".")}},
    {"chroot", ROOT, NEVER, EPERM, CALL(chroot), {P(".")}},
    {"init_module", 0, NEVER, EPERM, CALL(init_module), {P(ring), sizeof(ring), P("")}},
    {"setresuid", BOTH, NEVER, EPERM, CALL(setresuid), {-1, -1, -1}},
    {"setgroups", ROOT, NEVER, EPERM, CALL(setgroups), {0, 0}},
    {"socket(AF_UNIX), connect", BOTH, NEVER, EPERM, try_unix_socket, 0, {0}},
    {"socketpair(AF_UNIX, SOCK_DGRAM)", BOTH, NEVER, EPERM, try_datagrams, 0, {0}},
    {"socketpair(AF_TIPC)", MAY, NEVER, EPERM, try_foreign_pair, 0, {0}},
    {"socket(AF_PACKET)", ROOT, NEVER, EPERM, CALL(socket), {AF_PACKET, SOCK_RAW, 0}},
    {"socket(AF_INET, SOCK_RAW)", ROOT, NEVER, EPERM, CALL(socket), {AF_INET, SOCK_RAW, 1}},
    {"socket(AF_NETLINK) of the audit",
     BOTH,
     NEVER,
     EPERM,
     CALL(socket),
     {AF_NETLINK, SOCK_RAW, 9}},
    {"socket(AF_ALG)", MAY, NEVER, EPERM, CALL(socket), {AF_ALG, SOCK_SEQPACKET, 0}},
    {"socket(AF_VSOCK)", MAY, NEVER, EPERM, CALL(socket), {AF_VSOCK, SOCK_STREAM, 0}},
    {"listen", BOTH, NEVER, EPERM, try_listen, 0, {0}},
    {"/proc/PID/environ of the parent", ROOT, 1, EACCES, try_environment, 0, {0}},
    {"/proc/PID/mem of the parent", ROOT, 1, EACCES, try_memory, 0, {0}},
    {"/proc/PID/fd/2 of the parent", ROOT, 1, EACCES, try_descriptor_of_parent, 0, {0}},
    {"kill", ROOT, 6, EPERM, try_signal, 0, {0}},
    {"kill of everybody", 0, NEVER, EPERM, try_everybody, 0, {0}},
    {"tgkill", ROOT, 6, EPERM, try_tgkill, 0, {0}},
    {"fcntl(F_SETOWN)", BOTH, NEVER, EPERM, try_owner, 0, {0}},
    {"ptrace", ROOT, 1, EPERM, try_seize, 0, {0}},
    {"process_vm_readv", ROOT, 1, EPERM, try_vm, 0, {0}},
    {"pidfd_open", BOTH, NEVER, EPERM, try_pidfd, 0, {0}},
    {"setpriority of the parent", ROOT, NEVER, EPERM, try_priority, 0, {0}},
    {"prlimit64 of the parent", ROOT, NEVER, EPERM, try_limit, 0, {0}},
    {"shmget", BOTH, NEVER, EPERM, try_shared_memory, 0, {0}},
    {"msgget", 0, NEVER, EPERM, CALL(msgget), {IPC_PRIVATE, 0600}},
    {"semget", 0, NEVER, EPERM, CALL(semget), {IPC_PRIVATE, 1, 0600}},
    {"keyctl", MAY, NEVER, EPERM, CALL(keyctl), {0, -2, 1}},
    {"add_key", MAY, NEVER, EPERM, CALL(add_key), {P("user"), P("x"), P("y"), 1, -2}},
    {"request_key", 0, NEVER, EPERM, CALL(request_key), {P("user"), P("x"), 0, 0}},
    {"bpf", MAY, NEVER, EPERM, CALL(bpf), {0, P(map), 72}},
    {"perf_event_open", 0, NEVER, EPERM, CALL(perf_event_open), {P(ring), 0, -1, -1, 0}},
    {"userfaultfd", MAY, NEVER, EPERM, CALL(userfaultfd), {0}},
    {"prctl(PR_SET_DUMPABLE)", BOTH, NEVER, EPERM, try_dumpable, 0, {0}},
    {"prctl(PR_SET_PDEATHSIG)", BOTH, NEVER, EPERM, try_to_outlive, 0, {0}},
    {"a call that is not known yet", 0, NEVER, ENOSYS, NEW(500), {0}},
#if defined(__x86_64__)
    {"open", BOTH, 1, EACCES, CALL(open), {P("file"), O_WRONLY}},
    {"creat", BOTH, 1, EPERM, CALL(creat), {P("new"), 0600}},
    {"chmod(4777)", BOTH, NEVER, EPERM, CALL(chmod), {P("file"), 04777}},
    {"chown", ROOT, NEVER, EPERM, CALL(chown), {P("file"), 1, 1}},
    {"lchown", ROOT, NEVER, EPERM, CALL(lchown), {P("file"), 1, 1}},
    {"rename", BOTH, 1, EPERM, CALL(rename), {P("file"), P("new")}},
    {"link", BOTH, 1, EPERM, CALL(link), {P("file"), P("new")}},
    {"symlink", BOTH, 1, EPERM, CALL(symlink), {P("file"), P("new")}},
    {"unlink", BOTH, 1, EPERM, CALL(unlink), {P("file")}},
    {"mkdir", BOTH, 1, EPERM, CALL(mkdir), {P("new"), 0700}},
    {"rmdir", BOTH, 1, EPERM, CALL(rmdir), {P("empty")}},
    {"mknod", BOTH, 1, EPERM, CALL(mknod), {P("new"), S_IFIFO | 0600, 0}},
    {"utime", BOTH, NEVER, EPERM, CALL(utime), {P("file"), 0}},
    {"utimes", BOTH, NEVER, EPERM, CALL(utimes), {P("file"), 0}},
    {"futimesat", BOTH, NEVER, EPERM, CALL(futimesat), {AT_FDCWD, P("file"), 0}},
    {"vfork", 0, NEVER, EPERM, CALL(vfork), {0}},
    {"a call of x32", 0, NEVER, ENOSYS, NEW(0x40000000 + 39), {0}},
#endif
};

enum { ROWS = COUNT(rows), WORKED = 0, NOT_TRIED = -1 };

static int attempt(const struct row *row)
{
    const long *a = row->arguments;
    long ret;

    errno = 0;
    ret = row->attempt != NULL ? row->attempt()
                               : __real_syscall(row->call, a[0], a[1], a[2], a[3], a[4], a[5]);
    return ret >= 0 ? WORKED : errno;
}

#endif

/*
 * Every way we know of to write a file, run a program or reach another process, one row each, and
 * what is to come of it in confinement.
 */
#ifndef TESTS_CLI_ATTEMPT_ROWS_H
#define TESTS_CLI_ATTEMPT_ROWS_H

#include "attempts.h"

/* By whom it must work outside; or it is tried there, but a kernel need not have it. */
enum { ROOT = 1, USER = 2, BOTH = ROOT | USER, MAY = 4 };
/* By which version of Landlock alone; SYSTEM: without any, NEVER: by none. */
enum { SYSTEM = 0, NEVER = 99 };

/* As <linux/openat2.h> and <linux/bpf.h> have them. */
static const uint64_t how[3] = {O_WRONLY, 0, 0};
static const uint32_t map[32] = {1 /* hash */, 4, 4, 1};
static const uint64_t attributes[3];
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
    {"setxattrat", MAY, NEVER, EPERM, NEW(463), {AT_FDCWD, P("file"), 0, P("user.x"), P(how), 16}},
    {"removexattr", MAY, NEVER, EPERM, try_removexattr, 0, {0}},
    {"ioctl(FS_IOC_SETFLAGS)", MAY, NEVER, EPERM, try_flags, 0, {0}},
    {"file_setattr", MAY, NEVER, EPERM, NEW(469), {AT_FDCWD, P("file"), P(attributes), 24, 0}},
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
    {"a socket's file", BOTH, 1, EPERM, try_socket_file, 0, {0}},
    {"flock", BOTH, NEVER, EPERM, try_flock, 0, {0}},
    {"fcntl(F_SETLK)", BOTH, NEVER, EPERM, try_record_lock, 0, {0}},
    {"fcntl(F_OFD_SETLK)", BOTH, NEVER, EPERM, try_open_file_lock, 0, {0}},
    {"fcntl(F_SETLEASE)", MAY, NEVER, EPERM, try_lease, 0, {0}},
    {"fcntl(F_NOTIFY)", BOTH, NEVER, EPERM, try_notify, 0, {0}},
    {"mq_open", MAY, NEVER, EPERM, try_queue, 0, {0}},
    {"io_uring_setup", MAY, NEVER, EPERM, NEW(425), {1, P(ring)}},
    {"TIOCSTI", ROOT, NEVER, EPERM, try_terminal, 0, {0}},
    {"TIOCSTI, inherited", ROOT, SYSTEM, EPERM, try_inherited_terminal, 0, {0}},
    {"TIOCLINUX", 0, NEVER, EPERM, try_console, 0, {0}},
    {"execve", BOTH, 1, EPERM, CALL(execve), {P("/bin/true"), P(no_words), P(no_words + 1)}},
    {"execve(/proc/self/fd/N)", BOTH, 1, EPERM, try_descriptor_program, 0, {0}},
    {"memfd_create, execveat", BOTH, NEVER, EPERM, try_memory_program, 0, {0}},
    {"posix_spawn", BOTH, 1, EPERM, try_spawn, 0, {0}},
    {"clone of a process", BOTH, NEVER, EPERM, try_clone, 0, {0}},
    {"clone3", MAY, NEVER, ENOSYS, NEW(435), {P(ring), 64}},
    {"clone(CLONE_NEWUSER)", MAY, NEVER, EPERM, CALL(clone), {CLONE_NEWUSER | SIGCHLD}},
    {"clone(CLONE_THREAD|CLONE_NEWNET)", ROOT, NEVER, EPERM, try_thread_elsewhere, 0, {0}},
    {"unshare(CLONE_NEWUSER)", ROOT | MAY, NEVER, EPERM, CALL(unshare), {CLONE_NEWUSER}},
    {"unshare(CLONE_NEWNS)", ROOT | MAY, NEVER, EPERM, CALL(unshare), {CLONE_NEWNS}},
    {"setns", ROOT, NEVER, EPERM, try_setns, 0, {0}},
    {"mount", ROOT, 1, EPERM, try_mount, 0, {0}},
    {"umount2", ROOT, 1, EPERM, try_umount, 0, {0}},
    {"open_tree(OPEN_TREE_CLONE)", ROOT, NEVER, EPERM, NEW(428), {AT_FDCWD, P("."), 1}},
    {"fsopen", ROOT, NEVER, EPERM, NEW(430), {P("tmpfs"), 0}},
    {"move_mount", ROOT, 1, EPERM, try_move_mount, 0, {0}},
    {"pivot_root", ROOT, 1, EPERM, try_pivot_root, 0, {0}},
    {"chroot", ROOT, NEVER, EPERM, CALL(chroot), {P(".")}},
    {"init_module", 0, NEVER, EPERM, CALL(init_module), {P(ring), sizeof(ring), P("")}},
    {"setresuid", BOTH, NEVER, EPERM, CALL(setresuid), {-1, -1, -1}},
    {"setgroups", ROOT, NEVER, EPERM, CALL(setgroups), {0, 0}},
    {"socket(AF_UNIX), connect", BOTH, NEVER, EPERM, try_unix_socket, 0, {0}},
    {"socketpair(AF_UNIX, SOCK_DGRAM)", BOTH, NEVER, EPERM, try_datagrams, 0, {0}},
    {"socketpair(AF_TIPC)", MAY, NEVER, EPERM, try_foreign_pair, 0, {0}},
    {"socket(AF_PACKET)", ROOT, NEVER, EPERM, CALL(socket), {AF_PACKET, SOCK_RAW, 0}},
    {"socket(AF_INET, SOCK_RAW)", ROOT, NEVER, EPERM, CALL(socket), {AF_INET, SOCK_RAW, 1}},
    {"socket(IPPROTO_ICMP)", MAY, NEVER, EPERM, CALL(socket), {AF_INET, SOCK_DGRAM, 1}},
    {"socket(IPPROTO_SCTP)", MAY, NEVER, EPERM, CALL(socket), {AF_INET, SOCK_STREAM, 132}},
    {"socket(IPPROTO_UDPLITE)", MAY, NEVER, EPERM, CALL(socket), {AF_INET6, SOCK_DGRAM, 136}},
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
    {"kill of everybody", BOTH, NEVER, EPERM, try_everybody, 0, {0}},
    {"tgkill", ROOT, 6, EPERM, try_tgkill, 0, {0}},
    {"fcntl(F_SETOWN)", BOTH, NEVER, EPERM, try_owner, 0, {0}},
    {"fcntl(F_SETOWN_EX)", BOTH, NEVER, EPERM, try_owner_of_any_kind, 0, {0}},
    {"fcntl(F_SETSIG)", BOTH, NEVER, EPERM, try_owners_signal, 0, {0}},
    {"ptrace", ROOT, 1, EPERM, try_seize, 0, {0}},
    {"process_vm_readv", ROOT, 1, EPERM, try_vm, 0, {0}},
    {"pidfd_open", BOTH, NEVER, EPERM, try_pidfd, 0, {0}},
    {"setpriority of the parent", ROOT, NEVER, EPERM, try_priority, 0, {0}},
    {"prlimit64 of the parent", ROOT, NEVER, EPERM, try_limit, 0, {0}},
    {"shmget", BOTH, NEVER, EPERM, try_shared_memory, 0, {0}},
    {"msgget", BOTH, NEVER, EPERM, try_messages, 0, {0}},
    {"semget", BOTH, NEVER, EPERM, try_semaphores, 0, {0}},
    {"keyctl", MAY, NEVER, EPERM, CALL(keyctl), {0, -2, 1}},
    {"add_key", MAY, NEVER, EPERM, CALL(add_key), {P("user"), P("x"), P("y"), 1, -2}},
    {"request_key", MAY, NEVER, EPERM, try_request_key, 0, {0}},
    {"bpf", MAY, NEVER, EPERM, CALL(bpf), {0, P(map), 72}},
    {"perf_event_open", MAY, NEVER, EPERM, try_perf, 0, {0}},
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
    {"vfork", BOTH, NEVER, EPERM, try_vfork, 0, {0}},
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

/*
 * Restrict this process permanently: the list below is what it can no longer do. The sandbox
 * (sandbox.h) enters it in its child; there is no way back.
 *
 * On Linux on x86-64 and arm64 a filter of system calls (seccomp) refuses
 *   - every call that writes, makes, removes, renames, links or locks a file, or changes its
 *     length, mode, owner, times, attributes or flags,
 *   - every call that runs a program or starts a process; a thread may be started,
 *   - sockets but those of TCP and UDP and the routing table's (so neither Unix sockets,
 *     docker.sock for one, nor packets), listening, and bind(2), which libc can do without,
 *   - signals to others, and whatever looks into, holds or changes other processes,
 *   - namespaces, mounts, keys, bpf, io_uring, System V IPC and message queues, and every ioctl(2)
 *     but those that ask about a socket,
 *   - and becoming dumpable, or parting with the signal that it gets at its parent's end.
 *
 * Landlock (Linux 5.13; all of it from 6.12) refuses much of this once more, by file and not by
 * call, on every architecture: writing and running files, from later versions on truncating them,
 * device ioctls, listening, signals and abstract sockets.
 *
 * Elsewhere, too: no capability but that of reading what root may read, which a certificate in
 * somebody's home takes; none is left that a program could get back. It cannot gain rights. Of the
 * descriptors it was started with it keeps the two that it is given; it has no controlling
 * terminal.
 *
 * What is left: it reads what its user may read, which includes a terminal's device, and without
 * Landlock the memory of that user's other processes, but for those that are not dumpable, as ours.
 * It runs any code in its own memory. It talks to the network, to services of this machine, too,
 * and uses up time and memory. tests/unit/cli/test_filter.c lists every call that it can make.
 * Names are looked up in files and by DNS alone, for name services are reached by Unix sockets.
 *
 * A refused call fails with EPERM or EACCES, or as on a kernel that does not know it (ENOSYS) where
 * libc then does it in another way. It kills nobody: a login must not fail because of this.
 *
 * Sources: seccomp(2), landlock(7), capabilities(7), prctl(2).
 */
#ifndef CLI_CONFINEMENT_H
#define CLI_CONFINEMENT_H

/*
 * How much of it is asked for. A filter that somebody else has set, such as systemd's
 * SystemCallFilter=@system-service, may kill (SIGSYS) who makes a call that it does not know.
 */
enum confinement {
    CONFINEMENT_WHOLE,
    CONFINEMENT_WITHOUT_LANDLOCK,
    CONFINEMENT_FILTER, /* capabilities stay, of which the filter leaves little use */
    CONFINEMENT_BARE,   /* the descriptors go, and rights cannot be gained */
    CONFINEMENTS,
};

/*
 * Enter it, in a new process with one thread, which has descriptors 0 to 2. `result` stays open,
 * and `errors` becomes standard output and error; both are for writing, and above 2. It cannot
 * fail: what a kernel does not know is left out.
 */
void confinement_enter(int result, int errors, enum confinement depth);

#endif

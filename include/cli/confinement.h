/*
 * What a process can no longer do that has entered it, nor what that starts. There is no way back.
 *
 * On Linux with Landlock (5.13; all of it from 6.12) it can no longer
 *   - write, truncate, make, remove, rename or link anything in any file system,
 *   - run a program of the machine, or gain rights by running one,
 *   - ioctl(2) devices, listen on a TCP port of its choice, send signals to others, trace them, or
 *     speak to their abstract sockets.
 * It has no controlling terminal, and of the descriptors that were open for writing only standard
 * error and one more.
 *
 * Limits: it reads what its user may read, writes to standard error, and talks to the network and
 * to sockets that have a path, as name services want it; so who may speak to docker's still may.
 * Landlock knows nothing of modes, owners, times and extended attributes. A kernel takes away what
 * it knows of this: a container or an old one may know none of it, and elsewhere nothing happens.
 *
 * Sources: landlock(7), prctl(2).
 */
#ifndef CLI_CONFINEMENT_H
#define CLI_CONFINEMENT_H

#include <stdbool.h>

/*
 * Enter it, in a new process with one thread. `kept` stays open for writing. It cannot fail; but a
 * filter of system calls that does not know Landlock's, such as systemd's @system-service, may kill
 * (SIGSYS) who asks for it. Without it the descriptors go, and rights cannot be gained.
 */
void confinement_enter(int kept, bool with_landlock);

#endif

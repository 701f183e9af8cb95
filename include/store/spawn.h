/*
 * Start another program that is given a secret, with pipes for its standard descriptors.
 *
 * It has the descriptors 0 to 2 and no other, no signal blocked or ignored, and a session and a
 * process group of its own: a prompt finds no terminal, and fails instead of hanging. It does not
 * outlive this process with what it was given: on Linux it gets SIGKILL when the thread that
 * started it ends, however that is; elsewhere, and for its own children, its pipes end then.
 *
 * The caller has descriptors 0 to 2 open.
 */
#ifndef STORE_SPAWN_H
#define STORE_SPAWN_H

#include <sys/types.h>

#include "base/error.h"

struct spawn {
    const char *path;         /* of the program */
    const char *const *argv;  /* ends in NULL; holds no secret */
    char *const *environment; /* as environ(7); ends in NULL */
};

/* The pipes, by the descriptor that the program has at the other end. */
enum { SPAWN_IN, SPAWN_OUT, SPAWN_ERR, SPAWN_PIPES };

struct spawned {
    pid_t pid;            /* also its process group */
    int fds[SPAWN_PIPES]; /* our ends, which do not block; -1 when closed */
};

#define SPAWNED_INIT ((struct spawned){.pid = -1, .fds = {-1, -1, -1}})

/*
 * Start it. Returns 0 and fills *out: the caller waits for the process and closes the pipes; or -1
 * with *err set (CLASS_HELPER) and nothing running.
 */
int spawn_start(struct spawned *out, const struct spawn *spawn, struct error *err)
    __attribute__((warn_unused_result));

/* Close one pipe; closing it again does nothing. */
void spawn_close(struct spawned *spawned, size_t pipe);

#endif

/*
 * Faults on demand: the system calls and the malloc() that src/store and src/base use are linked
 * through here (ld's --wrap). Armed, every call is counted, and the one that the fault names fails.
 * Not armed, all calls do what they always do; but fsync() never reaches the disk, which would
 * take minutes and is not what is tested.
 */
#ifndef TESTS_FAULT_INJECT_H
#define TESTS_FAULT_INJECT_H

#include <stdbool.h>

#define INJECT_LIST(X)                                                                             \
    X(malloc)                                                                                      \
    X(open)                                                                                        \
    X(openat)                                                                                      \
    X(close)                                                                                       \
    X(read)                                                                                        \
    X(write)                                                                                       \
    X(pwrite)                                                                                      \
    X(fsync)                                                                                       \
    X(lseek)                                                                                       \
    X(ftruncate)                                                                                   \
    X(fcntl)                                                                                       \
    X(flock)                                                                                       \
    X(stat)                                                                                        \
    X(fstat)                                                                                       \
    X(fstatat)                                                                                     \
    X(fchmod)                                                                                      \
    X(fchown)                                                                                      \
    X(flistxattr)                                                                                  \
    X(fgetxattr)                                                                                   \
    X(fsetxattr)                                                                                   \
    X(fremovexattr)                                                                                \
    X(readlink)                                                                                    \
    X(mkdirat)                                                                                     \
    X(linkat)                                                                                      \
    X(renameat)                                                                                    \
    X(renameat2)                                                                                   \
    X(unlinkat)                                                                                    \
    X(fdopendir)                                                                                   \
    X(poll)

#define INJECT_ENUMERATOR(name) INJECT_##name,
enum inject_call { INJECT_LIST(INJECT_ENUMERATOR) INJECT_CALLS };
#undef INJECT_ENUMERATOR

enum inject_how {
    INJECT_ONCE,            /* that call fails */
    INJECT_EVER,            /* and every later one */
    INJECT_SHORT,           /* that call does half of it: read, write, pwrite */
    INJECT_SHORT_THEN_FAIL, /* and every later one fails: a disk that is full */
};

struct inject_fault {
    enum inject_call call;
    unsigned nth; /* 1: the first; 0: none */
    int errnum;
    enum inject_how how;
};

/* The name of a call. */
const char *inject_name(enum inject_call call);

/*
 * Count from 0, and let the fault strike. A call of `missing` (INJECT_CALLS: none) fails with
 * `missing_errnum` whenever it is made, as on a file system that does not have it.
 */
void inject_arm(const struct inject_fault *fault, enum inject_call missing, int missing_errnum);

/* Back to normal; returns whether the fault struck. */
bool inject_disarm(void);

/* How many calls were made while armed, of one kind and of all but malloc. */
unsigned inject_count(enum inject_call call);
unsigned inject_steps(void);

/* Called, where not NULL, before every armed call but malloc, and itself not counted. */
extern void (*inject_observer)(enum inject_call call, unsigned step);

#endif

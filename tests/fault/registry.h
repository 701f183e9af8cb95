/*
 * A registry on loopback, in a thread: it answers as GHCR does, and as GitHub's API. Threads do not
 * come along in a fork, so that it is no child that a test would have to tell from others.
 */
#ifndef TESTS_FAULT_REGISTRY_H
#define TESTS_FAULT_REGISTRY_H

#include <stdbool.h>

#define REGISTRY_TOKEN                                                                             \
    "ghp_M7H4jxUDDWHP4kZ6"                                                                         \
    "A4dxlQYsQIWJuq11T4V4"
#define REGISTRY_BEARER "djE6b2N0b2NhdDoxNjY1ODgwMTIwMzUyOTY3Mjg0"

enum registry_mood {
    REGISTRY_GOOD,
    REGISTRY_BUSY,   /* the first request is answered with 503 */
    REGISTRY_LATE,   /* the first credential is refused */
    REGISTRY_FAR,    /* the realm is another host's */
    REGISTRY_OPEN,   /* it wants no credential */
    REGISTRY_HIDING, /* there is no image */
};

/* Serve on a port of its own, which is returned, for as long as the process lives. */
unsigned registry_start(void);

/* How it is from now on. `is_here`: its challenge names its address, and else ghcr.io. */
void registry_set(enum registry_mood mood, bool is_here);

#endif

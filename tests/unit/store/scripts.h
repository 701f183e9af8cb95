/*
 * What the tests of programs share: shell scripts made in the working directory, and waiting for
 * what a process does on its own.
 */
#ifndef TESTS_STORE_SCRIPTS_H
#define TESTS_STORE_SCRIPTS_H

#include <signal.h>

#include "files.h"

enum { SCRIPTS_PATIENCE_MS = 20000 }; /* only a failing test takes so long */

/* A program of this text for /bin/sh. */
static inline void scripts_make(const char *path, const char *body)
{
    char text[4096];

    support_must(snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body) < (int)sizeof(text), path);
    support_write(path, text);
    support_must(chmod(path, 0755) == 0, path);
}

/* The number in a file, once it is there with a line end; 0 when it never is. */
static inline pid_t scripts_pid(const char *path)
{
    int64_t deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS);
    long pid = 0;

    while (pid == 0 && clock_left(clock_system(), deadline_ms) > 0) {
        struct secret text = support_read(path);

        if (text.len > 0 && text.data[text.len - 1] == '\n')
            pid = strtol(text.data, NULL, 10);
        secret_clear(&text);
        if (pid == 0)
            clock_system()->sleep_ms(NULL, 5);
    }
    return (pid_t)pid;
}

/* Whether it is gone in the end; one that nobody has waited for yet counts as gone. */
static inline bool scripts_is_gone(pid_t pid)
{
    int64_t deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS);
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    while (clock_left(clock_system(), deadline_ms) > 0) {
        struct secret text = support_read(path);
        const char *state = text.len > 0 ? strrchr(text.data, ')') : NULL;
        bool gone = state == NULL || state[2] == 'Z' || state[2] == 'X';

        secret_clear(&text);
        if (gone)
            return true;
        clock_system()->sleep_ms(NULL, 5);
    }
    return false;
}

#endif

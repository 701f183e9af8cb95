/*
 * What the tests of the store share: a directory of their own, which is the working directory while
 * a test runs, and short ways to make and look at files. A broken helper ends the program: it is
 * no verdict about the tested code.
 */
#ifndef TESTS_STORE_FILES_H
#define TESTS_STORE_FILES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

enum { SUPPORT_NOBODY = 65534 };

static char support_dir[PATH_MAX];

static inline void support_must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

/* cmocka's setup: a new directory, and into it. */
static inline int support_setup(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    (void)snprintf(support_dir, sizeof(support_dir), "%s/ghcr-login-test-XXXXXX",
                   base != NULL && base[0] == '/' ? base : "/tmp");
    support_must(mkdtemp(support_dir) != NULL && chdir(support_dir) == 0, "mkdtemp");
    return 0;
}

static inline int support_remove(const char *path, const struct stat *st, int type,
                                 struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

static inline int support_teardown(void **state)
{
    (void)state;
    support_must(chdir("/") == 0, "chdir");
    return nftw(support_dir, support_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void support_write_bytes(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    support_must(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0, path);
}

static inline void support_write(const char *path, const char *text)
{
    support_write_bytes(path, text, strlen(text));
}

/* As a peer does that knows no lock: beside it, then renamed. */
static inline void support_replace(const char *path, const char *text)
{
    char temporary[PATH_MAX];

    (void)snprintf(temporary, sizeof(temporary), "%.4000s.peer%ld", path, (long)getpid());
    support_write(temporary, text);
    support_must(rename(temporary, path) == 0, path);
}

/* The whole file as a secret, to be cleared; one with data NULL when there is none. */
static inline struct secret support_read(const char *path)
{
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    char block[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return text;
    support_must(secret_append_text(&text, "", &err) == 0, path);
    while ((n = read(fd, block, sizeof(block))) > 0)
        support_must(secret_append(&text, block, (size_t)n, SIZE_MAX - 1, &err) == 0, path);
    support_must(n == 0 && close(fd) == 0, path);
    return text;
}

static inline bool support_holds(const char *path, const char *text)
{
    struct secret found = support_read(path);
    bool same =
        found.data != NULL && found.len == strlen(text) && memcmp(found.data, text, found.len) == 0;

    secret_clear(&found);
    return same;
}

static inline struct secret support_secret(const char *text)
{
    struct secret secret = SECRET_INIT;
    struct error err = ERROR_INIT;

    support_must(secret_append_text(&secret, text, &err) == 0, "secret");
    return secret;
}

/* How many names a directory has, "." and ".." aside. */
static inline size_t support_count(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    support_must(dir != NULL, path);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count - 2;
}

static inline struct stat support_stat(const char *path)
{
    struct stat st;

    support_must(lstat(path, &st) == 0, path);
    return st;
}

static inline mode_t support_mode(const char *path)
{
    return support_stat(path).st_mode & 07777;
}

/* Milliseconds from now, on the machine's clock. */
static inline int64_t support_in_ms(int64_t ms)
{
    return clock_now(clock_system()) + ms;
}

/* Run `body` in a process of its own, as nobody where `drop` says so; returns its verdict. */
static inline int support_in_child(bool drop, int (*body)(void))
{
    int status = -1;
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    support_must(child >= 0, "fork");
    if (child == 0) {
        support_must(!drop || geteuid() != 0 ||
                         (setgroups(0, NULL) == 0 && setgid(SUPPORT_NOBODY) == 0 &&
                          setuid(SUPPORT_NOBODY) == 0),
                     "setuid");
        (void)alarm(100); /* what waits for ever ends, too */
        _exit(body());
    }
    support_must(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif

/*
 * What the tests of in_place share: a file to write through, by the room itself and by a whole
 * store, and the fault of a test. write(), fsync() and unlinkat() are linked through here: they can
 * fail, write only a part, kill the program.
 */
#ifndef TESTS_STORE_IN_PLACE_H
#define TESTS_STORE_IN_PLACE_H

#include "../support.h"

#include <signal.h>

#include "mounts.h"
#include "store/auth_file.h"
#include "store/in_place.h"
#include "store/path.h"
#include "storing.h"
#include "support.h"

#define FILE_PATH "config.json"
#define OLD       "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}}}"
/* So long that half of the new text ends behind the old. */
#define AUTH "YTpiYmJiYmJiYmJiYmJiYmJiYmJiYmJi"
#define NEW  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"},\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"

enum call { CALL_NONE, CALL_WRITE, CALL_FSYNC, CALL_UNLINK };

enum how {
    HOW_FAIL,      /* with errnum */
    HOW_HALF,      /* half is written, and all later calls fail with errnum */
    HOW_HALF_ONCE, /* half is written, the next call fails with errnum, and then all is well */
    HOW_HALF_KILL, /* half is written, then SIGKILL */
    HOW_KILL,      /* before it */
    HOW_LOOK,      /* the observer looks, and all is well */
};

/* The fault of one test, which strikes at a call of `call` number `nth`, the first being 1. */
static struct {
    enum call call;
    unsigned nth;
    enum how how;
    int errnum;
    unsigned count;
    void (*observer)(void);
} fault;

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
int __real_fsync(int);
int __wrap_fsync(int);
int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);

/* How the call has to go: false where it fails, *half where it does only a part. */
static inline bool is_let_through(enum call call, bool *half)
{
    *half = false;
    if (fault.call != call || ++fault.count < fault.nth)
        return true;
    if (fault.count > fault.nth) {
        errno = fault.errnum;
        return fault.how == HOW_LOOK || fault.how == HOW_FAIL ||
               (fault.how == HOW_HALF_ONCE && fault.count > fault.nth + 1);
    }
    if (fault.how == HOW_KILL)
        (void)raise(SIGKILL);
    if (fault.how == HOW_LOOK)
        fault.observer();
    *half = fault.how == HOW_HALF || fault.how == HOW_HALF_ONCE || fault.how == HOW_HALF_KILL;
    errno = fault.errnum;
    return fault.how != HOW_FAIL;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    bool half;
    ssize_t done;

    if (!is_let_through(CALL_WRITE, &half))
        return -1;
    done = __real_write(fd, data, half ? len / 2 : len);
    if (half && fault.how == HOW_HALF_KILL)
        (void)raise(SIGKILL);
    return done;
}

int __wrap_fsync(int fd)
{
    bool half;

    return is_let_through(CALL_FSYNC, &half) ? __real_fsync(fd) : -1;
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    bool half;

    return is_let_through(CALL_UNLINK, &half) ? __real_unlinkat(dir, path, flags) : -1;
}

static inline void arm(enum call call, unsigned nth, enum how how, int errnum)
{
    fault.call = call;
    fault.nth = nth;
    fault.how = how;
    fault.errnum = errnum;
    fault.count = 0;
}

static inline void disarm(void)
{
    fault.call = CALL_NONE;
}

static inline int setup(void **state)
{
    disarm();
    return support_setup(state);
}

/* The copy of `path`, in the form that messages have it. */
static inline const char *copy_of(const char *path)
{
    static char copy[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int dir_len = slash != NULL ? (int)(slash - path) : 1;

    (void)snprintf(copy, sizeof(copy), "%.*s/.%s.ghcr-login-copy-%ju", dir_len,
                   slash != NULL ? path : ".", slash != NULL ? slash + 1 : path,
                   (uintmax_t)support_stat(path).st_ino);
    return copy;
}

#define COPY_PATH copy_of(FILE_PATH)

static inline int open_directory(const char *path)
{
    char dir[PATH_MAX];
    int fd;

    path_directory(dir, path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    support_must(fd >= 0, dir);
    return fd;
}

/* `path` has to hold the old text. */
static inline int write_text(const char *path, const char *text, struct error *err)
{
    struct secret new_text = support_secret(text);
    struct stat st;
    struct in_place file = {.dir_fd = open_directory(path), .path = path, .st = &st};
    int ret = -1;
    int fd = in_place_open(&file, clock_system(), support_in_ms(0), err);

    if (fd >= 0) {
        support_must(fstat(fd, &st) == 0, "fstat");
        ret = in_place_write(&file, fd, false, &new_text, err);
        support_must(close(fd) == 0, "close");
    }
    disarm();
    support_must(close(file.dir_fd) == 0, "close");
    secret_clear(&new_text);
    return ret;
}

/* The entry `key` into FILE_PATH. */
static inline int store(const char *key, const char *auth_text, struct error *err)
{
    struct secret auth = support_secret(auth_text);
    struct auth_file file = {.path = FILE_PATH,
                             .format = AUTH_FORMAT_DOCKER,
                             .key = key,
                             .host = key,
                             .auth = &auth,
                             .in_place = true};
    static struct warnings warnings;
    bool changed;
    int ret = storing_store(&file, support_in_ms(2000), &changed, &warnings, err);

    disarm();
    secret_clear(&auth);
    return ret;
}

static inline void assert_or_skip(int verdict)
{
    if (verdict == MOUNTS_NOT_ALLOWED) {
        print_message("           no mount namespace here: not run\n");
        skip();
    }
    assert_int_equal(verdict, 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

#endif

/*
 * Faults on demand: every call of the program's to libc, libcurl and jansson that can fail is
 * linked through here (ld's --wrap). Armed, every call is counted, and the one that the fault names
 * fails. Not armed, all calls do what they always do; but fsync() never reaches the disk, which
 * would take minutes and is not what is tested.
 *
 * The counts lie in memory that forked processes share, so that those of a child are not lost; who
 * is armed is each process' own, and what a child is born with.
 */
#ifndef TESTS_FAULT_INJECT_H
#define TESTS_FAULT_INJECT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Each call, and the way in which it typically fails: an errno, a CURLcode or a CURLUcode.
 * First those of src/store, in whose files nothing may be lost.
 */
#define INJECT_LIST(X)                                                                             \
    X(malloc, ENOMEM)                                                                              \
    X(realloc, ENOMEM)                                                                             \
    X(open, EMFILE)                                                                                \
    X(openat, EACCES)                                                                              \
    X(close, EIO)                                                                                  \
    X(read, EIO)                                                                                   \
    X(write, ENOSPC)                                                                               \
    X(pread, EIO)                                                                                  \
    X(fsync, EIO)                                                                                  \
    X(fcntl, ENOLCK)                                                                               \
    X(fstatfs, ENOSYS)                                                                             \
    X(flock, ENOLCK)                                                                               \
    X(stat, EACCES)                                                                                \
    X(fstat, EIO)                                                                                  \
    X(fstatat, EACCES)                                                                             \
    X(fchmod, EPERM)                                                                               \
    X(fchown, EPERM)                                                                               \
    X(flistxattr, ENOTSUP)                                                                         \
    X(fgetxattr, EIO)                                                                              \
    X(fsetxattr, ENOSPC)                                                                           \
    X(fremovexattr, EPERM)                                                                         \
    X(readlink, EACCES)                                                                            \
    X(mkdirat, EACCES)                                                                             \
    X(linkat, EMLINK)                                                                              \
    X(renameat, EIO)                                                                               \
    X(renameat2, EINVAL)                                                                           \
    X(unlinkat, EACCES)                                                                            \
    X(fdopendir, ENOMEM)                                                                           \
    X(poll, EINTR)                                                                                 \
    X(calloc, ENOMEM)                                                                              \
    X(access, EACCES)                                                                              \
    X(faccessat, EROFS)                                                                            \
    X(lstat, EACCES)                                                                               \
    X(statx, ENOSYS)                                                                               \
    X(statfs, ENOSYS)                                                                              \
    X(fchmodat, EPERM)                                                                             \
    X(symlinkat, ENOSPC)                                                                           \
    X(realpath, EACCES)                                                                            \
    X(mkdtemp, ENOSPC)                                                                             \
    X(ftruncate, EIO)                                                                              \
    X(rmdir, EBUSY)                                                                                \
    X(opendir, EMFILE)                                                                             \
    X(readdir, EIO)                                                                                \
    X(scandir, ENOMEM)                                                                             \
    X(socket, EMFILE)                                                                              \
    X(connect, ENETUNREACH)                                                                        \
    X(fork, EAGAIN)                                                                                \
    X(pipe2, EMFILE)                                                                               \
    X(chdir, EACCES)                                                                               \
    X(dup2, EMFILE)                                                                                \
    X(execve, ENOEXEC)                                                                             \
    X(execvp, EACCES)                                                                              \
    X(waitpid, ECHILD)                                                                             \
    X(waitid, ECHILD)                                                                              \
    X(kill, EPERM)                                                                                 \
    X(prctl, EINVAL)                                                                               \
    X(syscall, ENOSYS)                                                                             \
    X(sigaction, EINVAL)                                                                           \
    X(sigprocmask, EINVAL)                                                                         \
    X(sigwaitinfo, EINTR)                                                                          \
    X(getrlimit, EINVAL)                                                                           \
    X(setrlimit, EPERM)                                                                            \
    X(getpwnam, EIO)                                                                               \
    X(getpwuid, EIO)                                                                               \
    X(fopen, EMFILE)                                                                               \
    X(fgetpwent, EIO)                                                                              \
    X(fgetgrent, EIO)                                                                              \
    X(getgroups, EINVAL)                                                                           \
    X(setgroups, EPERM)                                                                            \
    X(initgroups, ENOMEM)                                                                          \
    X(setegid, EPERM)                                                                              \
    X(seteuid, EAGAIN)                                                                             \
    X(setresgid, EPERM)                                                                            \
    X(setresuid, EAGAIN)                                                                           \
    X(setuid, EPERM)                                                                               \
    X(setenv, ENOMEM)                                                                              \
    X(getentropy, ENOSYS)                                                                          \
    X(nanosleep, EINTR)                                                                            \
    X(gmtime_r, EOVERFLOW)                                                                         \
    X(fflush, ENOSPC)                                                                              \
    X(ferror, ENOSPC)                                                                              \
    X(curl_global_init_mem, CURLE_FAILED_INIT)                                                     \
    X(curl_easy_init, 0)                                                                           \
    X(curl_easy_duphandle, 0)                                                                      \
    X(curl_easy_setopt, CURLE_OUT_OF_MEMORY)                                                       \
    X(curl_easy_perform, CURLE_COULDNT_CONNECT)                                                    \
    X(curl_easy_getinfo, CURLE_UNKNOWN_OPTION)                                                     \
    X(curl_easy_unescape, 0)                                                                       \
    X(curl_slist_append, 0)                                                                        \
    X(curl_url, 0)                                                                                 \
    X(curl_url_get, CURLUE_OUT_OF_MEMORY)                                                          \
    X(curl_url_set, CURLUE_OUT_OF_MEMORY)                                                          \
    X(json_loadb, 0)                                                                               \
    X(json_array, 0)                                                                               \
    X(json_object, 0)                                                                              \
    X(json_string, 0)                                                                              \
    X(json_stringn, 0)                                                                             \
    X(json_string_set, 0)                                                                          \
    X(json_pack, 0)                                                                                \
    X(json_pack_ex, 0)                                                                             \
    X(json_array_append_new, 0)                                                                    \
    X(json_array_remove, 0)                                                                        \
    X(json_copy, 0)                                                                                \
    X(json_object_set_new, 0)                                                                      \
    X(json_object_del, 0)                                                                          \
    X(json_dump_callback, 0)

#define INJECT_ENUMERATOR(name, errnum) INJECT_##name,
enum inject_call { INJECT_LIST(INJECT_ENUMERATOR) INJECT_CALLS };
#undef INJECT_ENUMERATOR

#define INJECT_STORE_LAST INJECT_poll

enum inject_how {
    INJECT_ONCE,            /* that call fails */
    INJECT_EVER,            /* and every later one */
    INJECT_SHORT,           /* that call does half of it: read, write */
    INJECT_SHORT_THEN_FAIL, /* and every later one fails: a disk that is full */
};

struct inject_fault {
    enum inject_call call;
    unsigned nth; /* 1: the first; 0: none */
    int errnum;
    enum inject_how how;
};

/* The name of a call, and how it typically fails. */
const char *inject_name(enum inject_call call);
int inject_errnum(enum inject_call call);

/*
 * Count from 0, and let the fault strike. A call of `missing` (INJECT_CALLS: none) fails with
 * `missing_errnum` whenever it is made, as on a file system that does not have it.
 */
void inject_arm(const struct inject_fault *fault, enum inject_call missing, int missing_errnum);

/* Back to normal; returns whether the fault struck, in this process or in a child of it. */
bool inject_disarm(void);

/* How many calls were made while armed, of one kind and of all but malloc and realloc. */
unsigned inject_count(enum inject_call call);
unsigned inject_steps(void);

/*
 * Write "CALL SEEN WALKED" for each call to the file `program` in $FAULTS_DIR, which
 * scripts/faults.sh reads: how many were seen, and how many runs had one that failed.
 */
void inject_report(const char *program);

/* Called, where not NULL, before every armed call but these two, and itself not counted. */
extern void (*inject_observer)(enum inject_call call, unsigned step);

/* What a played world has: time runs `pace` times as fast (0: as ever), and sleeping only counts.
 */
extern int64_t inject_pace;

/* Where requests really go; NULL: to where they are sent. */
extern const char *(*inject_url)(const char *url);

/* The only user of a played user database; NULL: the machine's. */
struct passwd;
extern struct passwd *inject_user;

/* For inject_*.c. Of one call that is made: what becomes of it, with errno set where it fails. */
enum inject_verdict { INJECT_GO, INJECT_FAIL, INJECT_HALF };
enum inject_verdict inject_judge(enum inject_call call);

/* A wrapper that fails, or hands its arguments on. */
#define INJECT_WRAP(type, failed, name, parameters, arguments)                                     \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return inject_judge(INJECT_##name) == INJECT_FAIL ? failed : __real_##name arguments;      \
    }

#endif

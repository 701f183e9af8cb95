/*
 * The wrappers round libc's calls for processes, users, time and what is set of this process.
 */
#include "inject.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../arguments.h"

INJECT_WRAP(pid_t, -1, fork, (void), ())
INJECT_WRAP(int, -1, pipe2, (int *ends, int flags), (ends, flags))
INJECT_WRAP(int, -1, dup2, (int from, int to), (from, to))
INJECT_WRAP(int, -1, execve, (const char *path, char *const argv[], char *const environment[]),
            (path, argv, environment))
INJECT_WRAP(int, -1, execvp, (const char *path, char *const argv[]), (path, argv))
INJECT_WRAP(int, -1, socket, (int family, int type, int protocol), (family, type, protocol))
INJECT_WRAP(int, -1, connect, (int fd, const struct sockaddr *address, socklen_t len),
            (fd, address, len))
INJECT_WRAP(int, -1, kill, (pid_t pid, int number), (pid, number))
INJECT_WRAP(int, -1, sigaction,
            (int number, const struct sigaction *action, struct sigaction *before),
            (number, action, before))
INJECT_WRAP(int, -1, sigprocmask, (int how, const sigset_t *set, sigset_t *before),
            (how, set, before))
INJECT_WRAP(int, -1, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info))
INJECT_WRAP(int, -1, getrlimit, (__rlimit_resource_t resource, struct rlimit *limit),
            (resource, limit))
INJECT_WRAP(int, -1, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit),
            (resource, limit))
INJECT_WRAP(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
INJECT_WRAP(struct passwd *, NULL, fgetpwent, (FILE * file), (file))
INJECT_WRAP(struct group *, NULL, fgetgrent, (FILE * file), (file))
INJECT_WRAP(int, -1, getgroups, (int count, gid_t groups[]), (count, groups))
INJECT_WRAP(int, -1, setgroups, (size_t count, const gid_t *groups), (count, groups))
INJECT_WRAP(int, -1, initgroups, (const char *name, gid_t group), (name, group))
INJECT_WRAP(int, -1, setegid, (gid_t gid), (gid))
INJECT_WRAP(int, -1, seteuid, (uid_t uid), (uid))
INJECT_WRAP(int, -1, setresgid, (gid_t real, gid_t effective, gid_t saved),
            (real, effective, saved))
INJECT_WRAP(int, -1, setresuid, (uid_t real, uid_t effective, uid_t saved),
            (real, effective, saved))
INJECT_WRAP(int, -1, setuid, (uid_t uid), (uid))
INJECT_WRAP(int, -1, setenv, (const char *name, const char *value, int replace),
            (name, value, replace))
INJECT_WRAP(int, -1, getentropy, (void *data, size_t size), (data, size))
INJECT_WRAP(struct tm *, NULL, gmtime_r, (const time_t *at, struct tm *tm), (at, tm))

/* These do more than fail or go on. */

/* It has been waited for by somebody else, once it has ended: a call that found it so fails. */

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    pid_t ended = __real_waitpid(pid, status, options);

    return ended > 0 && inject_judge(INJECT_waitpid) == INJECT_FAIL ? -1 : ended;
}

int __real_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int ret = __real_waitid(type, id, info, options);
    int errnum;

    if (ret < 0 || info->si_pid == 0 || inject_judge(INJECT_waitid) != INJECT_FAIL)
        return ret;
    errnum = errno;
    (void)__real_waitid(type, id, info, WEXITED);
    errno = errnum;
    return -1;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long a[ARGUMENTS];

    ARGUMENTS_TAKE(a, number);
    if (inject_judge(INJECT_syscall) == INJECT_FAIL)
        return -1;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

/* A process that nobody may trace would be out of the leak checker's reach. */
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
    long a[ARGUMENTS];

    ARGUMENTS_TAKE(a, option);
    if (inject_judge(INJECT_prctl) == INJECT_FAIL)
        return -1;
    return option == PR_SET_DUMPABLE ? 0 : __real_prctl(option, a[0], a[1], a[2], a[3]);
}

struct passwd *__real_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name)
{
    if (inject_judge(INJECT_getpwnam) == INJECT_FAIL)
        return NULL;
    if (inject_user == NULL)
        return __real_getpwnam(name);
    return strcmp(inject_user->pw_name, name) == 0 ? inject_user : NULL;
}

/* Who is asked for without a name is asked for the home alone. */
struct passwd *__real_getpwuid(uid_t uid);
struct passwd *__wrap_getpwuid(uid_t uid);
struct passwd *__wrap_getpwuid(uid_t uid)
{
    if (inject_judge(INJECT_getpwuid) == INJECT_FAIL)
        return NULL;
    return inject_user != NULL ? inject_user : __real_getpwuid(uid);
}

/* Time. */

/* The processes of a run are in one time. */
static int64_t *slept_ns;

__attribute__((constructor)) static void share(void)
{
    slept_ns =
        mmap(NULL, sizeof(*slept_ns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slept_ns == MAP_FAILED)
        abort();
}

int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (inject_judge(INJECT_nanosleep) == INJECT_FAIL) {
        *left = *wanted;
        return -1;
    }
    if (inject_pace == 0)
        return __real_nanosleep(wanted, left);
    *slept_ns += (int64_t)wanted->tv_sec * 1000000000 + wanted->tv_nsec;
    return 0;
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    static int64_t begin_ns;
    int ret = __real_clock_gettime(clock, now);
    int64_t now_ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec;

    if (inject_pace == 0)
        return ret;
    if (begin_ns == 0)
        begin_ns = now_ns;
    now_ns = begin_ns + (now_ns - begin_ns) * inject_pace + *slept_ns;
    now->tv_sec = (time_t)(now_ns / 1000000000);
    now->tv_nsec = (long)(now_ns % 1000000000);
    return ret;
}

#include "cli/confinement.h"

#if defined(__linux__)

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OTHERS_MAX = 256 }; /* descriptors behind the standard ones that are looked at */

#if defined(SYS_landlock_create_ruleset)

/*
 * What <linux/landlock.h> has, which on the machine that builds may be older than the kernel that
 * runs it: a kernel takes a longer struct whose members it does not know, if these are 0.
 */
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

#define TELL_ABI             1U
#define BIT(n)               (UINT64_C(1) << (n))
#define READ_FILE            BIT(2)
#define READ_DIR             BIT(3)
#define BIND_TCP             BIT(0)
#define ABSTRACT_UNIX_SOCKET BIT(0)
#define SIGNAL               BIT(1)

/* All that an ABI knows of files but reading, and there is no exception from it. */
static struct ruleset give_up(long abi)
{
    /* REFER came with the second, TRUNCATE with the third, IOCTL_DEV with the fifth. */
    unsigned known = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

    return (struct ruleset){
        .files = (BIT(known) - 1) & ~(READ_FILE | READ_DIR),
        .network = abi >= 4 ? BIND_TCP : 0,
        .scopes = abi >= 6 ? ABSTRACT_UNIX_SOCKET | SIGNAL : 0,
    };
}

/* Old kernels, containers and boot options may be without it: then that is so. */
static void restrict_self(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, TELL_ABI);
    struct ruleset ruleset = give_up(abi);
    long fd = abi > 0 ? syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0) : -1;

    if (fd < 0)
        return;
    (void)syscall(SYS_landlock_restrict_self, (int)fd, 0);
    (void)close((int)fd);
}

#else

static void restrict_self(void)
{
}

#endif

static bool is_for_writing(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/*
 * What is for reading alone stays: --cacert may be /dev/stdin, or the shell's <(command). In the
 * place of a terminal comes a pipe that has ended, and in that of standard output standard error,
 * for /dev/null is not everywhere, and what is opened later must not get their numbers.
 */
static void drop_descriptors(int kept)
{
    struct pollfd others[OTHERS_MAX] = {0};
    int ends[2];

    if (is_for_writing(STDIN_FILENO) && pipe2(ends, O_CLOEXEC) == 0)
        (void)dup2(ends[0], STDIN_FILENO);
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    for (int i = 0; i < OTHERS_MAX; i++)
        others[i].fd = STDERR_FILENO + 1 + i;
    (void)poll(others, OTHERS_MAX, 0); /* one call tells which of them are closed */
    for (int i = 0; i < OTHERS_MAX; i++) {
        int fd = others[i].fd;

        if (fd != kept && (others[i].revents & POLLNVAL) == 0 && is_for_writing(fd))
            (void)close(fd); /* that end of the pipe, too */
    }
}

void confinement_enter(int kept, bool with_landlock)
{
    (void)setsid(); /* fails for who leads a group: then there is a terminal */
    drop_descriptors(kept);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (with_landlock)
        restrict_self();
}

#else

void confinement_enter(int kept, bool with_landlock)
{
    (void)kept;
    (void)with_landlock;
}

#endif

/*
 * A mount namespace for one child: by root, or by an ordinary user in a user namespace of its own
 * where the system allows that.
 */
#ifndef TESTS_STORE_MOUNTS_H
#define TESTS_STORE_MOUNTS_H

#include <sched.h>
#include <sys/mount.h>

#include "files.h"

enum { MOUNTS_NOT_ALLOWED = 77 };

/* The type of what is no new file system: as mount(8) gives it. Valgrind reads it, NULL or not. */
#define MOUNTS_NO_TYPE "none"

static inline bool mounts_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        (void)close(fd);
    return good;
}

/* Call in a child only. Returns false where it is not allowed. */
static inline bool mounts_enter(void)
{
    char users[64];
    char groups[64];
    bool is_root = geteuid() == 0;

    (void)snprintf(users, sizeof(users), "%lu %lu 1", (unsigned long)geteuid(),
                   (unsigned long)geteuid());
    (void)snprintf(groups, sizeof(groups), "%lu %lu 1", (unsigned long)getegid(),
                   (unsigned long)getegid());
    if (unshare(is_root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0)
        return false;
    if (!is_root &&
        (!mounts_write("/proc/self/setgroups", "deny") ||
         !mounts_write("/proc/self/gid_map", groups) || !mounts_write("/proc/self/uid_map", users)))
        return false;
    return mount(NULL, "/", MOUNTS_NO_TYPE, MS_REC | MS_PRIVATE, NULL) == 0;
}

static inline bool mounts_bind(const char *from, const char *to)
{
    return mount(from, to, MOUNTS_NO_TYPE, MS_BIND, NULL) == 0;
}

/* What is mounted at `path` becomes read-only. */
static inline bool mounts_read_only(const char *path)
{
    return mount(NULL, path, MOUNTS_NO_TYPE, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

/* A file system of so few bytes. */
static inline bool mounts_tiny(const char *path, const char *size)
{
    char option[64];

    (void)snprintf(option, sizeof(option), "size=%s", size);
    return mount("tmpfs", path, "tmpfs", 0, option) == 0;
}

#endif

#include "store/private_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

#include "store/path.h"
#include "store/exec/tree.h"

enum { TRIES = 100 }; /* each is lost only to a sweep that came between two system calls */

static const char template[] = PRIVATE_DIRECTORY_PREFIX "XXXXXX";

static bool is_own(const char *dir)
{
    struct stat st;

    return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static bool is_in_memory(const char *dir)
{
#if defined(__linux__)
    struct statfs fs;

    return statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
#else
    (void)dir;
    return false;
#endif
}

/* A relative one would be another as soon as somebody changes directory. */
static void add(struct private_places *places, const char *dir)
{
    if (dir == NULL || dir[0] != '/' || strlen(dir) + sizeof("/") + sizeof(template) > PATH_MAX)
        return;
    (void)snprintf(places->items[places->count], PATH_MAX, "%s", dir);
    places->count++;
}

void private_directory_places(struct private_places *out,
                              const char *(*environment)(const char *name))
{
    const char *runtime = environment("XDG_RUNTIME_DIR");
    char usual[64];

    out->count = 0;
    (void)snprintf(usual, sizeof(usual), "/run/user/%lu", (unsigned long)geteuid());
    if (runtime != NULL && is_own(runtime))
        add(out, runtime);
    if (is_own(usual))
        add(out, usual);
    if (is_in_memory("/dev/shm"))
        add(out, "/dev/shm");
    add(out, environment("TMPDIR"));
    add(out, "/tmp");
}

/* Take the lock of a directory of ours, and make sure that its name still leads to it. */
static bool is_taken(int dir_fd, const char *name, int fd)
{
    struct stat held;
    struct stat named;

    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 && held.st_uid == geteuid() &&
           fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static int open_directory(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What cannot be removed is litter of another run, and no reason for this one to fail. */
static void sweep_one(int dir_fd, const char *name)
{
    int fd = open_directory(dir_fd, name);

    if (fd < 0)
        return;
    if (is_taken(dir_fd, name, fd))
        (void)!tree_remove(dir_fd, name);
    (void)close(fd);
}

static void sweep(const char *place)
{
    DIR *dir = opendir(place);
    const struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, template, sizeof(PRIVATE_DIRECTORY_PREFIX) - 1) == 0)
            sweep_one(dirfd(dir), entry->d_name);
    }
    (void)closedir(dir);
}

/*
 * One that a sweep saw between its making and its locking is lost to that, and another is made.
 * Returns 0, or -1 with errno set.
 */
static int make_in(struct private_directory *out, const char *place)
{
    for (int i = 0; i < TRIES; i++) {
        (void)snprintf(out->path, PATH_MAX, "%.*s/%s", PATH_MAX - (int)sizeof(template) - 1, place,
                       template);
        if (mkdtemp(out->path) == NULL)
            return -1;
        out->fd = open_directory(AT_FDCWD, out->path);
        if (out->fd >= 0 && is_taken(AT_FDCWD, out->path, out->fd))
            return 0;
        if (out->fd >= 0)
            (void)close(out->fd);
        (void)rmdir(out->path); /* empty, or gone */
        out->fd = -1;
    }
    errno = EBUSY;
    return -1;
}

int private_directory_make(struct private_directory *out, const struct private_places *places,
                           struct error *err)
{
    struct private_directory made = PRIVATE_DIRECTORY_INIT;

    for (size_t i = 0; i < places->count; i++)
        sweep(places->items[i]);
    for (size_t i = 0; i < places->count; i++) {
        if (make_in(&made, places->items[i]) == 0) {
            *out = made;
            return 0;
        }
    }
    (void)path_fail(err, "make a private directory in", places->items[places->count - 1]);
    return error_hint(err, "set TMPDIR to a directory that this user may write to");
}

int private_directory_remove(struct private_directory *directory, struct error *err)
{
    int ret = tree_remove(AT_FDCWD, directory->path);

    if (ret < 0) {
        ret = path_fail(err, "remove", directory->path);
        tree_empty(directory->fd); /* where its name cannot go, what it holds can */
    } else {
        (void)close(directory->fd);
    }
    *directory = PRIVATE_DIRECTORY_INIT;
    return ret;
}

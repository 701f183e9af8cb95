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

#include "base/io.h"
#include "store/exec/private_removal.h"
#include "store/path.h"

enum {
    TRIES = 100,          /* each is lost only to a sweep that came between two system calls */
    OLD_S = 24 * 60 * 60, /* where locks may not be passed on */
};

static const char template[] = PRIVATE_DIRECTORY_PREFIX "XXXXXX";
static const char marker[] = PRIVATE_DIRECTORY_MARKER;

static bool private_is_own(const char *dir)
{
    struct stat st;

    return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/*
 * Whether nobody but root can give its entries another name. Elsewhere somebody may give our name
 * to another directory of this user's, and to one of theirs the name of ours.
 */
static bool is_safe(const struct stat *place)
{
    return (place->st_uid == geteuid() || place->st_uid == 0) &&
           ((place->st_mode & (S_IWGRP | S_IWOTH)) == 0 || (place->st_mode & S_ISVTX) != 0);
}

#if defined(__linux__)

static bool is_in_memory(const char *dir)
{
    struct statfs fs;

    return statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

#else

static bool is_in_memory(const char *dir)
{
    (void)dir;
    return false;
}

#endif

/* A relative one would be another as soon as somebody changes directory. */
static void add_place(struct private_places *places, const char *dir)
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
    if (runtime != NULL && private_is_own(runtime))
        add_place(out, runtime);
    if (private_is_own(usual))
        add_place(out, usual);
    if (is_in_memory("/dev/shm"))
        add_place(out, "/dev/shm");
    add_place(out, environment("TMPDIR"));
    add_place(out, "/tmp");
}

/* Locks. */

enum hold {
    HOLD_OURS,
    HOLD_ANOTHERS,
    HOLD_NONE, /* there are no locks here, for nobody */
};

static enum hold judge_hold(int ret)
{
    if (ret == 0)
        return HOLD_OURS;
    return errno == EWOULDBLOCK || errno == EAGAIN || errno == EACCES || errno == EINTR
               ? HOLD_ANOTHERS
               : HOLD_NONE;
}

static enum hold hold_directory(int fd)
{
    return judge_hold(flock(fd, LOCK_EX | LOCK_NB));
}

static enum hold hold_marker(int fd)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return judge_hold(fcntl(fd, IO_SETLK, &whole));
}

/* The sweep. */

/* By the clock of the file system's host, which may not be ours: an access now has its time. */
static bool is_old(int fd, const struct stat *marker_st)
{
    static const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    struct stat st;

    return futimens(fd, times) == 0 && fstat(fd, &st) == 0 &&
           marker_st->st_mtime < st.st_atime - OLD_S;
}

/*
 * Whether it has a marker of this user's that nobody holds. It is closed again: network file
 * systems keep an open file under another name when it is removed.
 */
static bool is_stale(int fd, bool must_be_old)
{
    int marker_fd = openat(fd, marker, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    bool ret = marker_fd >= 0 && fstat(marker_fd, &st) == 0 && S_ISREG(st.st_mode) &&
               st.st_uid == geteuid() && (!must_be_old || is_old(fd, &st)) &&
               hold_marker(marker_fd) == HOLD_OURS;

    if (marker_fd >= 0)
        (void)close(marker_fd);
    return ret;
}

struct sweep {
    int place_fd;
    bool is_local;
    const struct clock *clock;
    int64_t deadline_ms;
};

/* An empty one is of a run that was killed before it had a marker; there is nothing to lose. */
static void sweep_one(const struct sweep *sweep, const char *name)
{
    int fd = private_removal_open(sweep->place_fd, name);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && hold_directory(fd) != HOLD_ANOTHERS &&
        private_removal_is_named(sweep->place_fd, name, fd) > 0 &&
        unlinkat(sweep->place_fd, name, AT_REMOVEDIR) < 0 && private_removal_is_not_empty(errno) &&
        is_stale(fd, !sweep->is_local))
        (void)private_removal_run(sweep->place_fd, name, fd, marker, sweep->clock,
                                  sweep->deadline_ms);
    (void)close(fd);
}

static void sweep_place(const char *place, const struct clock *clock, int64_t deadline_ms)
{
    DIR *dir = opendir(place);
    struct sweep sweep = {.clock = clock, .deadline_ms = deadline_ms};
    const struct dirent *entry;
    struct stat st;

    if (dir == NULL)
        return;
    sweep.place_fd = dirfd(dir);
    sweep.is_local = path_is_local(sweep.place_fd);
    if (fstat(sweep.place_fd, &st) == 0 && is_safe(&st)) {
        while (clock_left(clock, deadline_ms) > 0 && (entry = readdir(dir)) != NULL) {
            if (strncmp(entry->d_name, template, sizeof(PRIVATE_DIRECTORY_PREFIX) - 1) == 0)
                sweep_one(&sweep, entry->d_name);
        }
    }
    (void)closedir(dir);
}

void private_directory_sweep(const struct private_places *places, const struct clock *clock,
                             int64_t deadline_ms)
{
    for (size_t i = 0; i < places->count; i++)
        sweep_place(places->items[i], clock, deadline_ms);
}

/* The making. */

static void let_go_of_marker(struct private_directory *directory)
{
    if (directory->marker_fd >= 0)
        (void)close(directory->marker_fd);
    directory->marker_fd = -1;
}

static void close_private(struct private_directory *directory)
{
    let_go_of_marker(directory);
    if (directory->fd >= 0)
        (void)close(directory->fd);
    *directory = PRIVATE_DIRECTORY_INIT;
}

/* Returns 1 when it is ours, 0 when a sweep was faster, -1 with errno set. */
static int claim(struct private_directory *made)
{
    made->fd = private_removal_open(AT_FDCWD, made->path);
    if (made->fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (hold_directory(made->fd) == HOLD_ANOTHERS)
        return 0;
    made->marker_fd = openat(made->fd, marker, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made->marker_fd < 0)
        return errno == ENOENT || errno == ESTALE ? 0 : -1;
    return private_removal_is_named(AT_FDCWD, made->path, made->fd);
}

/* A file system that is full lets a directory and a file be made all the same. */
static int try_bytes(int fd, size_t bytes)
{
    static const char zeros[4096];
    int ret = 0;

    for (size_t done = 0; ret == 0 && done < bytes; done += sizeof(zeros))
        ret = io_write_all(fd, zeros, sizeof(zeros));
    return ret == 0 ? ftruncate(fd, 0) : -1;
}

/* One that has no more inodes, too; and some have no links. */
static int try_names(int fd, const struct private_room *room)
{
    char name[sizeof(template) + 32];
    size_t count = 0;
    int errnum;
    int ret = 0;

    for (; ret == 0 && count < room->files + room->links; count++) {
        (void)snprintf(name, sizeof(name), "%s%zu", template, count);
        ret = count < room->files ? mkdirat(fd, name, 0700) : symlinkat(template, fd, name);
    }
    errnum = errno;
    while (count-- > 0) {
        (void)snprintf(name, sizeof(name), "%s%zu", template, count);
        (void)unlinkat(fd, name, count < room->files ? AT_REMOVEDIR : 0);
    }
    errno = errnum;
    return ret;
}

static int try_room(const struct private_directory *made, const struct private_room *room)
{
    return try_bytes(made->marker_fd, room->bytes) < 0 ? -1 : try_names(made->fd, room);
}

static void undo(struct private_directory *made)
{
    int errnum = errno;

    let_go_of_marker(made);
    if (made->fd >= 0)
        (void)unlinkat(made->fd, marker, 0);
    (void)rmdir(made->path); /* empty, or gone */
    close_private(made);
    errno = errnum;
}

/*
 * One that a sweep saw between its making and its locking is lost to that, and another is made.
 * Returns 0, or -1 with errno set.
 */
static int make_in(struct private_directory *out, const char *place,
                   const struct private_room *room)
{
    for (int i = 0; i < TRIES; i++) {
        struct private_directory made = PRIVATE_DIRECTORY_INIT;
        int ret;

        (void)snprintf(made.path, PATH_MAX, "%.*s/%s", PATH_MAX - (int)sizeof(template) - 1, place,
                       template);
        if (mkdtemp(made.path) == NULL)
            return -1;
        ret = claim(&made);
        if (ret > 0 && try_room(&made, room) == 0) {
            let_go_of_marker(&made); /* a child is to have no copy: private_directory_hold() */
            *out = made;
            return 0;
        }
        undo(&made);
        if (ret != 0)
            return -1;
    }
    errno = EBUSY;
    return -1;
}

/* Returns 0; or -1, with *errnum set if that was the last of all places. */
static int make_in_one_of(struct private_directory *out, const struct private_places *places,
                          bool safe, const struct private_room *room, int *errnum)
{
    for (size_t i = 0; i < places->count; i++) {
        struct stat st;

        if ((stat(places->items[i], &st) == 0 && is_safe(&st)) != safe)
            continue;
        if (make_in(out, places->items[i], room) == 0)
            return 0;
        if (i == places->count - 1)
            *errnum = errno;
    }
    return -1;
}

int private_directory_make(struct private_directory *out, const struct private_places *places,
                           const struct private_room *room, struct error *err)
{
    int errnum = ENOENT;

    if (make_in_one_of(out, places, true, room, &errnum) == 0 ||
        make_in_one_of(out, places, false, room, &errnum) == 0)
        return 0;
    return error_set_hint(err, CLASS_AUTHFILE,
                          "set TMPDIR to a directory that this user can write to",
                          "cannot create a private directory in '%s': %s",
                          places->items[places->count - 1], strerror(errnum));
}

void private_directory_hold(struct private_directory *directory)
{
    directory->marker_fd = openat(directory->fd, marker, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (directory->marker_fd >= 0)
        (void)hold_marker(directory->marker_fd); /* where there are no locks, its age protects it */
}

int private_directory_remove(struct private_directory *directory, const struct clock *clock,
                             int64_t deadline_ms, struct error *err)
{
    int errnum;
    int ret = 0;

    let_go_of_marker(directory);
    errnum =
        private_removal_run(AT_FDCWD, directory->path, directory->fd, marker, clock, deadline_ms);
    if (errnum == ETIME)
        ret = error_set(err, CLASS_AUTHFILE, "timed out removing '%s'", directory->path);
    else if (errnum != 0) {
        errno = errnum;
        ret = path_fail(err, "remove", directory->path);
    }
    close_private(directory);
    return ret;
}

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
#include <time.h>
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

#if defined(F_OFD_SETLK)
#define MARKER_LOCK F_OFD_SETLK
#else
#define MARKER_LOCK F_SETLK
#endif

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

    return judge_hold(fcntl(fd, MARKER_LOCK, &whole));
}

/* The sweep. */

static bool is_old(const struct stat *st)
{
    return st->st_mtime < time(NULL) - OLD_S;
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
               st.st_uid == geteuid() && (!must_be_old || is_old(&st)) &&
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

/* Elsewhere somebody else may have given our name to another directory of this user's. */
static bool is_safe(int place_fd)
{
    struct stat st;

    return fstat(place_fd, &st) == 0 && (st.st_uid == geteuid() || (st.st_mode & S_ISVTX) != 0);
}

static void sweep_place(const char *place, const struct clock *clock, int64_t deadline_ms)
{
    DIR *dir = opendir(place);
    struct sweep sweep = {.clock = clock, .deadline_ms = deadline_ms};
    const struct dirent *entry;

    if (dir == NULL)
        return;
    sweep.place_fd = dirfd(dir);
    sweep.is_local = path_is_local(sweep.place_fd);
    if (is_safe(sweep.place_fd)) {
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
    return hold_marker(made->marker_fd) == HOLD_ANOTHERS
               ? 0
               : private_removal_is_named(AT_FDCWD, made->path, made->fd);
}

/* A file system that is full lets a directory and a file be made all the same. */
static int try_room(int fd, size_t room)
{
    static const char zeros[4096];
    int ret = 0;

    for (size_t done = 0; ret == 0 && done < room; done += sizeof(zeros))
        ret = io_write_all(fd, zeros, sizeof(zeros));
    return ret == 0 ? ftruncate(fd, 0) : -1;
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
static int make_in(struct private_directory *out, const char *place, size_t room)
{
    for (int i = 0; i < TRIES; i++) {
        struct private_directory made = PRIVATE_DIRECTORY_INIT;
        int ret;

        (void)snprintf(made.path, PATH_MAX, "%.*s/%s", PATH_MAX - (int)sizeof(template) - 1, place,
                       template);
        if (mkdtemp(made.path) == NULL)
            return -1;
        ret = claim(&made);
        if (ret > 0 && try_room(made.marker_fd, room) == 0) {
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

int private_directory_make(struct private_directory *out, const struct private_places *places,
                           size_t room, struct error *err)
{
    for (size_t i = 0; i < places->count; i++) {
        if (make_in(out, places->items[i], room) == 0)
            return 0;
    }
    return error_set_hint(err, CLASS_AUTHFILE,
                          "set TMPDIR to a directory that this user can write to",
                          "cannot create a private directory in '%s': %s",
                          places->items[places->count - 1], strerror(errno));
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

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
#include "store/path.h"

enum {
    TRIES = 100,          /* each is lost only to a sweep that came between two system calls */
    PASSES = 5,           /* over a directory that somebody else is filling */
    OLD_S = 24 * 60 * 60, /* where locks may not be passed on */
    EVERY_LEVEL = INT_MAX,
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

/* Removal. */

struct removal {
    const struct clock *clock;
    int64_t deadline_ms;
    int top_fd; /* of the private directory: its marker goes last, so that the rest can be swept */
    int errnum; /* why something is left: the first reason, which is the deepest; 0: nothing is */
};

static void note(struct removal *removal, int errnum)
{
    if (removal->errnum == 0)
        removal->errnum = errnum;
}

static bool is_not_empty(int errnum)
{
    return errnum == ENOTEMPTY || errnum == EEXIST;
}

static int private_open_directory(int parent_fd, const char *name)
{
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Open it for what stands in it; its owner may have taken the right to that away. */
static int open_to_empty(int parent_fd, const char *name)
{
    int fd = private_open_directory(parent_fd, name);
    struct stat st;

    /* Unlinking needs the right to write and to search too. */
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod(fd, S_IRWXU);
    if (fd >= 0 || errno != EACCES)
        return fd;
    if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
        fchmodat(parent_fd, name, S_IRWXU, 0) < 0)
        return -1;
    return private_open_directory(parent_fd, name);
}

static bool is_spared(int fd, const char *name, const struct removal *removal)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (fd == removal->top_fd && strcmp(name, marker) == 0);
}

static void empty_directory(int fd, int levels, struct removal *removal);

/*
 * One entry, whatever it is, once: one that is filled again is dealt with at the top. A mount
 * says EBUSY to rmdir(2), and is not entered.
 */
static void remove_entry(int parent_fd, const char *name, int levels, struct removal *removal)
{
    int errnum;
    int fd;

    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
        return;
    errnum = errno;
    if (errnum != EISDIR && errnum != EPERM) { /* how Linux, and how POSIX, say: a directory */
        note(removal, errnum);
        return;
    }
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return;
    if (!is_not_empty(errno)) {
        note(removal, errno == ENOTDIR ? errnum : errno);
        return;
    }
    fd = levels > 0 ? open_to_empty(parent_fd, name) : -1;
    if (fd < 0) {
        note(removal, levels > 0 ? errno : ENOTEMPTY); /* the next pass goes deeper */
        return;
    }
    empty_directory(fd, levels - 1, removal);
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        note(removal, errno);
}

/* Remove what it holds, down to so many levels below. Closes `fd`. */
static void empty_directory(int fd, int levels, struct removal *removal)
{
    DIR *dir = fdopendir(fd); /* which owns the descriptor from here */
    const struct dirent *entry;

    if (dir == NULL) {
        note(removal, errno);
        (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (is_spared(fd, entry->d_name, removal))
            continue;
        if (clock_left(removal->clock, removal->deadline_ms) == 0) {
            note(removal, ETIME);
            break;
        }
        remove_entry(fd, entry->d_name, levels, removal);
    }
    (void)closedir(dir);
}

/* Returns 1 when that name leads to it, 0 when to something else or nothing, -1 with errno set. */
static int is_named(int parent_fd, const char *name, int fd)
{
    struct stat held;
    struct stat named;

    if (fstat(fd, &held) < 0)
        return -1;
    if (fstatat(parent_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    return held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* One pass over what the private directory `fd` holds, and its name if that is all. */
static void remove_once(int parent_fd, const char *name, int fd, int levels,
                        struct removal *removal)
{
    int named;

    removal->errnum = 0;
    removal->top_fd = private_open_directory(fd, ".");
    if (removal->top_fd < 0 && errno == ENOENT)
        return; /* it is gone */
    if (removal->top_fd < 0) {
        note(removal, errno);
        return;
    }
    empty_directory(removal->top_fd, levels, removal);
    if (removal->errnum == 0)
        (void)unlinkat(fd, marker, 0);
    named = is_named(parent_fd, name, fd);
    if (named < 0 || (named > 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0))
        note(removal, errno);
}

/*
 * All of it, and again if somebody fills it. However long that may take: what we wrote
 * ourselves is gone with the first pass. Returns 0, or an errno.
 */
static int remove_private(int parent_fd, const char *name, int fd, const struct clock *clock,
                          int64_t deadline_ms)
{
    struct removal removal = {.clock = clock, .deadline_ms = deadline_ms};

    (void)fchmod(fd, S_IRWXU);
    remove_once(parent_fd, name, fd, 1, &removal);
    for (int pass = 1; pass < PASSES && removal.errnum != 0; pass++) {
        remove_once(parent_fd, name, fd, EVERY_LEVEL, &removal);
        if (!is_not_empty(removal.errnum))
            break;
    }
    return removal.errnum;
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
    int fd = private_open_directory(sweep->place_fd, name);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && hold_directory(fd) != HOLD_ANOTHERS &&
        is_named(sweep->place_fd, name, fd) > 0 &&
        unlinkat(sweep->place_fd, name, AT_REMOVEDIR) < 0 && is_not_empty(errno) &&
        is_stale(fd, !sweep->is_local))
        (void)remove_private(sweep->place_fd, name, fd, sweep->clock, sweep->deadline_ms);
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
    made->fd = private_open_directory(AT_FDCWD, made->path);
    if (made->fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (hold_directory(made->fd) == HOLD_ANOTHERS)
        return 0;
    made->marker_fd = openat(made->fd, marker, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made->marker_fd < 0)
        return errno == ENOENT || errno == ESTALE ? 0 : -1;
    return hold_marker(made->marker_fd) == HOLD_ANOTHERS ? 0
                                                         : is_named(AT_FDCWD, made->path, made->fd);
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
    errnum = remove_private(AT_FDCWD, directory->path, directory->fd, clock, deadline_ms);
    if (errnum == ETIME)
        ret = error_set(err, CLASS_AUTHFILE, "timed out removing '%s'", directory->path);
    else if (errnum != 0) {
        errno = errnum;
        ret = path_fail(err, "remove", directory->path);
    }
    close_private(directory);
    return ret;
}

#include "store/exec/private_removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/path.h"
#include "store/private_config.h"

enum {
    PASSES = 5,       /* over a directory that somebody else is filling */
    LEVELS_FIRST = 1, /* of the first pass: all that we wrote ourselves */
    LEVELS = 64,      /* each has a descriptor while what is below it is removed */
    LEVELS_SPARE = 3, /* as many as it takes to look at a directory */
    MOVED_NAME = 64,  /* bytes of a name at the top */
};

struct removal {
    const struct clock *clock;
    int64_t deadline_ms;
    const char *last; /* the entry of the top that goes last, so that the rest can be swept */
    int top_fd;       /* of the private directory */
    int errnum; /* why something is left: the first reason, which is the deepest; 0: nothing is */
    int levels; /* to go down in this pass */
    int levels_next;
    bool may_move;  /* what is deeper to the top */
    bool again;     /* there is more to remove, and a way */
    unsigned moved; /* in all passes */
};

static void note(struct removal *removal, int errnum)
{
    if (removal->errnum == 0)
        removal->errnum = errnum;
}

bool private_removal_is_not_empty(int errnum)
{
    return errnum == ENOTEMPTY || errnum == EEXIST;
}

int private_removal_open(int parent_fd, const char *name)
{
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int private_removal_is_named(int parent_fd, const char *name, int fd)
{
    struct stat held;
    struct stat named;

    if (fstat(fd, &held) < 0)
        return -1;
    if (fstatat(parent_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    return held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/*
 * Open for what is in it a directory that rmdir(2) has just called no mount, and not empty. Its
 * owner may have taken the right to that away.
 */
static int open_to_empty(int parent_fd, const char *name)
{
    int fd = private_removal_open(parent_fd, name);
    struct stat st;

    if (fd < 0 && errno == EACCES && fchmodat(parent_fd, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
        fd = private_removal_open(parent_fd, name);
    if (fd < 0)
        return -1;
    if (path_is_on_another_mount(fd, parent_fd)) { /* since then */
        (void)close(fd);
        errno = EBUSY;
        return -1;
    }
    /* Unlinking needs the right to write and to search too. */
    if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod(fd, S_IRWXU);
    return fd;
}

static bool is_spared(int fd, const char *name, const struct removal *removal)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (fd == removal->top_fd && strcmp(name, removal->last) == 0);
}

/* To the top, under a name that is free there, where the next pass begins with it. */
static void move_up(int parent_fd, const char *name, struct removal *removal)
{
    char to[MOVED_NAME];
    int ret;

    do {
        (void)snprintf(to, sizeof(to), "%.32s.%u", removal->last, removal->moved++);
        ret = renameat(parent_fd, name, removal->top_fd, to);
    } while (ret < 0 && (errno == ENOTDIR || private_removal_is_not_empty(errno)) &&
             clock_left(removal->clock, removal->deadline_ms) > 0);
    if (ret == 0)
        removal->again = true;
    else if (errno != ENOENT)
        note(removal, errno);
}

/* There are no more descriptors: the next pass leaves some. Returns false if there are too few. */
static bool go_less_deep(int levels, struct removal *removal)
{
    int depth = removal->levels - levels;

    if (depth <= LEVELS_SPARE)
        return false;
    removal->levels_next = depth - LEVELS_SPARE;
    removal->again = true;
    return true;
}

static void empty_directory(int fd, int levels, struct removal *removal);

/* What is in a directory, and the directory; or, where that goes too deep, it is moved. */
static void remove_filled(int parent_fd, const char *name, int levels, struct removal *removal)
{
    int fd;

    if (levels == 0 && !removal->may_move) {
        note(removal, ENOTEMPTY); /* the next pass goes deeper */
        return;
    }
    fd = open_to_empty(parent_fd, name);
    if (fd >= 0 && levels > 0) {
        empty_directory(fd, levels - 1, removal);
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
            note(removal, errno);
        return;
    }
    if (fd >= 0) {
        (void)close(fd);
        move_up(parent_fd, name, removal);
    } else if ((errno != EMFILE && errno != ENFILE) || !go_less_deep(levels, removal)) {
        note(removal, errno);
    }
}

/*
 * One entry, whatever it is, once: one that is filled again is dealt with at the top. A mount
 * says EBUSY to rmdir(2), and is not entered.
 */
static void remove_entry(int parent_fd, const char *name, int levels, struct removal *removal)
{
    int errnum;

    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
        return;
    errnum = errno;
    if (errnum != EISDIR && errnum != EPERM) { /* how Linux, and how POSIX, say: a directory */
        note(removal, errnum);
        return;
    }
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return;
    if (private_removal_is_not_empty(errno))
        remove_filled(parent_fd, name, levels, removal);
    else
        note(removal, errno == ENOTDIR ? errnum : errno);
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

/* By name, however many other entries are there, and whether or not there is time for those. */
static void remove_login(int top_fd)
{
    static const char *const files[][2] = {
        {PRIVATE_CONFIG_DOCKER, PRIVATE_CONFIG_DOCKER_FILE},
        {PRIVATE_CONFIG_PODMAN, PRIVATE_CONFIG_PODMAN_FILE},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int fd = -1;

        if (unlinkat(top_fd, files[i][0], AT_REMOVEDIR) < 0 && private_removal_is_not_empty(errno))
            fd = open_to_empty(top_fd, files[i][0]);
        if (fd < 0)
            continue;
        (void)unlinkat(fd, files[i][1], 0); /* if that fails, a pass says why */
        (void)close(fd);
    }
}

/* Somebody was faster than rmdir(2): without a marker no sweep would take what they made. */
static void put_back(int top_fd, const char *last)
{
    int fd = openat(top_fd, last, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)close(fd);
}

/* One pass over what the private directory `fd` holds, and its name if that is all. */
static void remove_once(int parent_fd, const char *name, int fd, struct removal *removal)
{
    int named;

    removal->errnum = 0;
    removal->again = false;
    removal->levels = removal->levels_next;
    removal->top_fd = private_removal_open(fd, ".");
    if (removal->top_fd < 0 && errno == ENOENT)
        return; /* it is gone */
    if (removal->top_fd < 0) {
        note(removal, errno);
        return;
    }
    empty_directory(removal->top_fd, removal->levels, removal);
    removal->top_fd = fd; /* that one is closed */
    if (removal->again)
        note(removal, ENOTEMPTY);
    if (removal->errnum == 0)
        remove_entry(fd, removal->last, removal->levels, removal);
    named = private_removal_is_named(parent_fd, name, fd);
    if (named < 0 || (named > 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)) {
        note(removal, errno);
        if (private_removal_is_not_empty(errno))
            put_back(fd, removal->last);
    }
}

int private_removal_run(int parent_fd, const char *name, int fd, const char *last,
                        const struct clock *clock, int64_t deadline_ms)
{
    struct removal removal = {.clock = clock,
                              .deadline_ms = deadline_ms,
                              .last = last,
                              .top_fd = -1,
                              .levels_next = LEVELS_FIRST};
    int pass = 1;

    (void)fchmod(fd, S_IRWXU);
    remove_login(fd);
    remove_once(parent_fd, name, fd, &removal);
    removal.may_move = true;
    removal.levels_next = LEVELS;
    while (removal.errnum != 0 && (removal.again || pass < PASSES)) {
        remove_once(parent_fd, name, fd, &removal);
        if (!removal.again && !private_removal_is_not_empty(removal.errnum))
            break;
        pass += !removal.again;
    }
    return removal.errnum;
}

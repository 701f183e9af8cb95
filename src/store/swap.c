#include "store/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool swap_is_same_version(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether `path` holds what was read: that very file, or none. SWAP_DONE: it does. */
static enum swap_result look(const char *path, const struct stat *seen)
{
    struct stat now;

    if (lstat(path, &now) < 0) {
        if (errno != ENOENT)
            return SWAP_FAILED;
        return seen == NULL ? SWAP_DONE : SWAP_STALE;
    }
    return seen != NULL && swap_is_same_version(&now, seen) ? SWAP_DONE : SWAP_STALE;
}

#if defined(RENAME_EXCHANGE)
static int exchange(const char *a, const char *b)
{
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}
#else
static int exchange(const char *a, const char *b)
{
    (void)a;
    (void)b;
    errno = ENOSYS;
    return -1;
}
#endif

/* Where nothing better works: the last look is right before. */
static enum swap_result rename_in(char *temporary, const char *path, const struct stat *seen)
{
    enum swap_result now = look(path, seen);

    if (now != SWAP_DONE)
        return now;
    if (rename(temporary, path) < 0)
        return SWAP_FAILED;
    temporary[0] = '\0';
    return SWAP_DONE;
}

/*
 * What came out is not what was read: put it back. Where in turn something else than our own file
 * comes back out, a still newer one had taken the place, and belongs there.
 */
static enum swap_result swap_back(char *temporary, const char *path, const struct stat *ours)
{
    struct stat back;
    int ret;

    if (exchange(temporary, path) < 0) {
        ret = rename(temporary, path);
        temporary[0] = '\0'; /* what has that name now is not ours to remove */
        return ret == 0 ? SWAP_STALE : SWAP_FAILED;
    }
    if (lstat(temporary, &back) == 0 && !swap_is_same_version(ours, &back))
        (void)exchange(temporary, path); /* the two before it worked */
    return SWAP_STALE;
}

static enum swap_result replace(char *temporary, const char *path, const struct stat *seen)
{
    struct stat ours;

    if (lstat(temporary, &ours) < 0)
        return SWAP_FAILED;
    if (exchange(temporary, path) < 0) {
        if (errno == ENOENT)
            return SWAP_STALE;
        if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
            return rename_in(temporary, path, seen);
        return SWAP_FAILED;
    }
    return look(temporary, seen) == SWAP_DONE ? SWAP_DONE : swap_back(temporary, path, &ours);
}

/* A first file must not replace one that a peer made meanwhile. */
static enum swap_result create(char *temporary, const char *path)
{
    if (link(temporary, path) == 0)
        return SWAP_DONE;
    if (errno == EEXIST)
        return SWAP_STALE;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) /* no hard links here */
        return rename_in(temporary, path, NULL);
    return SWAP_FAILED;
}

enum swap_result swap_in(char *temporary, const char *path, const struct stat *seen)
{
    enum swap_result now = look(path, seen);

    if (now != SWAP_DONE)
        return now;
    return seen != NULL ? replace(temporary, path, seen) : create(temporary, path);
}

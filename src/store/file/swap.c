#include "store/file/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/file/version.h"

/* Two names of the directory in which all of this happens, wherever that is moved meanwhile. */
struct pair {
    int dir_fd;
    char *temporary;
    const char *name;
};

static int look_at(const struct pair *pair, const char *name, struct stat *st)
{
    return fstatat(pair->dir_fd, name, st, AT_SYMLINK_NOFOLLOW);
}

/* Whether `name` is what was read: that very file, or none. SWAP_DONE: it is. */
static enum swap_result look(const struct pair *pair, const char *name, const struct stat *seen)
{
    struct stat now;

    if (look_at(pair, name, &now) < 0) {
        if (errno != ENOENT)
            return SWAP_FAILED;
        return seen == NULL ? SWAP_DONE : SWAP_STALE;
    }
    return seen != NULL && version_is_same_status(&now, seen) ? SWAP_DONE : SWAP_STALE;
}

static int exchange(const struct pair *pair)
{
#if defined(RENAME_EXCHANGE)
    return renameat2(pair->dir_fd, pair->temporary, pair->dir_fd, pair->name, RENAME_EXCHANGE);
#else
    (void)pair;
    errno = ENOSYS;
    return -1;
#endif
}

static int rename_over(const struct pair *pair)
{
    return renameat(pair->dir_fd, pair->temporary, pair->dir_fd, pair->name);
}

/* Where nothing better works: the last look is right before. */
static enum swap_result rename_in(const struct pair *pair, const struct stat *seen)
{
    enum swap_result now = look(pair, pair->name, seen);

    if (now != SWAP_DONE)
        return now;
    if (rename_over(pair) < 0)
        return SWAP_FAILED;
    pair->temporary[0] = '\0';
    return SWAP_DONE;
}

/*
 * What came out is not what was read: put it back. Where in turn something else than our own file
 * comes back out, a still newer one had taken the place, and belongs there.
 */
static enum swap_result swap_back(const struct pair *pair, const struct stat *ours)
{
    struct stat back;
    int ret;

    if (exchange(pair) < 0) {
        ret = rename_over(pair);
        pair->temporary[0] = '\0'; /* what has that name now is not ours to remove */
        return ret == 0 ? SWAP_STALE : SWAP_FAILED;
    }
    if (look_at(pair, pair->temporary, &back) == 0 && !version_is_same_file(ours, &back))
        (void)exchange(pair); /* the two before it worked */
    return SWAP_STALE;
}

static enum swap_result replace(const struct pair *pair, const struct stat *seen)
{
    struct stat ours;

    if (look_at(pair, pair->temporary, &ours) < 0)
        return SWAP_FAILED;
    if (exchange(pair) < 0) {
        if (errno == ENOENT)
            return SWAP_STALE;
        if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
            return rename_in(pair, seen);
        return SWAP_FAILED;
    }
    return look(pair, pair->temporary, seen) == SWAP_DONE ? SWAP_DONE : swap_back(pair, &ours);
}

/* A first file must not replace one that a peer made meanwhile. */
static enum swap_result create(const struct pair *pair)
{
    if (linkat(pair->dir_fd, pair->temporary, pair->dir_fd, pair->name, 0) == 0)
        return SWAP_DONE;
    if (errno == EEXIST)
        return SWAP_STALE;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) /* no hard links here */
        return rename_in(pair, NULL);
    return SWAP_FAILED;
}

enum swap_result swap_in(int dir_fd, char *temporary, const char *name, const struct stat *seen)
{
    struct pair pair = {.dir_fd = dir_fd, .temporary = temporary, .name = name};
    enum swap_result now = look(&pair, name, seen);

    if (now != SWAP_DONE)
        return now;
    return seen != NULL ? replace(&pair, seen) : create(&pair);
}

enum swap_result swap_undo(int dir_fd, char *temporary, const char *name, const struct stat *ours)
{
    return swap_back(&(struct pair){.dir_fd = dir_fd, .temporary = temporary, .name = name}, ours);
}

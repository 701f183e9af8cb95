#include "snapshot.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct snapshot *taken; /* nftw() hands nothing on */

static ssize_t read_text(const char *path, char *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, SNAPSHOT_TEXT_MAX);

    (void)close(fd);
    return n;
}

static int take_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    struct snapshot_item *item = &taken->items[taken->count++];
    ssize_t n = 0;

    (void)place;
    if (taken->count == SNAPSHOT_MAX ||
        snprintf(item->path, sizeof(item->path), "%s", path) >= (int)sizeof(item->path))
        abort();
    item->mode = st->st_mode;
    item->owner = st->st_uid;
    if (type == FTW_F)
        n = read_text(path, item->text);
    else if (type == FTW_SL)
        n = readlink(path, item->text, SNAPSHOT_TEXT_MAX);
    if (n < 0 || n == SNAPSHOT_TEXT_MAX)
        abort();
    item->len = (size_t)n;
    return 0;
}

void snapshot_take(struct snapshot *out)
{
    taken = out;
    out->count = 0;
    if (nftw(".", take_one, 16, FTW_PHYS) != 0)
        abort();
}

static const struct snapshot_item *find(const struct snapshot *in, const char *path)
{
    for (size_t i = 0; i < in->count; i++) {
        if (strcmp(in->items[i].path, path) == 0)
            return &in->items[i];
    }
    return NULL;
}

static bool is_same(const struct snapshot_item *a, const struct snapshot_item *b)
{
    return a != NULL && b != NULL && a->mode == b->mode && a->owner == b->owner &&
           a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

const char *snapshot_stray(const struct snapshot *now, const struct snapshot *before,
                           const struct snapshot *after, bool *is_extra)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct snapshot_item *item = &now->items[i];
        const struct snapshot_item *old = find(before, item->path);
        const struct snapshot_item *new = find(after, item->path);

        *is_extra = old == NULL && new == NULL;
        if (!is_same(item, old) && !is_same(item, new))
            return item->path;
    }
    *is_extra = false;
    for (size_t i = 0; i < before->count; i++) {
        const char *path = before->items[i].path;

        if (find(after, path) != NULL && find(now, path) == NULL)
            return path;
    }
    return NULL;
}

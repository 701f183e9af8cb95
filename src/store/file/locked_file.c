#include "store/file/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "store/file/identity.h"
#include "store/file/obstacle.h"
#include "store/path.h"
#include "store/file/swap.h"
#include "store/file/temporary.h"

enum { AGAIN_MS = 20 }; /* at most, before another look at a path that was moved */

static const char *name_of(const struct locked_file *file)
{
    return path_base(file->path);
}

/* Its links are followed here, and never again. */
static int open_directory(struct locked_file *file, int how)
{
    path_directory(file->dir, file->path);
    file->dir_fd = open(file->dir, how | O_DIRECTORY | O_CLOEXEC);
    return file->dir_fd;
}

static int open_and_lock(struct locked_file *file, const char *path, struct error *err)
{
    if (path_resolve(file->path, path, err) < 0)
        return -1;
    path_directory(file->dir, file->path);
    if (path_make_directory(file->dir, err) < 0)
        return -1;
    if (open_directory(file, O_RDONLY) < 0)
        return path_fail(err, "open the directory", file->dir);
    return lock_acquire(&file->lock, file->dir_fd, file->dir, name_of(file), file->clock,
                        file->deadline_ms, err);
}

bool locked_file_is_there(const struct locked_file *file, const char *path)
{
    struct error ignored = ERROR_INIT;
    bool leads;

    return path_leads_to(path, file->dir_fd, name_of(file), &leads, &ignored) == 0 && leads;
}

int locked_file_open(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err)
{
    bool leads;

    do {
        *file = LOCKED_FILE_INIT;
        file->clock = clock;
        file->deadline_ms = deadline_ms;
        if (open_and_lock(file, path, err) < 0 ||
            path_leads_to(path, file->dir_fd, name_of(file), &leads, err) < 0) {
            locked_file_close(file);
            return -1;
        }
        if (leads) {
            temporary_remove_leftovers(file->dir_fd, name_of(file));
            return 0;
        }
        /* While we waited it was pointed elsewhere, or the directory was moved. */
        locked_file_close(file);
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, AGAIN_MS));
    } while (clock_left(clock, deadline_ms) > 0);
    return error_set(err, CLASS_AUTHFILE, "'%s' is pointed elsewhere again and again", path);
}

int locked_file_look(struct locked_file *file, const char *path, struct error *err)
{
    *file = LOCKED_FILE_INIT;
    return path_resolve(file->path, path, err);
}

void locked_file_close(struct locked_file *file)
{
    version_clear(&file->seen);
    lock_release(&file->lock);
    if (file->dir_fd >= 0)
        (void)close(file->dir_fd); /* what was done in it is synced before */
    file->dir_fd = -1;
}

/* Without a file its directory may be missing, too. */
static int read_version(struct locked_file *file, size_t max, struct error *err)
{
    if (file->dir_fd >= 0 || open_directory(file, PATH_ONLY) >= 0)
        return version_read(&file->seen, file->dir_fd, name_of(file), file->path, max, err);
    version_clear(&file->seen);
    return errno == ENOENT ? 0 : path_fail(err, "open", file->path);
}

int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
{
    const struct secret *found = &file->seen.text;

    if (read_version(file, max, err) < 0)
        return -1;
    secret_clear(text);
    return secret_append(text, found->data, found->len, max, err);
}

/* A signal waits until nothing is half done; none of that takes long. */
static void block_signals(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, before);
}

/* The new file in the old one's place, if that is still what was read. */
static enum swap_result swap(const struct locked_file *file, char *temporary)
{
    const struct version *seen = &file->seen;
    enum swap_result result;
    struct stat ours;
    int same = version_has_same_text(seen);

    if (same <= 0)
        return same < 0 ? SWAP_FAILED : SWAP_STALE;
    if (fstatat(file->dir_fd, temporary, &ours, AT_SYMLINK_NOFOLLOW) < 0)
        return SWAP_FAILED;
    result = swap_in(file->dir_fd, temporary, name_of(file), seen->fd >= 0 ? &seen->st : NULL);
    if (result != SWAP_DONE || temporary[0] == '\0' || version_has_same_text(seen) > 0)
        return result;
    return swap_undo(file->dir_fd, temporary, name_of(file), &ours);
}

static enum locked_file_result put_in_place(const struct locked_file *file, char *temporary,
                                            struct error *err)
{
    switch (swap(file, temporary)) {
    case SWAP_STALE:
        return LOCKED_FILE_STALE;
    case SWAP_DONE:
        if (path_sync_directory(file->dir_fd) == 0)
            return LOCKED_FILE_REPLACED;
        (void)path_fail(err, "sync the directory", file->dir);
        return LOCKED_FILE_UNSYNCED;
    case SWAP_FAILED:
        break;
    }
    return errno == EBUSY && file->seen.fd >= 0 ? obstacle_refuse_mount(file->path, err)
                                                : path_fail(err, "replace", file->path);
}

static enum locked_file_result replace_beside(struct locked_file *file, const struct secret *text,
                                              struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    struct temporary_old old = {.fd = file->seen.fd, .st = &file->seen.st};
    char temporary[NAME_MAX + 1];
    sigset_t before;

    block_signals(&before);
    if (temporary_write(temporary, file->dir_fd, file->path, &old, text, err) == 0)
        result = put_in_place(file, temporary, err);
    if (temporary[0] != '\0')
        path_remove_secret(file->dir_fd, temporary, file->left);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Root makes the first file in somebody's directory as that user. */
static enum locked_file_result create_as_owner(struct locked_file *file, const struct secret *text,
                                               struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    struct identity identity = IDENTITY_INIT;
    struct stat dir;

    if (fstat(file->dir_fd, &dir) < 0)
        return path_fail(err, "look at the directory", file->dir);
    if (identity_take(&identity, &dir, err) == 0)
        result = replace_beside(file, text, err);
    identity_restore(&identity);
    return result;
}

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err)
{
    if (file->seen.fd < 0)
        return create_as_owner(file, text, err);
    if (path_is_mount(file->dir_fd, name_of(file)))
        return obstacle_refuse_mount(file->path, err);
    return replace_beside(file, text, err);
}

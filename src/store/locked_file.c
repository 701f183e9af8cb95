#include "store/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/io.h"
#include "store/identity.h"
#include "store/in_place.h"
#include "store/path.h"
#include "store/swap.h"
#include "store/temporary.h"

enum {
    AGAIN_MS = 20, /* at most, before another look at a path that was moved */
    READS_MAX = 5, /* of a file that is written to meanwhile, again and again */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* what was written is synced before */
    *fd = -1;
}

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

int locked_file_look(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err)
{
    *file = LOCKED_FILE_INIT;
    file->clock = clock;
    file->deadline_ms = deadline_ms;
    return path_resolve(file->path, path, err);
}

void locked_file_close(struct locked_file *file)
{
    close_fd(&file->fd);
    lock_release(&file->lock);
    close_fd(&file->dir_fd);
}

static int open_file(struct locked_file *file, struct error *err)
{
    close_fd(&file->fd);
    if (file->dir_fd >= 0 || open_directory(file, PATH_ONLY) >= 0)
        file->fd = openat(file->dir_fd, name_of(file), PATH_TO_READ);
    if (file->fd < 0 && errno == ENOENT)
        return 0;
    if (file->fd < 0 || fstat(file->fd, &file->seen) < 0)
        return path_fail(err, "open", file->path);
    if (S_ISDIR(file->seen.st_mode))
        return error_set_errno(err, CLASS_AUTHFILE, EISDIR, "cannot read '%s'", file->path);
    if (!S_ISREG(file->seen.st_mode))
        return error_set(err, CLASS_AUTHFILE, "'%s' is not a regular file", file->path);
    return 0;
}

/* The file's text, or pieces of several where it is written to meanwhile. */
static int open_and_read_once(struct locked_file *file, struct secret *text, size_t max,
                              struct error *err)
{
    struct path_quoted name = path_quoted(file->path);
    struct io_input input = {.name = name.text, .cls = CLASS_AUTHFILE, .max = max};

    if (open_file(file, err) < 0)
        return -1;
    if (file->fd >= 0)
        return io_read_all(text, file->fd, &input, err);
    secret_clear(text);
    return 0;
}

static bool is_changed(const struct locked_file *file)
{
    struct stat now;

    return file->fd >= 0 && fstat(file->fd, &now) == 0 && !swap_is_same_version(&now, &file->seen);
}

/* The file's own text, whole or half written, but of one time; none where there is no file. */
static int open_and_read(struct locked_file *file, struct secret *text, size_t max,
                         struct error *err)
{
    for (int reads = 1;; reads++) {
        if (open_and_read_once(file, text, max, err) < 0)
            return -1;
        if (reads == READS_MAX || !is_changed(file))
            return 0;
    }
}

static struct in_place in_place(const struct locked_file *file)
{
    return (struct in_place){.dir_fd = file->dir_fd, .path = file->path, .st = &file->seen};
}

int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
{
    struct in_place here;

    file->is_damaged = false;
    if (open_and_read(file, text, max, err) < 0)
        return -1;
    here = in_place(file);
    if (in_place_is_half_written(text)) {
        if (in_place_wait(&here, file->fd, file->clock, file->deadline_ms, err) < 0 ||
            open_and_read(file, text, max, err) < 0)
            return -1;
        here = in_place(file);
        file->is_damaged = in_place_is_half_written(text);
    }
    if (file->is_damaged)
        return in_place_recover(text, &here, max, err);
    if (file->lock.fd >= 0 && file->fd >= 0)
        in_place_drop_copy(&here); /* of a run that was killed when all was written */
    return 0;
}

/* A signal waits until nothing is half done; none of that takes long. */
static void block_signals(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, before);
}

/* Where the file turns out to be a mount, *is_mount says so, and *err nothing. */
static enum locked_file_result put_in_place(const struct locked_file *file, char *temporary,
                                            bool *is_mount, struct error *err)
{
    switch (swap_in(file->dir_fd, temporary, name_of(file), file->fd >= 0 ? &file->seen : NULL)) {
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
    *is_mount = errno == EBUSY && file->fd >= 0;
    return *is_mount ? LOCKED_FILE_FAILED : path_fail(err, "replace", file->path);
}

static enum locked_file_result replace_beside(const struct locked_file *file,
                                              const struct secret *text, bool *is_mount,
                                              struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    struct temporary_old old = {.fd = file->fd, .st = &file->seen};
    char temporary[NAME_MAX + 1];
    sigset_t before;

    block_signals(&before);
    if (temporary_write(temporary, file->dir_fd, file->path, &old, text, err) == 0)
        result = put_in_place(file, temporary, is_mount, err);
    if (temporary[0] != '\0')
        (void)unlinkat(file->dir_fd, temporary, 0);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Root makes the first file in somebody's directory as that user. */
static enum locked_file_result create_as_owner(const struct locked_file *file,
                                               const struct secret *text, struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    struct identity identity = IDENTITY_INIT;
    struct stat dir;
    bool is_mount;

    if (fstat(file->dir_fd, &dir) < 0)
        return path_fail(err, "look at the directory", file->dir);
    if (identity_take(&identity, &dir, err) == 0)
        result = replace_beside(file, text, &is_mount, err);
    identity_restore(&identity);
    return result;
}

static enum locked_file_result write_through(const struct locked_file *file,
                                             const struct secret *text, struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_STALE;
    struct in_place here = in_place(file);
    struct stat now;
    sigset_t before;
    int fd;

    if (!file->in_place)
        return in_place_refuse(file->path, err);
    fd = in_place_open(&here, file->clock, file->deadline_ms, err);
    if (fd < 0)
        return LOCKED_FILE_FAILED;
    if (fstat(fd, &now) < 0) {
        result = path_fail(err, "look at", file->path);
    } else if (swap_is_same_version(&now, &file->seen)) {
        block_signals(&before);
        result = in_place_write(&here, fd, file->is_damaged, text, err) == 0
                     ? LOCKED_FILE_WRITTEN_THROUGH
                     : LOCKED_FILE_FAILED;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    (void)close(fd); /* synced before */
    return result;
}

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    bool is_mount;

    if (file->fd < 0)
        return create_as_owner(file, text, err);
    is_mount = path_is_mount(file->dir_fd, name_of(file));
    if (!is_mount)
        result = replace_beside(file, text, &is_mount, err);
    if (is_mount)
        return write_through(file, text, err);
    if (file->is_damaged && result == LOCKED_FILE_REPLACED)
        in_place_drop_copy(&(struct in_place){file->dir_fd, file->path, &file->seen});
    return result;
}

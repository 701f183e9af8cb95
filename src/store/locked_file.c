#include "store/locked_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "store/attributes.h"
#include "store/identity.h"
#include "store/in_place.h"
#include "store/path.h"
#include "store/swap.h"

#define TEMPORARY_MARK ".ghcr-login."

enum { WRITER_WAITS = 50, WRITER_WAIT_MS = 20 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* what was written is synced before */
    *fd = -1;
}

/* Temporary files that a killed run left; nobody else's, for we hold the lock. */
static void remove_leftovers(const struct locked_file *file)
{
    char prefix[NAME_MAX + 32];
    int fd = openat(file->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL) {
        close_fd(&fd);
        return; /* they are litter, not a reason to fail */
    }
    (void)snprintf(prefix, sizeof(prefix), ".%.*s" TEMPORARY_MARK, NAME_MAX, path_base(file->path));
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            (void)unlinkat(file->dir_fd, entry->d_name, 0);
    }
    (void)closedir(dir);
}

int locked_file_open(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err)
{
    char again[PATH_MAX];

    *file = LOCKED_FILE_INIT;
    if (path_resolve(file->path, path, err) < 0)
        return -1;
    path_directory(file->dir, file->path);
    if (path_make_directory(file->dir, err) < 0)
        return -1;
    file->dir_fd = open(file->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->dir_fd < 0)
        return path_fail(err, "open the directory", file->dir);
    if (lock_acquire(&file->lock, file->dir_fd, file->dir, path_base(file->path), clock,
                     deadline_ms, err) < 0) {
        locked_file_close(file);
        return -1;
    }
    /* While we waited a link may have been pointed elsewhere. */
    if (path_resolve(again, path, err) < 0 || strcmp(again, file->path) != 0) {
        if (err->cls == CLASS_NONE)
            (void)error_set(err, CLASS_AUTHFILE, "'%s' was pointed elsewhere meanwhile", path);
        locked_file_close(file);
        return -1;
    }
    remove_leftovers(file);
    return 0;
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
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
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

/* The file's own text, whole or not; none where there is no file. */
static int read_open_file(const struct locked_file *file, struct secret *text, size_t max,
                          struct error *err)
{
    char name[PATH_MAX + 3];
    struct io_input input = {.name = name, .cls = CLASS_AUTHFILE, .max = max};

    (void)snprintf(name, sizeof(name), "'%s'", file->path);
    if (file->fd >= 0)
        return io_read_all(text, file->fd, &input, err);
    secret_clear(text);
    return 0;
}

/* Who writes in place holds a lock on the file itself, and does not take long. */
static void wait_for_writer(int fd)
{
    for (int i = 0; i < WRITER_WAITS; i++) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
            (void)flock(fd, LOCK_UN);
            return;
        }
        (void)poll(NULL, 0, WRITER_WAIT_MS);
    }
}

int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
{
    file->is_damaged = false;
    if (open_file(file, err) < 0 || read_open_file(file, text, max, err) < 0)
        return -1;
    if (in_place_is_half_written(text)) {
        wait_for_writer(file->fd);
        if (open_file(file, err) < 0 || read_open_file(file, text, max, err) < 0)
            return -1;
        file->is_damaged = in_place_is_half_written(text);
    }
    if (file->is_damaged)
        return in_place_recover(text, file->path, &file->seen, max, err);
    if (file->lock.fd >= 0)
        in_place_drop_copy(file->path); /* of a run that was killed when all was written */
    return 0;
}

int locked_file_peek(const char *path, struct secret *text, size_t max, struct error *err)
{
    struct locked_file file = LOCKED_FILE_INIT;
    int ret = path_resolve(file.path, path, err);

    if (ret == 0)
        ret = locked_file_read(&file, text, max, err);
    locked_file_close(&file);
    return ret;
}

static int write_temporary(const struct locked_file *file, char *temporary, const char *data,
                           size_t len, struct error *err)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    int ret = -1;

    if (fd < 0) {
        temporary[0] = '\0';
        return path_fail(err, "make a temporary file beside", file->path);
    }
    if (file->fd >= 0 && attributes_copy(fd, file->fd, &file->seen, file->path, err) < 0)
        goto out;
    if (io_write_all(fd, data, len) < 0 || fsync(fd) < 0) {
        (void)path_fail(err, "write a temporary file beside", file->path);
        goto out;
    }
    ret = 0;
out:
    if (close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write a temporary file beside", file->path);
    return ret;
}

/*
 * The same file may stand in several directories, each with a lock of its own: so the file itself
 * is locked too, and must still be what was read.
 */
static enum locked_file_result write_through(const struct locked_file *file,
                                             const struct secret *text, struct error *err)
{
    struct secret old = SECRET_INIT;
    struct stat now;
    int ret = -1;

    if (flock(file->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return LOCKED_FILE_STALE;
    if (fstat(file->fd, &now) < 0 || !swap_is_same_version(&now, &file->seen))
        return LOCKED_FILE_STALE; /* reading it again ends the lock */
    if (lseek(file->fd, 0, SEEK_SET) < 0)
        (void)path_fail(err, "read", file->path);
    else if (file->is_damaged)
        ret = in_place_recover(&old, file->path, &now, SIZE_MAX / 2, err);
    else
        ret = read_open_file(file, &old, (size_t)now.st_size, err);
    if (ret == 0)
        ret = in_place_write(file->path, &old, file->is_damaged, text, err);
    secret_clear(&old);
    return ret == 0 ? LOCKED_FILE_WRITTEN_THROUGH : LOCKED_FILE_FAILED;
}

static enum locked_file_result put_in_place(const struct locked_file *file, char *temporary,
                                            const struct secret *text, struct error *err)
{
    switch (swap_in(temporary, file->path, file->fd >= 0 ? &file->seen : NULL)) {
    case SWAP_STALE:
        return LOCKED_FILE_STALE;
    case SWAP_DONE:
        if (path_sync_directory(file->dir) < 0) {
            (void)path_fail(err, "sync the directory", file->dir);
            return LOCKED_FILE_UNSYNCED;
        }
        return LOCKED_FILE_REPLACED;
    case SWAP_FAILED:
        break;
    }
    if (errno == EBUSY && file->in_place && file->fd >= 0)
        return write_through(file, text, err);
    if (errno != EBUSY)
        return path_fail(err, "replace", file->path);
    (void)path_fail(err, "replace", file->path);
    return in_place_hint(err);
}

static enum locked_file_result replace_here(const struct locked_file *file,
                                            const struct secret *text, struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    char temporary[PATH_MAX];
    sigset_t all;
    sigset_t before;
    int len = snprintf(temporary, sizeof(temporary), "%s/.%s" TEMPORARY_MARK "XXXXXX", file->dir,
                       path_base(file->path));

    if (len < 0 || (size_t)len >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return path_fail(err, "make a temporary file beside", file->path);
    }
    /* A signal waits until the temporary file is gone; none of this takes long. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    if (write_temporary(file, temporary, text->data, text->len, err) == 0)
        result = put_in_place(file, temporary, text, err);
    if (temporary[0] != '\0')
        (void)unlink(temporary);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/*
 * Root makes the first file in somebody's directory: as that user, and from inside the directory,
 * which may be moved about or stand where the user may not go.
 */
static enum locked_file_result create_for_owner(const struct locked_file *file,
                                                const struct stat *dir, const struct secret *text,
                                                struct error *err)
{
    struct locked_file here = *file;
    struct identity identity = IDENTITY_INIT;
    enum locked_file_result result = LOCKED_FILE_FAILED;
    int back = open(".", PATH_ONLY | O_DIRECTORY | O_CLOEXEC);

    if (back < 0 || fchdir(file->dir_fd) < 0) {
        (void)path_fail(err, "go into the directory", file->dir);
        goto out;
    }
    (void)snprintf(here.path, sizeof(here.path), "%s", path_base(file->path));
    (void)snprintf(here.dir, sizeof(here.dir), ".");
    if (identity_take(&identity, dir, err) == 0)
        result = replace_here(&here, text, err);
    identity_restore(&identity);
    if (err->cls != CLASS_NONE)
        (void)error_wrap(err, "in '%s'", file->dir);
    /* A later path may be relative. */
    if (fchdir(back) < 0 && path_fail(err, "go back from the directory", file->dir) < 0 &&
        result == LOCKED_FILE_REPLACED)
        result = LOCKED_FILE_UNSYNCED;
out:
    close_fd(&back);
    return result;
}

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err)
{
    struct stat dir;

    if (file->fd >= 0 || geteuid() != 0)
        return replace_here(file, text, err);
    if (fstat(file->dir_fd, &dir) < 0)
        return path_fail(err, "look at the directory", file->dir);
    return dir.st_uid == 0 ? replace_here(file, text, err)
                           : create_for_owner(file, &dir, text, err);
}

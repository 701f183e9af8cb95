#include "store/file/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "store/file/attributes.h"
#include "store/path.h"

enum {
    OPENS_MAX = 5,  /* of a name that was just replaced, again and again */
    PAUSE_MAX = 64, /* ms, before the last reading of a file that is being written to */
    BLOCK = 16384,
};

void version_clear(struct version *version)
{
    if (version->fd >= 0)
        (void)close(version->fd); /* nothing was written through it */
    secret_clear(&version->text);
    *version = VERSION_INIT;
}

/*
 * The kernel keeps what it has read of a network or FUSE file by the file's name there, not by what
 * was opened: a run on this host that still reads the file which another host has just replaced
 * fills the same pages with its text. What is dropped is asked of the server again.
 */
static void version_drop_cache(const struct version *version)
{
    if (version->fd >= 0 && version->is_shared)
        (void)posix_fadvise(version->fd, 0, 0, POSIX_FADV_DONTNEED); /* only advice, as it says */
}

/*
 * Open it and take its status. A network file system may still have in mind the file that was just
 * replaced, and not find that, by its name or even once it is open: then the name is there all the
 * same. Returns 0, or -1 with errno set; ENOENT: there is no such name.
 */
static int version_open_name(struct version *version, int dir_fd, const char *name)
{
    struct stat st;
    int errnum;
    int fd;

    for (int i = 0; i < OPENS_MAX; i++) {
        fd = openat(dir_fd, name, PATH_TO_READ);
        if (fd >= 0 && fstat(fd, &version->st) == 0) {
            version->fd = fd;
            return 0;
        }
        errnum = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = errnum;
        if (errnum != ENOENT && errnum != ESTALE)
            return -1;
        if (fd < 0 && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return -1;
    }
    errno = ESTALE;
    return -1;
}

static int version_open(struct version *version, int dir_fd, const char *name, const char *path,
                        struct error *err)
{
    if (version_open_name(version, dir_fd, name) < 0)
        return errno == ENOENT ? 0 : path_fail(err, "open", path);
    if (S_ISDIR(version->st.st_mode))
        return error_set_errno(err, CLASS_AUTHFILE, EISDIR, "cannot read '%s'", path);
    if (!S_ISREG(version->st.st_mode))
        return error_set(err, CLASS_AUTHFILE, "'%s' is not a regular file", path);
    version->is_shared = !path_is_local(version->fd);
    version_drop_cache(version);
    return 0;
}

/* Its text, or pieces of several if it is being written to. */
static int version_read_once(struct version *out, int dir_fd, const char *name, const char *path,
                             size_t max, struct error *err)
{
    struct path_quoted quoted = path_quoted(path);
    struct io_input input = {.name = quoted.text, .cls = CLASS_AUTHFILE, .max = max};

    version_clear(out);
    if (version_open(out, dir_fd, name, path, err) < 0)
        return -1;
    return out->fd >= 0 ? io_read_all(&out->text, out->fd, &input, err) : 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_same_status(const struct stat *a, const struct stat *b)
{
    return is_same_file(a, b) && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_gid == b->st_gid;
}

/* Whether the text is not that of one file, by its status or by a second reading. */
static bool version_is_torn(const struct version *version)
{
    struct stat now;

    if (version->fd < 0)
        return false;
    if (fstat(version->fd, &now) < 0)
        return version->is_shared;
    if (!is_same_status(&now, &version->st) || (uintmax_t)now.st_size != version->text.len)
        return true;
    return version->is_shared && version_has_same_text(version) != 1;
}

int version_read(struct version *out, int dir_fd, const char *name, const char *path, size_t max,
                 struct error *err)
{
    const struct clock *clock = clock_system();
    struct error fault;
    bool is_read;

    for (int64_t pause_ms = 1;; pause_ms *= 2) {
        fault = ERROR_INIT;
        is_read = version_read_once(out, dir_fd, name, path, max, &fault) == 0;
        /* NFS tells a reader of a file that another host has removed ESTALE. */
        if (pause_ms > PAUSE_MAX || (is_read ? !version_is_torn(out) : !out->is_shared))
            break;
        clock->sleep_ms(clock->ctx, pause_ms);
    }
    if (!is_read)
        *err = fault;
    return is_read ? 0 : -1;
}

int version_has_same_text(const struct version *version)
{
    const struct secret *text = &version->text;
    char block[BLOCK];
    size_t done = 0;
    bool is_same = true;
    ssize_t n = 0;

    version_drop_cache(version);
    while (version->fd >= 0 && is_same) {
        n = pread(version->fd, block, sizeof(block), (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        is_same = (size_t)n <= text->len - done && memcmp(block, text->data + done, (size_t)n) == 0;
        done += (size_t)n;
    }
    explicit_bzero(block, sizeof(block));
    if (n < 0)
        return -1;
    return is_same && done == text->len;
}

enum {
    RANDOM_LEN = 6,
    TRIES = 100,
    LEFTOVER_AGE_S = 600, /* longer than it takes to write a file and put it in place */
};

static const char mark[] = ".ghcr-login.";

static void fill_random(char text[RANDOM_LEN + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const struct clock *chance = clock_system();

    for (int i = 0; i < RANDOM_LEN; i++)
        text[i] = letters[chance->random_below(chance->ctx, sizeof(letters) - 1)];
    text[RANDOM_LEN] = '\0';
}

/* Returns its descriptor, or -1 with errno set. */
static int temporary_make(char temporary[NAME_MAX + 1], int dir_fd, const char *name)
{
    char tail[RANDOM_LEN + 1];
    int fd = -1;

    /* O_EXCL follows no link; a name that is taken is somebody's, or a link that waits for us. */
    for (int i = 0; i < TRIES && fd < 0; i++) {
        fill_random(tail);
        if (path_beside(temporary, name, mark, tail) < 0)
            return -1;
        fd = openat(dir_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            return -1;
    }
    return fd;
}

/* Attributes before the text: at no time is the secret in a file of wider rights. */
int temporary_write(char temporary[NAME_MAX + 1], int dir_fd, const char *path,
                    const struct version *old, const struct secret *text, bool *is_poorer,
                    struct error *err)
{
    int fd = temporary_make(temporary, dir_fd, path_base(path));
    int ret = 0;

    if (fd < 0) {
        temporary[0] = '\0';
        return path_fail(err, "create a temporary file next to", path);
    }
    if (old->fd >= 0)
        ret = attributes_copy(fd, old->fd, &old->st, path, is_poorer, err);
    if (ret == 0 && (io_write_all(fd, secret_text(text), text->len) < 0 || path_sync(fd) < 0))
        ret = path_fail(err, "write a temporary file next to", path);
    if (close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write a temporary file next to", path);
    return ret;
}

/* A filter of system calls may know the newer of the two alone. */
static int rename_file(int dir_fd, const char *from, const char *to)
{
    int ret = renameat(dir_fd, from, dir_fd, to);

#if defined(RENAME_EXCHANGE)
    if (ret < 0 && path_is_refusal(errno))
        ret = renameat2(dir_fd, from, dir_fd, to, 0);
#endif
    return ret;
}

/* Another such name, which nothing has. Returns 0, or -1 with errno set. */
static int temporary_name(char temporary[NAME_MAX + 1], const char *name)
{
    char tail[RANDOM_LEN + 1];

    fill_random(tail);
    return path_beside(temporary, name, mark, tail);
}

/* Whoever holds the lock takes a trial for a leftover: what is gone could be removed. */
static int trial_result(int ret)
{
    return ret < 0 && errno == ENOENT ? 0 : ret;
}

/*
 * As the file will be that takes the other's place, with a name, and closed before it goes: FUSE
 * only hides a file that is open, and leaves it so where removing is not permitted.
 */
static int temporary_try_named(int dir_fd, const char *name)
{
    char temporary[NAME_MAX + 1];
    char other[NAME_MAX + 1];
    int fd = temporary_make(temporary, dir_fd, name);
    int errnum;

    if (fd < 0)
        return -1;
    (void)close(fd); /* nothing was written through it */
    if (temporary_name(other, name) == 0 &&
        trial_result(rename_file(dir_fd, temporary, other)) == 0)
        return trial_result(unlinkat(dir_fd, other, 0));
    errnum = errno;
    (void)unlinkat(dir_fd, temporary, 0);
    errno = errnum;
    return -1;
}

int temporary_try(int dir_fd, const char *name)
{
    char temporary[NAME_MAX + 1];
    int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int errnum;

    if (fd < 0) { /* many file systems have no such thing */
        if (temporary_try_named(dir_fd, name) < 0 ||
            (fd = temporary_make(temporary, dir_fd, name)) < 0)
            return -1;
        if (trial_result(unlinkat(dir_fd, temporary, 0)) < 0)
            goto fail;
    }
    if (io_write_all(fd, "\n", 1) == 0)
        return fd;
fail:
    errnum = errno;
    (void)close(fd);
    errno = errnum;
    return -1;
}

int temporary_try_directory(int dir_fd, const char *name)
{
    char temporary[NAME_MAX + 1];

    if (temporary_name(temporary, name) < 0 || mkdirat(dir_fd, temporary, 0700) < 0)
        return -1;
    return unlinkat(dir_fd, temporary, AT_REMOVEDIR);
}

int temporary_try_rename(int dir_fd, const char *name, bool is_first)
{
    char from[NAME_MAX + 1];
    char to[NAME_MAX + 1];
    int errnum;

    if (temporary_name(from, name) < 0 || temporary_name(to, name) < 0)
        return -1;
    if (rename_file(dir_fd, from, to) == 0 || !path_is_refusal(errno))
        return 0;
    errnum = errno;
    if (is_first && (linkat(dir_fd, from, dir_fd, to, 0) == 0 || errno == ENOENT))
        return 0;
    errno = errnum;
    return -1;
}

bool temporary_has_room(const char *name)
{
    char ignored[NAME_MAX + 1];

    return path_beside(ignored, name, mark, "XXXXXX") == 0;
}

/* What time the file system has, which stamps what is written to it; 0 if nobody can tell. */
static time_t server_time(int dir_fd, const char *name)
{
    int fd = temporary_try(dir_fd, name);
    struct stat st;
    bool is_told;

    if (fd < 0)
        return 0;
    is_told = path_sync(fd) == 0 && fstat(fd, &st) == 0;
    (void)close(fd); /* it has no name */
    return is_told ? st.st_mtim.tv_sec : 0;
}

/* Whether no run can be at work on it any more. *now is asked for once, as 0. */
static bool is_outdated(int dir_fd, const char *leftover, const char *name, time_t *now)
{
    struct stat st;

    if (*now == 0)
        *now = server_time(dir_fd, name);
    return *now != 0 && fstatat(dir_fd, leftover, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           *now - st.st_mtim.tv_sec > LEFTOVER_AGE_S;
}

void temporary_remove_leftovers(int dir_fd, const char *name, bool is_alone)
{
    char prefix[NAME_MAX + 1];
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    time_t now = 0;

    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return; /* they are litter, not a reason to fail */
    }
    while (path_beside(prefix, name, mark, "") == 0 && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            (is_alone || is_outdated(dir_fd, entry->d_name, name, &now)))
            (void)unlinkat(dir_fd, entry->d_name, 0);
    }
    (void)closedir(dir);
}

/* Two names of the directory in which all of this happens, wherever that is moved. */
struct pair {
    int dir_fd;
    char *temporary;
    const char *name;
};

static int pair_stat(const struct pair *pair, const char *name, struct stat *st)
{
    return fstatat(pair->dir_fd, name, st, AT_SYMLINK_NOFOLLOW);
}

/* Whether `name` is what was read: that very file, or none. SWAP_DONE: it is. */
static enum swap_result look_for(const struct pair *pair, const char *name, const struct stat *seen)
{
    struct stat now;

    if (pair_stat(pair, name, &now) < 0) {
        if (errno != ENOENT)
            return SWAP_FAILED;
        return seen == NULL ? SWAP_DONE : SWAP_STALE;
    }
    return seen != NULL && is_same_status(&now, seen) ? SWAP_DONE : SWAP_STALE;
}

static int replace_exchange(const struct pair *pair)
{
#if defined(RENAME_EXCHANGE)
    return renameat2(pair->dir_fd, pair->temporary, pair->dir_fd, pair->name, RENAME_EXCHANGE);
#else
    (void)pair;
    errno = ENOSYS;
    return -1;
#endif
}

/* If nothing better works: the last look is right before. */
static enum swap_result rename_in(const struct pair *pair, const struct stat *seen)
{
    enum swap_result now = look_for(pair, pair->name, seen);

    if (now != SWAP_DONE)
        return now;
    if (rename_file(pair->dir_fd, pair->temporary, pair->name) < 0)
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

    if (replace_exchange(pair) < 0) {
        ret = rename_file(pair->dir_fd, pair->temporary, pair->name);
        pair->temporary[0] = '\0'; /* what has that name now is not ours to remove */
        return ret == 0 ? SWAP_STALE : SWAP_FAILED;
    }
    if (pair_stat(pair, pair->temporary, &back) == 0 && !is_same_file(ours, &back))
        (void)replace_exchange(pair); /* the two before it worked */
    return SWAP_STALE;
}

static enum swap_result swap_exchange(const struct pair *pair, const struct stat *seen)
{
    struct stat ours;

    if (pair_stat(pair, pair->temporary, &ours) < 0)
        return SWAP_FAILED;
    if (replace_exchange(pair) < 0) {
        if (errno == ENOENT)
            return SWAP_STALE;
        return path_is_refusal(errno) ? rename_in(pair, seen) : SWAP_FAILED;
    }
    return look_for(pair, pair->temporary, seen) == SWAP_DONE ? SWAP_DONE : swap_back(pair, &ours);
}

/* A server may do it, lose its answer, and say EEXIST when it is asked again. */
static bool is_linked(const struct pair *pair)
{
    struct stat ours;
    struct stat named;

    return pair_stat(pair, pair->temporary, &ours) == 0 &&
           pair_stat(pair, pair->name, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* A first file must not replace one that a peer has made since. */
static enum swap_result swap_create(const struct pair *pair)
{
    if (linkat(pair->dir_fd, pair->temporary, pair->dir_fd, pair->name, 0) == 0)
        return SWAP_DONE;
    if (errno == EEXIST)
        return is_linked(pair) ? SWAP_DONE : SWAP_STALE;
    return path_is_refusal(errno) ? rename_in(pair, NULL) : SWAP_FAILED; /* no hard links here */
}

/*
 * By an exchange, which gives back what was there, to be looked at when no peer can write to the
 * name any more; a first file by link(2), which fails if one has come since. rename(2)
 * replaces whatever is there, and is the last resort.
 */
enum swap_result swap_in(int dir_fd, char *temporary, const char *name, const struct stat *seen)
{
    struct pair pair = {.dir_fd = dir_fd, .temporary = temporary, .name = name};
    enum swap_result now = look_for(&pair, name, seen);

    if (now != SWAP_DONE)
        return now;
    return seen != NULL ? swap_exchange(&pair, seen) : swap_create(&pair);
}

enum swap_result swap_undo(int dir_fd, char *temporary, const char *name, const struct stat *ours)
{
    return swap_back(&(struct pair){.dir_fd = dir_fd, .temporary = temporary, .name = name}, ours);
}

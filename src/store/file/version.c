#include "store/file/version.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/path.h"

enum {
    READS_MAX = 5, /* of a file that is written to meanwhile, again and again */
    BLOCK = 16384,
};

void version_clear(struct version *version)
{
    if (version->fd >= 0)
        (void)close(version->fd); /* nothing was written through it */
    secret_clear(&version->text);
    *version = VERSION_INIT;
}

static int open_file(struct version *version, int dir_fd, const char *name, const char *path,
                     struct error *err)
{
    version->fd = openat(dir_fd, name, PATH_TO_READ);
    if (version->fd < 0 && errno == ENOENT)
        return 0;
    if (version->fd < 0 || fstat(version->fd, &version->st) < 0)
        return path_fail(err, "open", path);
    if (S_ISDIR(version->st.st_mode))
        return error_set_errno(err, CLASS_AUTHFILE, EISDIR, "cannot read '%s'", path);
    if (!S_ISREG(version->st.st_mode))
        return error_set(err, CLASS_AUTHFILE, "'%s' is not a regular file", path);
    return 0;
}

/* Its text, or pieces of several where it is written to meanwhile. */
static int read_once(struct version *out, int dir_fd, const char *name, const char *path,
                     size_t max, struct error *err)
{
    struct path_quoted quoted = path_quoted(path);
    struct io_input input = {.name = quoted.text, .cls = CLASS_AUTHFILE, .max = max};

    version_clear(out);
    if (open_file(out, dir_fd, name, path, err) < 0)
        return -1;
    return out->fd >= 0 ? io_read_all(&out->text, out->fd, &input, err) : 0;
}

static bool is_changed(const struct version *version)
{
    struct stat now;

    return version->fd >= 0 && fstat(version->fd, &now) == 0 &&
           !version_is_same_status(&now, &version->st);
}

int version_read(struct version *out, int dir_fd, const char *name, const char *path, size_t max,
                 struct error *err)
{
    for (int reads = 1;; reads++) {
        if (read_once(out, dir_fd, name, path, max, err) < 0)
            return -1;
        if (reads == READS_MAX || !is_changed(out))
            return 0;
    }
}

bool version_is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool version_is_same_status(const struct stat *a, const struct stat *b)
{
    return version_is_same_file(a, b) && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_gid == b->st_gid;
}

int version_has_same_text(const struct version *version)
{
    const struct secret *text = &version->text;
    char block[BLOCK];
    size_t done = 0;
    bool is_same = true;
    ssize_t n = 0;

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

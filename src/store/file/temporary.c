#include "store/file/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "store/file/attributes.h"
#include "store/path.h"

enum { RANDOM_LEN = 6, TRIES = 100 };

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
static int make(char temporary[NAME_MAX + 1], int dir_fd, const char *name)
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

int temporary_write(char temporary[NAME_MAX + 1], int dir_fd, const char *path,
                    const struct temporary_old *old, const struct secret *text, struct error *err)
{
    int fd = make(temporary, dir_fd, path_base(path));
    int ret = 0;

    if (fd < 0) {
        temporary[0] = '\0';
        return path_fail(err, "make a temporary file beside", path);
    }
    if (old->fd >= 0)
        ret = attributes_copy(fd, old->fd, old->st, path, err);
    if (ret == 0 && (io_write_all(fd, secret_text(text), text->len) < 0 || fsync(fd) < 0))
        ret = path_fail(err, "write a temporary file beside", path);
    if (close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write a temporary file beside", path);
    return ret;
}

bool temporary_has_room(const char *name)
{
    char ignored[NAME_MAX + 1];

    return path_beside(ignored, name, mark, "XXXXXX") == 0;
}

void temporary_remove_leftovers(int dir_fd, const char *name)
{
    char prefix[NAME_MAX + 1];
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return; /* they are litter, not a reason to fail */
    }
    while (path_beside(prefix, name, mark, "") == 0 && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            (void)unlinkat(dir_fd, entry->d_name, 0);
    }
    (void)closedir(dir);
}

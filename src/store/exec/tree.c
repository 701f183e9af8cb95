#include "store/exec/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSES = 5 }; /* over a directory that somebody else is filling */

/* Open it for what stands in it; its owner may have taken the right to that away. */
static int open_directory(int parent_fd, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent_fd, name, flags);
    struct stat st;

    /* Unlinking needs the right to write and to search too. */
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod(fd, S_IRWXU);
    if (fd >= 0 || errno != EACCES)
        return fd;
    if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
        fchmodat(parent_fd, name, S_IRWXU, 0) < 0)
        return -1;
    return openat(parent_fd, name, flags);
}

/* The directory itself tells what is left. */
void tree_empty(int fd)
{
    DIR *dir = fdopendir(fd); /* which owns the descriptor from here */
    const struct dirent *entry;

    if (dir == NULL) {
        (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)!tree_remove(dirfd(dir), entry->d_name);
    }
    (void)closedir(dir);
}

static bool is_gone(int parent_fd, const char *name, int flags)
{
    return unlinkat(parent_fd, name, flags) == 0 || errno == ENOENT;
}

int tree_remove(int parent_fd, const char *name)
{
    if (is_gone(parent_fd, name, 0))
        return 0;
    if (errno != EISDIR && errno != EPERM) /* how Linux, and how POSIX, say: it is a directory */
        return -1;
    for (int pass = 0; pass < PASSES; pass++) {
        int fd;

        if (is_gone(parent_fd, name, AT_REMOVEDIR))
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return -1;
        fd = open_directory(parent_fd, name);
        if (fd < 0)
            return -1;
        tree_empty(fd);
    }
    return is_gone(parent_fd, name, AT_REMOVEDIR) ? 0 : -1;
}

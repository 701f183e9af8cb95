#include "store/private_config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/look.h"
#include "store/text/document.h"
#include "store/path.h"

static const char docker_file[] = "config.json";

/* The file itself, and the temporary file of a run that is writing it. */
static bool is_hidden(const char *name)
{
    size_t len = sizeof(docker_file) - 1;

    name += name[0] == '.';
    return strncmp(name, docker_file, len) == 0 && (name[len] == '\0' || name[len] == '.');
}

/* Links, not copies: contexts, plugins and buildx state are written to as well as read. */
static int link_entry(int to_fd, const char *from, const char *name, struct error *err)
{
    char target[PATH_MAX];

    if (snprintf(target, sizeof(target), "%s/%s", from, name) >= (int)sizeof(target)) {
        errno = ENAMETOOLONG;
        return path_fail(err, "link to the files in", from);
    }
    return symlinkat(target, to_fd, name) == 0 ? 0 : path_fail(err, "create a link to", target);
}

/* To the next name in there; NULL with errno 0 at the end, and with another one if it fails. */
static const struct dirent *next_entry(DIR *dir)
{
    errno = 0;
    return readdir(dir);
}

int private_config_link(const char *to, const char *from, struct error *err)
{
    char real[PATH_MAX]; /* absolute: links elsewhere must lead to it */
    const struct dirent *entry;
    int to_fd = -1;
    int ret = 0;
    DIR *dir;

    if (realpath(from, real) == NULL)
        return errno == ENOENT ? 0 : path_fail(err, "find the directory", from);
    dir = opendir(real);
    if (dir == NULL)
        return path_fail(err, "read the directory", real);
    to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to_fd < 0)
        ret = path_fail(err, "open the directory", to);
    while (ret == 0 && (entry = next_entry(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !is_hidden(entry->d_name))
            ret = link_entry(to_fd, real, entry->d_name, err);
    }
    if (ret == 0 && errno != 0)
        ret = path_fail(err, "read the directory", real);
    if (to_fd >= 0)
        (void)close(to_fd);
    (void)closedir(dir);
    return ret;
}

static int write_new(const char *path, const struct secret *text, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int ret = 0;

    if (fd < 0 || io_write_all(fd, text->data, text->len) < 0)
        ret = path_fail(err, "write", path);
    if (fd >= 0 && close(fd) < 0 && ret == 0)
        ret = path_fail(err, "write", path);
    return ret;
}

int private_config_copy(const char *to, const char *from, struct error *err)
{
    struct document document = DOCUMENT_INIT;
    /* Fault is found with it now, while errors can speak of the user's own file. */
    int ret = look_at(&document, from, false, err);

    if (ret == 0 && document.text.len > 0)
        ret = write_new(to, &document.text, err);
    document_clear(&document);
    return ret;
}

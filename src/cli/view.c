#include "cli/view.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/process.h"
#include "store/lookup.h"
#include "store/path.h"
#include "store/private_config.h"

enum {
    ROOM_BYTES = 64 * 1024,            /* directories, links, and files that are new */
    ROOM_FILES = 12,                   /* 2 directories, 2 copies, those beside, the command's */
    COPIES = 2,                        /* a file, and the next one beside it */
    SIZE_MAX_COPIED = 8 * 1024 * 1024, /* one that is larger is refused before it is copied */
};

static const char docker_file[] = PRIVATE_CONFIG_DOCKER "/" PRIVATE_CONFIG_DOCKER_FILE;
static const char podman_file[] = PRIVATE_CONFIG_PODMAN "/" PRIVATE_CONFIG_PODMAN_FILE;

static int join(char path[PATH_MAX], const char *dir, const char *name, struct error *err)
{
    if (snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
        return 0;
    return error_set(err, CLASS_AUTHFILE, "the path of the private directory is too long");
}

/* Below a HOME that is no directory, such as /dev/null, there is nothing. */
static bool is_there(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int make_copy(struct view_copy *copy, const struct location *user, struct error *err)
{
    memcpy(copy->original, user->path, sizeof(copy->original));
    return private_config_copy(copy->path, user->path, err);
}

/* Docker's whole directory is shown, as --config, DOCKER_CONFIG or HOME have it. */
static int show_docker(struct view *view, const struct run *run, struct error *err)
{
    struct error no_place = ERROR_INIT;
    struct location user;
    char dir[PATH_MAX];

    if (path_make_directory(view->docker_dir, err) < 0)
        return -1;
    if (reader_docker.place(&user, &run->places, &no_place) < 0)
        return 0;
    path_directory(dir, user.path);
    if (!is_there(dir))
        return 0;
    return private_config_link(view->docker_dir, dir, err) < 0
               ? -1
               : make_copy(&view->docker, &user, err);
}

/* Podman will be told of one file: the first of those it looks into that is there. */
static int show_podman(struct view *view, const struct run *run, struct error *err)
{
    struct location files[READER_FILES_MAX];
    char dir[PATH_MAX];
    size_t count;

    path_directory(dir, view->podman.path);
    if (path_make_directory(dir, err) < 0 ||
        reader_podman.files(files, &count, &run->places, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!files[i].is_bare && is_there(files[i].path))
            return make_copy(&view->podman, &files[i], err);
    }
    return 0;
}

static size_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < SIZE_MAX_COPIED
               ? (size_t)st.st_size
               : 0;
}

static size_t entries_beside(const char *path)
{
    size_t count = 0;
    char dir[PATH_MAX];
    DIR *open_dir;

    path_directory(dir, path);
    open_dir = opendir(dir);
    while (open_dir != NULL && readdir(open_dir) != NULL)
        count++;
    if (open_dir != NULL)
        (void)closedir(open_dir);
    return count;
}

void view_room(struct private_room *out, const struct run *run)
{
    struct location files[READER_FILES_MAX];
    struct error no_place = ERROR_INIT; /* view_make() says so */
    struct location docker;
    size_t count = 0;

    *out = (struct private_room){.bytes = ROOM_BYTES, .files = ROOM_FILES};
    if (reader_docker.place(&docker, &run->places, &no_place) == 0) {
        out->bytes += COPIES * size_of(docker.path);
        out->links = entries_beside(docker.path);
    }
    if (reader_podman.files(files, &count, &run->places, &no_place) < 0)
        return;
    for (size_t i = 0; i < count; i++)
        out->bytes += COPIES * size_of(files[i].path);
}

int view_make(struct view *out, const char *directory, const struct run *run, struct error *err)
{
    *out = (struct view){.docker_dir = ""};
    if (join(out->docker_dir, directory, PRIVATE_CONFIG_DOCKER, err) < 0 ||
        join(out->docker.path, directory, docker_file, err) < 0 ||
        join(out->podman.path, directory, podman_file, err) < 0)
        return -1;
    return show_docker(out, run, err) < 0 ? -1 : show_podman(out, run, err);
}

/* Docker takes an entry of DOCKER_AUTH_CONFIG before any file: ours goes, and others stay. */
static int unshadow(const struct reference *registry, struct error *err)
{
    const char *variable = reader_docker.variable;
    const char *value = environment(variable);
    struct secret text = SECRET_INIT;
    int ret = value != NULL
                  ? lookup_variable_without(&text, &reader_docker, value, registry->host, err)
                  : 0;

    if (ret > 0)
        ret = text.len == 0 ? unsetenv(variable) : setenv(variable, secret_text(&text), 1);
    secret_clear(&text);
    return ret < 0 ? error_no_memory(err) : 0;
}

/* By variables that each program of the command finds, whatever starts it. */
int view_enter(const struct view *view, const struct reference *registry, struct error *err)
{
    if (unshadow(registry, err) < 0)
        return -1;
    if (setenv("DOCKER_CONFIG", view->docker_dir, 1) < 0 ||
        setenv("REGISTRY_AUTH_FILE", view->podman.path, 1) < 0)
        return error_no_memory(err);
    return 0;
}

static const char *original_of(const struct view_copy *copy, const char *path)
{
    return copy->original[0] != '\0' && strcmp(copy->path, path) == 0 ? copy->original : NULL;
}

void view_name_originals(const struct view *view, struct targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];

        target->shown = original_of(&view->docker, target->location.path);
        if (target->shown == NULL)
            target->shown = original_of(&view->podman, target->location.path);
    }
}

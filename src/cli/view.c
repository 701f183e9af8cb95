#include "cli/view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/environment.h"
#include "store/document.h"
#include "store/document_edit.h"
#include "store/path.h"
#include "store/private_config.h"

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

/* What is shown, and how long to wait for a file that is being written to. */
struct show {
    struct view *view;
    const struct location_request *places;
    const struct clock *clock;
    int64_t deadline_ms;
};

static int make_copy(const struct show *show, struct view_copy *copy, const struct location *user,
                     struct error *err)
{
    memcpy(copy->original, user->path, sizeof(copy->original));
    return private_config_copy(copy->path, user->path, show->clock, show->deadline_ms, err);
}

/* Docker's whole directory is shown, as --config, DOCKER_CONFIG or HOME have it. */
static int show_docker(const struct show *show, struct error *err)
{
    struct view *view = show->view;
    struct error no_place = ERROR_INIT;
    struct location user;
    char dir[PATH_MAX];

    if (path_make_directory(view->docker_dir, err) < 0)
        return -1;
    if (location_docker(&user, show->places, &no_place) < 0)
        return 0;
    path_directory(dir, user.path);
    if (!is_there(dir))
        return 0;
    return private_config_link(view->docker_dir, dir, err) < 0
               ? -1
               : make_copy(show, &view->docker, &user, err);
}

/* Podman will be told of one file: the first of those it looks into that is there. */
static int show_podman(const struct show *show, struct error *err)
{
    struct view *view = show->view;
    struct location files[LOCATION_PODMAN_MAX];
    char dir[PATH_MAX];
    size_t count;

    path_directory(dir, view->podman.path);
    if (path_make_directory(dir, err) < 0 ||
        location_podman_way(files, &count, show->places, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (is_there(files[i].path))
            return make_copy(show, &view->podman, &files[i], err);
    }
    return 0;
}

int view_make(struct view *out, const char *directory, const struct location_request *places,
              const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    struct show show = {.view = out, .places = places, .clock = clock, .deadline_ms = deadline_ms};

    *out = (struct view){.docker_dir = ""};
    if (join(out->docker_dir, directory, "docker", err) < 0 ||
        join(out->docker.path, directory, "docker/config.json", err) < 0 ||
        join(out->podman.path, directory, "podman/auth.json", err) < 0)
        return -1;
    return show_docker(&show, err) < 0 ? -1 : show_podman(&show, err);
}

static bool stop(void *ctx, const char *key)
{
    (void)ctx;
    (void)key;
    return false;
}

/* Docker takes an entry of DOCKER_AUTH_CONFIG before any file: ours goes, and others stay. */
static int unshadow(const struct reference *registry, struct error *err)
{
    static const char variable[] = "DOCKER_AUTH_CONFIG";
    struct document_edit edit = {.change = DOCUMENT_REMOVE, .key = reference_docker_key(registry)};
    const char *value = environment(variable);
    struct error malformed = ERROR_INIT; /* docker says so, and goes on to the file */
    struct secret text = SECRET_INIT;
    struct document document = DOCUMENT_INIT;
    bool is_shadow = false;
    int ret = 0;

    if (value != NULL && secret_append_text(&text, value, err) < 0)
        return -1;
    if (value != NULL && document_parse(&document, &text, variable, &malformed) == 0 &&
        document_edit(&document, &edit, &is_shadow, &malformed) == 0 && is_shadow)
        ret = document_each_key(&document, stop, NULL)
                  ? unsetenv(variable)
                  : setenv(variable, secret_text(&document.text), 1);
    secret_clear(&text);
    document_clear(&document);
    return ret < 0 ? error_no_memory(err) : 0;
}

int view_enter(const struct view *view, const struct reference *registry, struct error *err)
{
    if (unshadow(registry, err) < 0)
        return -1;
    if (setenv("DOCKER_CONFIG", view->docker_dir, 1) < 0 ||
        setenv("REGISTRY_AUTH_FILE", view->podman.path, 1) < 0)
        return error_no_memory(err);
    return 0;
}

static void name_original(char text[WARNING_LEN_MAX + 1], const struct view_copy *copy)
{
    const char *found = strstr(text, copy->path);
    char renamed[2 * PATH_MAX];

    if (found == NULL || copy->original[0] == '\0')
        return;
    (void)snprintf(renamed, sizeof(renamed), "%.*s%s%s", (int)(found - text), text, copy->original,
                   found + strlen(copy->path));
    (void)snprintf(text, WARNING_LEN_MAX + 1, "%.*s", WARNING_LEN_MAX, renamed);
}

void view_name_originals(const struct view *view, struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        name_original(warnings->items[i], &view->docker);
        name_original(warnings->items[i], &view->podman);
    }
}

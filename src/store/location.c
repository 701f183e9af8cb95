#include "store/location.h"

#include <stdio.h>
#include <string.h>

static const char *non_empty(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *variable(const struct location_request *request, const char *name)
{
    return non_empty(request->environment(name));
}

static int build(struct location *out, enum auth_format format, const char *dir, const char *rest,
                 struct error *err)
{
    size_t dir_len = strlen(dir);
    const char *slash = rest[0] == '\0' || (dir_len > 0 && dir[dir_len - 1] == '/') ? "" : "/";
    char path[PATH_MAX];
    int len = snprintf(path, PATH_MAX, "%s%s%s", dir, slash, rest);

    if (len < 0 || len >= PATH_MAX)
        return error_set(err, CLASS_AUTHFILE, "the path of the auth file is too long");
    memcpy(out->path, path, (size_t)len + 1);
    out->format = format;
    return 0;
}

/* Below the home directory: of the environment, else of the user database. */
static int build_at_home(struct location *out, enum auth_format format,
                         const struct location_request *request, const char *rest,
                         struct error *err)
{
    const char *home = variable(request, "HOME");

    if (home == NULL)
        home = non_empty(request->passwd_home);
    if (home != NULL)
        return build(out, format, home, rest, err);
    (void)error_set(err, CLASS_AUTHFILE,
                    "no place for the auth file: HOME is not set, and the user database has no "
                    "home for this user");
    return error_hint(err, "set HOME, or name Docker's directory with --config DIR or Podman's "
                           "file with --authfile FILE");
}

int location_docker(struct location *out, const struct location_request *request, struct error *err)
{
    const char *dir = request->config_dir;

    if (dir == NULL)
        dir = variable(request, "DOCKER_CONFIG");
    if (dir != NULL)
        return build(out, AUTH_FORMAT_DOCKER, dir, "config.json", err);
    return build_at_home(out, AUTH_FORMAT_DOCKER, request, ".docker/config.json", err);
}

int location_podman_persistent(struct location *out, const struct location_request *request,
                               struct error *err)
{
    const char *config = variable(request, "XDG_CONFIG_HOME");

    if (config != NULL)
        return build(out, AUTH_FORMAT_PODMAN, config, "containers/auth.json", err);
    return build_at_home(out, AUTH_FORMAT_PODMAN, request, ".config/containers/auth.json", err);
}

#if defined(__linux__)
static int podman_default(struct location *out, const struct location_request *request,
                          struct error *err)
{
    const char *runtime = variable(request, "XDG_RUNTIME_DIR");
    char usual[64];

    /* What is set is taken, whoever owns it; what is guessed has to be the user's. */
    if (runtime != NULL && !request->is_own_directory(runtime, LOCATION_ANYBODY)) {
        (void)error_set(err, CLASS_AUTHFILE, "XDG_RUNTIME_DIR names '%s', which is no directory",
                        runtime);
        return error_hint(err, "log the user in (loginctl enable-linger), unset the variable, or "
                               "use --persistent or --authfile FILE");
    }
    if (runtime != NULL)
        return build(out, AUTH_FORMAT_PODMAN, runtime, "containers/auth.json", err);
    if (request->uid == 0)
        return build(out, AUTH_FORMAT_PODMAN, "/run/containers/0", "auth.json", err);
    (void)snprintf(usual, sizeof(usual), "/run/user/%lu", (unsigned long)request->uid);
    if (request->is_own_directory(usual, request->uid))
        return build(out, AUTH_FORMAT_PODMAN, usual, "containers/auth.json", err);
    (void)error_set(err, CLASS_AUTHFILE,
                    "no place for Podman's auth file: XDG_RUNTIME_DIR is not set, and '%s' is not "
                    "there",
                    usual);
    return error_hint(err, "use --persistent, which outlasts a reboot too, or --authfile FILE");
}
#else
static int podman_default(struct location *out, const struct location_request *request,
                          struct error *err)
{
    return location_podman_persistent(out, request, err);
}
#endif

int location_podman(struct location *out, const struct location_request *request, struct error *err)
{
    const char *file = request->authfile;
    const char *docker_dir = variable(request, "DOCKER_CONFIG");

    if (file == NULL && request->is_persistent)
        return location_podman_persistent(out, request, err);
    if (file == NULL)
        file = variable(request, "REGISTRY_AUTH_FILE");
    if (file != NULL)
        return build(out, AUTH_FORMAT_PODMAN, file, "", err);
    if (docker_dir != NULL)
        return build(out, AUTH_FORMAT_DOCKER, docker_dir, "config.json", err);
    return podman_default(out, request, err);
}

/* Whether podman looks at one file and at no other. */
static bool is_one_file(const struct location_request *request)
{
    return request->authfile != NULL || request->is_persistent ||
           variable(request, "REGISTRY_AUTH_FILE") != NULL ||
           variable(request, "DOCKER_CONFIG") != NULL;
}

int location_podman_way(struct location out[LOCATION_PODMAN_MAX], size_t *count,
                        const struct location_request *request, struct error *err)
{
    struct error no_place = ERROR_INIT;
    size_t found = 0;

    if (is_one_file(request)) {
        *count = 1;
        return location_podman(&out[0], request, err);
    }
    found += location_podman(&out[found], request, &no_place) == 0;
    found += location_podman_persistent(&out[found], request, &no_place) == 0;
    found += location_docker(&out[found], request, &no_place) == 0;
    *count = found;
    return 0;
}

#include "store/location.h"

#include <stdio.h>
#include <string.h>

static const char *non_empty(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int build(char path[PATH_MAX], const char *dir, const char *rest, struct error *err)
{
    size_t len = strlen(dir);
    const char *slash = len > 0 && dir[len - 1] == '/' ? "" : "/";

    if (snprintf(path, PATH_MAX, "%s%s%s", dir, slash, rest) >= PATH_MAX)
        return error_set(err, CLASS_AUTHFILE, "the path of the auth file is too long");
    return 0;
}

int location_docker(char path[PATH_MAX], const struct location_request *request, struct error *err)
{
    const char *dir = request->config_dir;
    const char *home = non_empty(request->environment("HOME"));

    if (dir == NULL)
        dir = non_empty(request->environment("DOCKER_CONFIG"));
    if (dir != NULL)
        return build(path, dir, "config.json", err);
    if (home == NULL)
        home = non_empty(request->passwd_home);
    if (home == NULL) {
        (void)error_set(err, CLASS_AUTHFILE,
                        "no place for the auth file: HOME is not set, and the user database has "
                        "no home for this user");
        return error_hint(err, "set HOME, or name Docker's directory with --config DIR");
    }
    return build(path, home, ".docker/config.json", err);
}

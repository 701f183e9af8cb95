/*
 * Any environment ("NAME=value" lines; "config", "authfile", "passwd", "persistent" and
 * "foreign" stand for what is no variable). The place of a file is what the first source in the
 * documented order says, or an error; and the same each time.
 */
#include "fuzz.h"

#include "store/reader.h"

enum { VARIABLES_MAX = 12 };

static char *variables[VARIABLES_MAX];

static const char *value_of(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < VARIABLES_MAX; i++) {
        if (variables[i] != NULL && strncmp(variables[i], name, len) == 0 &&
            variables[i][len] == '=')
            return variables[i] + len + 1;
    }
    return NULL;
}

static const char *set_value_of(const char *name)
{
    const char *value = value_of(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Any that begins with a slash, but for what "foreign" names. */
static bool is_own_directory(const char *path, uid_t uid)
{
    const char *foreign = value_of("foreign");

    (void)uid;
    return path[0] == '/' && (foreign == NULL || strcmp(path, foreign) != 0);
}

typedef int find_fn(struct location *, const struct location_request *, struct error *);

static bool find(find_fn *look, struct location *out, const struct location_request *request)
{
    struct error err = ERROR_INIT;
    struct location again = {.path = "untouched"};
    bool is_found = look(out, request, &err) == 0;

    if (!is_found)
        check_error(&err, CLASS_AUTHFILE);
    err = ERROR_INIT;
    must((look(&again, request, &err) == 0) == is_found);
    must(strcmp(again.path, is_found ? out->path : "untouched") == 0);
    must(!is_found || memchr(out->path, '\0', PATH_MAX) != NULL);
    return is_found;
}

/* Whether a path is in a directory, with one slash between. */
static void check_path(const char *path, const char *dir, const char *rest)
{
    size_t dir_len = strlen(dir);
    size_t path_len = strlen(path);

    must(strncmp(path, dir, dir_len) == 0 && text_has_suffix(path, rest));
    must(path_len <= dir_len + 1 + strlen(rest) && path_len >= dir_len + strlen(rest));
}

static void check_docker(const struct location_request *request)
{
    struct location found;
    const char *dir =
        request->config_dir != NULL ? request->config_dir : set_value_of("DOCKER_CONFIG");
    const char *home = set_value_of("HOME");

    if (!find(reader_docker.place, &found, request))
        return;
    must(found.owner == &reader_docker);
    if (dir != NULL)
        check_path(found.path, dir, "config.json");
    else
        check_path(found.path, home != NULL ? home : request->passwd_home, ".docker/config.json");
}

static void check_podman(const struct location_request *request)
{
    struct location found;
    const char *file = set_value_of("REGISTRY_AUTH_FILE");

    if (!find(reader_podman.place, &found, request))
        return;
    if (request->authfile != NULL)
        must(strcmp(found.path, request->authfile) == 0);
    else if (!request->is_persistent && file != NULL)
        must(strcmp(found.path, file) == 0);
    must((found.owner == &reader_docker) ==
         (request->authfile == NULL && !request->is_persistent && file == NULL &&
          set_value_of("DOCKER_CONFIG") != NULL));
    if (find(reader_persistent, &found, request))
        must(text_has_suffix(found.path, "containers/auth.json"));
}

/* The files that podman looks into: the one that it writes is the first, docker's the last. */
static void check_way(const struct location_request *request)
{
    struct location way[READER_FILES_MAX];
    struct error err = ERROR_INIT;
    struct location first;
    size_t count;

    if (reader_podman.files(way, &count, request, &err) < 0) {
        check_error(&err, CLASS_AUTHFILE);
        must(!find(reader_podman.place, &first, request));
        return;
    }
    must(count <= READER_FILES_MAX);
    if (find(reader_podman.place, &first, request))
        must(count > 0 && strcmp(way[0].path, first.path) == 0 && way[0].owner == first.owner);
    for (size_t i = 1; i < count; i++)
        must(way[i].owner == &reader_docker || way[i - 1].owner == &reader_podman);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    struct location_request request = {.environment = value_of,
                                       .is_own_directory = is_own_directory};

    for (size_t i = 0; i < VARIABLES_MAX; i++)
        variables[i] = take_line(&in);
    request.config_dir = value_of("config");
    request.authfile = value_of("authfile");
    request.passwd_home = value_of("passwd");
    request.is_persistent = value_of("persistent") != NULL;
    for (request.uid = 0; request.uid < 2; request.uid++) {
        check_docker(&request);
        check_podman(&request);
        check_way(&request);
    }
    for (size_t i = 0; i < VARIABLES_MAX; i++)
        free(variables[i]);
    return 0;
}

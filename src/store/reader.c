#include "store/reader.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hub.h"

static bool has_scheme(const char *key)
{
    return strncmp(key, "https://", 8) == 0 || strncmp(key, "http://", 7) == 0;
}

const char *reader_key_host(char *host, size_t size, const char *key)
{
    const char *from = has_scheme(key) ? strstr(key, "://") + 3 : key;

    (void)snprintf(host, size, "%.*s", (int)strcspn(from, "/"), from);
    return host;
}

/* Paths after a host that name an API, not a namespace. */
static bool is_api_path(const char *path)
{
    static const char *const paths[] = {"/", "/v1", "/v1/", "/v2", "/v2/"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(path, paths[i]) == 0)
            return true;
    }
    return false;
}

/* Whether a key is for all of a registry. */
static bool is_whole(const struct reader *owner, const char *key)
{
    const char *slash = strchr(key, '/');

    return has_scheme(key) || slash == NULL || (!owner->has_namespaces && is_api_path(slash));
}

static bool is_spelling(const struct reader *owner, const char *key, const char *wanted,
                        enum hub_use use)
{
    char host[READER_KEY_MAX + 1];
    char wanted_host[READER_KEY_MAX + 1];

    if (!is_whole(owner, key) || !is_whole(owner, wanted) || strcmp(key, wanted) == 0)
        return false;
    (void)reader_key_host(host, sizeof(host), key);
    (void)reader_key_host(wanted_host, sizeof(wanted_host), wanted);
    return strcmp(host, wanted_host) == 0 ||
           (use == HUB_AS_TYPED && strcasecmp(host, wanted_host) == 0) ||
           (hub_is_name(host, use) && hub_is_name(wanted_host, use));
}

bool reader_is_spelling(const struct reader *owner, const char *key, const char *wanted)
{
    return is_spelling(owner, key, wanted, HUB_AS_TYPED);
}

/*
 * ResolveAuthConfig() and ConvertToHostname() of docker's registry package: a key of an old client,
 * which held a URL. Docker Hub's key is one itself, so that it has no fallback.
 */
static bool docker_falls_back(const char *key, const char *name)
{
    char host[READER_KEY_MAX + 1];

    return strcmp(key, name) != 0 && strcmp(reader_key_host(host, sizeof(host), key), name) == 0;
}

/* findCredentialsInFile() and normalizeRegistry() of containers/image's pkg/docker/config. */
static bool podman_falls_back(const char *key, const char *name)
{
    return is_spelling(&reader_podman, key, name, HUB_IN_KEY);
}

const char *reader_host(const struct reader *reader, const char *host)
{
    return strcmp(host, HUB_HOST) == 0 ? reader->hub_key : host;
}

const char *reader_key(char *key, const struct reader *reader, const char *host,
                       const char *name_space)
{
    bool is_part = reader->has_namespaces && name_space[0] != '\0';

    (void)snprintf(key, READER_KEY_MAX + 1, "%s%s%s", reader_host(reader, host), is_part ? "/" : "",
                   is_part ? name_space : "");
    return key;
}

static const char *non_empty(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *variable(const struct location_request *request, const char *name)
{
    return non_empty(request->environment(name));
}

static int build_place(struct location *out, const struct reader *owner, const char *dir,
                       const char *rest, struct error *err)
{
    size_t dir_len = strlen(dir);
    const char *slash = rest[0] == '\0' || (dir_len > 0 && dir[dir_len - 1] == '/') ? "" : "/";
    char path[PATH_MAX];
    int len = snprintf(path, PATH_MAX, "%s%s%s", dir, slash, rest);

    if (len < 0 || len >= PATH_MAX)
        return error_set(err, CLASS_AUTHFILE, "the path of the auth file is too long");
    memcpy(out->path, path, (size_t)len + 1);
    out->owner = owner;
    out->is_bare = false;
    return 0;
}

/* Below the home directory: of the environment, else of the user database. */
static int build_at_home(struct location *out, const struct reader *owner,
                         const struct location_request *request, const char *rest,
                         struct error *err)
{
    const char *home = variable(request, "HOME");

    if (home == NULL)
        home = non_empty(request->passwd_home);
    if (home != NULL)
        return build_place(out, owner, home, rest, err);
    return error_set_hint(err, CLASS_AUTHFILE,
                          "set HOME, or name Docker's directory with --config DIR or Podman's "
                          "file with --authfile FILE",
                          "no place for the auth file: HOME is not set, and the user database has "
                          "no home directory for this user");
}

/* Its home is below the user's; a directory whose name begins with a dot it cannot see there. */
#define SNAP_HOME "snap/docker/current"

int reader_snap(struct location *out, const struct location_request *request, struct error *err)
{
    return build_at_home(out, &reader_docker, request, SNAP_HOME "/.docker/config.json", err);
}

/* "current" is a link that the first run makes: a directory in its place would be in the way. */
static bool has_snap_home(const struct location_request *request)
{
    struct error ignored = ERROR_INIT;
    struct location home;

    return build_at_home(&home, &reader_docker, request, SNAP_HOME, &ignored) == 0 &&
           request->is_own_directory(home.path, LOCATION_ANYBODY);
}

static const char *dockers_directory(const struct location_request *request)
{
    return request->config_dir != NULL ? request->config_dir : variable(request, "DOCKER_CONFIG");
}

static int docker_place(struct location *out, const struct location_request *request,
                        struct error *err)
{
    const char *dir = dockers_directory(request);

    if (dir != NULL)
        return build_place(out, &reader_docker, dir, "config.json", err);
    if (request->is_docker_of_snap && has_snap_home(request))
        return reader_snap(out, request, err);
    return build_at_home(out, &reader_docker, request, ".docker/config.json", err);
}

static int docker_files(struct location out[READER_FILES_MAX], size_t *count,
                        const struct location_request *request, struct error *err)
{
    *count = 1;
    return request->is_docker_of_snap && dockers_directory(request) == NULL
               ? reader_snap(&out[0], request, err)
               : docker_place(&out[0], request, err);
}

int reader_persistent(struct location *out, const struct location_request *request,
                      struct error *err)
{
    const char *config = variable(request, "XDG_CONFIG_HOME");

    if (config != NULL)
        return build_place(out, &reader_podman, config, "containers/auth.json", err);
    return build_at_home(out, &reader_podman, request, ".config/containers/auth.json", err);
}

#if defined(__linux__)
/* On a tmpfs, so that it is gone after a reboot; elsewhere than on Linux there is no such place. */
static int podman_default(struct location *out, const struct location_request *request,
                          struct error *err)
{
    const char *runtime = variable(request, "XDG_RUNTIME_DIR");
    char usual[64];

    /* What is set is used, no matter who owns it; what is guessed must be the user's. */
    if (runtime != NULL && !request->is_own_directory(runtime, LOCATION_ANYBODY)) {
        return error_set_hint(err, CLASS_AUTHFILE,
                              "log the user in (loginctl enable-linger), unset the variable, or "
                              "use --persistent or --authfile FILE",
                              "XDG_RUNTIME_DIR is '%s', which is not a directory", runtime);
    }
    if (runtime != NULL)
        return build_place(out, &reader_podman, runtime, "containers/auth.json", err);
    if (request->uid == 0)
        return build_place(out, &reader_podman, "/run/containers/0", "auth.json", err);
    (void)snprintf(usual, sizeof(usual), "/run/user/%lu", (unsigned long)request->uid);
    if (request->is_own_directory(usual, request->uid))
        return build_place(out, &reader_podman, usual, "containers/auth.json", err);
    return error_set_hint(
        err, CLASS_AUTHFILE, "use --persistent, which also survives a reboot, or --authfile FILE",
        "no place for Podman's auth file: XDG_RUNTIME_DIR is not set, and '%s' does not exist",
        usual);
}
#else
static int podman_default(struct location *out, const struct location_request *request,
                          struct error *err)
{
    return reader_persistent(out, request, err);
}
#endif

static int podman_place(struct location *out, const struct location_request *request,
                        struct error *err)
{
    const char *file = request->authfile;
    const char *docker_dir = variable(request, "DOCKER_CONFIG");

    if (file == NULL && request->is_persistent)
        return reader_persistent(out, request, err);
    /* In the order of containers/image's getPathToAuth() and `podman login`'s --authfile. */
    if (file == NULL)
        file = variable(request, "REGISTRY_AUTH_FILE");
    if (file != NULL)
        return build_place(out, &reader_podman, file, "", err);
    if (docker_dir != NULL)
        return build_place(out, &reader_docker, docker_dir, "config.json", err);
    return podman_default(out, request, err);
}

/* Whether podman looks at one file and at no other: what is named is not searched past. */
static bool is_one_file(const struct location_request *request)
{
    return request->authfile != NULL || request->is_persistent ||
           variable(request, "REGISTRY_AUTH_FILE") != NULL ||
           variable(request, "DOCKER_CONFIG") != NULL;
}

static int podman_files(struct location out[READER_FILES_MAX], size_t *count,
                        const struct location_request *request, struct error *err)
{
    struct location_request dockers = *request;
    struct error no_place = ERROR_INIT;
    size_t found = 0;

    if (is_one_file(request)) {
        *count = 1;
        return podman_place(&out[0], request, err);
    }
    dockers.config_dir = NULL; /* which podman knows nothing of, nor of snap */
    dockers.is_docker_of_snap = false;
    found += podman_place(&out[found], request, &no_place) == 0;
    found += reader_persistent(&out[found], request, &no_place) == 0;
    found += docker_place(&out[found], &dockers, &no_place) == 0;
    if (build_at_home(&out[found], &reader_docker, request, ".dockercfg", &no_place) == 0)
        out[found++].is_bare = true;
    *count = found;
    return 0;
}

/* Of a member of another type docker warns, and goes on with entries that it has not decoded;
 * podman fails. */
static const char *const of_dockers_entry[] = {"auth",          "username", "password",
                                               "identitytoken", "email",    "serveraddress",
                                               "registrytoken", NULL};
static const char *const of_podmans_entry[] = {"auth", "identitytoken", NULL};
static const char *const of_proxy[] = {"httpProxy", "httpsProxy", "noProxy",
                                       "ftpProxy",  "allProxy",   NULL};

static const struct reader_member dockers_members[] = {
    {"auths", READER_GROUPS, of_dockers_entry},
    {"credHelpers", READER_TEXTS, NULL},
    {"credsStore", READER_TEXT, NULL},
    {"HttpHeaders", READER_TEXTS, NULL},
    {"aliases", READER_TEXTS, NULL},
    {"cliPluginsExtraDirs", READER_LIST, NULL},
    {"configFormat", READER_TEXT, NULL},
    {"currentContext", READER_TEXT, NULL},
    {"detachKeys", READER_TEXT, NULL},
    {"experimental", READER_TEXT, NULL},
    {"features", READER_TEXTS, NULL},
    {"imagesFormat", READER_TEXT, NULL},
    {"networksFormat", READER_TEXT, NULL},
    {"nodesFormat", READER_TEXT, NULL},
    {"plugins", READER_GROUPS, NULL},
    {"pluginsFormat", READER_TEXT, NULL},
    {"proxies", READER_GROUPS, of_proxy},
    {"pruneFilters", READER_LIST, NULL},
    {"psFormat", READER_TEXT, NULL},
    {"secretFormat", READER_TEXT, NULL},
    {"serviceInspectFormat", READER_TEXT, NULL},
    {"servicesFormat", READER_TEXT, NULL},
    {"statsFormat", READER_TEXT, NULL},
    {"tasksFormat", READER_TEXT, NULL},
    {"volumesFormat", READER_TEXT, NULL},
    {NULL, READER_TEXT, NULL},
};

static const struct reader_member podmans_members[] = {
    {"auths", READER_GROUPS, of_podmans_entry},
    {"credHelpers", READER_TEXTS, NULL},
    {NULL, READER_TEXT, NULL},
};

const struct reader reader_docker = {
    .name = "docker",
    .hub_key = "https://index.docker.io/v1/",
    .variable = "DOCKER_AUTH_CONFIG",
    .place = docker_place,
    .files = docker_files,
    .is_fallback = docker_falls_back,
    .obeys_store = true,
    .serves_nerdctl = true,
    .marks_helped = true,
    .needs_every_auth = true,
    .takes_plain = true,
    .is_client = true,
    .members = dockers_members,
};

const struct reader reader_podman = {
    .name = "podman",
    .hub_key = HUB_HOST,
    .place = podman_place,
    .files = podman_files,
    .is_fallback = podman_falls_back,
    .has_namespaces = true,
    .runs_empty_name = true,
    .takes_all_or_none = true,
    .members = podmans_members,
};

const struct reader *const reader_all[READER_COUNT] = {&reader_docker, &reader_podman};

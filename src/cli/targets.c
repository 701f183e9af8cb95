#include "cli/targets.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/environment.h"
#include "store/path.h"
#include "store/shadow.h"

static bool is_own_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static struct location_request location_request(const struct options *options)
{
    const struct passwd *user = getpwuid(geteuid());

    return (struct location_request){
        .config_dir = options->config_dir,
        .authfile = options->authfile,
        .is_persistent = options->persistent,
        .environment = environment,
        .is_own_directory = is_own_directory,
        .passwd_home = user != NULL ? user->pw_dir : NULL,
        .uid = geteuid(),
    };
}

static int set_key(struct target *target, const struct reference *registry, struct error *err)
{
    if (target->location.format == AUTH_FORMAT_PODMAN) {
        reference_podman_key(target->key, registry);
        target->host = registry->host;
        return 0;
    }
    if (registry->name_space[0] != '\0') {
        (void)error_set(err, CLASS_USAGE,
                        "docker keeps one credential for all of '%s', none for a namespace "
                        "(OWNER) of it",
                        registry->host);
        return error_hint(err,
                          "log in to '%s', or store it for podman alone: --podman, with "
                          "--authfile FILE where DOCKER_CONFIG is set",
                          registry->host);
    }
    target->host = reference_docker_key(registry);
    memcpy(target->key, target->host, strlen(target->host) + 1);
    return 0;
}

/* Add a file, unless it is there: $DOCKER_CONFIG makes docker and podman share one. */
static int add(struct targets *targets, const struct location *location,
               const struct reference *registry, struct error *err)
{
    struct target *target = &targets->items[targets->count];

    if (targets->count > 0 && path_is_same(targets->items[0].location.path, location->path))
        return 0;
    target->location = *location;
    target->changed = false;
    if (set_key(target, registry, err) < 0)
        return -1;
    targets->count++;
    return 0;
}

int targets_find(struct targets *out, const struct options *options,
                 const struct reference *registry, struct error *err)
{
    struct location_request request = location_request(options);
    bool podman = options->podman || options->authfile != NULL || options->persistent;
    struct location location;

    out->count = 0;
    if ((options->docker || !podman) &&
        (location_docker(&location, &request, err) < 0 || add(out, &location, registry, err) < 0))
        return -1;
    if (podman &&
        (location_podman(&location, &request, err) < 0 || add(out, &location, registry, err) < 0))
        return -1;
    return 0;
}

static struct auth_file auth_file(const struct target *target, const struct options *options,
                                  const struct secret *auth)
{
    return (struct auth_file){
        .path = target->location.path,
        .format = target->location.format,
        .key = target->key,
        .host = target->host,
        .auth = auth,
        .in_place = options->in_place,
    };
}

int targets_check(const struct targets *targets, const struct options *options,
                  const struct secret *auth, struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct auth_file file = auth_file(&targets->items[i], options, auth);

        if (auth_file_check(&file, err) < 0)
            return -1;
    }
    return 0;
}

int targets_store(struct targets *targets, const struct options *options, const struct secret *auth,
                  const struct clock *clock, int64_t deadline_ms, struct warnings *warnings,
                  struct error *err)
{
    struct location_request request = location_request(options);

    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file(target, options, auth);

        if (auth_file_store(&file, clock, deadline_ms, &target->changed, warnings, err) < 0)
            return i == 0 ? -1
                          : error_wrap(err, "the entry is in '%s', but not everywhere",
                                       targets->items[0].location.path);
        shadow_elsewhere(&file, &request, warnings);
    }
    return 0;
}

#include "cli/targets.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/environment.h"
#include "store/path.h"
#include "store/shadow.h"

static bool is_own_directory(const char *path, uid_t uid)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (uid == LOCATION_ANYBODY || st.st_uid == uid);
}

struct location_request targets_location_request(const struct options *options,
                                                 const struct person *person)
{
    return (struct location_request){
        .config_dir = options->config_dir,
        .authfile = options->authfile,
        .is_persistent = options->persistent,
        .environment = environment,
        .is_own_directory = is_own_directory,
        .passwd_home = person->home,
        .uid = person->uid,
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
static int add(struct targets *targets, const struct location *location, bool is_podmans,
               const struct reference *registry, struct error *err)
{
    struct target *target = &targets->items[targets->count];

    if (targets->count > 0 && path_is_same(targets->items[0].location.path, location->path))
        return 0;
    *target = (struct target){.location = *location, .is_podmans = is_podmans};
    if (set_key(target, registry, err) < 0)
        return -1;
    targets->count++;
    return 0;
}

int targets_find(struct targets *out, const struct options *options,
                 const struct location_request *request, const struct reference *registry,
                 struct error *err)
{
    bool podman = options->podman || options->authfile != NULL || options->persistent;
    struct location location;

    out->count = 0;
    if ((options->docker || !podman) && (location_docker(&location, request, err) < 0 ||
                                         add(out, &location, false, registry, err) < 0))
        return -1;
    if (podman && (location_podman(&location, request, err) < 0 ||
                   add(out, &location, true, registry, err) < 0))
        return -1;
    return 0;
}

static struct auth_file auth_file(const struct target *target, const struct targets_job *job)
{
    const struct credential *credential = job->credential;

    return (struct auth_file){
        .path = target->location.path,
        .format = target->location.format,
        .is_podmans = target->is_podmans,
        .key = job->options->all ? NULL : target->key,
        .host = target->host,
        .in_place = job->options->in_place,
        .no_helper = job->options->no_helper,
        .clock = job->clock,
        .deadline_ms = job->deadline_ms,
        .username = credential != NULL ? credential->username : target->only_username,
        .token = credential != NULL ? &credential->token : target->only_token,
        .auth = job->auth,
    };
}

int targets_check(struct targets *targets, const struct targets_job *job, struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file(target, job);

        if (auth_file_check(&file, &target->result, err) < 0)
            return -1;
        target->is_due = target->result.changed;
        target->result.changed = false;
    }
    return 0;
}

/* Of a failure that is not the first target's: what has been done stays done. */
static int say_what_is_done(const struct targets *targets, size_t failed, const char *done,
                            struct error *err)
{
    if (failed == 0)
        return -1;
    return error_wrap(err, "the entry is %s '%s', but not everywhere", done,
                      targets->items[0].location.path);
}

int targets_store(struct targets *targets, const struct targets_job *job,
                  const struct location_request *request, struct warnings *warnings,
                  struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file(target, job);

        target->result.changed = target->is_due;
        if (!job->options->dry_run && auth_file_store(&file, &target->result, warnings, err) < 0)
            return say_what_is_done(targets, i, "in", err);
        shadow_elsewhere(&file, request, warnings);
    }
    return 0;
}

int targets_remove(struct targets *targets, const struct targets_job *job,
                   struct warnings *warnings, struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file(target, job);

        if (!target->is_spared &&
            auth_file_remove(&file, job->options->dry_run, &target->result, warnings, err) < 0)
            return say_what_is_done(targets, i, "gone from", err);
    }
    return 0;
}

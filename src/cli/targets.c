#include "cli/targets.h"

#include <stdio.h>

#include "store/path.h"
#include "store/shadow.h"

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
    target->host = target->is_podmans ? registry->host : reference_docker_key(registry);
    (void)snprintf(target->key, sizeof(target->key), "%s", reference_docker_key(registry));
    return 0;
}

/* Add a file, unless it is there: $DOCKER_CONFIG makes docker and podman share one. */
static int add(struct targets *targets, const struct location *location, bool is_podmans,
               const struct reference *registry, struct error *err)
{
    struct target *target = &targets->items[targets->count];

    if (targets->count > 0 && path_is_same(targets->items[0].location.path, location->path)) {
        targets->items[0].podmans_host = registry->host;
        return 0;
    }
    *target = (struct target){.location = *location, .is_podmans = is_podmans};
    if (set_key(target, registry, err) < 0)
        return -1;
    targets->count++;
    return 0;
}

int targets_find(struct targets *out, const struct run *run, struct error *err)
{
    const struct reference *registry = &run->subject.registry;
    bool podman = options_name_podman(run->options);
    struct location location;

    out->count = 0;
    if ((run->options->docker || !podman) && (location_docker(&location, &run->places, err) < 0 ||
                                              add(out, &location, false, registry, err) < 0))
        return -1;
    if (podman && (location_podman(&location, &run->places, err) < 0 ||
                   add(out, &location, true, registry, err) < 0))
        return -1;
    return 0;
}

static struct auth_file auth_file(const struct target *target, const struct run *run)
{
    return (struct auth_file){
        .path = target->location.path,
        .format = target->location.format,
        .is_podmans = target->is_podmans,
        .key = run->options->all ? NULL : target->key,
        .host = target->host,
        .podmans_host = target->podmans_host,
        .no_helper = run->options->no_helper,
        .clock = run->clock,
        .deadline_ms = run->deadline_ms,
        .username = target->only_username,
        .token = target->only_token,
    };
}

static struct auth_file auth_file_with(const struct target *target, const struct run *run,
                                       const struct targets_entry *entry)
{
    struct auth_file file = auth_file(target, run);

    file.username = entry->credential->username;
    file.token = &entry->credential->token;
    file.auth = entry->auth;
    return file;
}

int targets_check(struct targets *targets, const struct run *run, const struct targets_entry *entry,
                  struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file_with(target, run, entry);

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

int targets_store(struct targets *targets, struct run *run, const struct targets_entry *entry,
                  struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file_with(target, run, entry);

        target->result.changed = target->is_due;
        if (!run->options->dry_run &&
            auth_file_store(&file, &target->result, &run->warnings, err) < 0)
            return say_what_is_done(targets, i, "in", err);
        shadow_elsewhere(&file, &run->places, &run->warnings);
    }
    return 0;
}

int targets_remove(struct targets *targets, struct run *run, struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct auth_file file = auth_file(target, run);

        if (!target->is_spared && auth_file_remove(&file, run->options->dry_run, &target->result,
                                                   &run->warnings, err) < 0)
            return say_what_is_done(targets, i, "gone from", err);
    }
    return 0;
}

#include "cli/targets.h"

#include "store/entry.h"
#include "store/path.h"
#include "store/shadow.h"

static void warn_of_namespace(struct run *run)
{
    const struct reference *registry = &run->subject.registry;

    if (registry->has_odd_path)
        warnings_add(&run->warnings,
                     "docker keeps one credential for all of '%s': the path after it is ignored",
                     registry->host);
    else
        warnings_add(&run->warnings,
                     "docker keeps one credential for all of '%s', not one for the namespace '%s': "
                     "the entry applies to the whole registry",
                     registry->host, registry->name_space);
}

/* Add the file of a reader's, unless it is there: $DOCKER_CONFIG makes docker and podman share. */
static int add_target(struct targets *targets, const struct reader *reader, struct run *run,
                      struct error *err)
{
    const struct reference *registry = &run->subject.registry;
    struct target *target = &targets->items[targets->count];
    struct location location;

    if (reader->place(&location, &run->places, err) < 0)
        return -1;
    if (targets->count > 0 && path_is_same(targets->items[0].location.path, location.path)) {
        targets->items[0].second = reader;
        return 0;
    }
    /* What `exec` shows its command is both files, of which docker's has no namespaces anyway. */
    if (location.owner->has_namespaces && run->options->command != COMMAND_EXEC &&
        reference_check_path(registry, err) < 0)
        return -1;
    if ((registry->name_space[0] != '\0' || registry->has_odd_path) &&
        !location.owner->has_namespaces)
        warn_of_namespace(run);
    *target = (struct target){.location = location, .reader = reader};
    (void)reader_key(target->key, location.owner, registry->host, registry->name_space);
    targets->count++;
    return 0;
}

int targets_find(struct targets *out, struct run *run, struct error *err)
{
    bool podman = options_name_podman(run->options);

    out->count = 0;
    if ((run->options->docker || !podman) && add_target(out, &reader_docker, run, err) < 0)
        return -1;
    return podman ? add_target(out, &reader_podman, run, err) : 0;
}

static struct entry targets_entry_of(const struct target *target, const struct run *run)
{
    return (struct entry){
        .path = target->location.path,
        .shown = target->shown,
        .owner = target->location.owner,
        .reader = target->reader,
        .second = target->second,
        .registry = run->subject.registry.host,
        .key = run->options->all ? NULL : target->key,
        .at_pull = run->options->at_pull,
        .no_helper = run->options->no_helper,
        .clock = run->clock,
        .deadline_ms = run->deadline_ms,
        .username = target->only_username,
        .token = target->only_token,
    };
}

static struct entry entry_with(const struct target *target, const struct run *run,
                               const struct targets_entry *given)
{
    struct entry entry = targets_entry_of(target, run);

    entry.username = given->credential->username;
    entry.token = &given->credential->token;
    entry.auth = given->auth;
    return entry;
}

/* All of them before the network: where one file cannot take it, none is changed. */
int targets_check(struct targets *targets, const struct run *run, const struct targets_entry *given,
                  struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct entry entry = entry_with(target, run, given);

        if (auth_file_check(&entry, &target->due, err) < 0)
            return -1;
    }
    return 0;
}

/* Of a failure that is not the first target's: what has been done stays done. */
static int say_what_is_done(const struct targets *targets, size_t failed, const char *done,
                            struct error *err)
{
    if (failed == 0)
        return -1;
    return error_wrap(err, "the entry is %s '%s' only", done, targets->items[0].location.path);
}

int targets_store(struct targets *targets, struct run *run, const struct targets_entry *given,
                  struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct entry entry = entry_with(target, run, given);

        target->result = target->due; /* until it is done; --dry-run leaves it there */
        if (!run->options->dry_run &&
            auth_file_store(&entry, &target->result, &run->warnings, err) < 0)
            return say_what_is_done(targets, i, "in", err);
        /* After a dry run too: what would keep readers from the entry is there already. */
        shadow_elsewhere(&entry, &run->places, &run->warnings);
    }
    return 0;
}

int targets_remove(struct targets *targets, struct run *run, struct error *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct target *target = &targets->items[i];
        struct entry entry = targets_entry_of(target, run);

        if (!target->is_spared && auth_file_remove(&entry, run->options->dry_run, &target->result,
                                                   &run->warnings, err) < 0)
            return say_what_is_done(targets, i, "removed from", err);
    }
    return 0;
}

#include "cli/logout.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/at_pull.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/targets.h"
#include "store/lookup.h"

/* All that one logout holds. */
struct logout {
    struct run run;
    struct targets targets;
    struct lookup found[TARGETS_MAX]; /* what was judged of each target */
};

static int logout_find_targets(struct logout *logout, struct report *report, struct error *err)
{
    struct run *run = &logout->run;

    if (run_find_subject(run, err) < 0 || targets_find(&logout->targets, run, err) < 0)
        return -1;
    report->targets = &logout->targets;
    if (run->options->if_refused && run_read_trust(run, err) < 0)
        return -1;
    return person_become(&run->subject.person, err);
}

static void logout_forget(void *holder)
{
    struct logout *logout = holder;

    run_end(&logout->run);
    for (size_t i = 0; i < TARGETS_MAX; i++)
        lookup_clear(&logout->found[i]);
}

/*
 * Whether the registry refuses what is stored. A proxy that refuses, or a token that was granted
 * and then not taken, is no reason to remove it. What is no password cannot be asked about.
 */
static int is_refused(struct logout *logout, const struct lookup *found, bool *refused,
                      struct error *err)
{
    struct ask ask = {
        .question = run_question(&logout->run, secret_text(&found->held.username),
                                 &found->held.token, NULL),
        .options = logout->run.options,
        .warnings = &logout->run.warnings,
        .forget = logout_forget,
        .holder = logout,
    };
    int ret;

    if (found->held.token_kind != NULL)
        return error_set(err, CLASS_UNPROVED, "'%s' contains %s for '%s', which cannot be verified",
                         found->path, found->held.token_kind, found->key);
    ret = ask_registry(&ask, err);
    *refused = ret < 0 && err->cls == CLASS_REJECTED && outcome_is_of_credential(&ask.outcome);
    if (*refused)
        *err = ERROR_INIT;
    return *refused ? 0 : ret;
}

static struct lookup_request request_for(const struct logout *logout)
{
    return (struct lookup_request){
        .registry = logout->run.subject.registry.host,
        .name_space = logout->run.subject.registry.name_space,
        .places = &logout->run.places,
        .no_helper = logout->run.options->no_helper,
        .clock = logout->run.clock,
        .deadline_ms = logout->run.deadline_ms,
    };
}

/*
 * What the conditions of the command line say of one target, and of what its entry holds now. Only
 * that is removed later: what a peer stores in between was not judged.
 */
static int judge(struct logout *logout, struct target *target, struct lookup *found,
                 struct error *err)
{
    const struct options *o = logout->run.options;
    struct lookup_request request = request_for(logout);
    bool refused = true;
    int ret = lookup_file(found, &target->location, target->reader, &request, err);

    if (ret < 0)
        return -1;
    /* An entry above or below the key is another entry. */
    if (ret == 0 || (strcmp(found->key, target->key) != 0 &&
                     !reader_is_spelling(target->location.owner, found->key, target->key))) {
        target->is_spared = true;
        return 0;
    }
    if (o->if_user != NULL && strcmp(secret_text(&found->held.username), o->if_user) != 0)
        target->kept = "another user's";
    else if (o->if_refused && is_refused(logout, found, &refused, err) < 0)
        return -1;
    else if (!refused)
        target->kept = "good";
    target->is_spared = target->kept != NULL;
    target->only_username = secret_text(&found->held.username);
    target->only_token = o->if_refused ? &found->held.token : NULL;
    return 0;
}

/* Whether `key` is for all of a registry, of which an entry for a part was to go. */
static bool is_above(const char *key, const struct target *target)
{
    size_t len = strlen(key);

    return strncmp(target->key, key, len) == 0 && target->key[len] == '/';
}

/* What a reader would use after that. Whether that can be told is no matter. */
static void warn_of_rest(struct logout *logout, struct target *target, const struct reader *reader)
{
    struct lookup_request request = request_for(logout);
    struct location_request places = logout->run.places;
    struct lookup left = LOOKUP_INIT;
    struct error ignored = ERROR_INIT;

    /* As the reader starts by itself, without our options: then it goes on to other files. */
    places.is_persistent = false;
    request.places = &places;
    if (lookup_find(&left, reader, &request, &ignored) > 0) {
        target->is_served_from_above = is_above(left.key, target);
        warnings_add(&logout->run.warnings, "%s still finds '%s' in %s%s%s", reader->name, left.key,
                     left.path[0] != '\0' ? "'" : "",
                     left.path[0] != '\0' ? left.path : left.owner->variable,
                     left.path[0] != '\0' ? "'" : ", which docker 28.3 and newer read");
    }
    lookup_clear(&left);
}

static void warn_of_readers(struct logout *logout, struct target *target)
{
    warn_of_rest(logout, target, target->reader);
    if (target->second != NULL)
        warn_of_rest(logout, target, target->second);
}

/* Nothing is removed before all is judged. */
static int remove_entries(struct logout *logout, struct error *err)
{
    const struct options *o = logout->run.options;
    struct targets *targets = &logout->targets;
    bool keeps = false;

    for (size_t i = 0; i < targets->count && (o->if_user != NULL || o->if_refused); i++) {
        if (judge(logout, &targets->items[i], &logout->found[i], err) < 0)
            return -1;
    }
    if (targets_remove(targets, &logout->run, err) < 0)
        return -1;
    for (size_t i = 0; i < targets->count; i++)
        keeps = keeps || targets->items[i].kept != NULL;
    /* Last: as long as a file names the helper, it has to find its record. */
    if (!o->dry_run && !keeps && at_pull_forget(&logout->run, err) < 0)
        return -1;
    for (size_t i = 0; i < targets->count && !o->all && !o->dry_run; i++) {
        if (targets->items[i].kept == NULL)
            warn_of_readers(logout, &targets->items[i]);
    }
    return 0;
}

static int logout_tell(struct logout *logout, struct report *report, struct error *err)
{
    return logout_find_targets(logout, report, err) < 0 ? -1 : remove_entries(logout, err);
}

int logout_run(const struct options *options)
{
    struct logout logout = {.targets = {.count = 0}};
    struct report report = {.subject = &logout.run.subject, .warnings = &logout.run.warnings};
    struct error err = ERROR_INIT;
    int status;

    run_begin(&logout.run, options);
    status = report_print(&report, options, logout_tell(&logout, &report, &err) == 0 ? NULL : &err);
    logout_forget(&logout);
    return status;
}

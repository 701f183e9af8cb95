#include "cli/logout.h"

#include <string.h>

#include "base/clock.h"
#include "cli/proof.h"
#include "cli/report.h"
#include "cli/subject.h"
#include "cli/targets.h"
#include "store/lookup.h"

/* All that one logout holds. */
struct logout {
    const struct options *options;
    const struct clock *clock;
    int64_t deadline_ms;
    struct subject subject;
    struct location_request places;
    struct targets targets;
    struct warnings warnings;
};

static int find_targets(struct logout *logout, struct report *report, struct error *err)
{
    const struct person *person = &logout->subject.person;

    report->subject = &logout->subject;
    if (subject_find(&logout->subject, logout->options, err) < 0)
        return -1;
    logout->places = targets_location_request(logout->options, person);
    if (targets_find(&logout->targets, logout->options, person, &logout->subject.registry, err) < 0)
        return -1;
    report->targets = &logout->targets;
    return person_become(person, err);
}

/* Whether the registry refuses what is stored. An identity token cannot be asked about. */
static int is_refused(struct logout *logout, const struct lookup *found, bool *refused,
                      struct error *err)
{
    struct proof proof = {
        .registry = &logout->subject.registry,
        .username = secret_text(&found->username),
        .token = &found->token,
        .warnings = &logout->warnings,
        .clock = logout->clock,
        .deadline_ms = logout->deadline_ms,
    };
    int ret;

    if (found->is_identity_token)
        return error_set(err, CLASS_UNPROVED,
                         "'%s' holds an identity token for '%s', which cannot be proved",
                         found->path, found->key);
    ret = proof_ask(&proof, logout->options, err);
    *refused = ret < 0 && err->cls == CLASS_REJECTED;
    if (*refused)
        *err = ERROR_INIT;
    return *refused ? 0 : ret;
}

/* What the conditions of the command line say of one target. */
static int judge(struct logout *logout, struct target *target, struct error *err)
{
    const struct options *o = logout->options;
    struct lookup_request request = {
        .key = target->key,
        .host = target->host,
        .places = &logout->places,
        .clock = logout->clock,
        .deadline_ms = logout->deadline_ms,
    };
    struct lookup found = LOOKUP_INIT;
    bool refused = false;
    int ret = lookup_file(&found, &target->location, &request, err);

    if (ret > 0 && o->if_user != NULL)
        target->is_kept = strcmp(secret_text(&found.username), o->if_user) != 0;
    if (ret > 0 && o->if_refused && !target->is_kept) {
        ret = is_refused(logout, &found, &refused, err);
        target->is_kept = !refused;
    }
    lookup_clear(&found);
    return ret < 0 ? -1 : 0;
}

static int remove_entries(struct logout *logout, struct error *err)
{
    const struct options *o = logout->options;
    struct targets_job job = {
        .options = o, .clock = logout->clock, .deadline_ms = logout->deadline_ms};

    for (size_t i = 0; i < logout->targets.count && (o->if_user != NULL || o->if_refused); i++) {
        if (judge(logout, &logout->targets.items[i], err) < 0)
            return -1;
    }
    return targets_remove(&logout->targets, &job, &logout->warnings, err);
}

int logout_run(const struct options *options)
{
    struct logout logout = {.options = options, .clock = clock_system()};
    struct report report = {.warnings = &logout.warnings};
    struct error err = ERROR_INIT;

    logout.deadline_ms = clock_now(logout.clock) + (int64_t)options->timeout_s * 1000;
    if (find_targets(&logout, &report, &err) == 0 && remove_entries(&logout, &err) == 0)
        return report_print(&report, options, NULL);
    return report_print(&report, options, &err);
}

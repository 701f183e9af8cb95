#include "cli/inquiry.h"

#include <string.h>

#include "cli/sandbox.h"
#include "registry/http.h"

enum { GRACE_MS = 2000 }; /* what is late says so by itself, if it can */

/* What the sandbox hands back. */
struct findings {
    int ret;
    struct error err;
    struct warnings warnings;
    int64_t deadline_ms;
    struct outcome outcome;
    bool can_pull[OPTIONS_LIST_MAX];
    struct diagnosis diagnosis; /* where is_to_be_diagnosed() */
};

struct question {
    struct inquiry *inquiry;
    const struct options *options;
};

static bool is_to_be_diagnosed(const struct question *question, const struct findings *found)
{
    bool is_answered =
        found->ret == 0 || found->err.cls == CLASS_REJECTED || found->err.cls == CLASS_FORBIDDEN;

    return is_answered && question->options->diagnose && question->inquiry->diagnosis != NULL;
}

static void ask(void *ctx, void *result)
{
    const struct question *question = ctx;
    struct findings *found = result;
    struct proof proof = *question->inquiry->proof;

    proof.warnings = &found->warnings;
    found->ret = http_init(&found->err);
    if (found->ret == 0)
        found->ret = proof_ask(&proof, question->options, &found->err);
    found->deadline_ms = proof.deadline_ms;
    found->outcome = proof.outcome;
    for (size_t i = 0; i < proof.image_count; i++)
        found->can_pull[i] = proof.images[i].can_pull;
    if (is_to_be_diagnosed(question, found))
        diagnosis_ask(&found->diagnosis, &proof, question->options);
}

static void forget(void *ctx)
{
    const struct question *question = ctx;

    question->inquiry->forget(question->inquiry->holder);
}

/* Any other byte would be no value of a bool at all. */
static bool is_flag(const bool *flag)
{
    return *(const unsigned char *)flag <= 1;
}

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

#define IS_TEXT(array) is_text(array, sizeof(array))

static bool is_error(const struct error *err, int ret)
{
    bool has_class = ret == 0 ? err->cls == CLASS_NONE
                              : ret == -1 && err->cls > CLASS_NONE && err->cls <= CLASS_HELPER;

    return has_class && IS_TEXT(err->message) && IS_TEXT(err->hint);
}

static bool are_warnings(const struct warnings *warnings)
{
    if (warnings->count > WARNINGS_MAX)
        return false;
    for (size_t i = 0; i < warnings->count; i++) {
        if (!IS_TEXT(warnings->items[i]))
            return false;
    }
    return true;
}

static bool is_diagnosis(const struct diagnosis *diagnosis)
{
    const struct github_findings *findings = &diagnosis->findings;

    return is_flag(&diagnosis->is_made) && IS_TEXT(diagnosis->expires_at) &&
           (unsigned)findings->verdict <= GITHUB_INVALID && IS_TEXT(findings->trouble) &&
           IS_TEXT(findings->owner) && is_flag(&findings->has_scopes) &&
           IS_TEXT(findings->scopes) && is_flag(&findings->needs_sso) &&
           IS_TEXT(findings->sso_url) && is_flag(&findings->forbids_classic);
}

static bool is_outcome(const struct outcome *outcome)
{
    return (unsigned)outcome->phase < OUTCOME_PHASE_COUNT && outcome->status >= 0 &&
           outcome->status <= 999 && (unsigned)outcome->code < OUTCOME_CODE_COUNT &&
           outcome->phrases <= OUTCOME_PHRASES && is_flag(&outcome->is_good);
}

/* The deadline moves by what was waited, which is no more than has passed since `began_ms`. */
static bool is_deadline(int64_t deadline_ms, const struct proof *proof, int64_t began_ms)
{
    return deadline_ms >= proof->deadline_ms &&
           deadline_ms - proof->deadline_ms <= clock_now(proof->clock) - began_ms;
}

static bool are_findings(const struct findings *found, const struct proof *proof, int64_t began_ms)
{
    for (size_t i = 0; i < OPTIONS_LIST_MAX; i++) {
        if (!is_flag(&found->can_pull[i]))
            return false;
    }
    return is_error(&found->err, found->ret) && are_warnings(&found->warnings) &&
           is_deadline(found->deadline_ms, proof, began_ms) && is_outcome(&found->outcome) &&
           is_diagnosis(&found->diagnosis);
}

static int take(const struct question *question, const struct findings *found, struct error *err)
{
    struct inquiry *inquiry = question->inquiry;
    struct proof *proof = inquiry->proof;

    *proof->warnings = found->warnings;
    proof->deadline_ms = found->deadline_ms;
    proof->outcome = found->outcome;
    for (size_t i = 0; i < proof->image_count; i++)
        proof->images[i].can_pull = found->can_pull[i];
    inquiry->is_diagnosed = is_to_be_diagnosed(question, found);
    if (inquiry->is_diagnosed)
        *inquiry->diagnosis = found->diagnosis;
    *err = found->err;
    return found->ret;
}

int inquiry_make(struct inquiry *inquiry, const struct options *options, struct error *err)
{
    struct question question = {.inquiry = inquiry, .options = options};
    const struct proof *proof = inquiry->proof;
    struct sandbox_job job = {
        .name = "asking the registry",
        .work = ask,
        .forget = forget,
        .ctx = &question,
        .clock = proof->clock,
        .deadline_ms = proof->deadline_ms + proof->wait_ms + GRACE_MS,
    };
    struct findings found = {.warnings = *proof->warnings, .deadline_ms = proof->deadline_ms};
    int64_t began_ms = clock_now(proof->clock);

    if (sandbox_run(&job, &found, sizeof(found), err) < 0)
        return -1;
    if (!are_findings(&found, proof, began_ms))
        return error_set(err, CLASS_INTERNAL, "%s has come to no sensible end", job.name);
    return take(&question, &found, err);
}

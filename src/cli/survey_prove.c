#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/redact.h"
#include "cli/advice.h"
#include "cli/ask.h"
#include "cli/process.h"
#include "cli/survey.h"

enum { SLOW_MS = 3000 };

/* In the sandbox: what one registry sends finds no credential of another. */
static void survey_isolate(void *holder, const struct ask *ask)
{
    struct survey *survey = holder;

    if (survey->forget_more != NULL)
        survey->forget_more(survey->holder);
    environment_forget("GHCR_TOKEN");
    for (size_t i = 0; i < survey->reader_count; i++)
        environment_forget(survey->readers[i]->variable);
    for (size_t i = 0; i < survey->count; i++) {
        struct holding *held = &survey->items[i]->finding.found.held;

        if (&held->token != ask->question.token)
            holding_clear(held);
    }
}

/* Once, or again and again for somebody who looks on; one alone says so by itself. */
static void survey_wait(void *holder, size_t done)
{
    struct survey *survey = holder;
    const struct run *run = survey->run;
    int64_t now_ms = clock_now(run->clock);
    int64_t left_ms = clock_left(run->clock, run->deadline_ms);

    if (survey->unit_count == 1 || run->options->quiet || now_ms - survey->told_ms < SLOW_MS ||
        (survey->has_told && !isatty(STDERR_FILENO)) || done == survey->unit_count || left_ms <= 0)
        return;
    survey->told_ms = now_ms;
    survey->has_told = true;
    (void)fprintf(stderr,
                  "ghcr-login: %zu of %zu registries have answered; waiting for the others, for up "
                  "to %lld s more (--timeout)\n",
                  done, survey->unit_count, (long long)(left_ms + 999) / 1000);
}

static struct ask unit_ask(struct survey *survey, struct survey_unit *unit)
{
    const struct run *run = survey->run;
    struct ask ask = {
        .question = run_question_at(run, &unit->registry,
                                    unit->held != NULL ? secret_text(&unit->held->username) : "",
                                    unit->held != NULL ? &unit->held->token : NULL),
        .options = run->options,
        .warnings = &unit->warnings,
        .diagnosis = unit->held != NULL ? &unit->diagnosis : NULL,
        .forget = survey_forget,
        .holder = survey,
        .tells_progress = survey->unit_count == 1 && !run->options->quiet && isatty(STDERR_FILENO),
    };

    ask.question.images = unit->images;
    ask.question.image_count = unit->image_count;
    ask.question.asks_for_each = true;
    return ask;
}

/* Words of the registry, or of its API, which must not repeat what was sent there. */
static void unit_redact(struct survey_unit *unit)
{
    struct redact redact = REDACT_INIT;
    struct error ignored = ERROR_INIT;
    const char *username = secret_text(&unit->held->username);
    struct error *err = &unit->err;
    bool hides = redact_add(&redact, &unit->held->token, &ignored) == 0 &&
                 run_can_hide(&redact, &unit->registry, username, &unit->held->token);
    const struct redact *known = hides ? &redact : NULL;

    redact_replace(known, err->message, sizeof(err->message), REDACT_WORDS);
    redact_replace(known, err->hint, sizeof(err->hint), "");
    for (size_t i = 0; i < unit->warnings.count; i++)
        redact_replace(known, unit->warnings.items[i], WARNING_LEN_MAX + 1, REDACT_WORDS);
    redact_clear(&redact);
}

struct situation survey_situation(const struct reference *registry, const struct secret *token,
                                  const struct github_findings *findings)
{
    enum place place = place_find(environment);

    return (struct situation){
        .registry = registry,
        .token = token,
        .place = place == PLACE_SSH ? PLACE_HOST : place,
        .findings = findings,
    };
}

enum verdict survey_judge(const struct ask *ask, struct error *err)
{
    const struct reference *registry = ask->question.registry;
    struct situation here =
        survey_situation(registry, ask->question.token, &ask->diagnosis->findings);
    enum exit_class cls = err->cls;

    if (cls != CLASS_NONE)
        advice_on_refusal(&here, &ask->outcome, err);
    else if (ask->options->diagnose)
        diagnosis_warn(ask->diagnosis, ask->warnings);
    if (cls == CLASS_NONE)
        (void)diagnosis_check_expiry(ask->diagnosis, ask->options, registry->host,
                                     ask->question.limits.clock, err);
    return cls == CLASS_NONE || cls == CLASS_FORBIDDEN ? VERDICT_ACCEPTED
           : cls == CLASS_REJECTED                     ? VERDICT_REFUSED
                                                       : VERDICT_FAULT;
}

static void unit_judge(struct survey_unit *unit, const struct ask *ask)
{
    unit->is_diagnosed = ask->is_diagnosed;
    unit->outcome = ask->outcome;
    unit->verdict = VERDICT_NONE;
    if (unit->held == NULL)
        return;
    unit->verdict = survey_judge(ask, &unit->err);
    unit_redact(unit);
}

/* Each reader with a credential has to be given the image. */
static void judge_images(struct survey *survey)
{
    for (size_t i = 0; i < survey->images.count; i++) {
        struct image *listed = &survey->images.items[i].image;
        bool can_pull = true;
        bool is_asked = false;

        for (size_t k = 0; k < survey->unit_count; k++) {
            const struct survey_unit *unit = &survey->units[k];

            for (size_t n = 0; n < unit->image_count; n++) {
                if (unit->images[n].given != listed->given)
                    continue;
                is_asked = true;
                can_pull = can_pull && unit->images[n].can_pull;
                if (!unit->images[n].can_pull || listed->status == 0)
                    listed->status = unit->images[n].status;
            }
        }
        listed->can_pull = is_asked && can_pull;
    }
}

static int prove_units(struct survey *survey, struct ask *asks, struct error *errs,
                       struct error *err)
{
    struct ask_many many = {
        .asks = asks,
        .errs = errs,
        .count = survey->unit_count,
        .clock = survey->run->clock,
        .deadline_ms = survey->run->deadline_ms,
        .isolate = survey_isolate,
        .on_wait = survey_wait,
        .holder = survey,
    };

    survey->told_ms = clock_now(survey->run->clock);
    for (size_t i = 0; i < survey->unit_count; i++)
        asks[i] = unit_ask(survey, &survey->units[i]);
    if (ask_registries(&many, err) < 0)
        return -1;
    for (size_t i = 0; i < survey->unit_count; i++) {
        survey->units[i].err = errs[i];
        unit_judge(&survey->units[i], &asks[i]);
    }
    judge_images(survey);
    return 0;
}

int survey_prove(struct survey *survey, struct error *err)
{
    struct ask *asks;
    struct error *errs;
    int ret;

    if (survey->unit_count == 0)
        return 0;
    asks = calloc(survey->unit_count, sizeof(*asks));
    errs = calloc(survey->unit_count, sizeof(*errs));
    ret =
        asks == NULL || errs == NULL ? error_no_memory(err) : prove_units(survey, asks, errs, err);
    free(asks);
    free(errs);
    return ret;
}

/* The result. */

enum verdict survey_verdict(const struct survey_item *item)
{
    return item->unit != NULL ? item->unit->verdict : item->finding.verdict;
}

const struct error *survey_error(const struct survey_item *item)
{
    return item->unit != NULL ? &item->unit->err : &item->finding.err;
}

/* The item whose fault is the run's. */
static const struct survey_item *survey_find_worst(const struct survey *survey)
{
    const struct survey_item *worst = survey->items[0];

    for (size_t i = 1; i < survey->count; i++) {
        if (exit_class_is_worse(survey_error(survey->items[i])->cls, survey_error(worst)->cls))
            worst = survey->items[i];
    }
    return worst;
}

/* Of one registry, whatever it is asked with; or our own, before any was asked. */
static bool is_same_trouble(const struct survey *survey, const struct survey_unit *a,
                            const struct survey_unit *b)
{
    const struct outcome *one = &a->outcome;
    const struct outcome *other = &b->outcome;
    enum exit_class cls = a->err.cls;
    bool is_ours = one->phase == OUTCOME_NOT_ASKED &&
                   (cls == CLASS_INTERNAL || survey->run->options->cert_dir != NULL);

    if (one->phase != other->phase || one->status != other->status || one->code != other->code ||
        one->phrases != other->phrases)
        return false;
    return is_ours || (strcmp(a->registry.host, b->registry.host) == 0 &&
                       (cls == CLASS_UNREACHABLE || cls == CLASS_UNPROVED));
}

/* What is wrong with a file, or a helper, is the same for all; our own has a source for each. */
static bool is_same_fault(const struct survey *survey, const struct survey_item *a,
                          const struct survey_item *b)
{
    if (survey_error(a)->cls != survey_error(b)->cls || (a->unit == NULL) != (b->unit == NULL))
        return false;
    if (a->unit != NULL)
        return a->unit == b->unit || is_same_trouble(survey, a->unit, b->unit);
    return survey_is_same_place(&a->finding, &b->finding) &&
           (strcmp(a->finding.found.helper, READER_OWN_HELPER) != 0 ||
            strcmp(a->registry.host, b->registry.host) == 0);
}

bool survey_is_untold(const struct survey *survey, size_t i)
{
    const struct survey_item *item = survey->items[i];
    bool is_told = survey->blamed != NULL && is_same_fault(survey, survey->blamed, item);

    for (size_t k = 0; k < i && !is_told; k++)
        is_told = is_same_fault(survey, survey->items[k], item);
    return survey_error(item)->cls != CLASS_NONE && !is_told;
}

void survey_warn(const struct survey *survey, struct warnings *warnings)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (survey_is_untold(survey, i))
            warnings_add(warnings, "%s", survey_error(survey->items[i])->message);
    }
}

/*
 * Whether the words of an item's error name its registry: not those of a file, a helper or a
 * process, nor those of a token server that gave no answer.
 */
static bool names_registry(const struct survey_item *item)
{
    const struct finding *finding = &item->finding;
    const struct outcome *outcome = item->unit != NULL ? &item->unit->outcome : NULL;
    bool is_of_token;

    if (outcome == NULL)
        return item->registry.host[0] == '\0' || finding->found.entry[0] != '\0' ||
               finding->found.held.token_kind != NULL || finding->verdict == VERDICT_NONE;
    is_of_token = outcome->phase == OUTCOME_TOKEN || outcome->phase == OUTCOME_SCOPE_TOKEN;
    return outcome->phase != OUTCOME_NOT_ASKED && (!is_of_token || outcome->status != 0);
}

int survey_sum_up(struct survey *survey, bool *verified, struct error *err)
{
    const struct survey_item *worst = survey_find_worst(survey);
    struct subject *subject = &survey->run->subject;

    for (size_t i = 0; i < survey->images.count; i++)
        subject->images[subject->image_count++] = survey->images.items[i].image;
    *verified = true;
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_item *item = survey->items[i];
        enum verdict verdict = survey_verdict(item);

        if (!item->finding.is_older)
            *verified = *verified && (verdict == VERDICT_ACCEPTED || verdict == VERDICT_NONE);
    }
    if (survey_error(worst)->cls == CLASS_NONE)
        return 0;
    survey->blamed = worst;
    *err = *survey_error(worst);
    return names_registry(worst) ? -1 : error_wrap(err, "'%s'", worst->registry.host);
}

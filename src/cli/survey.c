#include "cli/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/advice.h"
#include "cli/at_pull.h"

void survey_begin(struct survey *survey, struct run *run)
{
    *survey = (struct survey){.run = run};
    survey->reader_count = run_choose_readers(survey->readers, run->options);
}

static void item_free(struct survey_item *item)
{
    if (item != NULL)
        lookup_clear(&item->finding.found);
    free(item);
}

void survey_forget(void *survey)
{
    struct survey *s = survey;

    for (size_t i = 0; i < s->count; i++)
        lookup_clear(&s->items[i]->finding.found);
    if (s->forget_more != NULL)
        s->forget_more(s->holder);
    run_end(s->run);
}

void survey_clear(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++)
        item_free(survey->items[i]);
    for (size_t i = 0; i < survey->unit_count; i++)
        free(survey->units[i].images);
    free(survey->units);
    image_list_clear(&survey->images);
    *survey = (struct survey){.run = survey->run};
}

/* What is stored. */

bool survey_is_same_registry(const struct reference *a, const struct reference *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->name_space, b->name_space) == 0;
}

bool survey_is_same_place(const struct finding *a, const struct finding *b)
{
    const struct lookup *one = &a->found;
    const struct lookup *other = &b->found;

    return (one->path[0] != '\0' || a->by == b->by) && strcmp(one->path, other->path) == 0 &&
           strcmp(one->key, other->key) == 0 && strcmp(one->helper, other->helper) == 0 &&
           strcmp(one->entry, other->entry) == 0;
}

/* Whether it is the same entry, or the same fault, whichever tool finds it. */
static bool is_twin(const struct survey_item *a, const struct survey_item *b)
{
    const struct finding *one = &a->finding;
    const struct finding *other = &b->finding;

    return survey_is_same_registry(&a->registry, &b->registry) && one->verdict == other->verdict &&
           one->err.cls == other->err.cls && one->is_older == other->is_older &&
           survey_is_same_place(one, other) &&
           holding_is_same(&one->found.held, &other->found.held);
}

/* Whether the fault of a file is told already, which every look-up there meets again. */
static bool is_of_file(const struct survey_item *fault, const struct survey_item *item)
{
    return fault->registry.host[0] == '\0' && fault->finding.by == item->finding.by &&
           fault->finding.err.cls == item->finding.err.cls &&
           survey_is_same_place(&fault->finding, &item->finding);
}

static struct survey_item *find_twin(const struct survey *survey, const struct survey_item *item)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (is_twin(survey->items[i], item) || is_of_file(survey->items[i], item))
            return survey->items[i];
    }
    return NULL;
}

static int survey_check_room(const struct survey *survey, struct error *err)
{
    if (survey->count < SURVEY_ITEMS_MAX)
        return 0;
    return error_set(err, CLASS_AUTHFILE,
                     "more than %d credentials are stored, too many for one run", SURVEY_ITEMS_MAX);
}

int survey_add(struct survey *survey, struct survey_item *item, struct survey_item **out,
               struct error *err)
{
    struct survey_item *kept = find_twin(survey, item);

    if (kept == NULL && survey_check_room(survey, err) < 0) {
        item_free(item);
        return -1;
    }
    if (kept == NULL) {
        kept = item;
        survey->items[survey->count++] = item;
    } else {
        if (kept->finding.by != item->finding.by)
            kept->second = item->finding.by;
        item_free(item);
    }
    if (out != NULL)
        *out = kept;
    return 0;
}

struct survey_item *survey_item_new(const struct reference *registry, const struct reader *by,
                                    struct error *err)
{
    struct survey_item *item = calloc(1, sizeof(*item));

    if (item == NULL) {
        (void)error_no_memory(err);
        return NULL;
    }
    item->registry = *registry;
    item->finding = (struct finding){.by = by, .found = LOOKUP_INIT};
    return item;
}

int64_t survey_helper_deadline(const struct run *run)
{
    int64_t timeout_ms = (int64_t)run->options->timeout_s * 1000;
    int64_t half_ms = run->deadline_ms - timeout_ms / 2;
    int64_t quarter_ms = clock_now(run->clock) + timeout_ms / 4;

    return half_ms < quarter_ms ? half_ms : quarter_ms;
}

/* The part of the registry that the entry is for is in its key. */
static void take_name_space(struct survey_item *item)
{
    const char *key = item->finding.found.key;
    const char *slash = strstr(key, "://") == NULL ? strchr(key, '/') : NULL;
    bool has =
        slash != NULL && item->finding.by->has_namespaces && item->finding.found.helper[0] == '\0';

    (void)snprintf(item->registry.name_space, sizeof(item->registry.name_space), "%s",
                   has ? slash + 1 : "");
}

static void describe(struct survey_item *item)
{
    struct github_findings none = {.verdict = GITHUB_SILENT};
    struct situation here = {
        .registry = &item->registry, .token = &item->finding.found.held.token, .findings = &none};

    take_name_space(item);
    item->kind = item->finding.found.held.token_kind != NULL ? item->finding.found.held.token_kind
                                                             : advice_kind_name(&here);
}

int survey_look(struct survey *survey, const struct reference *registry, const struct reader *by,
                bool is_older, struct survey_item **out, struct error *err)
{
    struct survey_item *item = survey_item_new(registry, by, err);
    struct lookup_request request = {
        .registry = registry->host,
        .name_space = by->has_namespaces ? registry->name_space : "",
        .places = &survey->run->places,
        .no_variable = is_older,
        .snapshot = &survey->snapshot,
        .clock = survey->run->clock,
        .deadline_ms = survey_helper_deadline(survey->run),
    };
    int found;

    if (item == NULL)
        return -1;
    item->finding.is_older = is_older;
    found = lookup_find(&item->finding.found, by, &request, &item->finding.err);
    if (found == 0) {
        item_free(item);
        return 0;
    }
    if (found > 0 && at_pull_follow(&item->finding.record, &item->finding.found, registry->host,
                                    &item->finding.err) < 0)
        found = -1;
    item->finding.verdict = found > 0 ? VERDICT_OPEN : VERDICT_FAULT;
    if (found > 0)
        describe(item);
    return survey_add(survey, item, out, err) < 0 ? -1 : 1;
}

int survey_look_twice(struct survey *survey, const struct reference *registry,
                      const struct reader *by, struct error *err)
{
    struct survey_item *item = NULL;
    int found = survey_look(survey, registry, by, false, &item, err);

    if (found > 0 && item->finding.verdict == VERDICT_OPEN && item->finding.found.path[0] == '\0' &&
        survey_look(survey, registry, by, true, NULL, err) < 0)
        return -1;
    return found;
}

/* Units. */

static int find_unit(struct survey *survey, const struct survey_item *item,
                     struct survey_unit **out, struct error *err)
{
    const struct holding *held =
        item->finding.verdict == VERDICT_NONE ? NULL : &item->finding.found.held;

    for (size_t i = 0; i < survey->unit_count; i++) {
        struct survey_unit *unit = &survey->units[i];

        *out = unit;
        if (strcmp(unit->registry.host, item->registry.host) == 0 &&
            (held == NULL || unit->held == NULL ? held == unit->held
                                                : holding_is_same(held, unit->held)))
            return 0;
    }
    if (survey->units == NULL)
        survey->units = calloc(SURVEY_ITEMS_MAX, sizeof(*survey->units));
    if (survey->units == NULL)
        return error_no_memory(err);
    *out = &survey->units[survey->unit_count++]; /* no more than there are items */
    (*out)->registry = item->registry;
    (*out)->registry.name_space[0] = '\0';
    (*out)->held = held;
    return 0;
}

int survey_assign_unit(struct survey *survey, struct survey_item *item, struct error *err)
{
    const char *kind = item->finding.found.held.token_kind;
    bool is_open = item->finding.verdict == VERDICT_OPEN && !item->finding.is_older;

    if (item->unit != NULL || (item->finding.verdict != VERDICT_NONE && !is_open) ||
        item->finding.err.cls != CLASS_NONE || survey->run->options->no_verify)
        return 0;
    if (kind != NULL) {
        item->finding.verdict = VERDICT_FAULT;
        (void)error_set(&item->finding.err, CLASS_UNPROVED,
                        "the credential for '%s' is %s, which cannot be checked here",
                        item->registry.host, kind);
        return 0;
    }
    return find_unit(survey, item, &item->unit, err);
}

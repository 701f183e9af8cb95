#include "cli/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/advice.h"
#include "cli/at_pull.h"
#include "store/inventory.h"

void survey_begin(struct survey *survey, struct run *run)
{
    const struct options *o = run->options;
    bool podman = options_name_podman(o);
    bool docker = o->docker || o->config_dir != NULL;
    bool both = podman == docker && o->command == COMMAND_STATUS;

    *survey = (struct survey){.run = run};
    if (docker || both || !podman)
        survey->readers[survey->reader_count++] = &reader_docker;
    if (podman || both)
        survey->readers[survey->reader_count++] = &reader_podman;
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

static bool is_same_registry(const struct reference *a, const struct reference *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->name_space, b->name_space) == 0;
}

static bool is_same_credential(const struct holding *a, const struct holding *b)
{
    return secret_is_equal(&a->username, &b->username) && secret_is_equal(&a->token, &b->token);
}

/* Whether it is the same entry, or the same fault, whoever finds it. */
static bool is_twin(const struct survey_item *a, const struct survey_item *b)
{
    const struct lookup *one = &a->finding.found;
    const struct lookup *other = &b->finding.found;

    return is_same_registry(&a->registry, &b->registry) &&
           a->finding.verdict == b->finding.verdict && a->finding.is_older == b->finding.is_older &&
           strcmp(one->path, other->path) == 0 && strcmp(one->key, other->key) == 0 &&
           strcmp(one->helper, other->helper) == 0 &&
           is_same_credential(&one->held, &other->held) &&
           strcmp(a->finding.err.message, b->finding.err.message) == 0;
}

static struct survey_item *find_twin(const struct survey *survey, const struct survey_item *item)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (is_twin(survey->items[i], item))
            return survey->items[i];
    }
    return NULL;
}

static int survey_check_room(struct survey *survey, struct error *err)
{
    if (survey->count < SURVEY_ITEMS_MAX)
        return 0;
    return error_set(err, CLASS_AUTHFILE,
                     "more than %d credentials are stored, too many for one run", SURVEY_ITEMS_MAX);
}

/* Takes the item. Returns 0 with the item, or its twin, in *out (may be NULL), or -1. */
static int survey_add(struct survey *survey, struct survey_item *item, struct survey_item **out,
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

static struct survey_item *item_new(const struct reference *registry, const struct reader *by,
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

/* Helpers are asked one after the other: that one of them hangs leaves time for the registries. */
static int64_t helper_deadline(const struct run *run)
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

/*
 * What one of them uses for a registry. Returns 1 with the item in *out (may be NULL), which may be
 * a fault, 0 where it finds none, or -1 with *err set.
 */
static int survey_look(struct survey *survey, const struct reference *registry,
                       const struct reader *by, bool is_older, struct survey_item **out,
                       struct error *err)
{
    struct survey_item *item = item_new(registry, by, err);
    struct lookup_request request = {
        .registry = registry->host,
        .name_space = by->has_namespaces ? registry->name_space : "",
        .places = &survey->run->places,
        .no_variable = is_older,
        .clock = survey->run->clock,
        .deadline_ms = helper_deadline(survey->run),
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
    if (found > 0 && strcmp(item->finding.found.helper, READER_OWN_HELPER) == 0 &&
        at_pull_find(&item->finding.record, registry->host, &item->finding.err) < 0)
        found = -1;
    item->finding.verdict = found > 0 ? VERDICT_OPEN : VERDICT_FAULT;
    if (found > 0)
        describe(item);
    return survey_add(survey, item, out, err) < 0 ? -1 : 1;
}

/* Of the variable's entry: what stands in the file is what an older docker uses. */
static int survey_look_twice(struct survey *survey, const struct reference *registry,
                             const struct reader *by, struct survey_item **out, struct error *err)
{
    struct survey_item *item = NULL;
    int found = survey_look(survey, registry, by, false, &item, err);

    if (found > 0 && out != NULL)
        *out = item;
    if (found > 0 && item->finding.verdict == VERDICT_OPEN && item->finding.found.path[0] == '\0' &&
        survey_look(survey, registry, by, true, NULL, err) < 0)
        return -1;
    return found;
}

/* All of it. */

/* Who is visited on behalf of which reader. */
struct visit {
    struct survey *survey;
    const struct reader *by;
};

/* Looks an image up as a key spells it: docker minds the case. */
static bool parse_key(struct reference *out, const char *key, const struct reader *by)
{
    struct error ignored = ERROR_INIT;
    char host[READER_KEY_MAX + 1];

    if (reference_parse(out, key, &ignored) < 0)
        return false;
    if (out->is_lowered && strlen(reader_key_host(host, sizeof(host), key)) < sizeof(out->host))
        memcpy(out->host, host, strlen(host) + 1);
    if (!by->has_namespaces)
        out->name_space[0] = '\0';
    return true;
}

static bool is_looked_up(const struct survey *survey, const struct reference *registry,
                         const struct reader *by)
{
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_item *item = survey->items[i];

        if ((item->finding.by == by || item->second == by) &&
            is_same_registry(&item->registry, registry))
            return true;
    }
    return false;
}

static int visit_key(void *ctx, const char *key, struct error *err)
{
    const struct visit *visit = ctx;
    struct reference registry;

    if (!parse_key(&registry, key, visit->by)) {
        warnings_add(&visit->survey->run->warnings, "'%s' is not the name of a registry: skipped",
                     text_shown(key).text);
        return 0;
    }
    if (is_looked_up(visit->survey, &registry, visit->by))
        return 0;
    return survey_look_twice(visit->survey, &registry, visit->by, NULL, err) < 0 ? -1 : 0;
}

static void visit_fault(void *ctx, const char *path, const struct error *fault)
{
    const struct visit *visit = ctx;
    struct error ignored = ERROR_INIT;
    struct survey_item *item = item_new(&(struct reference){.host = ""}, visit->by, &ignored);

    if (item == NULL)
        return;
    (void)snprintf(item->finding.found.path, sizeof(item->finding.found.path), "%s", path);
    item->finding.found.owner = visit->by;
    item->finding.verdict = VERDICT_FAULT;
    item->finding.err = *fault;
    (void)survey_add(visit->survey, item, NULL, &ignored);
}

/* What only the record names, nobody asks for. */
static int visit_record(void *ctx, const char *host, struct error *err)
{
    struct survey *survey = ((struct visit *)ctx)->survey;
    struct reference registry;
    bool is_used = false;

    if (!parse_key(&registry, host, &reader_docker))
        return 0;
    for (size_t i = 0; i < survey->reader_count; i++) {
        struct visit visit = {.survey = survey, .by = survey->readers[i]};

        if (visit_key(&visit, host, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_item *item = survey->items[i];

        is_used = is_used || (strcmp(item->registry.host, registry.host) == 0 &&
                              (item->finding.verdict == VERDICT_FAULT ||
                               strcmp(item->finding.found.helper, READER_OWN_HELPER) == 0));
    }
    if (!is_used)
        warnings_add(&survey->run->warnings,
                     "--at-pull is set up for '%s', but no auth file names ghcr-login for it",
                     registry.host);
    return 0;
}

static int collect_all(struct survey *survey, struct error *err)
{
    struct visit visit = {.survey = survey};
    struct inventory_visitor visitor = {
        .on_key = visit_key, .on_fault = visit_fault, .ctx = &visit};

    for (size_t i = 0; i < survey->reader_count; i++) {
        struct inventory_request request = {.reader = survey->readers[i],
                                            .places = &survey->run->places,
                                            .clock = survey->run->clock,
                                            .deadline_ms = helper_deadline(survey->run)};

        visit.by = survey->readers[i];
        if (inventory_of_reader(&request, &visitor, err) < 0)
            return -1;
    }
    visitor.on_key = visit_record;
    return inventory_of_record(&survey->run->places, &visitor, err);
}

/* The one that is named. That none is stored for it is told like a fault. */
static int collect_named(struct survey *survey, struct error *err)
{
    const struct reference *registry = &survey->run->subject.registry;
    struct survey_item *none;
    int all = 0;

    for (size_t i = 0; i < survey->reader_count; i++) {
        int found = survey_look_twice(survey, registry, survey->readers[i], NULL, err);

        if (found < 0)
            return -1;
        all += found;
    }
    if (all > 0)
        return 0;
    none = item_new(registry, survey->readers[0], err);
    if (none == NULL)
        return -1;
    (void)error_set(&none->finding.err, CLASS_CREDENTIAL, "no credential is stored for '%s'",
                    registry->host);
    return survey_add(survey, none, NULL, err);
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
                                                : is_same_credential(held, unit->held)))
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

/* What is no password cannot be asked about; an older docker's entry is told, and no more. */
static int assign_unit(struct survey *survey, struct survey_item *item, struct error *err)
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

/* Images. */

static int add_nobody(struct survey *survey, const struct reference *registry,
                      struct survey_item **out, struct error *err)
{
    struct survey_item *item = item_new(registry, survey->readers[0], err);

    if (item == NULL)
        return -1;
    item->registry.name_space[0] = '\0';
    return survey_add(survey, item, out, err);
}

static int add_image(struct survey *survey, struct survey_item *item, const struct image *image,
                     struct error *err)
{
    struct survey_unit *unit;

    if (assign_unit(survey, item, err) < 0)
        return -1;
    unit = item->unit;
    if (unit == NULL)
        return 0; /* it says why */
    if (unit->images == NULL)
        unit->images = calloc(OPTIONS_IMAGES_MAX, sizeof(*unit->images));
    if (unit->images == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < unit->image_count; i++) {
        if (unit->images[i].given == image->given)
            return 0;
    }
    unit->images[unit->image_count++] = *image; /* the list has no more */
    return 0;
}

/*
 * What one reader has for an image. Docker, and any helper, has one credential for all of a
 * registry, and is asked about it once: `before` is what it had for an image of the same registry.
 */
static int look_for_image(struct survey *survey, size_t i, const struct reader *by,
                          struct survey_item **before, struct error *err)
{
    const struct listed_image *wanted = &survey->images.items[i];
    struct reference registry = wanted->registry;
    bool is_asked = i > 0 && strcmp(survey->images.items[i - 1].registry.host, registry.host) == 0;

    if (is_asked &&
        (!by->has_namespaces || (*before != NULL && (*before)->finding.found.helper[0] != '\0')))
        return 0;
    (void)snprintf(registry.name_space, sizeof(registry.name_space), "%s",
                   by->has_namespaces ? wanted->image.name : "");
    *before = NULL;
    return survey_look(survey, &registry, by, false, before, err) < 0 ? -1 : 0;
}

static int compare_images(const void *a, const void *b)
{
    const struct listed_image *one = a;
    const struct listed_image *other = b;
    int order = strcmp(one->registry.host, other->registry.host);

    return order != 0 ? order : strcmp(one->image.given, other->image.given);
}

static int collect_images(struct survey *survey, struct error *err)
{
    struct survey_item *items[SURVEY_READERS] = {NULL};
    struct image_list *list = &survey->images;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_images);
    for (size_t i = 0; i < list->count; i++) {
        struct survey_item *nobody = NULL;
        bool has_item = false;

        for (size_t k = 0; k < survey->reader_count; k++) {
            if (look_for_image(survey, i, survey->readers[k], &items[k], err) < 0 ||
                (items[k] != NULL && add_image(survey, items[k], &list->items[i].image, err) < 0))
                return -1;
            has_item = has_item || items[k] != NULL;
        }
        if (!has_item && (add_nobody(survey, &list->items[i].registry, &nobody, err) < 0 ||
                          add_image(survey, nobody, &list->items[i].image, err) < 0))
            return -1;
    }
    return 0;
}

static int compare_items(const void *a, const void *b)
{
    const struct survey_item *one = *(struct survey_item *const *)a;
    const struct survey_item *other = *(struct survey_item *const *)b;
    int order = strcmp(one->registry.host, other->registry.host);

    if (order == 0)
        order = strcmp(one->registry.name_space, other->registry.name_space);
    if (order == 0)
        order = strcmp(one->finding.by->name, other->finding.by->name);
    return order != 0 ? order : strcmp(one->finding.found.path, other->finding.found.path);
}

int survey_collect(struct survey *survey, struct error *err)
{
    const struct options *o = survey->run->options;
    bool is_named = o->command == COMMAND_STATUS && o->registry != NULL;

    if ((o->all && collect_all(survey, err) < 0) || (is_named && collect_named(survey, err) < 0) ||
        collect_images(survey, err) < 0)
        return -1;
    if (survey->count == 0)
        return error_set_hint(err, CLASS_CREDENTIAL, "store one: ghcr-login -u NAME REGISTRY",
                              "no credential is stored");
    for (size_t i = 0; i < survey->count; i++) {
        if (assign_unit(survey, survey->items[i], err) < 0)
            return -1;
    }
    qsort(survey->items, survey->count, sizeof(struct survey_item *), compare_items);
    return 0;
}

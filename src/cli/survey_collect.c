#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cli/survey.h"
#include "store/inventory.h"

/* All of it. */

/* Who is visited on behalf of which reader. */
struct visit {
    struct survey *survey;
    const struct reader *by;
};

/* Looks an image up as a key spells it: docker minds the case, and finds no "HTTPS://a.b". */
static bool parse_key(struct reference *out, const char *key, const struct reader *by)
{
    struct error ignored = ERROR_INIT;
    char host[READER_KEY_MAX + 1];

    if (reference_parse(out, key, &ignored) < 0)
        return false;
    if (out->is_lowered && strcasecmp(reader_key_host(host, sizeof(host), key), out->host) != 0)
        return false;
    if (out->is_lowered)
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
            survey_is_same_registry(&item->registry, registry))
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
    return survey_look_twice(visit->survey, &registry, visit->by, err) < 0 ? -1 : 0;
}

static void visit_fault(void *ctx, const char *path, const struct error *fault)
{
    const struct visit *visit = ctx;
    struct error ignored = ERROR_INIT;
    struct survey_item *item =
        survey_item_new(&(struct reference){.host = ""}, visit->by, &ignored);

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
                                            .snapshot = &survey->snapshot,
                                            .clock = survey->run->clock,
                                            .deadline_ms = survey_helper_deadline(survey->run)};

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
        int found = survey_look_twice(survey, registry, survey->readers[i], err);

        if (found < 0)
            return -1;
        all += found;
    }
    if (all > 0)
        return 0;
    none = survey_item_new(registry, survey->readers[0], err);
    if (none == NULL)
        return -1;
    (void)error_set(&none->finding.err, CLASS_CREDENTIAL, "no credential is stored for '%s'",
                    registry->host);
    return survey_add(survey, none, NULL, err);
}

/* Images. */

static int add_nobody(struct survey *survey, const struct reference *registry,
                      struct survey_item **out, struct error *err)
{
    struct survey_item *item = survey_item_new(registry, survey->readers[0], err);

    if (item == NULL)
        return -1;
    item->registry.name_space[0] = '\0';
    return survey_add(survey, item, out, err);
}

static int add_image(struct survey *survey, struct survey_item *item, const struct image *image,
                     struct error *err)
{
    struct survey_unit *unit;

    if (survey_assign_unit(survey, item, err) < 0)
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
    struct survey_item *items[RUN_READERS_MAX] = {NULL};
    struct image_list *list = &survey->images;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_images);
    for (size_t i = 0; i < list->count; i++) {
        struct survey_item *nobody = NULL;
        bool has_item = false;

        for (size_t k = 0; k < survey->reader_count && k < RUN_READERS_MAX; k++) {
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

    bool is_done = (!o->all || collect_all(survey, err) == 0) &&
                   (!is_named || collect_named(survey, err) == 0) &&
                   collect_images(survey, err) == 0;

    snapshot_clear(&survey->snapshot);
    if (!is_done)
        return -1;
    if (survey->count == 0)
        return error_set_hint(err, CLASS_CREDENTIAL, "store one: ghcr-login -u NAME REGISTRY",
                              "no credential is stored");
    for (size_t i = 0; i < survey->count; i++) {
        if (survey_assign_unit(survey, survey->items[i], err) < 0)
            return -1;
    }
    qsort(survey->items, survey->count, sizeof(struct survey_item *), compare_items);
    return 0;
}

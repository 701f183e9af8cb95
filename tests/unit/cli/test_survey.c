/*
 * survey: how many fit, which faults are one, and which of them are told with their registry's
 * name. Facts decide: rows that are the same fault have different words, and others the same.
 */
#include "../support.h"

#include "cli/survey.h"

static void test_too_many_credentials(void **state)
{
    static struct survey survey;
    struct reference registry = {.host = ""};
    struct error err = ERROR_INIT;

    (void)state;
    for (int i = 0; i <= SURVEY_ITEMS_MAX; i++) {
        struct survey_item *item;

        (void)snprintf(registry.host, sizeof(registry.host), "r%d.example", i);
        item = survey_item_new(&registry, &reader_docker, &err);
        assert_non_null(item);
        assert_int_equal(survey_add(&survey, item, NULL, &err), i < SURVEY_ITEMS_MAX ? 0 : -1);
    }
    assert_error("full", &err, CLASS_AUTHFILE,
                 "more than 1024 credentials are stored, too many for one run");
    survey_clear(&survey);
}

/* An item's fault. */
struct facts {
    const char *host;
    enum exit_class cls;
    const char *path; /* NULL: it is asked about, as the unit */
    const char *helper;
    const char *entry;
    const struct reader *by; /* NULL: docker */
    size_t unit;
    enum outcome_phase phase;
    int status;
};

#define FILE_FAULT(at, ...)                                                                        \
    {                                                                                              \
        .host = (at), .cls = CLASS_AUTHFILE, __VA_ARGS__                                           \
    }
#define HELPER_FAULT(at, file, name)                                                               \
    {                                                                                              \
        .host = (at), .cls = CLASS_HELPER, .path = (file), .helper = (name)                        \
    }
#define UNIT_FAULT(number, at, its_cls, its_phase, its_status)                                     \
    {                                                                                              \
        .unit = (number), .host = (at), .cls = (its_cls), .phase = (its_phase),                    \
        .status = (its_status)                                                                     \
    }

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void fill(struct survey_item *item, struct survey_unit *units, const struct facts *facts,
                 const char *words)
{
    struct finding *finding = &item->finding;
    struct error *err = &finding->err;

    *item = (struct survey_item){.finding = {.by = facts->by != NULL ? facts->by : &reader_docker,
                                             .verdict = VERDICT_FAULT}};
    (void)snprintf(item->registry.host, sizeof(item->registry.host), "%s", facts->host);
    (void)snprintf(finding->found.path, PATH_MAX, "%s", or_empty(facts->path));
    (void)snprintf(finding->found.helper, READER_HELPER_MAX, "%s", or_empty(facts->helper));
    (void)snprintf(finding->found.entry, READER_KEY_MAX, "%s", or_empty(facts->entry));
    if (facts->path == NULL) {
        item->unit = &units[facts->unit];
        item->unit->registry = item->registry;
        item->unit->outcome = (struct outcome){.phase = facts->phase, .status = facts->status};
        item->unit->verdict = VERDICT_FAULT;
        err = &item->unit->err;
        *err = ERROR_INIT;
    }
    (void)error_set(err, facts->cls, "%s", words);
}

static void test_a_fault_is_told_once(void **state)
{
    static const struct {
        const char *label;
        struct facts one;
        struct facts other;
        bool is_same;
    } rows[] = {
        {"a file", FILE_FAULT("a", .path = "F"), FILE_FAULT("b", .path = "F", .by = &reader_podman),
         true},
        {"two files", FILE_FAULT("a", .path = "F"), FILE_FAULT("a", .path = "G"), false},
        {"an entry for two", FILE_FAULT("a/b", .path = "F", .entry = "a"),
         FILE_FAULT("a", .path = "F", .entry = "a"), true},
        {"two entries", FILE_FAULT("a", .path = "F", .entry = "a"),
         FILE_FAULT("b", .path = "F", .entry = "b"), false},
        {"an entry, and all", FILE_FAULT("a", .path = "F", .entry = "a"),
         FILE_FAULT("a", .path = "F"), false},
        {"one reader", FILE_FAULT("a", .path = ""), FILE_FAULT("b", .path = ""), true},
        {"two readers", FILE_FAULT("a", .path = ""),
         FILE_FAULT("a", .path = "", .by = &reader_podman), false},
        {"a helper", HELPER_FAULT("a", "F", "x"), HELPER_FAULT("b", "F", "x"), true},
        {"two helpers", HELPER_FAULT("a", "F", "x"), HELPER_FAULT("a", "F", "y"), false},
        {"our own helper, of two sources", HELPER_FAULT("a", "F", READER_OWN_HELPER),
         HELPER_FAULT("b", "F", READER_OWN_HELPER), false},
        {"two classes", FILE_FAULT("a", .path = "F"), HELPER_FAULT("a", "F", NULL), false},
        {"one unit", UNIT_FAULT(0, "a", CLASS_REJECTED, OUTCOME_TOKEN, 401),
         UNIT_FAULT(0, "a", CLASS_REJECTED, OUTCOME_TOKEN, 401), true},
        {"two credentials", UNIT_FAULT(0, "a", CLASS_REJECTED, OUTCOME_TOKEN, 401),
         UNIT_FAULT(1, "a", CLASS_REJECTED, OUTCOME_TOKEN, 401), false},
        {"a registry", UNIT_FAULT(0, "a", CLASS_UNREACHABLE, OUTCOME_PING, 0),
         UNIT_FAULT(1, "a", CLASS_UNREACHABLE, OUTCOME_PING, 0), true},
        {"a registry, in two ways", UNIT_FAULT(0, "a", CLASS_UNREACHABLE, OUTCOME_PING, 0),
         UNIT_FAULT(1, "a", CLASS_UNREACHABLE, OUTCOME_PING, 503), false},
        {"two registries", UNIT_FAULT(0, "a", CLASS_UNPROVED, OUTCOME_PING, 200),
         UNIT_FAULT(1, "b", CLASS_UNPROVED, OUTCOME_PING, 200), false},
        {"nobody was asked", UNIT_FAULT(0, "a", CLASS_INTERNAL, OUTCOME_NOT_ASKED, 0),
         UNIT_FAULT(1, "b", CLASS_INTERNAL, OUTCOME_NOT_ASKED, 0), true},
        {"no certificates for either", UNIT_FAULT(0, "a", CLASS_UNREACHABLE, OUTCOME_NOT_ASKED, 0),
         UNIT_FAULT(1, "b", CLASS_UNREACHABLE, OUTCOME_NOT_ASKED, 0), false},
        {"one was asked", UNIT_FAULT(0, "a", CLASS_UNREACHABLE, OUTCOME_PING, 0),
         FILE_FAULT("a", .path = "F"), false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct survey_item items[2];
        static struct survey_unit units[2];
        static const struct options options;
        static struct run run = {.options = &options};
        static struct survey survey;

        survey = (struct survey){.run = &run, .items = {&items[0], &items[1]}, .count = 2};
        fill(&items[0], units, &rows[i].one, "some words");
        fill(&items[1], units, &rows[i].other, rows[i].is_same ? "other words" : "some words");
        assert_row(rows[i].label, survey_is_untold(&survey, 0));
        assert_row(rows[i].label, survey_is_untold(&survey, 1) != rows[i].is_same);
        survey.blamed = &items[1];
        assert_row(rows[i].label, survey_is_untold(&survey, 0) != rows[i].is_same);
        assert_row(rows[i].label, !survey_is_untold(&survey, 1));
    }
}

static void test_who_is_blamed_is_named(void **state)
{
    static const struct {
        struct facts facts;
        const char *message;
    } rows[] = {
        {FILE_FAULT("", .path = "F"), "words of a.example"},
        {FILE_FAULT("a.example", .path = "F"), "'a.example': words of a.example"},
        {FILE_FAULT("a.example", .path = "F", .entry = "a.example"), "words of a.example"},
        {HELPER_FAULT("a.example", "F", "x"), "'a.example': words of a.example"},
        {UNIT_FAULT(0, "a.example", CLASS_REJECTED, OUTCOME_TOKEN, 401), "words of a.example"},
        {UNIT_FAULT(0, "b.example", CLASS_REJECTED, OUTCOME_TOKEN, 401), "words of a.example"},
        {UNIT_FAULT(0, "b.example", CLASS_UNREACHABLE, OUTCOME_TOKEN, 0),
         "'b.example': words of a.example"},
        {UNIT_FAULT(0, "b.example", CLASS_UNREACHABLE, OUTCOME_NOT_ASKED, 0),
         "'b.example': words of a.example"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct survey_item item;
        static struct survey_unit unit;
        static struct run run;
        static struct survey survey;
        struct error err = ERROR_INIT;
        bool verified = true;

        survey = (struct survey){.run = &run, .items = {&item}, .count = 1};
        fill(&item, &unit, &rows[i].facts, "words of a.example");
        assert_row(rows[i].message, survey_sum_up(&survey, &verified, &err) == -1 && !verified);
        assert_row_string(rows[i].message, err.message, rows[i].message);
        assert_row(rows[i].message, survey.blamed == &item);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_credentials),
        cmocka_unit_test(test_a_fault_is_told_once),
        cmocka_unit_test(test_who_is_blamed_is_named),
    };

    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}

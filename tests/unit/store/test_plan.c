/*
 * entry: what becomes of a text when one entry is stored or taken away.
 */
#include "../support.h"

#include "store/plan.h"

#include "base/json.h"

#define AUTH "b2N0b2NhdDp0b2tlbg==" /* octocat:token */
#define OURS "{\"auth\":\"" AUTH "\"}"

struct outcome {
    int ret;
    bool changed;
    struct secret out;
    struct error err;
};

static struct outcome run(edit_fn *edit, struct plan *plan, const char *text)
{
    struct outcome outcome = {.err = ERROR_INIT};
    struct secret in = secret_of(text);

    outcome.ret = edit(plan, &outcome.out, &in, "'FILE'", &outcome.changed, &outcome.err);
    if (outcome.ret == 0)
        assert_row(text, outcome.changed == (strcmp(secret_text(&outcome.out), text) != 0));
    secret_clear(&in);
    return outcome;
}

static void assert_becomes(edit_fn *edit, struct plan *plan, const char *before, const char *after)
{
    struct outcome outcome = run(edit, plan, before);
    struct outcome again;

    if (outcome.ret < 0)
        fail_msg("row '%s': %s", before, outcome.err.message);
    assert_row_string(before, secret_text(&outcome.out), after);
    again = run(edit, plan, after); /* what an edit makes of its own output is no change */
    assert_row(before, again.ret == 0 && !again.changed);
    secret_clear(&outcome.out);
    secret_clear(&again.out);
}

static void test_put(void **state)
{
    static const struct {
        const char *before;
        const struct reader *format;
        bool is_podmans;
        bool no_helper;
        const char *after;
        const char *helper;
    } rows[] = {
        {"{\"auths\":{}}", &reader_docker, false, false, "{\"auths\":{\"ghcr.io\":" OURS "}}", ""},
        {"{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", &reader_docker, false, false,
         "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":{}}}", "s"},
        {"{\"credsStore\":\"s\",\"auths\":{}}", &reader_docker, true, false,
         "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", ""},
        {"{\"credsStore\":\"s\",\"auths\":{}}", &reader_podman, false, false,
         "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", &reader_podman, false, false,
         "{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", "h"},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", &reader_podman, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", &reader_docker, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"},\"credsStore\":\"s\"}", &reader_docker,
         false, true,
         "{\"auths\":{\"ghcr.io\":" OURS
         "},\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"s\"}",
         ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", &reader_docker, true, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}", ""},
        {"{\"auths\":{\"ghcr.io\":" OURS "}}", &reader_docker, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "}}", ""},
    };
    struct secret auth = secret_of(AUTH);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry file = {.owner = rows[i].format,
                             .reader = rows[i].is_podmans ? &reader_podman : rows[i].format,
                             .no_helper = rows[i].no_helper,
                             .key = "ghcr.io",
                             .registry = "ghcr.io",
                             .auth = &auth};
        struct plan plan = {.entry = &file};

        assert_becomes(plan_put, &plan, rows[i].before, rows[i].after);
        assert_row_string(rows[i].before, plan.helper, rows[i].helper);
        plan_clear(&plan);
    }
    secret_clear(&auth);
}

/* Where docker and podman share the file, both are brought past the helper if that can be. */
static void test_past_a_helper_for_both(void **state)
{
    struct secret auth = secret_of(AUTH);
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .no_helper = true,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .second = &reader_podman,
                         .auth = &auth};
    struct plan plan = {.entry = &file};

    (void)state;
    assert_becomes(plan_put, &plan, "{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}",
                   "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}");
    assert_becomes(plan_put, &plan, "{\"auths\":{},\"credHelpers\":{},\"credsStore\":\"s\"}",
                   "{\"auths\":{\"ghcr.io\":" OURS
                   "},\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"s\"}");
    plan_clear(&plan);
    secret_clear(&auth);
}

/* The entry may be there already, and the way to it barred all the same. */
static void test_a_helper_that_is_due_to_go(void **state)
{
    struct secret auth = secret_of(AUTH);
    struct secret text = secret_of("{\"auths\":{\"ghcr.io\":" OURS "},"
                                   "\"credHelpers\":{\"ghcr.io\":\"h\"}}");
    struct entry file = {.owner = &reader_podman,
                         .reader = &reader_podman,
                         .no_helper = true,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth};
    struct plan plan = {.entry = &file};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(document_parse(&plan.document, &text, "it", &err), 0);
    assert_int_equal(plan_is_due(&plan, &err), 1);
    plan_clear(&plan);
    secret_clear(&auth);
    secret_clear(&text);
}

static void test_a_helper_that_comes_goes_or_changes(void **state)
{
    static const char *const rows[][2] = {
        {"{\"credsStore\":\"s\"}", ""},
        {"{\"credsStore\":\"s\"}", "t"},
        {"{}", "s"},
    };
    struct secret auth = secret_of(AUTH);
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .auth = &auth};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct plan plan = {.entry = &file, .expected = rows[i][1]};
        struct outcome outcome = run(plan_put, &plan, rows[i][0]);

        assert_row(rows[i][0], outcome.ret == -1);
        assert_error(rows[i][0], &outcome.err, CLASS_HELPER, "now names");
        secret_clear(&outcome.out);
        plan_clear(&plan);
    }
    secret_clear(&auth);
}

#define SPELLED(more)                                                                              \
    "{\"auths\":{\"ghcr.io\":" OURS ",\"https://ghcr.io/\":{\"auth\":\"YTpi\"}" more "}}"

static void test_drop(void **state)
{
    static const struct {
        const char *before;
        const char *key;
        const char *username; /* the condition */
        const char *after;
    } rows[] = {
        {"", "ghcr.io", NULL, ""},
        {"{}", "ghcr.io", NULL, "{}"},
        {"{\"auths\":{\"ghcr.io\":" OURS "}}", "ghcr.io", NULL, "{\"auths\":{}}"},
        {SPELLED(""), "ghcr.io", NULL, "{\"auths\":{}}"},
        {SPELLED(""), "ghcr.io", "octocat",
         "{\"auths\":{\"https://ghcr.io/\":{\"auth\":\"YTpi\"}}}"},
        {SPELLED(""), "ghcr.io", "a", "{\"auths\":{\"ghcr.io\":" OURS "}}"},
        {SPELLED(""), "ghcr.io", "b", SPELLED("")},
        {"{\"auths\":{\"ghcr.io\":{}}}", "ghcr.io", NULL, "{\"auths\":{}}"},
        {"{\"auths\":{\"ghcr.io\":{}}}", "ghcr.io", "", "{\"auths\":{\"ghcr.io\":{}}}"},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}", "ghcr.io", NULL, "{\"auths\":{}}"},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}", "ghcr.io", "a",
         "{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}"},
        {"{\"auths\":{\"ghcr.io/o\":{},\"ghcr.io:443\":{}}}", "ghcr.io", NULL,
         "{\"auths\":{\"ghcr.io/o\":{},\"ghcr.io:443\":{}}}"},
        {"{\"auths\":{\"ghcr.io/o\":{},\"ghcr.io\":{}}}", "ghcr.io/o", NULL,
         "{\"auths\":{\"ghcr.io\":{}}}"},
        {"{\"x\":1,\"auths\":{\"a\":{},\"\":{},\"\\u0022\":{}}}", NULL, NULL,
         "{\"x\":1,\"auths\":{}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry file = {.owner = &reader_docker,
                             .reader = &reader_docker,
                             .key = rows[i].key,
                             .registry = rows[i].key,
                             .username = rows[i].username};
        struct plan plan = {.entry = &file};

        assert_becomes(plan_drop, &plan, rows[i].before, rows[i].after);
        plan_clear(&plan);
    }
}

static void test_drop_only_this_token(void **state)
{
    struct secret token = secret_of("token");
    struct secret other = secret_of("toke");
    struct entry file = {.owner = &reader_docker,
                         .reader = &reader_docker,
                         .key = "ghcr.io",
                         .registry = "ghcr.io",
                         .username = "octocat",
                         .token = &other};
    struct plan plan = {.entry = &file};

    (void)state;
    assert_becomes(plan_drop, &plan, SPELLED(""), SPELLED(""));
    file.token = &token;
    assert_becomes(plan_drop, &plan, SPELLED(""),
                   "{\"auths\":{\"https://ghcr.io/\":{\"auth\":\"YTpi\"}}}");
    file.token = &other;
    plan.erased[2] = true; /* what tells of that goes, and what somebody else has stays */
    assert_becomes(plan_drop, &plan, SPELLED(",\"http://ghcr.io\":{}"), SPELLED(""));
    plan_clear(&plan);
    secret_clear(&token);
    secret_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_past_a_helper_for_both),
        cmocka_unit_test(test_a_helper_that_is_due_to_go),
        cmocka_unit_test(test_a_helper_that_comes_goes_or_changes),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_drop_only_this_token),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

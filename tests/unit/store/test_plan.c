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

static struct outcome run(edit_fn *edit, struct entry *entry, const char *text)
{
    struct outcome outcome = {.err = ERROR_INIT};
    struct secret in = secret_of(text);

    outcome.ret = edit(entry, &outcome.out, &in, "'FILE'", &outcome.changed, &outcome.err);
    if (outcome.ret == 0)
        assert_row(text, outcome.changed == (strcmp(secret_text(&outcome.out), text) != 0));
    secret_clear(&in);
    return outcome;
}

static void assert_becomes(edit_fn *edit, struct entry *entry, const char *before,
                           const char *after)
{
    struct outcome outcome = run(edit, entry, before);
    struct outcome again;

    if (outcome.ret < 0)
        fail_msg("row '%s': %s", before, outcome.err.message);
    assert_row_string(before, secret_text(&outcome.out), after);
    again = run(edit, entry, after); /* what an edit makes of its own output is no change */
    assert_row(before, again.ret == 0 && !again.changed);
    secret_clear(&outcome.out);
    secret_clear(&again.out);
}

static void test_put(void **state)
{
    static const struct {
        const char *before;
        enum auth_format format;
        bool is_podmans;
        bool no_helper;
        const char *after;
        const char *helper;
    } rows[] = {
        {"{\"auths\":{}}", AUTH_FORMAT_DOCKER, false, false, "{\"auths\":{\"ghcr.io\":" OURS "}}",
         ""},
        {"{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", AUTH_FORMAT_DOCKER, false,
         false, "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":{}}}", "s"},
        {"{\"credsStore\":\"s\",\"auths\":{}}", AUTH_FORMAT_DOCKER, true, false,
         "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", ""},
        {"{\"credsStore\":\"s\",\"auths\":{}}", AUTH_FORMAT_PODMAN, false, false,
         "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" OURS "}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", AUTH_FORMAT_PODMAN, false, false,
         "{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", "h"},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", AUTH_FORMAT_PODMAN, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", AUTH_FORMAT_DOCKER, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{\"ghcr.io\":\"\"}}", ""},
        {"{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}", AUTH_FORMAT_DOCKER, true, true,
         "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}", ""},
        {"{\"auths\":{\"ghcr.io\":" OURS "}}", AUTH_FORMAT_DOCKER, false, true,
         "{\"auths\":{\"ghcr.io\":" OURS "}}", ""},
    };
    struct secret auth = secret_of(AUTH);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_file file = {.format = rows[i].format,
                                 .is_podmans = rows[i].is_podmans,
                                 .no_helper = rows[i].no_helper,
                                 .key = "ghcr.io",
                                 .host = "ghcr.io",
                                 .auth = &auth};
        struct entry entry = {.file = &file};

        assert_becomes(entry_put, &entry, rows[i].before, rows[i].after);
        assert_row_string(rows[i].before, entry.helper, rows[i].helper);
        entry_clear(&entry);
    }
    secret_clear(&auth);
}

/* Where docker and podman share the file, both are brought past the helper if that can be. */
static void test_past_a_helper_for_both(void **state)
{
    struct secret auth = secret_of(AUTH);
    struct auth_file file = {.no_helper = true,
                             .key = "ghcr.io",
                             .host = "ghcr.io",
                             .podmans_host = "ghcr.io",
                             .auth = &auth};
    struct entry entry = {.file = &file};

    (void)state;
    assert_becomes(entry_put, &entry, "{\"auths\":{},\"credHelpers\":{\"ghcr.io\":\"h\"}}",
                   "{\"auths\":{\"ghcr.io\":" OURS "},\"credHelpers\":{}}");
    assert_becomes(entry_put, &entry, "{\"auths\":{},\"credHelpers\":{},\"credsStore\":\"s\"}",
                   "{\"auths\":{\"ghcr.io\":" OURS
                   "},\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"s\"}");
    entry_clear(&entry);
    secret_clear(&auth);
}

/* The entry may be there already, and the way to it barred all the same. */
static void test_a_helper_that_is_due_to_go(void **state)
{
    struct secret auth = secret_of(AUTH);
    struct secret text = secret_of("{\"auths\":{\"ghcr.io\":" OURS "},"
                                   "\"credHelpers\":{\"ghcr.io\":\"h\"}}");
    struct auth_file file = {.format = AUTH_FORMAT_PODMAN,
                             .no_helper = true,
                             .key = "ghcr.io",
                             .host = "ghcr.io",
                             .auth = &auth};
    struct entry entry = {.file = &file};
    struct error err = ERROR_INIT;
    bool is_due = false;

    (void)state;
    assert_int_equal(document_parse(&entry.document, &text, "it", &err), 0);
    assert_int_equal(entry_is_due(&entry, &is_due, &err), 0);
    assert_true(is_due);
    entry_clear(&entry);
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
    struct auth_file file = {.key = "ghcr.io", .host = "ghcr.io", .auth = &auth};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry entry = {.file = &file, .expected = rows[i][1]};
        struct outcome outcome = run(entry_put, &entry, rows[i][0]);

        assert_row(rows[i][0], outcome.ret == -1);
        assert_error(rows[i][0], &outcome.err, CLASS_HELPER, "meanwhile");
        secret_clear(&outcome.out);
        entry_clear(&entry);
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
        struct auth_file file = {
            .key = rows[i].key, .host = rows[i].key, .username = rows[i].username};
        struct entry entry = {.file = &file};

        assert_becomes(entry_drop, &entry, rows[i].before, rows[i].after);
        entry_clear(&entry);
    }
}

static void test_drop_only_this_token(void **state)
{
    struct secret token = secret_of("token");
    struct secret other = secret_of("toke");
    struct auth_file file = {
        .key = "ghcr.io", .host = "ghcr.io", .username = "octocat", .token = &other};
    struct entry entry = {.file = &file};

    (void)state;
    assert_becomes(entry_drop, &entry, SPELLED(""), SPELLED(""));
    file.token = &token;
    assert_becomes(entry_drop, &entry, SPELLED(""),
                   "{\"auths\":{\"https://ghcr.io/\":{\"auth\":\"YTpi\"}}}");
    file.token = &other;
    entry.erased[2] = true; /* what tells of that goes, and what somebody else has stays */
    assert_becomes(entry_drop, &entry, SPELLED(",\"http://ghcr.io\":{}"), SPELLED(""));
    entry_clear(&entry);
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

/*
 * tests/data/document/CASE/ holds before.json and either after.json, the text with the entry set
 * (equal to before.json where nothing is due), or error.txt, how the message begins.
 */
#include "store/text/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "documents.h"
#include "files.h"

#define CASES TEST_DATA "/document"
#define KEY   "ghcr.io"
#define AUTH  "b2N0b2NhdDp0b2tlbg=="

/* What one call did. */
struct outcome {
    int ret;
    bool changed;
    struct secret out;
    struct error err;
};

static struct outcome set(const struct secret *in, const char *key, const char *auth_text)
{
    struct outcome outcome = {.out = support_secret("untouched"), .err = ERROR_INIT};
    struct secret auth = support_secret(auth_text);

    outcome.ret = documents_edit(&outcome.out, in, "'FILE'",
                                 &(struct document_edit){DOCUMENT_STORE, key, &auth},
                                 &outcome.changed, &outcome.err);
    secret_clear(&auth);
    return outcome;
}

static struct outcome set_text(const char *text, const char *key, const char *auth)
{
    struct secret in = support_secret(text);
    struct outcome outcome = set(&in, key, auth);

    secret_clear(&in);
    return outcome;
}

static void assert_refused(const struct outcome *outcome, const char *message)
{
    assert_int_equal(outcome->ret, -1);
    assert_int_equal(outcome->err.cls, CLASS_AUTHFILE);
    assert_memory_equal(outcome->err.message, message, strlen(message));
    assert_string_equal(secret_text(&outcome->out), "untouched");
}

static void assert_is(const struct secret *found, const struct secret *expected)
{
    assert_int_equal(found->len, expected->len);
    assert_memory_equal(secret_text(found), secret_text(expected), expected->len);
}

static void assert_set(const struct outcome *outcome, const struct secret *before,
                       const struct secret *after)
{
    struct outcome again;

    assert_int_equal(outcome->ret, 0);
    assert_int_equal(outcome->err.cls, CLASS_NONE);
    assert_is(&outcome->out, after);
    assert_int_equal(outcome->changed, !secret_is_equal(before, after));
    again = set(after, KEY, AUTH);
    assert_int_equal(again.ret, 0);
    assert_false(again.changed);
    assert_is(&again.out, after);
    secret_clear(&again.out);
}

static struct secret read_part(const char *name, const char *part)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), CASES "/%s/%s", name, part);
    return support_read(path);
}

static void run_case(const char *name)
{
    struct secret before = read_part(name, "before.json");
    struct secret after = read_part(name, "after.json");
    struct secret error = read_part(name, "error.txt");
    struct outcome outcome = set(&before, KEY, AUTH);

    print_message("           %s\n", name);
    assert_non_null(before.data);
    assert_int_not_equal(after.data != NULL, error.data != NULL);
    if (error.data != NULL) {
        error.data[error.len - 1] = '\0'; /* the line end */
        assert_refused(&outcome, error.data);
    } else {
        assert_set(&outcome, &before, &after);
    }
    secret_clear(&before);
    secret_clear(&after);
    secret_clear(&error);
    secret_clear(&outcome.out);
}

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void assert_malformed(const char *json)
{
    struct secret text = support_secret(json);
    struct document document = DOCUMENT_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(document_parse(&document, &text, "'FILE'", &err), -1);
    assert_int_equal(err.cls, CLASS_AUTHFILE);
    assert_non_null(strstr(err.message, "'FILE'"));
    secret_clear(&text);
}

static void cases_come_out_as_written(void **state)
{
    struct dirent **names = NULL;
    int count = scandir(CASES, &names, is_case, alphasort);

    (void)state;
    assert_true(count >= 70);
    for (int i = 0; i < count; i++) {
        run_case(names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

/* Not even the part of a text that jansson's own message would quote. */
static void errors_quote_nothing(void **state)
{
    static const char *const table[] = {
        "{\"auths\":{\"h\":{\"auth\":\"c2VjcmV0\" c2VjcmV0}}}",
        "{\"c2VjcmV0\":1,\"c2VjcmV0\":2}",
        "{\"auths\":\"c2VjcmV0\"}",
        "\"c2VjcmV0\"",
        "c2VjcmV0",
        "{\"auths\":{}} c2VjcmV0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct outcome outcome = set_text(table[i], KEY, AUTH);

        assert_int_equal(outcome.ret, -1);
        assert_null(strstr(outcome.err.message, "c2VjcmV0"));
        assert_null(strstr(outcome.err.hint, "c2VjcmV0"));
        secret_clear(&outcome.out);
    }
}

static void errors_name_the_place(void **state)
{
    struct outcome outcome = set_text("{\n  \"auths\": {\n    x\n", KEY, AUTH);

    (void)state;
    assert_refused(&outcome, "'FILE' is not valid JSON (line 3, column ");
    assert_non_null(strstr(outcome.err.hint, "nothing was changed"));
    secret_clear(&outcome.out);
}

static void every_key_finds_its_place(void **state)
{
    static const char *const keys[] = {"localhost:5000", "https://index.docker.io/v1/",
                                       "[::1]:5000", "ghcr.io/owner", "a"};
    struct secret text = support_secret("{}");

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            struct outcome outcome = set(&text, keys[i], round == 0 ? "QQ==" : "Qg==");

            assert_int_equal(outcome.ret, 0);
            assert_true(outcome.changed);
            secret_move(&text, &outcome.out);
        }
    }
    assert_string_equal(secret_text(&text),
                        "{\n"
                        "\t\"auths\": {\n"
                        "\t\t\"localhost:5000\": {\n\t\t\t\"auth\": \"Qg==\"\n\t\t},\n"
                        "\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"Qg==\"\n\t\t},\n"
                        "\t\t\"[::1]:5000\": {\n\t\t\t\"auth\": \"Qg==\"\n\t\t},\n"
                        "\t\t\"ghcr.io/owner\": {\n\t\t\t\"auth\": \"Qg==\"\n\t\t},\n"
                        "\t\t\"a\": {\n\t\t\t\"auth\": \"Qg==\"\n\t\t}\n"
                        "\t}\n"
                        "}");
    secret_clear(&text);
}

/* A long text that many runs have grown, and one long auth value. */
static void size_does_not_matter(void **state)
{
    struct secret text = support_secret("{\"auths\":{");
    struct error err = ERROR_INIT;
    struct outcome outcome;
    char entry[64];
    char *auth = calloc(100001, 1);

    (void)state;
    assert_non_null(auth);
    memset(auth, 'A', 100000);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(entry, sizeof(entry), "%s\"host%d\":{\"auth\":\"%d\"}", i > 0 ? "," : "", i,
                       i);
        assert_int_equal(secret_append_text(&text, entry, &err), 0);
    }
    assert_int_equal(secret_append_text(&text, "}}", &err), 0);
    outcome = set(&text, "host19999", auth);
    assert_int_equal(outcome.ret, 0);
    assert_int_equal(outcome.out.len, text.len - 5 + 100000);
    secret_clear(&outcome.out);
    outcome = set(&text, "new", auth);
    assert_int_equal(outcome.ret, 0);
    assert_int_equal(outcome.out.len, text.len + strlen(",\"new\":{\"auth\":\"\"}") + 100000);
    secret_clear(&outcome.out);
    secret_clear(&text);
    free(auth);
}

static void helper_is_the_one_docker_asks(void **state)
{
    static const struct {
        const char *text;
        const char *helper;
    } table[] = {
        {"", ""},
        {" \n", ""},
        {"{}", ""},
        {"{\"credsStore\":\"\"}", ""},
        {"{\"credsStore\":\"desktop\"}", "desktop"},
        {"{\"CREDSSTORE\":\"desktop\"}", "desktop"},
        {"{\"credHelpers\":{\"ghcr.io\":\"pass\"}}", "pass"},
        {"{\"credhelpers\":{\"ghcr.io\":\"pass\"},\"credsStore\":\"desktop\"}", "pass"},
        {"{\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"desktop\"}", ""},
        {"{\"credHelpers\":{\"ghcr.io\":null},\"credsStore\":\"desktop\"}", ""},
        {"{\"credHelpers\":{\"gcr.io\":\"gcloud\"}}", ""},
        {"{\"credHelpers\":{\"gcr.io\":\"gcloud\"},\"credsStore\":\"desktop\"}", "desktop"},
        {"{\"credHelpers\":{\"GHCR.IO\":\"pass\",\"ghcr.io:443\":\"pass\"}}", ""},
        {"{\"credHelpers\":null,\"credsStore\":null}", ""},
        {"{\"auths\":{\"credsStore\":\"x\"},\"x\":{\"credHelpers\":{\"ghcr.io\":\"x\"}}}", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct secret text = support_secret(table[i].text);
        struct document document = DOCUMENT_INIT;
        struct error err = ERROR_INIT;
        char helper[READER_HELPER_MAX + 1];

        assert_int_equal(document_parse(&document, &text, "'FILE'", &err), 0);
        assert_string_equal(document_helper(helper, &document, &reader_docker, KEY),
                            table[i].helper);
        document_clear(&document);
        secret_clear(&text);
    }
}

static void helper_of_what_is_malformed_is_an_error(void **state)
{
    static const char *const table[] = {"{",
                                        "[]",
                                        "{\"credsStore\":\"a\",\"CredsStore\":\"b\"}",
                                        "{\"credHelpers\":{},\"credhelpers\":{}}",
                                        "{\"credHelpers\":[]}",
                                        "{\"CredHelpers\":\"x\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_malformed(table[i]);
}

/* Podman knows "credHelpers" alone; "" there sends docker to the file. */
static void helper_of_podman_is_no_store(void **state)
{
    static const struct {
        const char *text;
        const char *with_store;
        const char *without;
    } table[] = {
        {"{\"credsStore\":\"desktop\"}", "desktop", ""},
        {"{\"credHelpers\":{\"ghcr.io\":\"pass\"},\"credsStore\":\"desktop\"}", "pass", "pass"},
        {"{\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"desktop\"}", "", "(no name)"},
        {"{\"credHelpers\":{\"ghcr.io\":\"\"}}", "", "(no name)"},
        {"{\"credHelpers\":{\"ghcr.io\":null}}", "", "(no name)"},
        {"{\"credHelpers\":{\"gcr.io\":\"x\"},\"credsStore\":\"desktop\"}", "desktop", ""},
        {"{}", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
        bool has_store = i % 2 == 0;
        struct secret text = support_secret(table[i / 2].text);
        struct document document = DOCUMENT_INIT;
        struct error err = ERROR_INIT;
        char helper[READER_HELPER_MAX + 1];

        assert_int_equal(document_parse(&document, &text, "'FILE'", &err), 0);
        (void)document_helper(helper, &document, has_store ? &reader_docker : &reader_podman, KEY);
        document_clear(&document);
        assert_string_equal(helper, has_store ? table[i / 2].with_store : table[i / 2].without);
        secret_clear(&text);
    }
}

/* Collects keys, joined by blanks; stops behind the one that is `stop`. */
struct visit {
    char keys[256];
    const char *stop;
};

static bool collect(const struct document *document, struct visit *visit)
{
    struct document_member member = document_members(document, DOCUMENT_AUTHS);

    while (document_next(&member)) {
        size_t len = strlen(visit->keys);

        (void)snprintf(visit->keys + len, sizeof(visit->keys) - len, "%s%s", len > 0 ? " " : "",
                       member.key);
        if (visit->stop != NULL && strcmp(member.key, visit->stop) == 0)
            return false;
    }
    return true;
}

static void keys_are_visited_in_order(void **state)
{
    static const struct {
        const char *text;
        const char *stop;
        const char *keys;
    } table[] = {
        {"", NULL, ""},
        {" \n", NULL, ""},
        {"{}", NULL, ""},
        {"{\"auths\":null}", NULL, ""},
        {"{\"auths\":{}}", NULL, ""},
        {"{\"auths\":{\"z\":{},\"a\":null,\"m\":1}}", NULL, "z a m"},
        {"{\"AuThS\":{\"a\":{}}}", NULL, "a"},
        {"{\"x\":{\"auths\":{\"no\":{}}},\"auths\":{\"a\":{\"no\":{}}}}", NULL, "a"},
        {"{\"auths\":{\"gh\\u0063r.io\":{}}}", NULL, "ghcr.io"},
        {"{\"auths\":{\"a\":{},\"b\":{},\"c\":{}}}", "b", "a b"},
        {"{\"auths\":{\"a\":{},\"b\":{},\"c\":{}}}", "a", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct secret text = support_secret(table[i].text);
        struct document document = DOCUMENT_INIT;
        struct visit visit = {.stop = table[i].stop};
        struct error err = ERROR_INIT;

        assert_int_equal(document_parse(&document, &text, "'FILE'", &err), 0);
        assert_int_equal(collect(&document, &visit), table[i].stop == NULL);
        assert_string_equal(visit.keys, table[i].keys);
        document_clear(&document);
        assert_int_equal(err.cls, CLASS_NONE);
        secret_clear(&text);
    }
}

static void keys_of_what_is_malformed_are_an_error(void **state)
{
    static const char *const table[] = {
        "{",
        "[]",
        "\"auths\"",
        "{\"auths\":[]}",
        "{\"auths\":\"x\"}",
        "{\"auths\":{\"a\":{}},\"Auths\":{\"b\":{}}}",
        "{\"auths\":{\"a\":{},\"a\":{}}}",
        "{\"auths\":{\"a\":{}}} x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_malformed(table[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_come_out_as_written),
        cmocka_unit_test(errors_quote_nothing),
        cmocka_unit_test(errors_name_the_place),
        cmocka_unit_test(every_key_finds_its_place),
        cmocka_unit_test(size_does_not_matter),
        cmocka_unit_test(helper_is_the_one_docker_asks),
        cmocka_unit_test(helper_of_what_is_malformed_is_an_error),
        cmocka_unit_test(helper_of_podman_is_no_store),
        cmocka_unit_test(keys_are_visited_in_order),
        cmocka_unit_test(keys_of_what_is_malformed_are_an_error),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * holding: what an entry holds, by its reader; and document_find() below it.
 */
#include "../support.h"

#include "store/text/decode.h"

#include "base/json.h"
#include "store/text/edit.h"

#define AUTH "b2N0b2NhdDp0b2tlbg==" /* octocat:token */

static int find(struct holding *holding, const char *text, enum auth_format reader,
                struct error *err)
{
    struct document document = DOCUMENT_INIT;
    struct secret in = secret_of(text);
    int ret;

    *err = ERROR_INIT;
    ret = document_parse(&document, &in, "'FILE'", err);
    if (ret == 0)
        ret = holding_find(holding, &document, "ghcr.io", reader, err);
    document_clear(&document);
    return ret;
}

static void assert_kind(const char *text, const char *found, const char *expected)
{
    assert_row_string(text, found != NULL ? found : "", expected != NULL ? expected : "");
}

static void test_entries(void **state)
{
    static const struct {
        const char *text;
        int docker;
        const char *username;
        const char *token; /* "": it is there, and holds nothing */
        bool is_podmans;   /* podman takes it, too */
        const char *kind;  /* NULL: a password */
    } rows[] = {
        {"", 0, "", "", true, NULL},
        {"{}", 0, "", "", true, NULL},
        {"{\"auths\":null}", 0, "", "", true, NULL},
        {"{\"auths\":{\"x\":{\"auth\":\"" AUTH "\"}}}", 0, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}", 1, "octocat", "token", true, NULL},
        {"{\"AUTHS\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}", 1, "octocat", "token", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{}}}", 1, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":null}}", 1, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":null,\"x\":1}}}", 1, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTo=\"}}}", 1, "a", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpiOmM=\"}}}", 1, "a", "b:c", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YToAYgAA\"}}}", 1, "a", "b", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"username\":\"a\",\"password\":\"b\"}}}", 1, "a", "b", false,
         NULL},
        {"{\"auths\":{\"ghcr.io\":{\"username\":\"a\",\"password\":\"\"}}}", 1, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\",\"username\":\"a\",\"password\":\"b\"}}}",
         1, "octocat", "token", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\",\"identitytoken\":\"i\"}}}", 1, "octocat",
         "i", true, "an identity token"},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\",\"identitytoken\":\"\"}}}", 1, "octocat",
         "token", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"b2N0b2NhdDo=\",\"identitytoken\":\"i\"}}}", 1,
         "octocat", "i", true, "an identity token"}, /* as docker stores it */
        {"{\"auths\":{\"ghcr.io\":{\"identitytoken\":\"i\"}}}", 1, "<token>", "i", false,
         "an identity token"},
        {"{\"auths\":{\"ghcr.io\":{\"username\":\"bob\",\"identitytoken\":\"i\"}}}", 1, "bob", "i",
         false, "an identity token"},
        {"{\"auths\":{\"ghcr.io\":{\"username\":\"bob\",\"registrytoken\":\"r\"}}}", 1, "bob", "r",
         false, "a registry token"},
        {"{\"auths\":{\"ghcr.io\":{\"registrytoken\":\"r\"}}}", 1, "<token>", "r", false,
         "a registry token"},
        {"{\"auths\":{\"ghcr.io\":{\"registrytoken\":\"r\",\"identitytoken\":\"i\"}}}", 1,
         "<token>", "r", false, "a registry token"},
        /* Names in an entry are docker's in any case, too; of several, the last that says any. */
        {"{\"auths\":{\"ghcr.io\":{\"Auth\":\"" AUTH "\"}}}", 1, "octocat", "token", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\",\"AUTH\":\"" AUTH "\",\"Auth\":null}}}", 1,
         "octocat", "token", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\",\"Auth\":\"\"}}}", 1, "", "", true, NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\",\"identityToken\":\"i\"}}}", 1, "octocat",
         "i", true, "an identity token"},
    };
    struct holding holding = HOLDING_INIT;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum auth_format reader = AUTH_FORMAT_DOCKER; reader <= AUTH_FORMAT_PODMAN; reader++) {
            bool takes = reader == AUTH_FORMAT_DOCKER || rows[i].is_podmans;

            assert_row(rows[i].text, find(&holding, rows[i].text, reader, &err) == rows[i].docker);
            if (rows[i].docker > 0) {
                assert_row_string(rows[i].text, secret_text(&holding.token),
                                  takes ? rows[i].token : "");
                assert_row_string(rows[i].text, secret_text(&holding.username),
                                  takes ? rows[i].username : "");
                assert_kind(rows[i].text, holding.token_kind, takes ? rows[i].kind : NULL);
            }
            holding_clear(&holding);
        }
    }
}

static void test_what_cannot_be_used(void **state)
{
    static const char *const rows[] = {
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"%%%\"}}}",
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"YWJj\"}}}", /* no colon */
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"OmI=\"}}}", /* no user */
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"YWJj\",\"identitytoken\":\"i\"}}}",
        "{\"auths\":{\"ghcr.io\":{\"registrytoken\":1}}}",
        "{",
        "[]",
        "{\"auths\":[]}",
        "{\"auths\":{},\"Auths\":{}}",
    };
    struct holding holding = {.username = secret_of("untouched")};
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i], find(&holding, rows[i], AUTH_FORMAT_DOCKER, &err) == -1);
        assert_error(rows[i], &err, CLASS_AUTHFILE, "'FILE'");
        assert_not_shown(rows[i], &err, "YWJj");
        assert_row_string(rows[i], secret_text(&holding.username), "untouched");
    }
    holding_clear(&holding);
    holding_clear(NULL);
}

/* What podman says of them itself: containers-auth.json(5)'s decodeDockerAuth(). */
static void test_what_podman_passes_over(void **state)
{
    static const struct {
        const char *text;
        const char *username;
        const char *token; /* "": nothing to use */
        const char *kind;  /* NULL: a password */
    } rows[] = {
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YWJj\"}}}", "", "", NULL},       /* no colon */
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"OmI=\"}}}", "", "b", NULL},      /* no user */
        {"{\"auths\":{\"ghcr.io\":{\"identitytoken\":\"i\"}}}", "", "", NULL}, /* alone */
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YWJj\",\"identitytoken\":\"i\"}}}", "", "", NULL},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\",\"identitytoken\":\"i\"}}}", "a", "i",
         "an identity token"},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\",\"registrytoken\":\"r\"}}}", "a", "b", NULL},
    };
    struct holding holding = HOLDING_INIT;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].text, find(&holding, rows[i].text, AUTH_FORMAT_PODMAN, &err) == 1);
        assert_row_string(rows[i].text, secret_text(&holding.username), rows[i].username);
        assert_row_string(rows[i].text, secret_text(&holding.token), rows[i].token);
        assert_kind(rows[i].text, holding.token_kind, rows[i].kind);
        holding_clear(&holding);
    }
    assert_int_equal(
        find(&holding, "{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}", AUTH_FORMAT_PODMAN, &err), -1);
}

/* As it is written by hand: lines, bits that padding leaves over. */
static void test_docker_takes_the_whole(void **state)
{
    static const struct {
        const char *auth;
        bool is_taken;
    } rows[] = {
        {"", true},         {"YTpi", true},   {"YTp\\niCg==", true}, {"YTpi\\r\\n", true},
        {"YTpiCh==", true}, {"YWJj", false},  {"OmI=", false},       {"YTpi=", false},
        {"YTp", false},     {"Y Tpi", false}, {"\\n", false},        {"\",\"Auth\":\"%", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct document document = DOCUMENT_INIT;
        struct error err = ERROR_INIT;
        struct secret in;
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"auths\":{\"a\":{},\"b\":{\"auth\":\"%s\"}}}",
                       rows[i].auth);
        in = secret_of(text);
        assert_int_equal(document_parse(&document, &in, "'FILE'", &err), 0);
        assert_row(text, (holding_check_all(&document, AUTH_FORMAT_DOCKER, &err) == 0) ==
                             rows[i].is_taken);
        if (!rows[i].is_taken)
            assert_error(text, &err, CLASS_AUTHFILE, "docker takes no \"auth\" from 'FILE'");
        document_clear(&document);
    }
}

/* Docker and podman read nothing at all of a file with another kind of value in their place. */
static void test_what_is_no_text(void **state)
{
    static const char *const entries[] = {
        "\"x\"",
        "[]",
        "{\"auth\":1}",
        "{\"auth\":\"" AUTH "\",\"Auth\":[]}",
        "{\"auth\":\"" AUTH "\",\"password\":true}",
        "{\"auth\":\"" AUTH "\",\"IdentityToken\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(entries); i++) {
        struct document document = DOCUMENT_INIT;
        struct holding holding = HOLDING_INIT;
        struct secret auth = secret_of(AUTH);
        struct error err = ERROR_INIT;
        struct secret in;
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"auths\":{\"ghcr.io\":%s}}", entries[i]);
        assert_row(text, find(&holding, text, AUTH_FORMAT_DOCKER, &err) == -1);
        assert_row(text, find(&holding, text, AUTH_FORMAT_PODMAN, &err) == -1);
        in = secret_of(text);
        err = ERROR_INIT;
        assert_int_equal(document_parse(&document, &in, "'FILE'", &err), 0);
        assert_row(text, holding_check_all(&document, AUTH_FORMAT_DOCKER, &err) == -1);
        assert_error(text, &err, CLASS_AUTHFILE, "docker takes no \"auth\" from 'FILE'");
        assert_row(text, document_is_due(
                             &document, &(struct document_edit){DOCUMENT_STORE, "ghcr.io", &auth}));
        document_clear(&document);
        secret_clear(&auth);
    }
}

/* The same of what names helpers. */
static void test_helpers_that_are_no_texts(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } rows[] = {
        {"{\"credsStore\":1}", false},
        {"{\"credsSTORE\":[]}", false},
        {"{\"credHelpers\":{\"a\":\"x\",\"b\":false}}", false},
        {"{\"credsStore\":null,\"credHelpers\":{\"a\":\"x\",\"b\":null}}", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct document document = DOCUMENT_INIT;
        struct error err = ERROR_INIT;
        struct secret in = secret_of(rows[i].text);

        assert_int_equal(document_parse(&document, &in, "'FILE'", &err), 0);
        assert_row(rows[i].text, (holding_check_all(&document, AUTH_FORMAT_DOCKER, &err) == 0) ==
                                     rows[i].is_taken);
        if (!rows[i].is_taken)
            assert_error(rows[i].text, &err, CLASS_AUTHFILE,
                         "docker takes no \"auth\" from 'FILE'");
        document_clear(&document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_podman_passes_over),
        cmocka_unit_test(test_docker_takes_the_whole),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_what_is_no_text),
        cmocka_unit_test(test_helpers_that_are_no_texts),
        cmocka_unit_test(test_what_cannot_be_used),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

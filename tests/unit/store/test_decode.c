/*
 * holding: what an entry holds, by its reader; and document_find() below it.
 */
#include "../support.h"

#include "store/text/decode.h"

#include "base/json.h"
#include "store/text/edit.h"

#define AUTH "b2N0b2NhdDp0b2tlbg==" /* octocat:token */

static int find(struct holding *holding, const char *text, const struct reader *reader,
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
    static const struct reader *const readers[] = {&reader_docker, &reader_podman};
    struct holding holding = HOLDING_INIT;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t r = 0; r < COUNT(readers); r++) {
            const struct reader *reader = readers[r];
            bool takes = reader == &reader_docker || rows[i].is_podmans;

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
        assert_row(rows[i], find(&holding, rows[i], &reader_docker, &err) == -1);
        assert_error(rows[i], &err, CLASS_AUTHFILE, "'FILE'");
        assert_not_shown(rows[i], &err, "YWJj");
        if (strstr(rows[i], "registrytoken") != NULL)
            assert_row(rows[i], strstr(err.message, "it is not an object of strings") != NULL);
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
        assert_row(rows[i].text, find(&holding, rows[i].text, &reader_podman, &err) == 1);
        assert_row_string(rows[i].text, secret_text(&holding.username), rows[i].username);
        assert_row_string(rows[i].text, secret_text(&holding.token), rows[i].token);
        assert_kind(rows[i].text, holding.token_kind, rows[i].kind);
        holding_clear(&holding);
    }
    assert_int_equal(
        find(&holding, "{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}", &reader_podman, &err), -1);
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
        assert_row(text,
                   (holding_check_all(&document, &reader_docker, &err) == 0) == rows[i].is_taken);
        if (!rows[i].is_taken)
            assert_error(text, &err, CLASS_AUTHFILE, "docker ignores the credentials in 'FILE'");
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
        assert_row(text, find(&holding, text, &reader_docker, &err) == -1);
        assert_row(text, find(&holding, text, &reader_podman, &err) == -1);
        in = secret_of(text);
        err = ERROR_INIT;
        assert_int_equal(document_parse(&document, &in, "'FILE'", &err), 0);
        assert_row(text, holding_check_all(&document, &reader_docker, &err) == -1);
        assert_error(text, &err, CLASS_AUTHFILE, "docker ignores the credentials in 'FILE'");
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
        assert_row(rows[i].text,
                   (holding_check_all(&document, &reader_docker, &err) == 0) == rows[i].is_taken);
        if (!rows[i].is_taken)
            assert_error(rows[i].text, &err, CLASS_AUTHFILE,
                         "docker ignores the credentials in 'FILE'");
        document_clear(&document);
    }
}

static struct document document_of(const char *text)
{
    struct document document = DOCUMENT_INIT;
    struct secret secret = secret_of(text);
    struct error err = ERROR_INIT;

    if (document_parse(&document, &secret, "'FILE'", &err) < 0)
        fail_msg("%s: %s", text, err.message);
    return document;
}

/* An entry of another type is told of as an entry where each is decoded. */
static void assert_misfit(const char *text, const struct reader *reader, const char *expected)
{
    struct document document = document_of(text);
    struct error err = ERROR_INIT;
    char named[64];

    (void)snprintf(named, sizeof(named), "'%s' has the wrong type",
                   expected != NULL ? expected : "");
    assert_row(text, holding_check_all(&document, reader, &err) == (expected != NULL ? -1 : 0));
    if (expected != NULL && strstr(err.message, "the entry 'x'") == NULL)
        assert_error(text, &err, CLASS_AUTHFILE, named);
    document_clear(&document);
}

/* The rows of docker are what docker 28 says of them ("WARNING: Error parsing config file"). */
static void test_types_of_members(void **state)
{
    static const struct {
        const char *text;
        const char *docker; /* NULL: it reads all of it */
        const char *podman;
    } rows[] = {
        {"", NULL, NULL},
        {"{}", NULL, NULL},
        {"{\"unknown\":[1,{\"auth\":2}]}", NULL, NULL},
        {"{\"features\":{\"buildkit\":true}}", "features", NULL},
        {"{\"features\":{\"buildkit\":\"true\"}}", NULL, NULL},
        {"{\"features\":{\"buildkit\":null}}", NULL, NULL},
        {"{\"features\":null}", NULL, NULL},
        {"{\"features\":\"x\"}", "features", NULL},
        {"{\"FEATURES\":[]}", "FEATURES", NULL},
        {"{\"experimental\":true}", "experimental", NULL},
        {"{\"experimental\":\"enabled\"}", NULL, NULL},
        {"{\"HttpHeaders\":{\"X\":5}}", "HttpHeaders", NULL},
        {"{\"psFormat\":{}}", "psFormat", NULL},
        {"{\"psFormat\":\"table\",\"currentContext\":1}", "currentContext", NULL},
        {"{\"cliPluginsExtraDirs\":[\"/x\",null]}", NULL, NULL},
        {"{\"cliPluginsExtraDirs\":[\"/x\",1]}", "cliPluginsExtraDirs", NULL},
        {"{\"cliPluginsExtraDirs\":\"/x\"}", "cliPluginsExtraDirs", NULL},
        {"{\"pruneFilters\":{}}", "pruneFilters", NULL},
        {"{\"plugins\":{\"x\":{\"y\":\"z\"}}}", NULL, NULL},
        {"{\"plugins\":{\"x\":{\"y\":1}}}", "plugins", NULL},
        {"{\"plugins\":{\"x\":\"y\"}}", "plugins", NULL},
        {"{\"proxies\":{\"default\":{\"httpProxy\":\"http://x\",\"other\":1}}}", NULL, NULL},
        {"{\"proxies\":{\"default\":{\"noproxy\":[]}}}", "proxies", NULL},
        {"{\"proxies\":{\"default\":1}}", "proxies", NULL},
        {"{\"credsStore\":1}", "credsStore", NULL},
        {"{\"credHelpers\":{\"x\":1}}", "credHelpers", "credHelpers"},
        {"{\"auths\":{\"x\":null}}", NULL, NULL},
        {"{\"auths\":{\"x\":1}}", "auths", "auths"},
        {"{\"auths\":{\"x\":{\"auth\":1}}}", "auths", "auths"},
        {"{\"auths\":{\"x\":{\"Auth\":1}}}", "auths", "auths"},
        {"{\"auths\":{\"x\":{\"identitytoken\":[]}}}", "auths", "auths"},
        {"{\"auths\":{\"x\":{\"email\":5}}}", "auths", NULL},
        {"{\"auths\":{\"x\":{\"serveraddress\":{}}}}", "auths", NULL},
        {"{\"auths\":{\"x\":{\"registrytoken\":true}}}", "auths", NULL},
        {"{\"auths\":{\"x\":{\"other\":true,\"auth\":\"YTpi\"}}}", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_misfit(rows[i].text, &reader_docker, rows[i].docker);
        assert_misfit(rows[i].text, &reader_podman, rows[i].podman);
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
        cmocka_unit_test(test_types_of_members),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

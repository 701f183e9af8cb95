/*
 * shape: which values docker and podman can read. The rows of docker are what docker 28 says of
 * them
 * ("WARNING: Error parsing config file").
 */
#include "../support.h"

#include "store/shape.h"

#include "base/json.h"

static struct document document_of(const char *text)
{
    struct document document = DOCUMENT_INIT;
    struct secret secret = secret_of(text);
    struct error err = ERROR_INIT;

    if (document_parse(&document, &secret, "'FILE'", &err) < 0)
        fail_msg("%s: %s", text, err.message);
    return document;
}

static void assert_misfit(const char *text, enum auth_format reader, const char *expected)
{
    struct document document = document_of(text);
    const char *found = shape_misfit(&document, reader);

    assert_row_string(text, found != NULL ? found : "", expected != NULL ? expected : "");
    document_clear(&document);
}

static void test_misfits(void **state)
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
        assert_misfit(rows[i].text, AUTH_FORMAT_DOCKER, rows[i].docker);
        assert_misfit(rows[i].text, AUTH_FORMAT_PODMAN, rows[i].podman);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misfits),
    };

    json_init();
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}

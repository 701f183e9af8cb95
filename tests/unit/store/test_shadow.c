/*
 * shadow: each thing that a reader takes before the entry is told, and nothing else is.
 */
#include "../support.h"

#include "store/shadow.h"

#include "base/json.h"
#include "documents.h"
#include "files.h"
#include "surroundings.h"

static struct warnings warnings;

static int setup(void **state)
{
    surroundings_reset();
    warnings.count = 0;
    (void)support_setup(state);
    support_must(mkdir("run", 0700) == 0 && mkdir("run/containers", 0700) == 0, "mkdir");
    return 0;
}

/* NULL: no warning; else one, with that in it. */
static void assert_warned(const char *row, const char *part)
{
    if (part == NULL && warnings.count > 0)
        fail_msg("row '%s': warned '%s'", row, warnings.items[0]);
    assert_row(row, warnings.count == (part != NULL ? 1 : 0));
    if (part != NULL && strstr(warnings.items[0], part) == NULL)
        fail_msg("row '%s': '%s' is not in '%s'", row, part, warnings.items[0]);
    warnings.count = 0;
}

static struct document document_of(const char *text)
{
    struct document document = DOCUMENT_INIT;
    struct secret secret = support_secret(text);
    struct error err = ERROR_INIT;

    support_must(document_parse(&document, &secret, "'file'", &err) == 0, err.message);
    return document;
}

static void look_beside(const char *text, const struct reader *format, const char *host,
                        const char *key)
{
    struct entry file = {
        .path = "file", .owner = format, .reader = format, .registry = host, .key = key};
    struct document document = document_of(text);

    warnings.count = 0;
    shadow_in_file(&document, &file, "", &warnings);
    document_clear(&document);
}

static void test_neighbours_in_docker_s_file(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } rows[] = {
        {"{\"auths\":{\"ghcr.io\":{},\"ghcr.io:443\":{}}}",
         "'file' also has an entry 'ghcr.io:443', which nerdctl uses first"},
        {"{\"AUTHS\":{\"ghcr.io:443\":{}}}", "nerdctl"},
        {"{\"auths\":{\"ghcr.io\":{}}}", NULL},
        {"{\"auths\":{\"ghcr.io:4430\":{}}}", NULL},
        {"{\"auths\":{\"ghcr.io:44\":{}}}", NULL},
        {"{\"auths\":{\"ghcr.io:5000\":{}}}", NULL},
        {"{\"auths\":{\"ghcr.io:443/owner\":{}}}", NULL},
        {"{\"auths\":{\"xghcr.io:443\":{},\"ghcr.io.evil.com:443\":{}}}", NULL},
        {"{\"auths\":{\"ghcr.io/owner\":{}}}", NULL}, /* docker's exact key wins */
        {"{\"x\":{\"ghcr.io:443\":{}}}", NULL},
        {"{}", NULL},
        {"", NULL},
        {"{\"auths\":null}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        look_beside(rows[i].text, &reader_docker, "ghcr.io", "ghcr.io");
        assert_warned(rows[i].text, rows[i].part);
    }
}

static void test_neighbours_in_podman_s_file(void **state)
{
    static const struct {
        const char *key;
        const char *other;
        bool is_warned;
    } rows[] = {
        {"ghcr.io", "ghcr.io/owner", true},
        {"ghcr.io", "ghcr.io/owner/image", true},
        {"ghcr.io/owner", "ghcr.io/owner/image", true},
        {"ghcr.io", "ghcr.io", false},
        {"ghcr.io", "ghcr.io:443", false},
        {"ghcr.io", "ghcr.io.evil.com/owner", false},
        {"ghcr.io", "ghcr.iox/owner", false},
        {"ghcr.io", "quay.io/owner", false},
        {"ghcr.io/owner", "ghcr.io", false},
        {"ghcr.io/owner", "ghcr.io/owner", false},
        {"ghcr.io/owner", "ghcr.io/other", false},
        {"ghcr.io/owner", "ghcr.io/own", false},
        {"ghcr.io/own", "ghcr.io/owner", false}, /* another owner */
        {"ghcr.io/own", "ghcr.io/owner/image", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        char part[128];

        (void)snprintf(text, sizeof(text), "{\"auths\":{\"%s\":{},\"z.io\":{}}}", rows[i].other);
        (void)snprintf(part, sizeof(part), "'file' also has an entry '%s', which podman uses",
                       rows[i].other);
        look_beside(text, &reader_podman, "ghcr.io", rows[i].key);
        assert_warned(rows[i].other, rows[i].is_warned ? part : NULL);
    }
}

static void test_every_neighbour_is_told(void **state)
{
    (void)state;
    look_beside("{\"auths\":{\"ghcr.io/a\":{},\"ghcr.io/b\":{},\"quay.io\":{}}}", &reader_podman,
                "ghcr.io", "ghcr.io");
    assert_int_equal(warnings.count, 2);
    assert_non_null(strstr(warnings.items[0], "'ghcr.io/a'"));
    assert_non_null(strstr(warnings.items[1], "'ghcr.io/b'"));
}

/* What is stored; NULL: it does not matter. */
static const char *stored;

static void look_elsewhere(const struct reader *format, const char *path, const char *key,
                           const char *authfile, bool is_persistent)
{
    bool is_hub = strncmp(key, "https://", 8) == 0;
    struct secret auth = support_secret(stored != NULL ? stored : "");
    struct entry file = {.path = path,
                         .owner = format,
                         .reader = format,
                         .key = key,
                         .registry = is_hub ? "docker.io" : "ghcr.io",
                         .clock = clock_system(),
                         .auth = stored != NULL ? &auth : NULL};
    struct location_request request = surroundings();

    request.authfile = authfile;
    request.is_persistent = is_persistent;
    request.uid = 1000;
    warnings.count = 0;
    shadow_elsewhere(&file, &request, &warnings);
    secret_clear(&auth);
}

static void test_docker_auth_config(void **state)
{
    static const char hub[] = "https://index.docker.io/v1/";
    static const struct {
        const char *config; /* NULL: unset */
        const char *key;
        bool is_warned;
    } rows[] = {
        {NULL, "ghcr.io", false},
        {"", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}", "ghcr.io", true},
        {"{\"auths\":{\"q.io\":{\"auth\":\"YTpi\"},\"ghcr.io\":{\"auth\":\"YTpi\"}}}", "ghcr.io",
         true},
        {"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YTpi\"}}}", hub, true},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}", hub, false},
        {"{\"auths\":{\"quay.io\":{\"auth\":\"YTpi\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io:443\":{\"auth\":\"YTpi\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.iox\":{\"auth\":\"YTpi\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io/owner\":{\"auth\":\"YTpi\"}}}", "ghcr.io", false}, /* exact keys */
        {"{\"AUTHS\":{\"ghcr.io\":{\"Auth\":\"YTpi\"}}}", "ghcr.io", true},
        /* what docker refuses as a whole */
        {"{\"auths\":{\"ghcr.io\":{}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"q.io\":{},\"ghcr.io\":{\"auth\":\"YTpi\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\",\"email\":\"x\"}}}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}},\"psFormat\":\"x\"}", "ghcr.io", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}{}", "ghcr.io", false},
        {"[]", "ghcr.io", false},
        {"{\"auths\":[]}", "ghcr.io", false},
        {"{\"auths\":{}}", "ghcr.io", false},
        {"{}", "ghcr.io", false},
        {"not JSON", "ghcr.io", false}, /* docker ignores it */
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}", "ghcr.io", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].config != NULL ? rows[i].config : "unset";
        char part[256];

        docker_auth_config = rows[i].config;
        (void)snprintf(
            part, sizeof(part),
            "DOCKER_AUTH_CONFIG is set and has an entry '%s': docker 28.3 and newer use it "
            "before any file, and older versions use '",
            rows[i].key);
        look_elsewhere(&reader_docker, "home/.docker/config.json", rows[i].key, NULL, false);
        assert_warned(row, rows[i].is_warned ? part : NULL);
    }
    /* podman does not know the variable */
    docker_auth_config = "{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}";
    look_elsewhere(&reader_podman, "run/containers/auth.json", "ghcr.io", NULL, false);
    assert_warned("podman", NULL);
}

static void test_earlier_file_of_podman(void **state)
{
    static const struct {
        const char *key;
        const char *text; /* NULL: no such file */
        bool is_warned;
    } rows[] = {
        {"ghcr.io", NULL, false},
        {"ghcr.io", "", false},
        {"ghcr.io", "{", false},
        {"ghcr.io", "{\"auths\":{}}", false},
        {"ghcr.io", "{\"auths\":{\"quay.io\":{}}}", false},
        {"ghcr.io", "{\"auths\":{\"ghcr.iox\":{},\"ghcr.io:443\":{}}}", false},
        {"ghcr.io", "{\"auths\":{\"ghcr.io\":{}}}", true},
        {"ghcr.io", "{\"auths\":{\"q.io\":{},\"ghcr.io:443\":{},\"ghcr.io/owner\":{}}}", true},
        {"ghcr.io/owner", "{\"auths\":{\"ghcr.io\":{}}}", true},
        {"ghcr.io/owner", "{\"auths\":{\"ghcr.io/owner\":{}}}", true},
        {"ghcr.io/owner", "{\"auths\":{\"ghcr.io/owner/image\":{}}}", true},
        {"ghcr.io/owner", "{\"auths\":{\"ghcr.io/other\":{}}}", false},
        {"ghcr.io/owner", "{\"auths\":{\"ghcr.io/own\":{}}}", false},
        {"ghcr.io/own", "{\"auths\":{\"ghcr.io/owner\":{}}}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].text != NULL ? rows[i].text : "absent";

        if (rows[i].text != NULL)
            support_write("run/containers/auth.json", rows[i].text);
        look_elsewhere(&reader_podman, "home/.config/containers/auth.json", rows[i].key, NULL,
                       true);
        assert_warned(
            row, rows[i].is_warned
                     ? "podman reads 'run/containers/auth.json' first, which also covers 'ghcr.io'"
                     : NULL);
        /* the file that is itself first, and one that is named to podman each time */
        look_elsewhere(&reader_podman, "run/containers/auth.json", rows[i].key, NULL, false);
        assert_warned(row, NULL);
        look_elsewhere(&reader_podman, "x.json", rows[i].key, "x.json", false);
        assert_warned(row, NULL);
    }
}

/* Podman then reads that one alone, whatever is in it. */
static void test_registry_auth_file(void **state)
{
    (void)state;
    registry_auth_file = "named.json";
    look_elsewhere(&reader_podman, "home/.config/containers/auth.json", "ghcr.io", NULL, true);
    assert_warned("persistent", "REGISTRY_AUTH_FILE is set: podman reads 'named.json' and no");
    look_elsewhere(&reader_podman, "x.json", "ghcr.io", "x.json", false);
    assert_warned("authfile", "REGISTRY_AUTH_FILE is set");
    look_elsewhere(&reader_podman, "named.json", "ghcr.io", NULL, false);
    assert_warned("that file", NULL);
    look_elsewhere(&reader_docker, "home/.docker/config.json", "ghcr.io", NULL, false);
    assert_warned("docker", NULL);
    registry_auth_file = "";
    look_elsewhere(&reader_podman, "home/.config/containers/auth.json", "ghcr.io", NULL, true);
    assert_warned("empty", NULL);
}

static void test_docker_config_is_for_podman_too(void **state)
{
    (void)state;
    docker_config = "cfg";
    look_elsewhere(&reader_podman, "home/.config/containers/auth.json", "ghcr.io", NULL, true);
    assert_warned("persistent", "DOCKER_CONFIG");
    /* unless the same run has put the same there */
    support_must(mkdir("cfg", 0700) == 0, "mkdir");
    support_write("cfg/config.json", "{\"auths\":{\"ghcr.io\":{\"auth\":\"YTpi\"}}}");
    stored = "YTpi";
    look_elsewhere(&reader_podman, "home/.config/containers/auth.json", "ghcr.io", NULL, true);
    assert_warned("the same", NULL);
    stored = "eDp5";
    look_elsewhere(&reader_podman, "home/.config/containers/auth.json", "ghcr.io", NULL, true);
    assert_warned("another", "DOCKER_CONFIG");
    stored = NULL;
    look_elsewhere(&reader_podman, "x.json", "ghcr.io", "x.json", false);
    assert_warned("authfile", NULL);
    look_elsewhere(&reader_docker, "cfg/config.json", "ghcr.io", NULL, false);
    assert_warned("that file", NULL);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_neighbours_in_docker_s_file),
        IN_DIRECTORY(test_neighbours_in_podman_s_file),
        IN_DIRECTORY(test_every_neighbour_is_told),
        IN_DIRECTORY(test_docker_auth_config),
        IN_DIRECTORY(test_earlier_file_of_podman),
        IN_DIRECTORY(test_registry_auth_file),
        IN_DIRECTORY(test_docker_config_is_for_podman_too),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

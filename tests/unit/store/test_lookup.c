/*
 * lookup: which file, key or helper each reader takes. tests/acceptance asks docker and podman.
 */
#include "../nth.h"
#include "../support.h"

#include "store/lookup.h"
#include "store/look.h"

#include "base/json.h"
#include "scripts.h"
#include "store/text/document.h"
#include "files.h"
#include "surroundings.h"

/* Of the users a to e, the password is x. */
#define A "{\"auth\":\"YTp4\"}"
#define B "{\"auth\":\"Yjp4\"}"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return nth_strikes() ? NULL : __real_malloc(size);
}

#define DIRECTORY  "home/.docker"
#define DOCKER     DIRECTORY "/config.json"
#define PERSISTENT "home/.config/containers/auth.json"
#define RUNTIME    "run/containers/auth.json"

static int setup(void **state)
{
    surroundings_reset();
    (void)support_setup(state);
    support_must(mkdir("home", 0700) == 0 && mkdir("home/.docker", 0700) == 0 &&
                     mkdir("home/.config", 0700) == 0 &&
                     mkdir("home/.config/containers", 0700) == 0 && mkdir("run", 0700) == 0 &&
                     mkdir("run/containers", 0700) == 0 && setenv("PATH", support_dir, 1) == 0,
                 "mkdir");
    return 0;
}

static struct snapshot *snapshot; /* of look() */

static int look(const struct reader *reader, const char *key, struct lookup *found,
                struct error *err)
{
    struct location_request where = surroundings();
    const char *slash = strchr(key, '/');
    char host[64];
    struct lookup_request request = {.registry = host,
                                     .name_space = slash != NULL ? slash + 1 : "",
                                     .places = &where,
                                     .snapshot = snapshot,
                                     .clock = clock_system(),
                                     .deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS)};

    (void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(key, "/"), key);
    *found = LOOKUP_INIT;
    *err = ERROR_INIT;
    return lookup_find(found, reader, &request, err);
}

/* `username` NULL: nothing is found. */
static void assert_finds(const char *row, const struct reader *reader, const char *key,
                         const char *username, const char *path, const char *found_key)
{
    struct lookup found;
    struct error err;
    int ret = look(reader, key, &found, &err);

    if (ret < 0)
        fail_msg("row '%s': %s", row, err.message);
    assert_row(row, ret == (username != NULL));
    if (username != NULL) {
        assert_row_string(row, secret_text(&found.held.username), username);
        assert_row_string(row, found.path, path);
        assert_row_string(row, found.key, found_key);
    }
    lookup_clear(&found);
}

static void test_keys_of_one_file(void **state)
{
    static const struct {
        const char *auths;
        const char *key;
        const char *docker; /* user, and key */
        const char *docker_key;
        const char *podman;
        const char *podman_key;
    } rows[] = {
        {"\"ghcr.io\":" A, "ghcr.io", "a", "ghcr.io", "a", "ghcr.io"},
        {"\"https://ghcr.io/\":" A ",\"ghcr.io\":" B, "ghcr.io", "b", "ghcr.io", "b", "ghcr.io"},
        {"\"https://ghcr.io/v1/\":" A, "ghcr.io", "a", "https://ghcr.io/v1/", "a",
         "https://ghcr.io/v1/"},
        {"\"ghcr.io/o\":" A, "ghcr.io", "a", "ghcr.io/o", NULL, NULL},
        {"\"ghcr.io\":{},\"https://ghcr.io\":" A, "ghcr.io", NULL, NULL, NULL, NULL},
        {"\"ghcr.io:443\":" A, "ghcr.io", NULL, NULL, NULL, NULL},
        {"", "ghcr.io", NULL, NULL, NULL, NULL},
        {"\"ghcr.io\":" A ",\"ghcr.io/o\":" B, "ghcr.io/o/i", NULL, NULL, "b", "ghcr.io/o"},
        {"\"ghcr.io\":" A ",\"ghcr.io/o\":" B, "ghcr.io/p", NULL, NULL, "a", "ghcr.io"},
        {"\"ghcr.io/o\":{},\"ghcr.io\":" A, "ghcr.io/o", NULL, NULL, NULL, NULL},
        {"\"https://index.docker.io/v1/\":" A, "docker.io", "a", "https://index.docker.io/v1/", "a",
         "https://index.docker.io/v1/"},
        {"\"docker.io\":" A, "docker.io", NULL, NULL, "a", "docker.io"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(text, sizeof(text), "{\"auths\":{%s}}", rows[i].auths);
        support_write(DOCKER, text);
        if (strchr(rows[i].key, '/') == NULL) /* docker is asked for hosts alone */
            assert_finds(rows[i].auths, &reader_docker, rows[i].key, rows[i].docker, DOCKER,
                         rows[i].docker_key);
        assert_finds(rows[i].auths, &reader_podman, rows[i].key, rows[i].podman, DOCKER,
                     rows[i].podman_key);
    }
}

static void test_podman_s_way(void **state)
{
    (void)state;
    support_write(DOCKER, "{\"auths\":{\"ghcr.io\":" A "}}");
    assert_finds("docker's", &reader_podman, "ghcr.io", "a", DOCKER, "ghcr.io");
    support_write(PERSISTENT, "{\"auths\":{\"ghcr.io\":" B "}}");
    assert_finds("persistent", &reader_podman, "ghcr.io", "b", PERSISTENT, "ghcr.io");
    support_write(RUNTIME, "{\"auths\":{\"ghcr.io\":{}}}");
    assert_finds("an empty one is passed", &reader_podman, "ghcr.io", "b", PERSISTENT, "ghcr.io");
    support_write(RUNTIME, "{\"auths\":{\"ghcr.io\":" A "}}");
    assert_finds("default", &reader_podman, "ghcr.io", "a", RUNTIME, "ghcr.io");
    registry_auth_file = "named.json";
    assert_finds("one file alone", &reader_podman, "ghcr.io", NULL, NULL, NULL);
    support_write("named.json", "{\"auths\":{\"ghcr.io\":" B "}}");
    assert_finds("named", &reader_podman, "ghcr.io", "b", "named.json", "ghcr.io");
    registry_auth_file = NULL;
    docker_config = "home/.docker";
    assert_finds("DOCKER_CONFIG", &reader_podman, "ghcr.io", "a", DOCKER, "ghcr.io");
}

static void test_the_variable(void **state)
{
    static const struct {
        const char *variable;
        bool is_taken;
    } rows[] = {
        {"{\"auths\":{\"ghcr.io\":" B "}}", true},
        {"{\"auths\":{\"https://ghcr.io\":" B "}}", false}, /* the exact key alone */
        {"{\"auths\":{\"ghcr.io\":{}}}", false},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"%\"}}}", false},
        {"{", false},
        {"", false},
    };

    (void)state;
    support_write(DOCKER, "{\"auths\":{\"ghcr.io\":" A "}}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        docker_auth_config = rows[i].variable;
        assert_finds(rows[i].variable, &reader_docker, "ghcr.io", rows[i].is_taken ? "b" : "a",
                     rows[i].is_taken ? "" : DOCKER, "ghcr.io");
        assert_finds(rows[i].variable, &reader_podman, "ghcr.io", "a", DOCKER, "ghcr.io");
    }
}

/* Many look-ups would else cost the square of what one does. */
static void test_a_snapshot_is_read_once(void **state)
{
    struct snapshot once = SNAPSHOT_INIT;
    struct lookup found;
    struct error err;

    (void)state;
    support_write(RUNTIME, "{");
    support_write(DOCKER, "{\"auths\":{\"a.example\":" A ",\"b.example\":" B "}}");
    docker_auth_config = "{\"auths\":{\"v.example\":" B "}}";
    snapshot = &once;
    assert_finds("first", &reader_docker, "a.example", "a", DOCKER, "a.example");
    assert_int_equal(look(&reader_podman, "a.example", &found, &err), -1);
    support_write(RUNTIME, "{}");
    support_write(DOCKER, "{\"auths\":{\"a.example\":{},\"c.example\":{\"auth\":\"%\"}}}");
    docker_auth_config = "{\"auths\":{\"a.example\":" B "}}";
    assert_finds("as it was", &reader_docker, "b.example", "b", DOCKER, "b.example");
    assert_finds("the variable, too", &reader_docker, "v.example", "b", "", "v.example");
    assert_int_equal(look(&reader_podman, "b.example", &found, &err), -1);
    assert_error("the fault of then", &err, CLASS_AUTHFILE, RUNTIME "' is not valid JSON");
    snapshot_clear(&once);
    assert_finds("as it is now", &reader_docker, "a.example", "b", "", "a.example");
    assert_finds("and here", &reader_podman, "b.example", NULL, NULL, NULL);
    snapshot_clear(&once);
    snapshot = NULL;
}

static void test_helpers(void **state)
{
    static const char *const answers[] = {
        "echo '{\"ServerURL\":\"ghcr.io\",\"Username\":\"h\",\"Secret\":\"x\"}'",
        "echo credentials not found in native keychain; exit 1",
        "echo locked; exit 1",
    };
    struct lookup found;
    struct error err;

    (void)state;
    support_write(DOCKER, "{\"credsStore\":\"s\",\"auths\":{\"ghcr.io\":" A "}}");
    scripts_make("docker-credential-s", answers[0]);
    assert_finds("docker: credsStore", &reader_docker, "ghcr.io", "h", DOCKER, "ghcr.io");
    assert_finds("podman: not known", &reader_podman, "ghcr.io", "a", DOCKER, "ghcr.io");
    scripts_make("docker-credential-s", answers[1]);
    assert_finds("the file is not looked at", &reader_docker, "ghcr.io", NULL, NULL, NULL);
    scripts_make("docker-credential-s", answers[2]);
    assert_int_equal(look(&reader_docker, "ghcr.io", &found, &err), -1);
    assert_error("fails", &err, CLASS_HELPER,
                 "'" DOCKER "' names a credential helper for the registry");
    support_write(DOCKER, "{\"credHelpers\":{\"ghcr.io\":\"s\"}}");
    scripts_make("docker-credential-s", answers[0]);
    assert_finds("podman: credHelpers", &reader_podman, "ghcr.io", "h", DOCKER, "ghcr.io");
    scripts_make("docker-credential-s",
                 "echo '{\"ServerURL\":\"\",\"Username\":\"<token>\",\"Secret\":\"x\"}'");
    assert_int_equal(look(&reader_docker, "ghcr.io", &found, &err), 1);
    assert_string_equal(found.held.token_kind, "an identity token");
    assert_string_equal(found.helper, "s");
    lookup_clear(&found);
}

static void test_a_file_that_cannot_be_read(void **state)
{
    struct lookup found;
    struct error err;

    (void)state;
    support_write(RUNTIME, "{");
    assert_finds("docker does not look there", &reader_docker, "ghcr.io", NULL, NULL, NULL);
    assert_int_equal(look(&reader_podman, "ghcr.io", &found, &err), -1);
    assert_error("malformed", &err, CLASS_AUTHFILE, RUNTIME);
}

static int read_what_is_roots(void)
{
    struct lookup found;
    struct error err;

    if (look(&reader_docker, "ghcr.io", &found, &err) != -1 || err.cls != CLASS_AUTHFILE)
        return 1;
    return strstr(err.message, DOCKER) != NULL && strstr(err.hint, "belongs to root") != NULL ? 0
                                                                                              : 2;
}

static void test_a_file_that_is_another_users(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    support_must(chmod(".", 0755) == 0 && chmod("home", 0755) == 0 && chmod(DIRECTORY, 0755) == 0,
                 "chmod");
    support_write(DOCKER, "{}");
    assert_int_equal(support_in_child(true, read_what_is_roots), 0);
}

static void test_no_place_to_look_in(void **state)
{
    struct lookup found;
    struct error err;

    (void)state;
    is_homeless = true;
    assert_int_equal(look(&reader_docker, "ghcr.io", &found, &err), -1);
    is_homeless = false;
    assert_error("homeless", &err, CLASS_AUTHFILE, "HOME");
}

static void test_nothing_may_be_cleared(void **state)
{
    (void)state;
    lookup_clear(NULL);
}

/* Whichever allocation fails: an error of that class, or the entry all the same. */
static void test_without_memory(void **state)
{
    static const struct {
        const char *text;
        bool is_found;
    } rows[] = {
        {"{\"auths\":{\"ghcr.io\":" A "}}", true},
        {"{\"auths\":{\"https://ghcr.io/v1/\":" A "}}", true},
        {"{\"auths\":{\"ghcr.io\":{\"identitytoken\":\"i\"}}}", true},
        {"{\"auths\":{\"ghcr.io\":{\"username\":\"a\",\"password\":\"b\"}}}", true},
        {"{\"auths\":{\"quay.io\":" A "}}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lookup found;
        struct error err;
        int ret;

        support_write(DOCKER, rows[i].text);
        for (unsigned n = 1;
             nth_arm(n), ret = look(&reader_docker, "ghcr.io", &found, &err), nth_disarm(); n++) {
            assert_int_equal(ret, -1);
            assert_error(rows[i].text, &err, CLASS_INTERNAL, "memory");
        }
        assert_int_equal(ret, rows[i].is_found);
        lookup_clear(&found);
    }
}

static int read_now(struct document *document, const char *path, struct error *err)
{
    *err = ERROR_INIT;
    return look_at(document, path, false, err);
}

static void test_a_look_makes_nothing(void **state)
{
    struct document document = DOCUMENT_INIT;
    struct document_entry entry;
    size_t before = support_count(".");
    struct error err;

    (void)state;
    assert_int_equal(read_now(&document, "dir/file", &err), 0);
    assert_true(document_is_blank(&document));
    assert_int_equal(support_count("."), before);
    support_write("file", "{\"auths\":{\"a\":{}}}");
    assert_int_equal(read_now(&document, "file", &err), 0);
    assert_true(document_find(&entry, &document, "a"));
    assert_int_equal(support_count("."), before + 1);
    document_clear(&document);
}

static void test_what_is_malformed_is_named(void **state)
{
    struct document document = DOCUMENT_INIT;
    struct error err;

    (void)state;
    support_write("file", "{");
    assert_int_equal(read_now(&document, "file", &err), -1);
    assert_error("malformed", &err, CLASS_AUTHFILE, "'file' is not valid JSON");
    assert_int_equal(read_now(&document, ".", &err), -1);
    assert_error("a directory", &err, CLASS_AUTHFILE, "cannot open '.'");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_keys_of_one_file),
        IN_DIRECTORY(test_podman_s_way),
        IN_DIRECTORY(test_the_variable),
        IN_DIRECTORY(test_a_snapshot_is_read_once),
        IN_DIRECTORY(test_helpers),
        IN_DIRECTORY(test_a_file_that_cannot_be_read),
        IN_DIRECTORY(test_a_file_that_is_another_users),
        IN_DIRECTORY(test_no_place_to_look_in),
        IN_DIRECTORY(test_nothing_may_be_cleared),
        IN_DIRECTORY(test_without_memory),
        IN_DIRECTORY(test_a_look_makes_nothing),
        IN_DIRECTORY(test_what_is_malformed_is_named),
    };

    json_init();
    (void)signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

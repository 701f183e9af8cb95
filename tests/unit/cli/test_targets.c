/*
 * targets: which files one run is about, under which keys, and what happens where one of two fails.
 */
#include "../support.h"

#include "cli/targets.h"

#include <pwd.h>

#include "../store/files.h"
#include "base/json.h"

/* Every variable that counts; each row sets what it names. */
static const char *const variables[] = {"HOME",
                                        "DOCKER_CONFIG",
                                        "REGISTRY_AUTH_FILE",
                                        "XDG_CONFIG_HOME",
                                        "XDG_RUNTIME_DIR",
                                        "DOCKER_AUTH_CONFIG"};

static int setup(void **state)
{
    (void)support_setup(state);
    for (size_t i = 0; i < COUNT(variables); i++)
        support_must(unsetenv(variables[i]) == 0, "unsetenv");
    support_must(setenv("HOME", "home", 1) == 0 && setenv("XDG_RUNTIME_DIR", "run", 1) == 0,
                 "setenv");
    support_must(mkdir("home", 0700) == 0 && mkdir("run", 0700) == 0, "mkdir");
    return 0;
}

static struct reference reference_of(const char *text)
{
    struct reference ref;
    struct error err = ERROR_INIT;

    support_must(reference_parse(&ref, text, &err) == 0, text);
    return ref;
}

/* As the stories do, which have one each. */
static struct run run;

static int find(struct targets *targets, const struct options *options,
                const struct reference *registry, struct error *err)
{
    run_begin(&run, options);
    support_must(run_find_subject(&run, err) == 0, err->message);
    run.subject.registry = *registry;
    return targets_find(targets, &run, err);
}

static void assert_target(const char *row, const struct target *target, const char *path,
                          const struct reader *format, const char *key, const char *host)
{
    assert_row_string(row, target->location.path, path);
    assert_row(row, target->location.owner == format);
    assert_row_string(row, target->key, key);
    assert_row_string(row, reader_host(target->reader, run.subject.registry.host), host);
    assert_row(row, !target->result.changed);
}

#define DOCKER_FILE     "home/.docker/config.json"
#define PODMAN_FILE     "run/containers/auth.json"
#define PERSISTENT_FILE "home/.config/containers/auth.json"
#define HUB             "https://index.docker.io/v1/"

static void test_files_and_keys(void **state)
{
    static const struct {
        const char *label;
        struct options options;
        const char *registry;
        const char *docker_path; /* NULL: not stored for docker */
        const char *docker_key;
        const char *podman_path;
        const char *podman_key;
    } rows[] = {
        {"nothing", {.docker = false}, "ghcr.io", DOCKER_FILE, "ghcr.io", NULL, NULL},
        {"docker", {.docker = true}, "ghcr.io:443", DOCKER_FILE, "ghcr.io:443", NULL, NULL},
        {"hub", {.docker = true}, "docker.io", DOCKER_FILE, HUB, NULL, NULL},
        {"config", {.config_dir = "cfg"}, "ghcr.io", "cfg/config.json", "ghcr.io", NULL, NULL},
        {"podman", {.podman = true}, "ghcr.io", NULL, NULL, PODMAN_FILE, "ghcr.io"},
        {"podman, hub", {.podman = true}, "docker.io", NULL, NULL, PODMAN_FILE, "docker.io"},
        {"namespace", {.podman = true}, "ghcr.io/o/i", NULL, NULL, PODMAN_FILE, "ghcr.io/o/i"},
        {"authfile", {.authfile = "a.json"}, "ghcr.io/o", NULL, NULL, "a.json", "ghcr.io/o"},
        {"persistent", {.persistent = true}, "ghcr.io", NULL, NULL, PERSISTENT_FILE, "ghcr.io"},
        {"podman, persistent",
         {.podman = true, .persistent = true},
         "ghcr.io",
         NULL,
         NULL,
         PERSISTENT_FILE,
         "ghcr.io"},
        {"both",
         {.docker = true, .podman = true},
         "docker.io",
         DOCKER_FILE,
         HUB,
         PODMAN_FILE,
         "docker.io"},
        {"docker and authfile",
         {.docker = true, .authfile = "a.json", .config_dir = "cfg"},
         "ghcr.io",
         "cfg/config.json",
         "ghcr.io",
         "a.json",
         "ghcr.io"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reference ref = reference_of(rows[i].registry);
        const char *row = rows[i].label;
        struct error err = ERROR_INIT;
        struct targets targets;
        size_t n = 0;

        if (find(&targets, &rows[i].options, &ref, &err) < 0)
            fail_msg("row '%s': %s", row, err.message);
        if (rows[i].docker_path != NULL)
            assert_target(row, &targets.items[n++], rows[i].docker_path, &reader_docker,
                          rows[i].docker_key, rows[i].docker_key);
        if (rows[i].podman_path != NULL)
            assert_target(row, &targets.items[n++], rows[i].podman_path, &reader_podman,
                          rows[i].podman_key, ref.host);
        assert_row(row, targets.count == n);
    }
    assert_int_equal(support_count("home"), 0); /* nothing was made */
}

static void test_docker_and_podman_may_share_one(void **state)
{
    struct options options = {.docker = true, .podman = true};
    struct reference ref = reference_of("docker.io");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_must(setenv("DOCKER_CONFIG", "cfg", 1) == 0, "setenv");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(targets.count, 1);
    assert_target("both", &targets.items[0], "cfg/config.json", &reader_docker, HUB, HUB);
    assert_ptr_equal(targets.items[0].second, &reader_podman);
    options.docker = false;
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(targets.count, 1);
    /* Its key there is docker's; helpers it names by what it calls the registry. */
    assert_target("podman", &targets.items[0], "cfg/config.json", &reader_docker, HUB, "docker.io");
    assert_null(targets.items[0].second);
}

static void test_docker_knows_no_namespaces(void **state)
{
    static const struct {
        const char *label;
        struct options options;
        const char *docker_config;
    } rows[] = {
        {"docker", {.docker = false}, NULL},
        {"both", {.docker = true, .podman = true}, NULL},
        {"podman in docker's file", {.podman = true}, "cfg"},
    };
    struct reference ref = reference_of("ghcr.io/owner");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        struct targets targets;

        if (rows[i].docker_config != NULL)
            support_must(setenv("DOCKER_CONFIG", rows[i].docker_config, 1) == 0, "setenv");
        assert_row(rows[i].label, find(&targets, &rows[i].options, &ref, &err) == 0);
        assert_row_string(rows[i].label, targets.items[0].key, "ghcr.io");
        assert_row(rows[i].label, run.warnings.count == 1);
        assert_row(rows[i].label,
                   strstr(run.warnings.items[0], "one credential for all of 'ghcr.io'") != NULL);
        if (targets.count > 1)
            assert_row_string(rows[i].label, targets.items[1].key, "ghcr.io/owner");
    }
}

static void test_runtime_directory_has_to_be_one(void **state)
{
    static const char *const rows[] = {"absent", "file"};
    struct options options = {.podman = true};
    struct reference ref = reference_of("ghcr.io");
    struct error none = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_write("file", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = ERROR_INIT;

        support_must(setenv("XDG_RUNTIME_DIR", rows[i], 1) == 0, "setenv");
        assert_row(rows[i], find(&targets, &options, &ref, &err) == -1);
        assert_error(rows[i], &err, CLASS_AUTHFILE, "which is not a directory");
        assert_row(rows[i], strstr(err.message, rows[i]) != NULL);
    }
    /* whose it is matters as little as it does to skopeo */
    support_must(mkdir("foreign", 0777) == 0, "mkdir");
    support_must(geteuid() != 0 || chown("foreign", 1234, 1234) == 0, "chown");
    support_must(setenv("XDG_RUNTIME_DIR", "foreign", 1) == 0, "setenv");
    assert_int_equal(find(&targets, &options, &ref, &none), 0);
}

static void test_user_database_stands_in_for_home(void **state)
{
    const struct passwd *user = getpwuid(geteuid());
    struct options options = {.docker = true};
    struct reference ref = reference_of("ghcr.io");
    struct error err = ERROR_INIT;
    struct targets targets;
    char path[PATH_MAX];

    (void)state;
    if (user == NULL)
        skip();
    (void)snprintf(path, sizeof(path), "%s/.docker/config.json", user->pw_dir);
    support_must(unsetenv("HOME") == 0, "unsetenv");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_string_equal(targets.items[0].location.path, path);
}

static int store_after(bool with_check, struct targets *targets, struct error *err)
{
    struct credential credential = {.username = "a", .token = support_secret("b")};
    struct secret auth = support_secret("YTpi");
    struct targets_entry entry = {.credential = &credential, .auth = &auth};
    int ret;

    run.deadline_ms = support_in_ms(2000);
    ret = with_check ? targets_check(targets, &run, &entry, err) : 0;
    if (ret == 0)
        ret = targets_store(targets, &run, &entry, err);
    credential_clear(&credential);
    secret_clear(&auth);
    return ret;
}

static int store_only(struct targets *targets, struct error *err)
{
    return store_after(false, targets, err);
}

static int store(struct targets *targets, struct error *err)
{
    return store_after(true, targets, err);
}

#define ENTRY "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t}\n\t}\n}\n"

static void test_both_are_stored(void **state)
{
    struct options options = {.docker = true, .podman = true};
    struct reference ref = reference_of("ghcr.io");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(find(&targets, &options, &ref, &err), 0);
        assert_int_equal(store(&targets, &err), 0);
        assert_int_equal(targets.items[0].result.changed, round == 0);
        assert_int_equal(targets.items[1].result.changed, round == 0);
        assert_true(support_holds(DOCKER_FILE, ENTRY));
        assert_true(support_holds(PODMAN_FILE, ENTRY));
    }
    assert_int_equal(run.warnings.count, 0);
}

static void test_nothing_is_stored_where_one_is_refused(void **state)
{
    struct options options = {.docker = true, .authfile = "bad.json"};
    struct reference ref = reference_of("ghcr.io");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_write("bad.json", "{");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(store(&targets, &err), -1);
    assert_error("bad", &err, CLASS_AUTHFILE, "'bad.json'");
    assert_int_equal(support_count("home"), 0);
    assert_true(support_holds("bad.json", "{"));
}

/* The second turned bad behind the check. */
static void test_half_of_it_is_told(void **state)
{
    struct options options = {.docker = true, .authfile = "bad.json"};
    struct reference ref = reference_of("ghcr.io");
    struct secret auth = support_secret("YTpi");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_write("bad.json", "{");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(store_only(&targets, &err), -1);
    assert_error("bad", &err, CLASS_AUTHFILE, "the entry is in '" DOCKER_FILE "' only");
    assert_non_null(strstr(err.message, "'bad.json'"));
    assert_true(targets.items[0].result.changed);
    assert_false(targets.items[1].result.changed);
    assert_true(support_holds(DOCKER_FILE, ENTRY));
    secret_clear(&auth);
}

static void test_warnings_come_from_each(void **state)
{
    struct options options = {.docker = true, .persistent = true};
    struct reference ref = reference_of("ghcr.io");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_must(setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"ghcr.io\":{\"auth\":\"eDp5\"}}}", 1) ==
                         0 &&
                     mkdir("run/containers", 0700) == 0,
                 "setenv");
    support_write(PODMAN_FILE, "{\"auths\":{\"ghcr.io\":{}}}");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(store(&targets, &err), 0);
    assert_int_equal(run.warnings.count, 2);
    assert_non_null(strstr(run.warnings.items[0], "DOCKER_AUTH_CONFIG"));
    assert_null(strstr(run.warnings.items[0], "eDp5"));
    assert_non_null(strstr(run.warnings.items[1], "'" PODMAN_FILE "' first"));
}

static void test_helper_is_asked_by_host(void **state)
{
    struct options options = {.authfile = "a.json"};
    struct reference ref = reference_of("ghcr.io/owner");
    struct error err = ERROR_INIT;
    struct targets targets;

    (void)state;
    support_write("a.json", "{\"credHelpers\":{\"ghcr.io\":\"pass\"}}");
    assert_int_equal(find(&targets, &options, &ref, &err), 0);
    assert_int_equal(store(&targets, &err), -1);
    assert_error("helper", &err, CLASS_HELPER, "credential helper");
    support_write("a.json", "{\"credsStore\":\"pass\"}"); /* which podman does not know */
    err = ERROR_INIT;
    assert_int_equal(store(&targets, &err), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_files_and_keys),
        IN_DIRECTORY(test_docker_and_podman_may_share_one),
        IN_DIRECTORY(test_docker_knows_no_namespaces),
        IN_DIRECTORY(test_runtime_directory_has_to_be_one),
        IN_DIRECTORY(test_user_database_stands_in_for_home),
        IN_DIRECTORY(test_both_are_stored),
        IN_DIRECTORY(test_nothing_is_stored_where_one_is_refused),
        IN_DIRECTORY(test_half_of_it_is_told),
        IN_DIRECTORY(test_warnings_come_from_each),
        IN_DIRECTORY(test_helper_is_asked_by_host),
    };

    json_init();
    return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}

/*
 * inventory: which keys docker's and podman's files, helpers, variable and record have to look up,
 * and that what cannot be read hides none of the rest.
 */
#include "../nth.h"
#include "../support.h"

#include "store/inventory.h"
#include "store/lookup.h"

#include "base/json.h"
#include "files.h"
#include "scripts.h"
#include "surroundings.h"

#define DOCKER  "home/.docker/config.json"
#define RUNTIME "run/containers/auth.json"
#define RECORD  "home/.config/ghcr-login/logins.json"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return nth_strikes() ? NULL : __real_malloc(size);
}

static int setup(void **state)
{
    static const char *const directories[] = {
        "home", "home/.docker", "home/.config", "home/.config/ghcr-login", "run", "run/containers"};

    surroundings_reset();
    (void)support_setup(state);
    for (size_t i = 0; i < COUNT(directories); i++)
        support_must(mkdir(directories[i], 0700) == 0, directories[i]);
    support_must(setenv("PATH", support_dir, 1) == 0, "PATH");
    return 0;
}

/* What was told: keys with a space behind each, and the classes of faults. */
struct told {
    char keys[1024];
    char faults[64];
};

static int on_key(void *ctx, const char *key, struct error *err)
{
    struct told *told = ctx;
    size_t len = strlen(told->keys);

    if (strcmp(key, "stop.example") == 0)
        return error_set(err, CLASS_INTERNAL, "stopped");
    (void)snprintf(told->keys + len, sizeof(told->keys) - len, "%s ", key);
    return 0;
}

static void on_fault(void *ctx, const char *path, const struct error *fault)
{
    struct told *told = ctx;
    size_t len = strlen(told->faults);

    assert_true(path[0] != '\0' && fault->message[0] != '\0');
    (void)snprintf(told->faults + len, sizeof(told->faults) - len, "%d ", (int)fault->cls);
}

/* The record is found by an absolute path alone. */
static const char *variable(const char *name)
{
    static char config[sizeof(support_dir) + sizeof("/home/.config")];

    if (strcmp(name, "XDG_CONFIG_HOME") != 0)
        return surroundings_variable(name);
    (void)snprintf(config, sizeof(config), "%s/home/.config", support_dir);
    return config;
}

static int visit(const struct reader *reader, struct told *told, struct error *err)
{
    struct location_request where = surroundings();
    struct inventory_visitor visitor = {.on_key = on_key, .on_fault = on_fault, .ctx = told};
    struct snapshot snapshot = SNAPSHOT_INIT;
    struct inventory_request request = {.reader = reader,
                                        .places = &where,
                                        .snapshot = &snapshot,
                                        .clock = clock_system(),
                                        .deadline_ms = support_in_ms(20000)};
    int ret;

    where.environment = variable;
    *told = (struct told){.keys = ""};
    ret = reader != NULL ? inventory_of_reader(&request, &visitor, err)
                         : inventory_of_record(&where, &visitor, err);
    snapshot_clear(&snapshot);
    return ret;
}

static void check(const struct reader *reader, const char *keys, const char *faults)
{
    struct told told;
    struct error err = ERROR_INIT;

    assert_int_equal(visit(reader, &told, &err), 0);
    assert_string_equal(told.keys, keys);
    assert_string_equal(told.faults, faults);
}

static void test_nothing_is_there(void **state)
{
    (void)state;
    check(&reader_docker, "", "");
    check(&reader_podman, "", "");
    check(NULL, "", "");
}

static void test_each_source(void **state)
{
    (void)state;
    docker_auth_config = "{\"auths\":{\"v.example\":{\"auth\":\"YTp4\"}}}";
    support_write(DOCKER, "{\"auths\":{\"a.example\":{},\"b.example\":{}},\"credHelpers\":"
                          "{\"b.example\":\"x\",\"c.example\":\"x\"},\"credsStore\":\"list\"}");
    support_write(RUNTIME, "{\"auths\":{\"p.example/team\":{}}}");
    scripts_make("docker-credential-list", "echo '{\"s.example\":\"u\",\"https://t.example/v1/\":"
                                           "\"u\"}'");
    check(&reader_docker,
          "v.example a.example b.example c.example s.example https://t.example/v1/ ", "");
    /* which obeys neither variable nor "credsStore" */
    check(&reader_podman, "p.example/team a.example b.example c.example ", "");
}

#define GOOD "\"v.example\":{\"auth\":\"YTp4\"}"

/* One reading for both: what docker would ignore as a whole names no key, and gives no entry. */
static void test_what_docker_takes_of_the_variable(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } rows[] = {
        {"{\"auths\":{" GOOD "}}", true},
        {" {\"AUTHS\" : {\"v.example\":{\"Auth\":\"YTp4\"}}}\n", true},
        {"{\"auths\":{\"\":{\"auth\":\"YTp4\"}," GOOD "}}", true},
        {"", false},
        {"null", false},
        {"[]", false},
        {"{", false},
        {"{}", false},
        {"{\"auths\":[]}", false},
        {"{\"auths\":null}", false},
        {"{\"v.example\":{\"auth\":\"YTp4\"}}", false},
        {"{\"auths\":{" GOOD "}} x", false},
        {"{\"auths\":{" GOOD "},\"credHelpers\":{\"w.example\":\"x\"}}", false},
        {"{\"auths\":{" GOOD "},\"AUTHS\":{" GOOD "}}", false},
        {"{\"auths\":{" GOOD "," GOOD "}}", false},
        {"{\"auths\":{\"v.example\":{}}}", false},
        {"{\"auths\":{\"v.example\":{\"auth\":\"\"}}}", false},
        {"{\"auths\":{\"v.example\":{\"auth\":1}}}", false},
        {"{\"auths\":{\"v.example\":\"YTp4\"}}", false},
        {"{\"auths\":{\"v.example\":{\"auth\":\"YTp4\",\"email\":\"\"}}}", false},
        {"{\"auths\":{\"v.example\":{\"username\":\"a\",\"password\":\"x\"}}}", false},
        {"{\"auths\":{" GOOD ",\"w.example\":{\"auth\":\"%\"}}}", false},
        {"{\"auths\":{" GOOD ",\"w.example\":{\"auth\":\"Yg==\"}}}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct location_request where = surroundings();
        struct lookup_request wanted = {
            .registry = "v.example", .name_space = "", .places = &where};
        struct lookup found = LOOKUP_INIT;
        struct error err = ERROR_INIT;
        struct secret rest = SECRET_INIT;
        struct told told;

        docker_auth_config = rows[i].text;
        assert_row(rows[i].text, visit(&reader_docker, &told, &err) == 0);
        assert_row(rows[i].text, (strstr(told.keys, "v.example ") != NULL) == rows[i].is_taken);
        assert_row(rows[i].text, rows[i].is_taken || told.keys[0] == '\0');
        assert_row(rows[i].text,
                   lookup_find(&found, &reader_docker, &wanted, &err) == rows[i].is_taken);
        assert_row(rows[i].text, lookup_variable_has(&reader_docker, rows[i].text, "v.example") ==
                                     rows[i].is_taken);
        assert_row(rows[i].text, lookup_variable_without(&rest, &reader_docker, rows[i].text,
                                                         "v.example", &err) == rows[i].is_taken);
        secret_clear(&rest);
        lookup_clear(&found);
    }
}

static void test_the_record(void **state)
{
    (void)state;
    support_write(RECORD, "{\"logins\":{\"r.example\":{\"username\":\"u\",\"file\":\"/t\"},"
                          "\"docker.io\":{\"username\":\"u\",\"command\":\"true\"}}}");
    support_must(chmod(RECORD, 0600) == 0, RECORD);
    check(NULL, "r.example docker.io ", "");
    support_write(RECORD, "{");
    check(NULL, "", "");
}

/* What cannot be read is told, and the rest is read. */
static void test_faults(void **state)
{
    static const char *const answers[] = {"exit 1", "echo '['", "echo '[]'", "echo 1"};

    (void)state;
    support_write(RUNTIME, "{");
    support_write(DOCKER, "{\"auths\":{\"a.example\":{}},\"credsStore\":\"list\"}");
    check(&reader_podman, "a.example ", "8 ");
    check(&reader_docker, "a.example ", "9 "); /* there is no such helper */
    for (size_t i = 0; i < COUNT(answers); i++) {
        scripts_make("docker-credential-list", answers[i]);
        check(&reader_docker, "a.example ", "9 ");
    }
    docker_auth_config = "{";
    scripts_make("docker-credential-list", "echo null");
    check(&reader_docker, "a.example ", "");
}

static void test_who_is_told_can_end_it(void **state)
{
    struct told told;
    struct error err = ERROR_INIT;

    (void)state;
    support_write(DOCKER, "{\"auths\":{\"a.example\":{},\"stop.example\":{},\"b.example\":{}}}");
    assert_int_equal(visit(&reader_docker, &told, &err), -1);
    assert_string_equal(told.keys, "a.example ");
    assert_string_equal(err.message, "stopped");
}

static void test_no_memory(void **state)
{
    struct told told;

    (void)state;
    support_write(DOCKER, "{\"auths\":{\"a.example\":{}},\"credHelpers\":{\"b.example\":\"x\"}}");
    for (unsigned n = 1; n < 1000; n++) {
        struct error err = ERROR_INIT;
        bool has_failed;
        int ret;

        nth_arm(n);
        ret = visit(&reader_docker, &told, &err);
        has_failed = nth_disarm();
        assert_true(has_failed || ret == 0);
        assert_true(ret < 0 || told.faults[0] != '\0' ||
                    strcmp(told.keys, "a.example b.example ") == 0);
        if (!has_failed)
            return;
    }
    fail_msg("it never ends");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_there, setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_each_source, setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_what_docker_takes_of_the_variable, setup,
                                        support_teardown),
        cmocka_unit_test_setup_teardown(test_the_record, setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_who_is_told_can_end_it, setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, support_teardown),
    };

    json_init();
    return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}

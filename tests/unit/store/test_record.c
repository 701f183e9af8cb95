/*
 * record: what is believed, what is refused, and what a change leaves of the rest.
 */
#include "../support.h"

#include "store/record.h"

#include "base/json.h"
#include "files.h"

static const char *home;

static const char *config_home;

static const char *play_environment(const char *name)
{
    return strcmp(name, "HOME") == 0              ? home
           : strcmp(name, "XDG_CONFIG_HOME") == 0 ? config_home
                                                  : NULL;
}

static int find(struct record *out, const char *host, struct error *err)
{
    *err = ERROR_INIT;
    return record_find(out, "dir/logins.json", host, err);
}

static void make_directory(void)
{
    support_must(mkdir("dir", 0700) == 0, "mkdir");
}

static struct record_edit edit_of(const char *host, const struct record *record,
                                  const char *const *files, size_t count)
{
    return (struct record_edit){.path = "dir/logins.json",
                                .host = host,
                                .record = record,
                                .files = files,
                                .count = count,
                                .clock = clock_system(),
                                .deadline_ms = support_in_ms(10000)};
}

static bool put(const char *host, const struct record *record, const char *file)
{
    struct record_edit edit = edit_of(host, record, &file, 1);
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    bool due = false;
    bool changed = false;

    assert_int_equal(record_check(&edit, &due, &err), 0);
    if (record_put(&edit, &changed, &warnings, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(due, changed);
    assert_int_equal(warnings.count, 0);
    return changed;
}

static bool drop(const char *host)
{
    struct record_edit edit = edit_of(host, NULL, NULL, 0);
    struct warnings warnings = {.count = 0};
    struct error err = ERROR_INIT;
    bool kept = false;

    if (record_drop(&edit, &kept, &warnings, &err) < 0)
        fail_msg("%s", err.message);
    return kept;
}

static void test_where_it_is(void **state)
{
    struct location_request request = {.environment = play_environment};
    struct error err = ERROR_INIT;
    char path[PATH_MAX];
    char deep[PATH_MAX];

    (void)state;
    home = "/home/u";
    assert_int_equal(record_path(path, &request, &err), 0);
    assert_string_equal(path, "/home/u/.config/ghcr-login/logins.json");
    config_home = "/etc/x";
    assert_int_equal(record_path(path, &request, &err), 0);
    assert_string_equal(path, "/etc/x/ghcr-login/logins.json");
    /* A path from here would be another one for each process. */
    config_home = "x";
    assert_int_equal(record_path(path, &request, &err), 0);
    assert_string_equal(path, "/home/u/.config/ghcr-login/logins.json");
    home = "u";
    assert_int_equal(record_path(path, &request, &err), -1);
    assert_error("relative", &err, CLASS_AUTHFILE,
                 "no place for the record of logins: HOME is not an absolute path");
    assert_string_equal(err.hint, "set HOME to the home directory");
    err = ERROR_INIT;
    home = NULL;
    assert_int_equal(record_path(path, &request, &err), -1);
    assert_error("no home", &err, CLASS_AUTHFILE, "HOME is not set");
    err = ERROR_INIT;
    request.passwd_home = "/home/p";
    assert_int_equal(record_path(path, &request, &err), 0);
    assert_string_equal(path, "/home/p/.config/ghcr-login/logins.json");
    memset(deep, 'x', sizeof(deep));
    memcpy(deep, "/", 1);
    deep[PATH_MAX - strlen("/.config/ghcr-login/logins.json")] = '\0';
    home = deep;
    assert_int_equal(record_path(path, &request, &err), -1);
    assert_error("too long", &err, CLASS_AUTHFILE, "too long");
}

static void test_one_is_put_and_found(void **state)
{
    struct record of_file = {.username = "u", .file = "/run/t"};
    struct record of_command = {.username = "v\xc3\xa9", .command = "echo \"$X\"\t"};
    struct record found;
    struct error err;

    (void)state;
    assert_int_equal(find(&found, "ghcr.io", &err), 0);
    assert_true(put("ghcr.io", &of_file, "/a"));
    assert_int_equal(support_mode("dir"), 0700);
    assert_int_equal(support_mode("dir/logins.json"), 0600);
    assert_true(support_holds(
        "dir/logins.json", "{\n\t\"logins\": {\n\t\t\"ghcr.io\": "
                           "{\"username\":\"u\",\"file\":\"/run/t\",\"for\":[\"/a\"]}\n\t}\n}\n"));
    assert_false(put("ghcr.io", &of_file, "/a"));
    assert_true(put("quay.io", &of_command, "/a"));
    assert_true(put("ghcr.io", &of_file, "/b"));
    assert_int_equal(find(&found, "ghcr.io", &err), 1);
    assert_string_equal(found.file, "/run/t");
    assert_string_equal(found.command, "");
    assert_int_equal(find(&found, "quay.io", &err), 1);
    assert_string_equal(found.username, of_command.username);
    assert_string_equal(found.command, of_command.command);
    assert_int_equal(find(&found, "ghcr.i", &err), 0);
    assert_int_equal(support_count("dir"), 1);
}

static void test_what_is_no_text_cannot_be_recorded(void **state)
{
    struct record record = {.username = "u", .command = "echo \xff"};
    struct record_edit edit = edit_of("ghcr.io", &record, NULL, 0);
    struct error err = ERROR_INIT;
    bool due;

    (void)state;
    assert_int_equal(record_check(&edit, &due, &err), -1);
    assert_error("not UTF-8", &err, CLASS_AUTHFILE, "is not UTF-8");
    assert_string_equal(err.hint, "use names in UTF-8");
}

/* The file itself is read: it may name the helper still, or another, or be gone. */
static void test_it_goes_with_the_last_file_that_asks(void **state)
{
    struct record record = {.username = "u", .file = "/run/t"};
    struct record found;
    struct error err;
    char paths[3][PATH_MAX];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%.4000s/%zu", support_dir, i);
        support_write(paths[i], "{}");
        assert_true(put("docker.io", &record, paths[i]));
    }
    assert_true(put("ghcr.io", &record, paths[0]));
    /* Docker's name of it, and podman's. */
    support_write(paths[0], "{\"credHelpers\":{\"https://index.docker.io/v1/\":\"ghcr-login\"}}");
    support_write(paths[1], "{\"credHelpers\":{\"docker.io\":\"ghcr-login\"}}");
    support_write(paths[2], "{\"credHelpers\":{\"docker.io\":\"pass\"}}");
    assert_false(drop("ghcr.io"));
    assert_int_equal(find(&found, "ghcr.io", &err), 0);
    assert_true(drop("docker.io"));
    support_write(paths[0], "{}");
    assert_true(drop("docker.io"));
    support_write(paths[1], "{"); /* who knows what it says */
    assert_true(drop("docker.io"));
    support_must(unlink(paths[1]) == 0, "unlink");
    assert_int_equal(find(&found, "docker.io", &err), 1);
    assert_false(drop(NULL));
    assert_int_equal(find(&found, "docker.io", &err), 0);
    assert_true(support_holds("dir/logins.json", "{\n\t\"logins\": {}\n}\n"));
    assert_false(drop("docker.io"));
}

/* Else a job that has a new directory each time would fill it. */
static void test_files_that_are_gone_are_forgotten(void **state)
{
    struct record record = {.username = "u", .file = "/run/t"};

    (void)state;
    assert_true(put("ghcr.io", &record, "/gone/1"));
    assert_true(put("ghcr.io", &record, "/etc/passwd"));
    assert_true(put("ghcr.io", &record, "/gone/2"));
    assert_true(support_holds("dir/logins.json",
                              "{\n\t\"logins\": {\n\t\t\"ghcr.io\": {\"username\":\"u\",\"file\":"
                              "\"/run/t\",\"for\":[\"/etc/passwd\",\"/gone/2\"]}\n\t}\n}\n"));
    assert_false(put("ghcr.io", &record, "/gone/2"));
}

/* It would take every other login with it. */
static void test_nothing_is_written_that_could_not_be_read(void **state)
{
    static struct record large = {.username = "u"};
    static const char relative[] = "a";
    const char *const files[] = {relative};
    struct record small = {.username = "u", .file = "/run/t"};
    struct record_edit edit = edit_of("ghcr.io", &small, files, 1);
    struct warnings warnings = {.count = 0};
    struct record found;
    struct error err = ERROR_INIT;
    bool changed;
    unsigned count = 0;
    char host[32];

    (void)state;
    assert_int_equal(record_check(&edit, &changed, &err), -1);
    assert_error("relative", &err, CLASS_AUTHFILE, "malformed");
    err = ERROR_INIT;
    assert_int_equal(record_put(&edit, &changed, &warnings, &err), -1);
    memset(large.command, 'x', RECORD_COMMAND_MAX);
    edit = edit_of(host, &large, NULL, 0);
    do {
        err = ERROR_INIT;
        (void)snprintf(host, sizeof(host), "%u.example", count++);
    } while (record_check(&edit, &changed, &err) == 0 && count < 100 &&
             record_put(&edit, &changed, &warnings, &err) == 0);
    assert_error("full", &err, CLASS_AUTHFILE, "would be longer than");
    assert_string_equal(err.hint, "log out of registries that are no longer needed");
    err = ERROR_INIT;
    assert_int_equal(record_put(&edit, &changed, &warnings, &err), -1);
    assert_int_equal(find(&found, "0.example", &err), 1);
    (void)snprintf(host, sizeof(host), "0.example");
    assert_false(drop(host));
    assert_int_equal(find(&found, "1.example", &err), 1);
}

static void test_no_record_is_made_to_drop_from(void **state)
{
    (void)state;
    assert_false(drop("ghcr.io"));
    assert_int_equal(support_count("."), 0);
}

#define LOGIN(members) "{\"logins\":{\"ghcr.io\":{" members "}}}"

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"{", "is not valid JSON"},
        {" ", "is not valid JSON"},
        {"[]", "not a record"},
        {"{}", "not a record"},
        {"{\"logins\":[]}", "not a record"},
        {"{\"logins\":{},\"x\":1}", "not a record"},
        {"{\"logins\":{},\"logins\":{}}", "the same key twice"},
        {"{\"logins\":{}} x", "is not valid JSON"},
        {"{\"logins\":{\"ghcr.io\":1}}", "must have a user name"},
        {LOGIN(""), "must have a user name"},
        {LOGIN("\"username\":\"u\""), "a file or a command"},
        {LOGIN("\"file\":\"/a\""), "must have a user name"},
        {LOGIN("\"username\":\"u\",\"file\":\"/a\",\"command\":\"b\""), "a file or a command"},
        {LOGIN("\"username\":\"u\",\"file\":\"a\""), "malformed"},
        {LOGIN("\"username\":\"u\",\"file\":\"\""), "malformed"},
        {LOGIN("\"username\":\"u\",\"file\":1"), "has an unknown or malformed member"},
        {LOGIN("\"username\":\"u\",\"file\":\"/a\\u0000b\""), "malformed"},
        {LOGIN("\"username\":\"u\",\"File\":\"/a\""), "unknown"},
        {LOGIN("\"username\":\"u\",\"file\":\"/a\",\"for\":\"/b\""), "malformed"},
        {LOGIN("\"username\":\"u\",\"file\":\"/a\",\"for\":[\"b\"]"), "malformed"},
        {LOGIN("\"username\":\"u\",\"file\":\"/a\",\"for\":[1]"), "malformed"},
        /* One that is wrong spoils all of them. */
        {"{\"logins\":{\"ghcr.io\":{\"username\":\"u\",\"file\":\"/a\"},\"b\":{}}}",
         "'b' must have"},
    };
    struct record ignored;
    struct secret list = SECRET_INIT;
    struct error err;

    (void)state;
    make_directory();
    for (size_t i = 0; i < COUNT(rows); i++) {
        support_write("dir/logins.json", rows[i].text);
        assert_row(rows[i].text, find(&ignored, "ghcr.io", &err) == -1);
        assert_error(rows[i].text, &err, CLASS_AUTHFILE, rows[i].words);
        err = ERROR_INIT;
        assert_row(rows[i].text, record_list(&list, "dir/logins.json", &err) == -1);
        assert_row(rows[i].text, strstr(err.hint, "set the logins up again") != NULL);
        assert_row(rows[i].text, support_holds("dir/logins.json", rows[i].text));
    }
}

static void test_whom_it_has_to_belong_to(void **state)
{
    static const struct {
        mode_t file;
        mode_t directory;
        bool is_believed;
    } rows[] = {
        {0600, 0700, true},  {0644, 0755, true},  {0400, 0500, true},  {0620, 0700, false},
        {0602, 0700, false}, {0600, 0720, false}, {0600, 0702, false}, {0600, 01777, false},
    };
    struct record record = {.username = "u", .file = "/run/t"};
    struct record_edit edit = edit_of("ghcr.io", &record, NULL, 0);
    struct warnings warnings = {.count = 0};
    struct record found;
    struct error err;
    bool changed;

    (void)state;
    make_directory();
    support_write("dir/logins.json", LOGIN("\"username\":\"u\",\"file\":\"/a\""));
    for (size_t i = 0; i < COUNT(rows); i++) {
        support_must(chmod("dir/logins.json", rows[i].file) == 0 &&
                         chmod("dir", rows[i].directory) == 0,
                     "chmod");
        assert_int_equal(find(&found, "ghcr.io", &err), rows[i].is_believed ? 1 : -1);
        if (rows[i].is_believed)
            continue;
        assert_error("mode", &err, CLASS_AUTHFILE, "is ignored");
        err = ERROR_INIT;
        assert_int_equal(record_put(&edit, &changed, &warnings, &err), -1);
    }
    support_must(chmod("dir", 0700) == 0, "chmod");
    if (geteuid() != 0)
        return;
    support_must(chown("dir/logins.json", SUPPORT_NOBODY, 0) == 0, "chown");
    support_must(chmod("dir/logins.json", 0600) == 0, "chmod");
    assert_int_equal(find(&found, "ghcr.io", &err), -1);
    assert_error("owner", &err, CLASS_AUTHFILE, "belongs to another user");
    assert_string_equal(err.hint, "set the login up again as this user, with --at-pull");
}

static void test_the_list(void **state)
{
    struct record record = {.username = "u", .file = "/run/t"};
    struct secret list = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(record_list(&list, "dir/logins.json", &err), 0);
    assert_string_equal(secret_text(&list), "{}");
    secret_clear(&list);
    assert_true(put("ghcr.io", &record, "/a"));
    assert_true(put("quay.io", &record, "/a"));
    assert_int_equal(record_list(&list, "dir/logins.json", &err), 0);
    assert_string_equal(secret_text(&list), "{\"ghcr.io\":\"u\",\"quay.io\":\"u\"}");
    secret_clear(&list);
}

static void test_nobody_answers_unasked(void **state)
{
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(record_answer("ghcr.io", &username, &token, clock_system(), 0, &err), -1);
    assert_error("no answer", &err, CLASS_INTERNAL, "record of logins cannot be read");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_it_is),
        IN_DIRECTORY(test_one_is_put_and_found),
        IN_DIRECTORY(test_what_is_no_text_cannot_be_recorded),
        IN_DIRECTORY(test_it_goes_with_the_last_file_that_asks),
        IN_DIRECTORY(test_files_that_are_gone_are_forgotten),
        IN_DIRECTORY(test_nothing_is_written_that_could_not_be_read),
        IN_DIRECTORY(test_no_record_is_made_to_drop_from),
        IN_DIRECTORY(test_what_is_refused),
        IN_DIRECTORY(test_whom_it_has_to_belong_to),
        IN_DIRECTORY(test_the_list),
        cmocka_unit_test(test_nobody_answers_unasked),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * helper: what a credential helper is given, to the byte, and every way in which one can fail. The
 * helpers are shell scripts on a PATH of their own.
 */
#include "../support.h"

#include "base/json.h"
#include "store/helper/helper.h"

#include "scripts.h"

#define TOKEN        "ghp_exampleToken1234567890"
#define TOKEN_BASE64 "Z2hwX2V4YW1wbGVUb2tlbjEyMzQ1Njc4OTA="
#define AUTH_BASE64  "b2N0b2NhdDpnaHBfZXhhbXBsZVRva2VuMTIzNDU2Nzg5MA=="
#define PROGRAM      "docker-credential-x"
#define ANSWER       "{\"ServerURL\":\"ghcr.io\",\"Username\":\"octocat\",\"Secret\":\"" TOKEN "\"}"

static struct secret token;

static int setup(void **state)
{
    char path[PATH_MAX + 32];
    int ret = support_setup(state);

    (void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", support_dir);
    support_must(setenv("PATH", path, 1) == 0, "setenv");
    return ret;
}

static struct helper helper_with(int64_t wait_ms)
{
    return (struct helper){
        .name = "x", .clock = clock_system(), .deadline_ms = support_in_ms(wait_ms)};
}

static int store(struct error *err)
{
    struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);

    *err = ERROR_INIT;
    return helper_store(&helper, "ghcr.io", "octocat", &token, err);
}

static int get(struct secret *username, struct secret *found, struct error *err)
{
    struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);

    *err = ERROR_INIT;
    return helper_get(&helper, "ghcr.io", username, found, err);
}

static int erase(struct error *err)
{
    struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);

    *err = ERROR_INIT;
    return helper_erase(&helper, "ghcr.io", err);
}

/* The message of a failure, in which no form of the token is. */
static void assert_message(const char *label, const struct error *err, const char *part)
{
    static const char *const forms[] = {TOKEN, TOKEN_BASE64, AUTH_BASE64};

    assert_error(label, err, CLASS_HELPER, part);
    for (size_t i = 0; i < COUNT(forms); i++)
        assert_not_shown(label, err, forms[i]);
}

static void assert_store_fails(const char *body, const char *part)
{
    struct error err;

    scripts_make(PROGRAM, body);
    assert_row(body, store(&err) < 0);
    assert_message(body, &err, part);
    assert_row(body, strstr(err.hint, "--no-helper") != NULL);
}

static void assert_get_fails(const char *body, const char *part)
{
    struct secret username = secret_of("before");
    struct secret found = secret_of("before");
    struct error err;

    scripts_make(PROGRAM, body);
    assert_row(body, get(&username, &found, &err) < 0);
    assert_message(body, &err, part);
    assert_row_string(body, secret_text(&username), "before");
    assert_row_string(body, secret_text(&found), "before");
    secret_clear(&username);
    secret_clear(&found);
}

static void test_what_each_action_gives_it(void **state)
{
    struct secret username = SECRET_INIT;
    struct secret found = SECRET_INIT;
    struct error err;

    (void)state;
    scripts_make(PROGRAM, "cat >input; [ $1 != get ] || echo '" ANSWER "'");
    assert_int_equal(store(&err), 0);
    assert_true(support_holds("input", ANSWER "\n"));
    assert_int_equal(get(&username, &found, &err), 1);
    assert_true(support_holds("input", "ghcr.io"));
    assert_string_equal(secret_text(&username), "octocat");
    assert_string_equal(secret_text(&found), TOKEN);
    assert_int_equal(erase(&err), 0);
    assert_true(support_holds("input", "ghcr.io"));
    secret_clear(&username);
    secret_clear(&found);
}

static void test_arguments_are_the_program_and_the_action(void **state)
{
    char expected[PATH_MAX + 64];
    struct error err;

    (void)state;
    scripts_make(PROGRAM, "tr '\\0' ' ' </proc/$$/cmdline >args");
    assert_int_equal(store(&err), 0);
    /* The kernel puts the interpreter in front, and the path in place of the script's name. */
    (void)snprintf(expected, sizeof(expected), "/bin/sh %s/" PROGRAM " store ", support_dir);
    assert_true(support_holds("args", expected));
}

static void test_environment_without_the_token(void **state)
{
    struct secret seen;
    struct error err;

    (void)state;
    support_must(setenv("GHCR_TOKEN", "other", 1) == 0 && setenv("HOME", "/h", 1) == 0, "setenv");
    scripts_make(PROGRAM, "tr '\\0' '\\n' </proc/$$/environ >env");
    assert_int_equal(store(&err), 0);
    seen = support_read("env");
    assert_non_null(strstr(seen.data, "HOME=/h\n"));
    assert_non_null(strstr(seen.data, "PATH="));
    assert_null(strstr(seen.data, "GHCR_TOKEN"));
    assert_null(strstr(seen.data, TOKEN));
    secret_clear(&seen);
    assert_int_equal(erase(&err), 0);
    seen = support_read("env");
    assert_null(strstr(seen.data, "GHCR_TOKEN"));
    secret_clear(&seen);
    support_must(unsetenv("GHCR_TOKEN") == 0, "unsetenv");
}

static void test_failures_in_its_own_words(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"exit 1", "'" PROGRAM " store' failed with status 1"},
        {"echo 'no keyring'; echo more; exit 1", " store' failed with status 1: no keyring"},
        {"echo 'no gpg' >&2; exit 2", " store' failed with status 2: no gpg"},
        {"echo ' '; echo 'no gpg' >&2; exit 1", "status 1: no gpg"},
        {"echo 'credentials not found in native keychain'; exit 1",
         "status 1: credentials not found"},
        {"cat; exit 1", "status 1: its output contains the credential and is not shown"},
        {"echo 'refused: " TOKEN "' >&2; exit 1", "contains the credential"},
        {"echo 'refused: " AUTH_BASE64 "'; exit 1", "contains the credential"},
        {"kill -KILL $$", "'" PROGRAM " store' was killed by signal 9 (Killed)"},
        {"yes", "'" PROGRAM " store' printed more than 65536 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_store_fails(rows[i].body, rows[i].part);
}

static void test_what_it_says_when_it_succeeds_is_ignored(void **state)
{
    struct error err;

    (void)state;
    scripts_make(PROGRAM, "echo stored; echo warning >&2");
    assert_int_equal(store(&err), 0);
    assert_int_equal(erase(&err), 0);
}

static void test_one_that_hangs(void **state)
{
    struct helper helper = helper_with(150);
    struct error err = ERROR_INIT;

    (void)state;
    scripts_make(PROGRAM, "echo $$ >pid; exec sleep 600");
    assert_int_equal(helper_store(&helper, "ghcr.io", "octocat", &token, &err), -1);
    assert_message("hangs", &err, "'" PROGRAM " store' timed out and was killed");
    assert_non_null(strstr(err.hint, "unlock"));
    assert_true(scripts_is_gone(scripts_pid("pid")));
}

static void test_one_that_cannot_be_started(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(store(&err), -1);
    assert_message("absent", &err, "cannot find '" PROGRAM "' on PATH");
    assert_non_null(strstr(err.hint, "--no-helper"));
    support_write(PROGRAM, "text\n");
    assert_int_equal(store(&err), -1);
    assert_message("not executable", &err, PROGRAM "' is not executable");
    support_must(chmod(PROGRAM, 0755) == 0, "chmod");
    assert_int_equal(store(&err), -1);
    assert_message("no program", &err, PROGRAM "': Exec format error");
    assert_non_null(strstr(err.hint, "for another architecture"));
    assert_non_null(strstr(err.hint, "--no-helper"));
}

/* Nothing is run for them, wherever they lead. */
static void test_names_that_are_none(void **state)
{
    static const char *const rows[] = {"", "/", "../x", "../../bin/x", "x/", "a/b"};
    char too_long[NAME_MAX + 1];
    struct error err;

    (void)state;
    support_must(mkdir("docker-credential-..", 0755) == 0 &&
                     mkdir("docker-credential-a", 0755) == 0,
                 "mkdir");
    scripts_make("docker-credential-a/b", "touch ran");
    scripts_make("x", "touch ran");
    memset(too_long, 'x', NAME_MAX);
    too_long[NAME_MAX] = '\0';
    for (size_t i = 0; i <= COUNT(rows); i++) {
        struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);

        helper.name = i < COUNT(rows) ? rows[i] : too_long;
        err = ERROR_INIT;
        assert_row(helper.name, helper_store(&helper, "ghcr.io", "octocat", &token, &err) < 0);
        assert_message(helper.name, &err, "is not a valid credential helper name");
        assert_row(helper.name, access("ran", F_OK) < 0);
    }
}

static void test_a_token_that_it_cannot_be_given(void **state)
{
    struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);
    struct secret latin1 = secret_of("caf\xe9");
    struct error err = ERROR_INIT;

    (void)state;
    scripts_make(PROGRAM, "touch ran");
    assert_int_equal(helper_store(&helper, "ghcr.io", "octocat", &latin1, &err), -1);
    assert_error("Latin-1", &err, CLASS_HELPER, "UTF-8");
    assert_int_equal(access("ran", F_OK), -1);
    secret_clear(&latin1);
}

/* Nor can it be told then what its words must not repeat. */
static void test_words_beside_a_token_that_it_cannot_be_given(void **state)
{
    struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);
    struct secret latin1 = secret_of("caf\xe9");
    struct secret username = SECRET_INIT;
    struct secret found = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    helper.username = "octocat";
    helper.token = &latin1;
    scripts_make(PROGRAM, "printf 'some words of caf\\351'; exit 1");
    assert_int_equal(helper_get(&helper, "ghcr.io", &username, &found, &err), -1);
    assert_error("Latin-1", &err, CLASS_HELPER, "failed with status 1");
    assert_not_shown("Latin-1", &err, "some words");
    secret_clear(&latin1);
}

static void test_get_fails(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"echo 'no keyring'; exit 1", "'" PROGRAM " get' failed with status 1: no keyring"},
        {"echo '" ANSWER "'; exit 1", "' failed with status 1"},
        {"true", "'" PROGRAM " get': its answer is not valid JSON (line 1"},
        {"echo '" TOKEN "'", "'" PROGRAM " get': its answer is not valid JSON (line 1"},
        {"echo '[]'", "'" PROGRAM " get': its answer lacks"},
        {"yes", "printed more than"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_get_fails(rows[i].body, rows[i].part);
}

static void test_get_finds_nothing(void **state)
{
    static const char *const rows[] = {
        "echo 'credentials not found in native keychain'; exit 1",
        "printf 'credentials not found in native keychain\\r\\n\\n'; exit 2",
        "echo '{\"ServerURL\":\"ghcr.io\",\"Username\":\"\",\"Secret\":\"\"}'",
        "echo '{}'",
        "echo '{\"ServerURL\":\"ghcr.io\",\"Username\":null}'",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret username = secret_of("before");
        struct secret found = secret_of("before");
        struct error err;

        scripts_make(PROGRAM, rows[i]);
        assert_row(rows[i], get(&username, &found, &err) == 0);
        assert_row(rows[i], err.cls == CLASS_NONE);
        assert_row_string(rows[i], secret_text(&found), "before");
        secret_clear(&username);
        secret_clear(&found);
    }
}

/* Of several names of a registry it may serve one, and fail for the others. */
static void test_what_counts_as_a_refusal(void **state)
{
    static const struct {
        const char *body;
        int ret;
        bool has_refused;
    } rows[] = {
        {"echo '" ANSWER "'", 1, false},
        {"echo 'credentials not found in native keychain'; exit 1", 0, false},
        {"echo 'program failed'; exit 1", -1, true},
        {"kill -KILL $$", -1, false},
        {"echo '['", -1, false},
        {"yes", -1, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct helper helper = helper_with(SCRIPTS_PATIENCE_MS);
        struct secret username = SECRET_INIT;
        struct secret found = SECRET_INIT;
        struct error err = ERROR_INIT;
        bool has_refused = !rows[i].has_refused;

        scripts_make(PROGRAM, rows[i].body);
        assert_row(rows[i].body, helper_probe(&helper, "ghcr.io", &username, &found, &has_refused,
                                              &err) == rows[i].ret);
        assert_row(rows[i].body, has_refused == rows[i].has_refused);
        secret_clear(&username);
        secret_clear(&found);
    }
}

static void test_an_identity_token(void **state)
{
    struct secret username = SECRET_INIT;
    struct secret found = SECRET_INIT;
    struct error err;

    (void)state;
    scripts_make(PROGRAM, "echo '{\"Username\":\"<token>\",\"Secret\":\"refresh\"}'");
    assert_int_equal(get(&username, &found, &err), 1);
    assert_string_equal(secret_text(&username), "<token>");
    assert_string_equal(secret_text(&found), "refresh");
    secret_clear(&username);
    secret_clear(&found);
}

static void test_erasing_what_is_not_there(void **state)
{
    static const char *const rows[] = {
        "echo 'credentials not found in native keychain'; exit 1",
        /* docker-credential-pass 0.6.4 */
        "[ $1 != erase ] || { echo 'is not in the password store.'; exit 1; }; "
        "echo '{\"ServerURL\":\"ghcr.io\",\"Username\":\"\",\"Secret\":\"\"}'",
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        scripts_make(PROGRAM, rows[i]);
        assert_row(rows[i], erase(&err) == 0);
        assert_row(rows[i], err.cls == CLASS_NONE);
    }
}

static void test_erase_fails(void **state)
{
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"[ $1 != erase ] || { echo 'it is locked'; exit 1; }; echo '" ANSWER "'",
         "'" PROGRAM " erase' failed with status 1: it is locked"},
        {"echo \"$1: it is locked\"; exit 1", " erase' failed with status 1: erase: it is locked"},
        {"[ $1 != erase ] || kill -KILL $$; echo 'credentials not found in native keychain'; exit "
         "1",
         "was killed by signal 9"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;

        scripts_make(PROGRAM, rows[i].body);
        assert_row(rows[i].body, erase(&err) < 0);
        assert_message(rows[i].body, &err, rows[i].part);
    }
}

static int setup_all(void **state)
{
    (void)state;
    json_init();
    token = secret_of(TOKEN);
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR; /* as main() does */
}

static int teardown_all(void **state)
{
    (void)state;
    secret_clear(&token);
    return 0;
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_what_each_action_gives_it),
        IN_DIRECTORY(test_arguments_are_the_program_and_the_action),
        IN_DIRECTORY(test_environment_without_the_token),
        IN_DIRECTORY(test_failures_in_its_own_words),
        IN_DIRECTORY(test_what_it_says_when_it_succeeds_is_ignored),
        IN_DIRECTORY(test_one_that_hangs),
        IN_DIRECTORY(test_one_that_cannot_be_started),
        IN_DIRECTORY(test_names_that_are_none),
        IN_DIRECTORY(test_a_token_that_it_cannot_be_given),
        IN_DIRECTORY(test_words_beside_a_token_that_it_cannot_be_given),
        IN_DIRECTORY(test_get_fails),
        IN_DIRECTORY(test_get_finds_nothing),
        IN_DIRECTORY(test_what_counts_as_a_refusal),
        IN_DIRECTORY(test_an_identity_token),
        IN_DIRECTORY(test_erasing_what_is_not_there),
        IN_DIRECTORY(test_erase_fails),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}

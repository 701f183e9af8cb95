/*
 * helper with a real one: docker-credential-pass, pass(1) and gpg(1), with a throwaway key and
 * store. Skipped where they are not installed.
 */
#include "../support.h"

#include "base/json.h"
#include "store/helper/helper.h"

#include "scripts.h"

#define INIT                                                                                       \
    "gpg --batch --quiet --passphrase '' --quick-gen-key t@example.invalid default default never " \
    "&& pass init t@example.invalid >/dev/null"
#define HUB "https://index.docker.io/v1/"

static struct helper helper(void)
{
    return (struct helper){
        .name = "pass", .clock = clock_system(), .deadline_ms = support_in_ms(SCRIPTS_PATIENCE_MS)};
}

static bool is_installed(void)
{
    return system("command -v docker-credential-pass pass gpg >/dev/null") == 0;
}

static int setup(void **state)
{
    char home[PATH_MAX + 16];
    char store[PATH_MAX + 16];
    int ret = support_setup(state);

    (void)snprintf(home, sizeof(home), "%s/gnupg", support_dir);
    (void)snprintf(store, sizeof(store), "%s/store", support_dir);
    support_must(mkdir(home, 0700) == 0 && setenv("GNUPGHOME", home, 1) == 0 &&
                     setenv("PASSWORD_STORE_DIR", store, 1) == 0 &&
                     setenv("HOME", support_dir, 1) == 0,
                 "setenv");
    return ret;
}

static int teardown(void **state)
{
    if (is_installed())
        support_must(system("gpgconf --kill all") == 0, "gpgconf"); /* the agent */
    return support_teardown(state);
}

static void must_store(const char *server_url, const char *username, const char *text)
{
    struct helper pass = helper();
    struct secret token = secret_of(text);
    struct error err = ERROR_INIT;

    if (helper_store(&pass, server_url, username, &token, &err) < 0)
        fail_msg("'%s': %s", server_url, err.message);
    secret_clear(&token);
}

/* `username` NULL: it has nothing. */
static void assert_gets(const char *server_url, const char *username, const char *text)
{
    struct helper pass = helper();
    struct secret found_name = SECRET_INIT;
    struct secret found_token = SECRET_INIT;
    struct error err = ERROR_INIT;
    int found = helper_get(&pass, server_url, &found_name, &found_token, &err);

    if (found < 0)
        fail_msg("'%s': %s", server_url, err.message);
    assert_row(server_url, found == (username != NULL));
    if (username != NULL) {
        assert_row_string(server_url, secret_text(&found_name), username);
        assert_row_string(server_url, secret_text(&found_token), text);
    }
    secret_clear(&found_name);
    secret_clear(&found_token);
}

static void must_erase(const char *server_url)
{
    struct helper pass = helper();
    struct error err = ERROR_INIT;

    if (helper_erase(&pass, server_url, &err) < 0)
        fail_msg("'%s': %s", server_url, err.message);
}

static void test_store_get_erase(void **state)
{
    (void)state;
    if (!is_installed())
        skip();
    support_must(system(INIT) == 0, "gpg, pass");
    assert_gets("ghcr.io", NULL, NULL);
    must_erase("ghcr.io");
    must_store("ghcr.io", "octocat", TOKEN_CLASSIC);
    must_store(HUB, "J\xc3\xb6rg \"J\"", "a \"quoted\" \\ \xe2\x82\xac <&>'$`");
    assert_gets("ghcr.io", "octocat", TOKEN_CLASSIC);
    assert_gets(HUB, "J\xc3\xb6rg \"J\"", "a \"quoted\" \\ \xe2\x82\xac <&>'$`");
    must_store("ghcr.io", "octocat", token_installation());
    assert_gets("ghcr.io", "octocat", token_installation());
    assert_gets("quay.io", NULL, NULL);
    must_erase("ghcr.io");
    assert_gets("ghcr.io", NULL, NULL);
    must_erase("ghcr.io");
    assert_gets(HUB, "J\xc3\xb6rg \"J\"", "a \"quoted\" \\ \xe2\x82\xac <&>'$`");
}

static void test_its_own_words(void **state)
{
    struct helper pass = helper();
    struct secret token = secret_of(TOKEN_CLASSIC);
    struct error err = ERROR_INIT;

    (void)state;
    if (!is_installed())
        skip();
    assert_int_equal(helper_store(&pass, "ghcr.io", "octocat", &token, &err), -1);
    assert_error("no store", &err, CLASS_HELPER,
                 "'docker-credential-pass store' failed with status 1: pass not initialized");
    secret_clear(&token);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_store_get_erase),
        IN_DIRECTORY(test_its_own_words),
    };

    json_init();
    (void)signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

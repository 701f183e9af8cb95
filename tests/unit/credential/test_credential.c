/*
 * credential: where name and token come from, in which order, and what is left alone.
 */
#include "credential_rows.h"

#include <stdlib.h>
#include <sys/stat.h>

static void test_token_from_stdin(void **state)
{
    static const struct row rows[] = {
        STDIN("asked for", ENV(NULL), ASK_U(.token_stdin = true), "t0k\n", "t0k"),
        STDIN("asked for, variable set", ENV("GHCR_TOKEN=env"), ASK_U(.token_stdin = true, DEFAULT),
              "t0k", "t0k"),
        STDIN("not asked for", ENV(NULL), ASK_U(DEFAULT), "t0k\r\n", "t0k"),
        STDIN("other registry", ENV("GHCR_TOKEN=env", "CREDENTIALS_DIRECTORY=/x"),
              ASK_U(.is_default_registry = false), "t0k", "t0k"),
        STDIN("any bytes", ENV(NULL), ASK_U(.is_github = false), "p w:\"'\xc3\xa9",
              "p w:\"'\xc3\xa9"),
        BAD_STDIN("empty", ENV(NULL), ASK_U(DEFAULT), "", "the token from standard input is empty"),
        BAD_STDIN("one line end", ENV(NULL), ASK_U(DEFAULT), "\n", "standard input is empty"),
        BAD_STDIN("a token that does not count", ENV("GHCR_TOKEN=t0k"), ASK_U(.is_github = false),
                  "", "standard input is empty"),
        BAD_STDIN("two lines", ENV(NULL), ASK_U(DEFAULT), "t0k\nt0k2\n", "more than one line"),
        BAD_STDIN("a script", ENV(NULL), ASK_U(DEFAULT), "t0k\necho more\n", "more than one line"),
        BAD_STDIN("quotes", ENV(NULL), ASK_U(GITHUB), "\"t0k\"\n", "quotation mark"),
        BAD_STDIN("nobody writes", ENV(NULL), ASK_U(.token_stdin = true), NULL,
                  "timed out reading standard input"),
        BAD_STDIN("nobody writes, unasked", ENV(NULL), ASK_U(DEFAULT), NULL, "timed out"),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_token_from_variables(void **state)
{
    static const struct row rows[] = {
        FOUND("implicit", ENV("GHCR_TOKEN=" TOKEN_CLASSIC), ASK_U(DEFAULT, GITHUB), "u",
              TOKEN_CLASSIC),
        FOUND("with a line end", ENV("GHCR_TOKEN=t0k\n"), ASK_U(DEFAULT), "u", "t0k"),
        FOUND("named", ENV("MY_1=t0k", "GHCR_TOKEN=env"), ASK_U(.token_env = "MY_1", DEFAULT), "u",
              "t0k"),
        FOUND("named, other registry", ENV("_my=t0k"), ASK_U(.token_env = "_my"), "u", "t0k"),
        REFUSED("empty is not passed over", ENV("GHCR_TOKEN=", "CREDENTIALS_DIRECTORY=/x"),
                ASK_U(DEFAULT), "environment variable 'GHCR_TOKEN' is empty"),
        REFUSED("named but empty", ENV("MY="), ASK_U(.token_env = "MY"),
                "environment variable 'MY' is empty"),
        REFUSED("named but not set", ENV("GHCR_TOKEN=t0k"), ASK_U(.token_env = "MY", DEFAULT),
                "environment variable 'MY' is not set"),
        REFUSED("no name", ENV(NULL), ASK_U(.token_env = ""), "the value of --token-env is not"),
        REFUSED("a digit first", ENV(NULL), ASK_U(.token_env = "1s3cret"),
                "the value of --token-env is not"),
        REFUSED("an assignment", ENV(NULL), ASK_U(.token_env = "MY=s3cret"),
                "the value of --token-env is not"),
        REFUSED("a dollar", ENV(NULL), ASK_U(.token_env = "$MY"),
                "the value of --token-env is not"),
        REFUSED("the token itself", ENV(NULL), ASK_U(.token_env = TOKEN_CLASSIC),
                "the value of --token-env looks like the token itself"),
        REFUSED("the old token itself", ENV(NULL), ASK_U(.token_env = TOKEN_LEGACY),
                "looks like the token itself"),
        REFUSED("a bad value", ENV("GHCR_TOKEN=s3cret s3cret"), ASK_U(DEFAULT, GITHUB),
                "looks like a password"),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* What no variable is called is no variable's name, but may well be a token of another kind. */
static void test_names_that_no_variable_has_are_not_shown(void **state)
{
    static const struct row rows[] = {
        REFUSED("GitLab's", ENV(NULL), ASK_U(.token_env = "glpat-s3cret"), NULL),
        REFUSED("with a colon", ENV(NULL), ASK_U(.token_env = "user:s3cret"), NULL),
        REFUSED("a JWT", ENV(NULL), ASK_U(.token_env = "eyJh.s3cret.x"), NULL),
        REFUSED("an escape sequence", ENV(NULL), ASK_U(.token_env = "x\x1b[31m"), NULL),
        REFUSED("as the name's", ENV(NULL), ASK(.username_env = "glpat-s3cret"), NULL),
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_token_from_files(void **state)
{
    struct place token = place_of("token");
    struct place creds = place_of("");
    struct place absent = place_of("absent");

    (void)state;
    write_file("token", "t0k\n");
    write_file("ghcr-token", "unit\n");
    const struct row rows[] = {
        FOUND("named", ENV("GHCR_TOKEN=env", creds.variable),
              ASK_U(.token_file = token.path, DEFAULT), "u", "t0k"),
        FOUND("systemd's", ENV(creds.variable), ASK_U(DEFAULT), "u", "unit"),
        FOUND("variable before systemd's", ENV("GHCR_TOKEN=env", creds.variable), ASK_U(DEFAULT),
              "u", "env"),
        STDIN("systemd's for the default only", ENV(creds.variable), ASK_U(.is_github = false),
              "t0k", "t0k"),
        STDIN("systemd has none", ENV(absent.variable), ASK_U(DEFAULT), "t0k", "t0k"),
        REFUSED("systemd's cannot be read", ENV(token.variable), ASK_U(DEFAULT),
                "cannot open file '"),
        REFUSED("absent", ENV(NULL), ASK_U(.token_file = "/absent/x"),
                "cannot open file '/absent/x': "),
        REFUSED("a directory", ENV(NULL), ASK_U(.token_file = "/"), "cannot read file '/': "),
        REFUSED("empty", ENV(NULL), ASK_U(.token_file = "/dev/null"), "file '/dev/null' is empty"),
        REFUSED("the token itself", ENV(NULL), ASK_U(.token_file = TOKEN_CLASSIC),
                "the value of --token-file looks like the token itself"),
    };
    const struct row empty =
        REFUSED("systemd's is empty", ENV(creds.variable), ASK_U(DEFAULT), "ghcr-token' is empty");

    check_rows(rows, COUNT(rows));
    write_file("ghcr-token", "");
    check_row(&empty);
}

static void test_names(void **state)
{
    struct place name = place_of("name");

    (void)state;
    write_file("name", "filed\r\n");
    const struct row rows[] = {
        FOUND("given", ENV("GHCR_USERNAME=x", "T=t"),
              ASK(.username = "given", .token_env = "T", DEFAULT), "given", "t"),
        FOUND("named", ENV("ME=named", "GHCR_USERNAME=x", "T=t"),
              ASK(.username_env = "ME", .token_env = "T", DEFAULT), "named", "t"),
        FOUND("file", ENV("GHCR_USERNAME=x", "T=t"),
              ASK(.username_file = name.path, .token_env = "T", DEFAULT), "filed", "t"),
        FOUND("implicit", ENV("GHCR_USERNAME=mine", "GITHUB_ACTOR=actor", "T=t"),
              ASK(.token_env = "T", DEFAULT), "mine", "t"),
        FOUND("actor", ENV("GITHUB_ACTOR=actor", "T=t"), ASK(.token_env = "T", DEFAULT), "actor",
              "t"),
        REFUSED("empty is not passed over", ENV("GHCR_USERNAME=", "GITHUB_ACTOR=actor", "T=t"),
                ASK(.token_env = "T", DEFAULT), "environment variable 'GHCR_USERNAME' is empty"),
        REFUSED("none", ENV("T=t"), ASK(.token_env = "T", DEFAULT), "no user name"),
        REFUSED("none for others", ENV("GHCR_USERNAME=x", "GITHUB_ACTOR=y", "T=t"),
                ASK(.token_env = "T"), "no user name"),
        REFUSED("not set", ENV("T=t"), ASK(.username_env = "ME", .token_env = "T"),
                "environment variable 'ME' is not set"),
        REFUSED("given empty", ENV("T=t"), ASK(.username = "", .token_env = "T"),
                "the user name from --username is empty"),
        REFUSED("with a colon", ENV("T=t"), ASK(.username = "a:s3cret", .token_env = "T"),
                "contains a colon"),
        REFUSED("a token", ENV("T=t"), ASK(.username = TOKEN_CLASSIC, .token_env = "T"),
                "looks like a token"),
        REFUSED("a token's variable", ENV("T=t"),
                ASK(.username_env = TOKEN_CLASSIC, .token_env = "T"),
                "the value of --username-env looks"),
        REFUSED("no name: input untouched", ENV(NULL), ASK(.token_stdin = true), "no user name"),
    };

    check_rows(rows, COUNT(rows));
}

/* As with --token-file and --username-env: what looks like a token is no file's name. */
static void test_token_as_the_file_of_the_name(void **state)
{
    static const struct row row =
        REFUSED("token", ENV(NULL), ASK(.username_file = TOKEN_CLASSIC, .token_stdin = true), NULL);

    (void)state;
    check_row(&row);
}

/* The largest token and one byte more, with a line end; through a file and a pipe. */
static void test_limits(void **state)
{
    static char text[CREDENTIAL_TOKEN_MAX + 3];
    static char token[CREDENTIAL_TOKEN_MAX + 1];
    struct place large = place_of("large");

    (void)state;
    memset(text, 'a', CREDENTIAL_TOKEN_MAX);
    memset(token, 'a', CREDENTIAL_TOKEN_MAX);
    text[CREDENTIAL_TOKEN_MAX] = '\n';
    write_file("large", text);
    const struct row rows[] = {
        FOUND("file", ENV(NULL), ASK_U(.token_file = large.path), "u", token),
        STDIN("pipe", ENV(NULL), ASK_U(DEFAULT), text, token),
    };
    const struct row bad_rows[] = {
        REFUSED("file", ENV(NULL), ASK_U(.token_file = large.path), "is longer than 16384 bytes"),
        BAD_STDIN("pipe", ENV(NULL), ASK_U(DEFAULT), text, "is longer than 16384 bytes"),
    };
    check_rows(rows, COUNT(rows));
    text[CREDENTIAL_TOKEN_MAX] = 'a';
    text[CREDENTIAL_TOKEN_MAX + 1] = '\n';
    write_file("large", text);
    check_rows(bad_rows, COUNT(bad_rows));
}

static void test_fifo_that_nobody_writes_to(void **state)
{
    struct place fifo = place_of("fifo");
    const struct row row = REFUSED("fifo", ENV(NULL), ASK_U(.token_file = fifo.path), "timed out");

    (void)state;
    assert_int_equal(mkfifo(fifo.path, 0600), 0);
    check_row(&row);
}

/*
 * A clock that jumps by `step_ms` each time it is looked at, so that a wait of 30 s is over at once
 * and a wait up to the deadline is not.
 */
struct jumps {
    int64_t now_ms;
    int64_t step_ms;
    int64_t looks;
};

static int64_t jump(void *ctx)
{
    struct jumps *jumps = ctx;

    jumps->looks++;
    jumps->now_ms += jumps->step_ms;
    return jumps->now_ms;
}

/* How the deadline of standard input is set: 30 s where nobody named it, else that of the run. */
static void test_wait_for_stdin(void **state)
{
    static const struct {
        bool token_stdin;
        int64_t deadline_ms;
    } rows[] = {{false, INT64_C(3600000)}, {false, 20000}, {true, 20000}};
    static const char *const none[VARIABLES_MAX] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jumps jumps = {.step_ms = 40000};
        struct clock clock = {.now_ms = jump, .ctx = &jumps};
        struct credential got = CREDENTIAL_INIT;
        struct error err = ERROR_INIT;
        int writer;
        struct credential_request request = {
            .username = "u",
            .token_stdin = rows[i].token_stdin,
            .stdin_fd = pipe_with(NULL, &writer),
            .environment = environment,
            .clock = &clock,
            .deadline_ms = rows[i].deadline_ms,
        };

        variables = none;
        assert_int_equal(credential_read(&got, &request, &err), -1);
        assert_error("late", &err, CLASS_CREDENTIAL, "timed out");
        assert_true(jumps.looks <= 3);
        (void)close(request.stdin_fd);
        (void)close(writer);
    }
}

static void test_terminal_is_never_read(void **state)
{
    static const char *const none[VARIABLES_MAX] = {NULL};
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    for (int asked = 0; asked < 2; asked++) {
        struct credential got = CREDENTIAL_INIT;
        struct error err = ERROR_INIT;
        struct credential_request request = {
            .username = "u",
            .token_stdin = asked == 1,
            .stdin_fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC),
            .environment = environment,
            .clock = clock_system(),
            .deadline_ms = clock_now(clock_system()) + 10000,
        };

        variables = none;
        assert_true(request.stdin_fd >= 0);
        assert_int_equal(credential_read(&got, &request, &err), -1);
        assert_error("terminal", &err, CLASS_CREDENTIAL, "standard input is a terminal");
        (void)close(request.stdin_fd);
    }
    (void)close(master);
}

static void test_clear(void **state)
{
    struct credential credential = CREDENTIAL_INIT;

    (void)state;
    (void)snprintf(credential.username, sizeof(credential.username), "octocat");
    credential.token = secret_of("secret");
    credential_clear(&credential);
    assert_null(credential.token.data);
    assert_string_equal(credential.username, "");
    credential_clear(NULL);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"token", "ghcr-token", "name", "large", "fifo"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlink(place_of(names[i]).path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_from_stdin),
        cmocka_unit_test(test_token_from_variables),
        cmocka_unit_test(test_names_that_no_variable_has_are_not_shown),
        cmocka_unit_test(test_token_from_files),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_token_as_the_file_of_the_name),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fifo_that_nobody_writes_to),
        cmocka_unit_test(test_wait_for_stdin),
        cmocka_unit_test(test_terminal_is_never_read),
        cmocka_unit_test(test_clear),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

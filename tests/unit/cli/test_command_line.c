/*
 * options: what is asked for, and mistakes that are refused without showing a value.
 */
#include "../support.h"

#include "cli/option_table.h"
#include "cli/command_line.h"

enum { WORDS_MAX = 48 };

/* Words split at '|', so that one may be empty or hold blanks. Returns the argc. */
static int split(char *text, char *argv[WORDS_MAX])
{
    int argc = 0;
    char *word;

    while ((word = strsep(&text, "|")) != NULL) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = word;
    }
    assert_true(argc < WORDS_MAX);
    argv[argc] = NULL;
    return argc;
}

static int parse(struct options *out, const char *line, struct error *err)
{
    static char text[2048];
    static char *argv[WORDS_MAX];

    (void)snprintf(text, sizeof(text), "ghcr-login%s%s", line[0] != '\0' ? "|" : "", line);
    return command_line_parse(out, split(text, argv), argv, err);
}

static void test_defaults(void **state)
{
    static const char *const lines[] = {"", "login", "--"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct options o;
        struct error err = ERROR_INIT;

        memset(&o, 0xff, sizeof(o));
        assert_row(lines[i], parse(&o, lines[i], &err) == 0);
        assert_row(lines[i], o.registry == NULL && o.username == NULL && o.username_env == NULL);
        assert_row(lines[i], o.username_file == NULL && o.token_env == NULL);
        assert_row(lines[i], o.token_file == NULL && o.config_dir == NULL && o.ca_file == NULL);
        assert_row(lines[i], o.timeout_s == 60 && o.connect_timeout_s == 10 && o.retries == 4);
        assert_row(lines[i],
                   !o.password_stdin && !o.docker && !o.plain_http && !o.json && !o.quiet);
        assert_row(lines[i], o.wait_for_token_s == 0 && !o.diagnose);
        assert_row(lines[i], !o.verbose && !o.help && !o.version && o.allowed_realms.count == 0);
    }
}

static void test_no_argv_at_all(void **state)
{
    char *argv[] = {NULL};
    struct options o;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(command_line_parse(&o, 0, argv, &err), 0);
    assert_null(o.registry);
}

static void test_texts(void **state)
{
    static const struct {
        const char *line;
        size_t offset;
        const char *value;
    } rows[] = {
        {"ghcr.io", offsetof(struct options, registry), "ghcr.io"},
        {"login|ghcr.io", offsetof(struct options, registry), "ghcr.io"},
        {"-u|x|--|localhost", offsetof(struct options, registry), "localhost"},
        {"--|a/b", offsetof(struct options, registry), "a/b"},
        {"|-q", offsetof(struct options, registry), ""},
        {"ghcr.io|-q", offsetof(struct options, registry), "ghcr.io"},
        {"-u|octocat", offsetof(struct options, username), "octocat"},
        {"-uoctocat", offsetof(struct options, username), "octocat"},
        {"-u=octocat", offsetof(struct options, username), "octocat"}, /* as docker has it */
        {"-qu=octocat", offsetof(struct options, username), "octocat"},
        {"-u==octocat", offsetof(struct options, username), "=octocat"},
        {"-u=", offsetof(struct options, username), ""},
        /* the last counts */
        {"-u|a|-u|b", offsetof(struct options, username), "b"},
        {"-u|a|--username=b", offsetof(struct options, username), "b"},
        {"--token-env|A|--token-env|B", offsetof(struct options, token_env), "B"},
        {"--authfile|a|--authfile|b", offsetof(struct options, authfile), "b"},
        {"-qu|octocat", offsetof(struct options, username), "octocat"},
        {"-quoctocat", offsetof(struct options, username), "octocat"},
        {"-u|-", offsetof(struct options, username), "-"},
        {"-u|-octocat", offsetof(struct options, username), "-octocat"},
        {"--username=--octocat", offsetof(struct options, username), "--octocat"},
        {"-u|", offsetof(struct options, username), ""},
        {"--username|octocat", offsetof(struct options, username), "octocat"},
        {"--username=octocat", offsetof(struct options, username), "octocat"},
        {"--username=a=b", offsetof(struct options, username), "a=b"},
        {"--username=", offsetof(struct options, username), ""},
        {"--username-env|ME", offsetof(struct options, username_env), "ME"},
        {"--username-file|/f", offsetof(struct options, username_file), "/f"},
        {"--token-env=T", offsetof(struct options, token_env), "T"},
        {"--token-file|/f", offsetof(struct options, token_file), "/f"},
        {"--config|/d", offsetof(struct options, config_dir), "/d"},
        {"--authfile|/a", offsetof(struct options, authfile), "/a"},
        {"--authfile=a=b", offsetof(struct options, authfile), "a=b"},
        {"--docker|--podman|--config|/d", offsetof(struct options, config_dir), "/d"},
        {"--docker|--persistent|--config=/d", offsetof(struct options, config_dir), "/d"},
        {"--config|/d|--authfile|/a|--docker", offsetof(struct options, authfile), "/a"},
        {"--cacert|/c", offsetof(struct options, ca_file), "/c"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;
        const char *value;

        if (parse(&o, rows[i].line, &err) != 0)
            fail_msg("row '%s': %s", rows[i].line, err.message);
        memcpy(&value, (const char *)&o + rows[i].offset, sizeof(value));
        assert_row(rows[i].line, value != NULL);
        assert_row_string(rows[i].line, value, rows[i].value);
    }
}

static void test_flags(void **state)
{
    static const struct {
        const char *line;
        size_t offset;
    } rows[] = {
        {"--password-stdin", offsetof(struct options, password_stdin)},
        {"-p|-", offsetof(struct options, password_stdin)},
        {"-p-", offsetof(struct options, password_stdin)},
        {"-p=-", offsetof(struct options, password_stdin)},
        {"--password|-", offsetof(struct options, password_stdin)},
        {"--password=-", offsetof(struct options, password_stdin)},
        {"-u|me|-qp|-|ghcr.io", offsetof(struct options, password_stdin)},
        {"--json|--json", offsetof(struct options, json)},
        {"-qq", offsetof(struct options, quiet)},
        {"help", offsetof(struct options, help)},
        {"help|logout", offsetof(struct options, help)},
        {"version", offsetof(struct options, version)},
        {"--docker", offsetof(struct options, docker)},
        {"--podman", offsetof(struct options, podman)},
        {"--docker|--podman", offsetof(struct options, docker)},
        {"--docker|--podman", offsetof(struct options, podman)},
        {"--authfile|a|--podman", offsetof(struct options, podman)},
        {"--persistent", offsetof(struct options, persistent)},
        {"--podman|--persistent", offsetof(struct options, persistent)},
        {"--docker|--persistent", offsetof(struct options, persistent)},
        {"--plain-http", offsetof(struct options, plain_http)},
        {"--insecure", offsetof(struct options, insecure)},
        {"--json", offsetof(struct options, json)},
        {"-q", offsetof(struct options, quiet)},
        {"--quiet", offsetof(struct options, quiet)},
        {"-v", offsetof(struct options, verbose)},
        {"--verbose", offsetof(struct options, verbose)},
        {"-h", offsetof(struct options, help)},
        {"-vh", offsetof(struct options, help)},
        {"--help", offsetof(struct options, help)},
        {"--version", offsetof(struct options, version)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;
        bool value;

        assert_row(rows[i].line, parse(&o, rows[i].line, &err) == 0);
        memcpy(&value, (const char *)&o + rows[i].offset, sizeof(value));
        assert_row(rows[i].line, value);
    }
}

/* No wait at all may be said, too. */
static void test_wait_for_token(void **state)
{
    struct options o;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(parse(&o, "--wait-for-token|0", &err), 0);
    assert_int_equal(o.wait_for_token_s, 0);
    assert_int_equal(parse(&o, "--wait-for-token=86400", &err), 0);
    assert_int_equal(o.wait_for_token_s, 86400);
    assert_int_equal(parse(&o, "--wait-for-token|86401", &err), -1);
    assert_error("86401", &err, CLASS_USAGE, "must be a whole number from 0 to 86400");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned timeout_s; /* 99999: refused */
        unsigned retries;
    } rows[] = {
        {"0", 99999, 0},
        {"1", 1, 1},
        {"007", 7, 7},
        {"100", 100, 100},
        {"101", 101, 99999},
        {"86400", 86400, 99999},
        {"86401", 99999, 99999},
        {"4294967296", 99999, 99999},
        {"4294967297", 99999, 99999},
        {"18446744073709551617", 99999, 99999},
        {"-1", 99999, 99999},
        {"+1", 99999, 99999},
        {" 1", 99999, 99999},
        {"1 ", 99999, 99999},
        {"1s", 99999, 99999},
        {"1.5", 99999, 99999},
        {"0x1", 99999, 99999},
        {"1e1", 99999, 99999},
        {"", 99999, 99999},
        {"s3cret", 99999, 99999},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const char *const names[] = {"timeout", "connect-timeout", "retries"};

        for (size_t n = 0; n < COUNT(names); n++) {
            unsigned expected = n == 2 ? rows[i].retries : rows[i].timeout_s;
            struct options o;
            struct error err = ERROR_INIT;
            char line[128];
            unsigned got;
            int ret;

            (void)snprintf(line, sizeof(line), "--%s|%s", names[n], rows[i].text);
            ret = parse(&o, line, &err);
            assert_row(line, ret == (expected == 99999 ? -1 : 0));
            got = n == 0 ? o.timeout_s : n == 1 ? o.connect_timeout_s : o.retries;
            if (ret == 0)
                assert_row(line, got == expected);
            else
                assert_error(line, &err, CLASS_USAGE,
                             n == 2 ? "must be a whole number from 0 to 100"
                                    : "must be a whole number from 1 to 86400");
            assert_not_shown(line, &err, "s3cret");
        }
    }
}

static void test_list(void **state)
{
    struct options o;
    struct error err = ERROR_INIT;
    char line[512] = "--allow-realm|h0";

    (void)state;
    assert_int_equal(parse(&o, "--allow-realm|a|--allow-realm=b:8443|--allow-realm|a", &err), 0);
    assert_int_equal(o.allowed_realms.count, 3);
    assert_string_equal(o.allowed_realms.items[0], "a");
    assert_string_equal(o.allowed_realms.items[1], "b:8443");
    assert_string_equal(o.allowed_realms.items[2], "a");
    for (size_t i = 1; i <= OPTIONS_LIST_MAX; i++) {
        assert_int_equal(parse(&o, line, &err), 0);
        assert_int_equal(o.allowed_realms.count, i);
        (void)strcat(line, "|--allow-realm=h");
    }
    assert_int_equal(parse(&o, line, &err), -1);
    assert_error("list", &err, CLASS_USAGE, "--allow-realm is given more than 16 times");
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *line;
        const char *part;
    } rows[] = {
        {"--bogus", "unknown option '--bogus'"},
        {"--bogus=s3cret", "unknown option '--bogus'"},
        {"---", "unknown option '---'"},
        {"--=s3cret", "unknown option '--'"},
        {"--user|x", "unknown option '--user'"},
        {"--usernamex", "unknown option '--usernamex'"},
        {"--USERNAME|x", "unknown option"},
        {"--a-very-long-option-that-nobody-would-ever-want-to-read", "unknown option"},
        {"--x\x1b[31m", "unknown option"},
        {"-x", "unknown option '-x'"},
        {"-qx", "unknown option '-x'"},
        {"-\x1b", "unknown option '-?'"},
        {"-\xc3\xa9", "unknown option '-?'"},
        {"-u", "--username requires an argument (NAME)"},
        {"-qu", "--username requires an argument (NAME)"},
        {"--username", "--username requires an argument (NAME)"},
        {"--token-file", "--token-file requires an argument (FILE)"},
        {"--timeout", "--timeout requires an argument (SECONDS)"},
        {"--allow-realm", "--allow-realm requires an argument (HOST)"},
        {"--json=yes", "--json does not take a value"},
        {"--password-stdin=s3cret", "--password-stdin does not take a value"},
        {"-u|-q", "--username was given '--quiet' as its NAME"},
        {"-u|--password-stdin", "--username was given '--password-stdin' as its NAME"},
        {"-u|--token-env=s3cret", "--username was given '--token-env' as its NAME"},
        {"-u|--|ghcr.io", "--username was given '--' as its NAME"},
        {"--token-env|--json", "--token-env was given '--json' as its VAR"},
        {"--json=", "--json does not take a value other than true or false"},
        {"-q=maybe", "--quiet does not take a value"},
        {"--username=--json", "--username was given '--json' as its NAME"},
        {"octocat", "'octocat' is neither a command nor a registry"},
        {"-u|x|octocat", "'octocat' is neither a command nor a registry"},
        {"-", "'-' is neither a command nor a registry"},
        {"--|--json", "'--json' is neither a command nor a registry"},
        {"login|login", "the command 'login' comes after other arguments"},
        {"-q|logout", "the command 'logout' comes after other arguments"},
        {"help|nonesuch", "'nonesuch' is neither"},
        {"ghcr.io\r",
         "argument 1 ends in a carriage return (CR): the script has Windows line endings"},
        {"-u|me|--json\r", "argument 3 ends in a carriage return"},
        {"-u|me\r|ghcr.io", "argument 2 ends in a carriage return"},
        {"--password-stdin|\r", "argument 2 ends in a carriage return"},
        {"--config=~/s3cret", "the DIR of --config starts with '~'"},
        {"--cert-dir|~", "the DIR of --cert-dir starts with '~'"},
        {"--token-file=~/s3cret", "the FILE of --token-file starts with '~'"},
        {"--cacert|$HOME/s3cret", "the FILE of --cacert starts with '$'"},
        {"--config|/s3cret/config.json", "--config requires a directory, and was given a file"},
        {"--config|config.json", "--config requires a directory"},
        {"--authfile|-", "--authfile does not accept '-'"},
        {"exec|docker|pull|x", "'exec' requires '--' before the command"},
        {"exec|docker", "'exec' requires '--' before the command"},
        {"exec|ghcr.io|docker", "'exec' requires '--' before the command"},
        {"exec|ghcr.io|./script", "'exec' requires '--' before the command"},
        {"ghcr.io|docker.io", "more than one registry"},
        {"login|ghcr.io|ghcr.io", "more than one registry"},
        {"ghcr.io|--|x.y", "more than one registry"},
        {"-u|a|--username-env|B", "the user name has more than one source"},
        {"-u||--username-file|f", "the user name has more than one source"},
        {"--username-env|B|--username-file|f", "the user name has more than one source"},
        {"--password-stdin|--token-env|T", "the token has more than one source"},
        {"--password-stdin|--token-file|f", "the token has more than one source"},
        {"--token-env|T|--token-file|f", "the token has more than one source"},
        {"--persistent|--authfile|s3cret",
         "--persistent and --authfile name different files: use only one of them"},
        {"--authfile|s3cret|--persistent|--docker",
         "--persistent and --authfile name different files: use only one of them"},
        {"--config|s3cret|--podman", "--config names Docker's directory: add --docker"},
        {"--podman|--config=s3cret", "--config names Docker's directory"},
        {"--config|s3cret|--persistent", "--config names Docker's directory"},
        {"--config|s3cret|--authfile|s3cret", "--config names Docker's directory"},
        {"--config=", "--config was given an empty DIR"},
        {"--config|", "--config was given an empty DIR"},
        {"--authfile=", "--authfile was given an empty FILE"},
        {"--cacert|", "--cacert was given an empty FILE"},
        {"--authfile", "--authfile requires an argument (FILE)"},
        {"--podman=yes", "--podman does not take a value"},
        {"--no-helper=s3cret", "--no-helper does not take a value"},
        {"--insecure|--plain-http", "--insecure does not verify certificates"},
        {"--cacert|ca.pem|--insecure", "--insecure does not verify certificates"},
        {"--at-pull|-u|me", "--at-pull requires a token source that can be read at each pull"},
        {"-qv", "--quiet and --verbose cannot be used together"},
        {"--verbose|--quiet", "--quiet and --verbose cannot be used together"},
        /* exists only to be refused */
        {"-p|s3cret", "--password is not supported"},
        {"-ps3cret", "--password is not supported"},
        {"-p", "--password is not supported"},
        {"--password|s3cret", "--password is not supported"},
        {"--password=s3cret", "--password is not supported"},
        {"--password", "--password is not supported"},
        {"-u|me|-qp|s3cret|ghcr.io", "--password is not supported"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;

        assert_row(rows[i].line, parse(&o, rows[i].line, &err) == -1);
        assert_error(rows[i].line, &err, CLASS_USAGE, rows[i].part);
        assert_not_shown(rows[i].line, &err, "s3cret");
    }
}

/* What people type instead, and what they are told to type. */
static void test_hints(void **state)
{
    static const struct {
        const char *line;
        const char *hint;
    } rows[] = {
        {"logut", "did you mean 'logout'?"},
        {"logn", "did you mean 'login'?"},
        {"stauts", "did you mean 'status'?"},
        {"hepl", "did you mean 'help'?"},
        {"verson", "did you mean 'version'?"},
        {"octocat", "name the account with -u"},
        {"--pasword-stdin", "did you mean --password-stdin?"},
        {"--usrname|x", "did you mean --username?"},
        {"--auth-file|x", "did you mean --authfile?"},
        {"--bogus", ""},
        {"--tls-verify=false",
         "certificates are verified by default; instead of --tls-verify=false use --insecure, or "
         "--plain-http for a registry without TLS"},
        {"--tls-verify", "--insecure"},
        {"--get-login|quay.io", "ghcr-login status"},
        {"--compat-auth-file|f", "--config DIR"},
        {"--secret|s", "--token-file FILE"},
        {"--creds|u:p", "-u NAME"},
        {"--user|x", "--username NAME"},
        {"--token-stdin", "--password-stdin"},
        {"--in-place", "mount the directory"},
        {"logout|-a", "use --all"},
        {"-D", "use -v, --verbose"},
        {"-H|tcp://x", "the daemon"},
        {"exec|docker", "-- COMMAND"},
        {"-q|logout", "put the command first: ghcr-login COMMAND [OPTION...]"},
        {"login|login", "put the command first: ghcr-login COMMAND [OPTION...]"},
        {"ghcr.io\r", "convert it: sed -i 's/\\r$//' SCRIPT"},
        {"--config=~/x", "the shell expands '~' only at the start of a word, and not within "
                         "quotes: use \"$HOME/...\""},
        {"--authfile|-", "name a file; nothing is written to standard output"},
        {"-u|--json", "check that the variable after --username is set"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;

        assert_row(rows[i].line, parse(&o, rows[i].line, &err) == -1);
        if (strstr(err.hint, rows[i].hint) == NULL ||
            (rows[i].hint[0] == '\0' && err.hint[0] != '\0'))
            fail_msg("row '%s': hint '%s'", rows[i].line, err.hint);
    }
}

/* A token as the value of any option, or as any other word, is not shown, and is to be revoked. */
static void test_a_token_is_never_shown(void **state)
{
    static const char *const words[] = {TOKEN_CLASSIC,
                                        TOKEN_FINE_GRAINED,
                                        TOKEN_LEGACY,
                                        "/x/" TOKEN_CLASSIC,
                                        "ghcr.io/a/b:1@" TOKEN_CLASSIC,
                                        "octocat:" TOKEN_CLASSIC};
    char line[1024];

    (void)state;
    for (size_t w = 0; w < COUNT(words); w++) {
        const char *shapes[] = {"%s",        "login|%s", "ghcr.io|%s", "exec|ghcr.io|%s",
                                "--%s",      "--%s=x",   "-%s",        "--bogus|%s",
                                "--json=%s", "help|%s",  "-p|%s",      "-q|-x|%s"};

        for (size_t i = 0; i < COUNT(shapes) + option_table_len; i++) {
            bool is_option = i >= COUNT(shapes);
            const struct option_spec *spec =
                is_option ? &option_table[i - COUNT(shapes)] : option_table;
            struct options o;
            struct error err = ERROR_INIT;
            const char *behind;

            if (is_option) {
                (void)snprintf(line, sizeof(line), "%s|--%s%s%s",
                               (spec->commands & COMMAND_LOGIN) != 0 ? "login" : "logout",
                               spec->name, w % 2 != 0 || spec->argument == NULL ? "=" : "|",
                               words[w]);
            } else {
                behind = strstr(shapes[i], "%s");
                (void)snprintf(line, sizeof(line), "%.*s%s%s", (int)(behind - shapes[i]), shapes[i],
                               words[w], behind + 2);
            }
            if (parse(&o, line, &err) == 0) {
                /* credential/ has its own words for that */
                assert_row(line, is_option && spec->kind == OPTION_TEXT);
                continue;
            }
            assert_row(line, err.cls == CLASS_USAGE);
            assert_not_shown(line, &err, words[w] + strlen(words[w]) - 12);
            if (strstr(err.hint, "revoke") == NULL)
                fail_msg("row '%s': hint '%s'", line, err.hint);
        }
    }
}

/* Who reads JSON wants it of the mistake too, wherever it is. */
static void test_json_of_mistakes(void **state)
{
    static const struct {
        const char *line;
        bool json;
    } rows[] = {
        {"--json|--bogus", true},      {"--bogus|--json", true}, {"-x|ghcr.io|--json", true},
        {"-p|s3cret|--json", true},    {"--bogus", false},       {"--json|--json=x", true},
        {"--bogus|--jsonx", false},    {"--bogus|json", false},  {"a.b|b.c|--json", true},
        {"-qv|--json|--docker", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;

        assert_row(rows[i].line, parse(&o, rows[i].line, &err) == -1);
        assert_row(rows[i].line, o.json == rows[i].json);
    }
}

static void test_commands(void **state)
{
    static const struct {
        const char *line;
        enum command command;
        const char *registry;
    } rows[] = {
        {"", COMMAND_LOGIN, NULL},
        {"ghcr.io", COMMAND_LOGIN, "ghcr.io"},
        {"login", COMMAND_LOGIN, NULL},
        {"logout", COMMAND_LOGOUT, NULL},
        {"logout|ghcr.io", COMMAND_LOGOUT, "ghcr.io"},
        {"status|--json|x.y", COMMAND_STATUS, "x.y"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct error err = ERROR_INIT;

        assert_row(rows[i].line, parse(&o, rows[i].line, &err) == 0);
        assert_row(rows[i].line, o.command == rows[i].command);
        assert_row(rows[i].line, (o.registry == NULL) == (rows[i].registry == NULL));
        if (rows[i].registry != NULL)
            assert_row_string(rows[i].line, o.registry, rows[i].registry);
    }
}

/* The table itself: names and letters are unique, and --help can be made of it. */
static void test_table(void **state)
{
    const struct option_spec *table = option_table;

    (void)state;
    for (size_t i = 0; i < option_table_len; i++) {
        const char *name = table[i].name;
        bool takes_value = table[i].kind != OPTION_FLAG;
        bool is_number = table[i].kind == OPTION_NUMBER || table[i].kind == OPTION_POSITIVE;

        assert_row(name, strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
        assert_row(name, table[i].help != NULL && table[i].help[0] != '\0');
        assert_row(name, (table[i].argument != NULL) == takes_value);
        assert_row(name, (table[i].max > 0) == is_number);
        assert_row(name, (table[i].group == NULL) == (table[i].kind == OPTION_REFUSED));
        assert_row(name, (table[i].commands & (COMMAND_LOGIN | COMMAND_LOGOUT)) != 0);
        assert_row(name, table[i].offset < sizeof(struct options));
        for (size_t j = 0; j < i; j++) {
            assert_row(name, strcmp(name, table[j].name) != 0);
            assert_row(name, table[i].letter == '\0' || table[i].letter != table[j].letter);
        }
    }
}

static void test_exec(void **state)
{
    struct options o;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(parse(&o, "exec|-u|x|ghcr.io|--|docker|--json|--|-p", &err), 0);
    assert_int_equal(o.command, COMMAND_EXEC);
    assert_string_equal(o.registry, "ghcr.io");
    assert_string_equal(o.run[0], "docker");
    assert_string_equal(o.run[3], "-p");
    assert_null(o.run[4]);
    assert_false(o.json);
    assert_int_equal(parse(&o, "exec|--config|d|--authfile|f|--|x", &err), 0);
    assert_int_equal(parse(&o, "exec|--help", &err), 0);
    /* Who reads JSON reads that of the command. */
    assert_int_equal(parse(&o, "exec|--nonesuch|--|x|--json", &err), -1);
    assert_false(o.json);
    err = ERROR_INIT;
    assert_int_equal(parse(&o, "exec|--json|--", &err), -1);
    assert_error("none", &err, CLASS_USAGE, "requires a command");
    assert_true(o.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_no_argv_at_all),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_wait_for_token),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_a_token_is_never_shown),
        cmocka_unit_test(test_json_of_mistakes),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_exec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

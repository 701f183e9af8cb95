/*
 * input: what is cut off a value, and what is refused and never shown.
 */
#include "../support.h"

#include "credential/input.h"

#define WHERE "file '/run/secrets/it'"

/* Bytes with their length, so that rows can hold NULs. */
#define BYTES(literal) literal, sizeof(literal) - 1

typedef int check_fn(struct secret *value, bool is_github, struct error *err);

static int check_token(struct secret *value, bool is_github, struct error *err)
{
    struct input where = {.kind = INPUT_FILE, .is_named = true, .text = WHERE};
    struct input_rules rules = {.where = &where, .is_github = is_github};

    return input_check_token(value, &rules, NULL, err);
}

/* On standard input that nobody named, which may be the rest of a script. */
static int check_implicit_token(struct secret *value, bool is_github, struct error *err)
{
    struct input where = {.kind = INPUT_STDIN, .text = WHERE};
    struct input_rules rules = {.where = &where, .is_github = is_github};

    return input_check_token(value, &rules, NULL, err);
}

static int check_name(struct secret *value, bool is_github, struct error *err)
{
    (void)is_github;
    return input_check_name(value, WHERE, err);
}

struct row {
    const char *in;
    size_t len;
    bool is_github;
    const char *out;  /* NULL: refused */
    const char *part; /* of the refusal */
};

static void check_rows(check_fn *check, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct secret value = SECRET_INIT;
        struct error err = ERROR_INIT;
        char label[64];

        (void)snprintf(label, sizeof(label), "%zu: %.40s", i, row->in);
        assert_int_equal(secret_append(&value, row->in, row->len, row->len, &err), 0);
        if (row->out != NULL) {
            assert_row(label, check(&value, row->is_github, &err) == 0);
            assert_row(label, err.cls == CLASS_NONE);
            assert_row(label, value.len == strlen(row->out));
            assert_row_string(label, secret_text(&value), row->out);
        } else {
            assert_row(label, check(&value, row->is_github, &err) == -1);
            assert_error(label, &err, CLASS_CREDENTIAL, row->part);
            assert_error(label, &err, CLASS_CREDENTIAL, WHERE);
            if (strstr(row->in, "SECRET") != NULL)
                assert_not_shown(label, &err, "SECRET");
            assert_not_shown(label, &err, "ghp_");
        }
        secret_clear(&value);
    }
}

/* A name is one line; white space around it is cut off, as docker does. */
static void test_white_space_around_names(void **state)
{
    static const struct row rows[] = {
        {BYTES("SECRET"), false, "SECRET", NULL},
        {BYTES("SECRET\n"), false, "SECRET", NULL},
        {BYTES("SECRET\r"), false, "SECRET", NULL},
        {BYTES("SECRET\r\n"), false, "SECRET", NULL},
        {BYTES("SECRET\n\n"), false, "SECRET", NULL},
        {BYTES("SECRET\r\n\r\n"), false, "SECRET", NULL},
        {BYTES("\nSECRET"), false, "SECRET", NULL},
        {BYTES(" SECRET"), false, "SECRET", NULL},
        {BYTES("\t SECRET \v\f\n"), false, "SECRET", NULL},
        {BYTES("SEC RET "), false, "SEC RET", NULL},
        {BYTES("SECRET\nSECRET\n"), false, NULL, "has more than one line"},
        {BYTES("SECRET\rSECRET"), false, NULL, "has more than one line"},
        {BYTES(""), false, NULL, "is empty"},
        {BYTES("\n\n"), false, NULL, "is empty"},
        {BYTES("\r\n"), false, NULL, "is empty"},
        {BYTES("   \n"), false, NULL, "is empty"},
        {BYTES("\t"), false, NULL, "is empty"},
    };

    (void)state;
    check_rows(check_name, rows, COUNT(rows));
}

/* Whatever registry it is for. */
static void test_line_ends_of_tokens(void **state)
{
    static const struct row rows[] = {
        {BYTES("SECRET"), false, "SECRET", NULL},
        {BYTES("SECRET\n"), false, "SECRET", NULL},
        {BYTES("SECRET\r\n"), false, "SECRET", NULL},
        {BYTES("SECRET\n\n"), false, "SECRET", NULL}, /* echo of what has a line end already */
        {BYTES("SECRET\r\r\n\r\n"), false, "SECRET", NULL},
        {BYTES(TOKEN_CLASSIC "\n\n"), true, TOKEN_CLASSIC, NULL},
        {BYTES("  " TOKEN_CLASSIC "\t\r\n"), true, TOKEN_CLASSIC, NULL},
        {BYTES("\n" TOKEN_CLASSIC), true, TOKEN_CLASSIC, NULL},
        {BYTES(TOKEN_CLASSIC "\n" TOKEN_CLASSIC), true, NULL, "has more than one line"},
        {BYTES(""), false, NULL, "is empty"},
        {BYTES("\n\n"), false, NULL, "is empty"},
        {BYTES("\r\n"), false, NULL, "is empty"},
        {BYTES(" \n"), false, NULL, "is blank"},
        {BYTES(" \n"), true, NULL, "is empty"},
    };
    static const struct row named[] = {
        {BYTES("{\n  \"key\": \"SECRET\"\n}\n"), false, "{\n  \"key\": \"SECRET\"\n}", NULL},
        {BYTES("SECRET\r\nSECRET\r\n"), false, "SECRET\r\nSECRET", NULL},
        {BYTES("\nSECRET\n"), false, "\nSECRET", NULL},
    };
    static const struct row implicit[] = {
        {BYTES("SECRET\nSECRET\n"), false, NULL, "has more than one line"},
        {BYTES("\nSECRET"), false, NULL, "has more than one line"},
        {BYTES("SECRET\rSECRET"), false, NULL, "has more than one line"},
    };

    (void)state;
    check_rows(check_token, rows, COUNT(rows));
    check_rows(check_implicit_token, rows, COUNT(rows));
    check_rows(check_token, named, COUNT(named));
    check_rows(check_implicit_token, implicit, COUNT(implicit));
}

static void test_bytes_that_no_value_has(void **state)
{
    static const struct row rows[] = {
        {BYTES("\0"), true, NULL, "contains a NUL byte"},
        {BYTES("SECRET\0"), true, NULL, "contains a NUL byte"},
        {BYTES("SECRET\0\n"), true, NULL, "contains a NUL byte"},
        {BYTES("\0SECRET"), true, NULL, "contains a NUL byte"},
        {BYTES("S\0E\0C\0R\0E\0T\0"), true, NULL, "contains a NUL byte"},
        {BYTES("\xff\xfeS\0E\0"), true, NULL, "UTF-16"},
        {BYTES("\xfe\xff\0S\0E"), true, NULL, "UTF-16"},
        {BYTES("\xff\xfe"), true, NULL, "UTF-16"},
    };
    static const struct row of_github[] = {
        {BYTES("\xef\xbb\xbfSECRET"), true, NULL, "starts with a byte-order mark"},
        {BYTES("\xef\xbb\xbf"), true, NULL, "starts with a byte-order mark"},
        {BYTES("SEC\tRET"), true, NULL, "contains a control character"},
        {BYTES("\x1b[0mSECRET"), true, NULL, "contains a control character"},
        {BYTES("SECRET\x7f"), true, NULL, "contains a control character"},
        {BYTES("SECRET\x01"), true, NULL, "contains a control character"},
        {BYTES("SECRET\x1f"), true, NULL, "contains a control character"},
    };
    static const struct row of_names[] = {
        {BYTES("SEC\tRET"), false, NULL, "contains a control character"},
    };

    (void)state;
    check_rows(check_token, rows, COUNT(rows));
    check_rows(check_name, rows, COUNT(rows));
    check_rows(check_token, of_github, COUNT(of_github));
    check_rows(check_name, of_github, COUNT(of_github));
    check_rows(check_name, of_names, COUNT(of_names));
}

/* What is taken as docker takes it, and what a refusal of the registry's may come from. */
static void test_oddities(void **state)
{
    static const struct {
        const char *in;
        const char *out;
        const char *oddity;
    } rows[] = {
        {"SECRET", "SECRET", NULL},
        {"SECRET\n", "SECRET", NULL},
        {"SECRET\r\n", "SECRET", NULL},
        {"SECRET\n\n", "SECRET", "had an empty last line, which was removed"},
        {"SECRET\r\n\r\n", "SECRET", "had an empty last line, which was removed"},
        {"\nSECRET", "\nSECRET", "starts with an empty line"},
        {"\xc2\xa0SECRET", "\xc2\xa0SECRET", "starts with a space"}, /* that does not break */
        {"SECRET\xc2\xa0\n", "SECRET\xc2\xa0", "ends with a space"},
        {"SECRET\v\n", "SECRET\v", "ends with a space"},
        {"\"SECRET\"", "\"SECRET\"", "is in quotation marks"},
        {"'SECRET'\n", "'SECRET'", "is in quotation marks"},
        {"U0VDUkVUCg==\n",
         "U0VDUkVUCg==", "is base64-encoded, as in auth files and Kubernetes secrets"},
        {"Bearer SECRET", "Bearer SECRET", "is a complete Authorization header"},
        {"${SECRET}", "${SECRET}", "is a shell variable or command that was not expanded"},
        {"null", "null", "is a program's word for a missing value (null, undefined, None)"},
        {"U0VDUkVU", "U0VDUkVU", NULL},
        {"{\n\"type\": 1\n}\n", "{\n\"type\": 1\n}", NULL},
        {"glpat-SECRET", "glpat-SECRET", NULL},
        {" SECRET", " SECRET", "starts with a space"},
        {"SECRET \n", "SECRET ", "ends with a space"},
        {"\xef\xbb\xbfSECRET", "\xef\xbb\xbfSECRET", "starts with a byte-order mark"},
        {"SEC\nRET\n", "SEC\nRET", "has more than one line"},
        {"SE\x1b C\tRET", "SE\x1b C\tRET", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct input where = {.kind = INPUT_FILE, .is_named = true, .text = WHERE};
        struct input_rules rules = {.where = &where};
        struct secret value = secret_of(rows[i].in);
        struct error err = ERROR_INIT;
        const char *oddity = NULL;

        assert_row(rows[i].in, input_check_token(&value, &rules, &oddity, &err) == 0);
        assert_row_string(rows[i].in, secret_text(&value), rows[i].out);
        assert_row(rows[i].in, (oddity == NULL) == (rows[i].oddity == NULL));
        if (oddity != NULL)
            assert_row_string(rows[i].in, oddity, rows[i].oddity);
        secret_clear(&value);
    }
}

#define UNKNOWN_SHAPE "a-form_that.is.not.known.yet-0123456789abcdef"

/* What else no token can be is mistake's. */
static void test_tokens(void **state)
{
    static const struct row rows[] = {
        {BYTES(TOKEN_CLASSIC "\n"), true, TOKEN_CLASSIC, NULL},
        {BYTES(TOKEN_FINE_GRAINED), true, TOKEN_FINE_GRAINED, NULL},
        {BYTES(TOKEN_LEGACY), true, TOKEN_LEGACY, NULL},
        {BYTES(UNKNOWN_SHAPE), true, UNKNOWN_SHAPE, NULL},
        {BYTES("Bearer " TOKEN_CLASSIC), true, NULL, "is a complete Authorization header"},
        {BYTES("SECRET\xc2\xa0"), true, NULL, "looks like a password"},
        /* other registries take any password */
        {BYTES("\"p w:d'`$\xc3\xa9\""), false, "\"p w:d'`$\xc3\xa9\"", NULL},
        {BYTES(" leading and trailing "), false, " leading and trailing ", NULL},
    };

    (void)state;
    check_rows(check_token, rows, COUNT(rows));
}

static void test_names(void **state)
{
    static const struct row rows[] = {
        {BYTES("octocat"), false, "octocat", NULL},
        {BYTES("octo-cat_1"), false, "octo-cat_1", NULL},
        {BYTES("github-actions[bot]\n"), false, "github-actions[bot]", NULL},
        {BYTES("robot$project+name"), false, "robot$project+name", NULL},
        {BYTES("me@example.com"), false, "me@example.com", NULL},
        {BYTES("Jos\xc3\xa9 M"), false, "Jos\xc3\xa9 M", NULL},
        {BYTES("$oauthtoken"), false, "$oauthtoken", NULL},
        {BYTES(":"), false, NULL, "contains a colon"},
        {BYTES("SECRET:x"), false, NULL, "contains a colon"},
        {BYTES(":SECRET"), false, NULL, "contains a colon"},
        {BYTES("SECRET:"), false, NULL, "contains a colon"},
        {BYTES("<token>"), false, NULL, "identity token"},
        {BYTES("--octocat"), false, "--octocat", NULL},
        {BYTES("-octocat"), false, "-octocat", NULL},
        {BYTES(TOKEN_CLASSIC), false, NULL, "looks like a token"},
        {BYTES(TOKEN_CLASSIC "\n"), false, NULL, "looks like a token"},
        {BYTES(TOKEN_FINE_GRAINED), false, NULL, "looks like a token"},
        {BYTES(TOKEN_LEGACY), false, NULL, "looks like a token"},
        {BYTES("GHCR_TOKEN=" TOKEN_CLASSIC), false, NULL, "contains a token"},
        {BYTES("octocat:" TOKEN_CLASSIC), false, NULL, "contains a token"},
        {BYTES("octocat/" TOKEN_FINE_GRAINED), false, NULL, "contains a token"},
    };

    (void)state;
    check_rows(check_name, rows, COUNT(rows));
}

/* The largest that is taken, with and without its line end, and one more. */
static void check_limit(check_fn *check, size_t max, const char *part)
{
    static const char *const ends[] = {"", "\n", "\r\n"};

    for (size_t over = 0; over < 2; over++) {
        for (size_t i = 0; i < COUNT(ends); i++) {
            struct secret value = SECRET_INIT;
            struct error err = ERROR_INIT;
            char label[32];

            (void)snprintf(label, sizeof(label), "%zu, end %zu", max + over, i);
            while (value.len < max + over)
                assert_int_equal(secret_append_text(&value, "a", &err), 0);
            assert_int_equal(secret_append_text(&value, ends[i], &err), 0);
            assert_row(label, check(&value, true, &err) == (over ? -1 : 0));
            assert_row(label, value.len == max + over);
            if (over)
                assert_error(label, &err, CLASS_CREDENTIAL, part);
            secret_clear(&value);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    check_limit(check_token, INPUT_TOKEN_MAX, "is longer than 16384 bytes");
    check_limit(check_name, INPUT_NAME_MAX, "is longer than 255 bytes");
}

/* A token of the new length must not be taken for a mistake. */
static void test_long_installation_token(void **state)
{
    struct secret value = secret_of(token_installation());
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(check_token(&value, true, &err), 0);
    assert_int_equal(value.len, 520);
    secret_clear(&value);
}

/* The empty one is the commonest mistake: say where from, and the usual cause there. */
static void test_empty_says_why(void **state)
{
    static const char *const parts[PLACE_COUNT] = {"where this runs", "repository's secrets",
                                                   "'envs:'"};
    struct secret value = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        struct input where = {.kind = INPUT_VARIABLE, .text = "environment variable 'GHCR_TOKEN'"};
        struct input_rules rules = {.where = &where, .place = (enum place)i};

        err = ERROR_INIT;
        assert_int_equal(input_check_token(&value, &rules, NULL, &err), -1);
        assert_error("empty", &err, CLASS_CREDENTIAL, "environment variable 'GHCR_TOKEN' is empty");
        assert_row(err.hint, strstr(err.hint, parts[i]) != NULL);
    }
    err = ERROR_INIT;
    assert_int_equal(input_check_name(&value, "--username", &err), -1);
    assert_error("empty", &err, CLASS_CREDENTIAL, "--username is empty");
    assert_non_null(strstr(err.hint, "-u NAME"));
}

/* What is wrong with a file or a pipe is not what is wrong with a variable. */
static void test_hints_know_the_source(void **state)
{
    static const struct {
        enum input_kind source;
        const char *bytes;
        const char *part;
    } rows[] = {
        {INPUT_FILE, "", "fills it"},
        {INPUT_FILE, "\n", "fills it"},
        {INPUT_STDIN, "", "if a variable is piped in"},
        {INPUT_STDIN, "\n", "not defined"},
        {INPUT_STDIN, "a\nb\n", "bash -s"},
        /* base64 wraps at 76 columns, and a terminal where it likes */
        {INPUT_STDIN,
         "Z2l0aHViX3BhdF8xMUFBQUFBQUEwa1Q1d1huM1FiWTdlX3pSOXpSOXpSOXpSOXpSOXpSOXpS\n"
         "OXpSOXpSOXpSOXpSOXpSOXpSOXpSOXpSOXpSOVF4",
         "base64 -d"},
        {INPUT_FILE, "b2N0b2NhdDpn aHBfTTdI", "base64 -d"},
        {INPUT_FILE, "a\nb\n", "on one line"},
        {INPUT_VARIABLE, "a\nb\n", "on one line"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input where = {.kind = rows[i].source, .is_named = true, .text = "there"};
        struct input_rules rules = {.where = &where, .is_github = true};
        struct secret value = secret_of(rows[i].bytes);
        struct error err = ERROR_INIT;

        assert_int_equal(input_check_token(&value, &rules, NULL, &err), -1);
        assert_row(err.hint, strstr(err.hint, rows[i].part) != NULL);
        assert_row(err.hint, rows[i].source == INPUT_STDIN || strstr(err.hint, "bash") == NULL);
        secret_clear(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space_around_names),
        cmocka_unit_test(test_line_ends_of_tokens),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_bytes_that_no_value_has),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_installation_token),
        cmocka_unit_test(test_empty_says_why),
        cmocka_unit_test(test_hints_know_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * error: the first one wins, it is wrapped and cut inside its own bounds, and it names its class.
 * Warnings are kept in order, cut where they are too long, dropped where there are too many.
 */
#include "../support.h"

#include <errno.h>

/* An error with bytes behind it that must stay as they are. */
struct guarded {
    struct error err;
    char guard[32];
};

static struct guarded guarded_init(void)
{
    struct guarded g = {.err = ERROR_INIT};

    memset(g.guard, 'G', sizeof(g.guard));
    return g;
}

static void assert_sane(const struct guarded *g)
{
    assert_non_null(memchr(g->err.message, '\0', sizeof(g->err.message)));
    assert_non_null(memchr(g->err.hint, '\0', sizeof(g->err.hint)));
    for (size_t i = 0; i < sizeof(g->guard); i++)
        assert_int_equal(g->guard[i], 'G');
}

static void test_first_error_wins(void **state)
{
    struct error err = ERROR_INIT;
    struct error first;

    (void)state;
    assert_int_equal(error_set(&err, CLASS_USAGE, "first %d", 1), -1);
    assert_int_equal(error_hint(&err, "do %s", "this"), -1);
    first = err;
    assert_int_equal(error_set(&err, CLASS_INTERNAL, "second"), -1);
    assert_int_equal(error_set_errno(&err, CLASS_HELPER, ENOENT, "third"), -1);
    assert_int_equal(error_no_memory(&err), -1);
    assert_int_equal(error_hint(&err, "fourth"), -1);
    assert_memory_equal(&err, &first, sizeof(err));
    assert_int_equal(err.cls, CLASS_USAGE);
    assert_string_equal(err.message, "first 1");
    assert_string_equal(err.hint, "do this");
}

static void test_set_hint_says_both(void **state)
{
    struct error err = ERROR_INIT;
    struct error first;

    (void)state;
    assert_int_equal(error_set_hint(&err, CLASS_USAGE, "save 100 %d of it", "it is %d", 7), -1);
    assert_int_equal(err.cls, CLASS_USAGE);
    assert_string_equal(err.message, "it is 7");
    assert_string_equal(err.hint, "save 100 %d of it");
    first = err;
    assert_int_equal(error_set_hint(&err, CLASS_HELPER, "late", "second"), -1);
    assert_memory_equal(&err, &first, sizeof(err));
    err = ERROR_INIT;
    (void)error_set(&err, CLASS_USAGE, "without a hint");
    assert_int_equal(error_set_hint(&err, CLASS_HELPER, "of another error", "second"), -1);
    assert_string_equal(err.hint, "");
    err = ERROR_INIT;
    assert_int_equal(error_set_hint(&err, CLASS_USAGE, "", "no hint"), -1);
    assert_string_equal(err.hint, "");
}

/* A hint left over from an earlier use does not go with a new error. */
static void test_set_starts_without_hint(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    (void)snprintf(err.hint, sizeof(err.hint), "stale");
    assert_int_equal(error_set(&err, CLASS_USAGE, "new"), -1);
    assert_string_equal(err.hint, "");
    err = ERROR_INIT;
    (void)snprintf(err.hint, sizeof(err.hint), "stale");
    assert_int_equal(error_set_errno(&err, CLASS_USAGE, EPERM, "new"), -1);
    assert_string_equal(err.hint, "");
}

static void test_errno_is_named(void **state)
{
    static const int numbers[] = {ENOENT, EACCES, EISDIR, ELOOP, EROFS, ENOSPC};

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct error err = ERROR_INIT;
        char expected[256];

        errno = 0;
        assert_int_equal(error_set_errno(&err, CLASS_AUTHFILE, numbers[i], "cannot open '%s'", "x"),
                         -1);
        (void)snprintf(expected, sizeof(expected), "cannot open 'x': %s", strerror(numbers[i]));
        assert_string_equal(err.message, expected);
        assert_int_equal(err.cls, CLASS_AUTHFILE);
    }
}

static void test_no_memory(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(error_no_memory(&err), -1);
    assert_error("memory", &err, CLASS_INTERNAL, "out of memory");
}

static void test_wrap_puts_the_larger_picture_in_front(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    (void)error_set(&err, CLASS_UNPROVED, "it is %d%%", 5);
    assert_int_equal(error_wrap(&err, "inner"), -1);
    assert_int_equal(error_wrap(&err, "the %s of '%s'", "answer", "ghcr.io"), -1);
    assert_string_equal(err.message, "the answer of 'ghcr.io': inner: it is 5%");
    assert_int_equal(err.cls, CLASS_UNPROVED);
}

/* A text from outside may hold what printf() would obey. */
static void test_text_is_no_format(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    (void)error_set(&err, CLASS_USAGE, "%s", "%n%s%s");
    (void)error_wrap(&err, "%s", "%d");
    assert_string_equal(err.message, "%d: %n%s%s");
}

/* Around the sizes of both buffers: cut, never past the end. */
static void test_long_texts_are_cut(void **state)
{
    static const size_t lengths[] = {0, 1, 510, 511, 512, 513, 1020, 1022, 1023, 1024, 1025, 4000};
    static char text[4001];

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct guarded g = guarded_init();
        size_t len = lengths[i];

        memset(text, 'a', len);
        text[len] = '\0';
        (void)error_set(&g.err, CLASS_USAGE, "%s", text);
        (void)error_hint(&g.err, "%s", text);
        assert_sane(&g);
        assert_int_equal(strlen(g.err.message), len < 1024 ? len : 1023);
        assert_int_equal(strlen(g.err.hint), len < 512 ? len : 511);
        (void)error_wrap(&g.err, "outer");
        assert_sane(&g);
        assert_int_equal(strncmp(g.err.message, "outer: ", 7), 0);
        (void)error_wrap(&g.err, "%s", text);
        assert_sane(&g);
        assert_int_equal(strncmp(g.err.message, text, len < 1023 ? len : 1023), 0);
        g.err = ERROR_INIT;
        (void)error_set_errno(&g.err, CLASS_USAGE, ENOENT, "%s", text);
        assert_sane(&g);
    }
}

/* Scripts compare both the number and the name. */
static void test_class_names(void **state)
{
    static const struct {
        enum exit_class cls;
        int status;
        const char *name;
    } rows[] = {
        {CLASS_NONE, 0, "none"},          {CLASS_INTERNAL, 1, "internal"},
        {CLASS_USAGE, 2, "usage"},        {CLASS_CREDENTIAL, 3, "credential"},
        {CLASS_REJECTED, 4, "rejected"},  {CLASS_UNREACHABLE, 5, "unreachable"},
        {CLASS_UNPROVED, 6, "unproved"},  {CLASS_FORBIDDEN, 7, "forbidden"},
        {CLASS_AUTHFILE, 8, "authfile"},  {CLASS_HELPER, 9, "helper"},
        {CLASS_EXPIRING, 10, "expiring"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].name, (int)rows[i].cls == rows[i].status);
        assert_row_string(rows[i].name, exit_class_name(rows[i].cls), rows[i].name);
    }
}

/* Where several apply, this is their order. */
static void test_which_class_is_worse(void **state)
{
    static const enum exit_class order[] = {1, 2, 8, 9, 4, 7, 5, 6, 10, 3, 0};

    (void)state;
    for (size_t i = 0; i < COUNT(order); i++) {
        for (size_t k = 0; k < COUNT(order); k++)
            assert_row(exit_class_name(order[i]),
                       exit_class_is_worse(order[i], order[k]) == (i < k));
    }
}

static void test_warnings_keep_their_order(void **state)
{
    static struct warnings warnings;

    (void)state;
    warnings_add(&warnings, "plain");
    warnings_add(&warnings, "%s has %d", "it", 7);
    warnings_add(&warnings, "%s", "100 %s %n");
    assert_int_equal(warnings.count, 3);
    assert_string_equal(warnings.items[0], "plain");
    assert_string_equal(warnings.items[1], "it has 7");
    assert_string_equal(warnings.items[2], "100 %s %n");
    warnings_add(&warnings, "it has %d", 7); /* said already */
    assert_int_equal(warnings.count, 3);
}

static void test_long_warnings_are_cut(void **state)
{
    static struct warnings warnings;
    char text[WARNING_LEN_MAX + 64];

    (void)state;
    for (size_t len = WARNING_LEN_MAX - 1; len <= WARNING_LEN_MAX + 2; len++) {
        size_t kept = len < WARNING_LEN_MAX ? len : WARNING_LEN_MAX;

        memset(text, 'x', len);
        text[len] = '\0';
        warnings_add(&warnings, "%s", text);
        assert_int_equal(strlen(warnings.items[warnings.count - 1]), kept);
    }
}

static void test_too_many_warnings_are_dropped(void **state)
{
    static struct {
        struct warnings warnings;
        char behind[16];
    } held = {.behind = "untouched"};
    char text[32];

    (void)state;
    for (int i = 0; i < WARNINGS_MAX + 3; i++)
        warnings_add(&held.warnings, "number %d", i);
    assert_int_equal(held.warnings.count, WARNINGS_MAX);
    for (int i = 0; i < WARNINGS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "number %d", i);
        assert_string_equal(held.warnings.items[i], text);
    }
    assert_string_equal(held.behind, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_error_wins),
        cmocka_unit_test(test_set_hint_says_both),
        cmocka_unit_test(test_warnings_keep_their_order),
        cmocka_unit_test(test_long_warnings_are_cut),
        cmocka_unit_test(test_too_many_warnings_are_dropped),
        cmocka_unit_test(test_set_starts_without_hint),
        cmocka_unit_test(test_errno_is_named),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_wrap_puts_the_larger_picture_in_front),
        cmocka_unit_test(test_text_is_no_format),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_class_names),
        cmocka_unit_test(test_which_class_is_worse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

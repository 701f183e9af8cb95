/*
 * look: what it finds.
 */
#include "../support.h"

#include "store/file/look.h"

#include "base/json.h"
#include "support.h"

static int look_now(struct document *document, const char *path, struct error *err)
{
    *err = ERROR_INIT;
    return look_into(document, path, err);
}

static void test_a_look_makes_nothing(void **state)
{
    struct document document = DOCUMENT_INIT;
    struct document_entry entry;
    struct error err;

    (void)state;
    assert_int_equal(look_now(&document, "dir/file", &err), 0);
    assert_true(document_is_blank(&document));
    assert_int_equal(support_count("."), 0);
    support_write("file", "{\"auths\":{\"a\":{}}}");
    assert_int_equal(look_now(&document, "file", &err), 0);
    assert_true(document_find(&entry, &document, "a"));
    assert_int_equal(support_count("."), 1);
    document_clear(&document);
}

static void test_what_is_malformed_is_named(void **state)
{
    struct document document = DOCUMENT_INIT;
    struct error err;

    (void)state;
    support_write("file", "{");
    assert_int_equal(look_now(&document, "file", &err), -1);
    assert_error("malformed", &err, CLASS_AUTHFILE, "'file' is not valid JSON");
    assert_int_equal(look_now(&document, ".", &err), -1);
    assert_error("a directory", &err, CLASS_AUTHFILE, "cannot open '.'");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_a_look_makes_nothing),
        IN_DIRECTORY(test_what_is_malformed_is_named),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

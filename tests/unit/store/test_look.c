/*
 * look: what it finds, and what it waits for.
 */
#include "../support.h"

#include <sys/file.h>

#include "store/look.h"

#include "base/json.h"
#include "support.h"

static int look_now(struct document *document, const char *path, struct error *err)
{
    *err = ERROR_INIT;
    return look_into(document, path, clock_system(), support_in_ms(2000), NULL, err);
}

static void test_a_look_makes_nothing(void **state)
{
    struct document document = DOCUMENT_INIT;
    struct document_entry entry;
    struct error err;

    (void)state;
    assert_int_equal(look_now(&document, "dir/file", &err), 0);
    assert_null(document.root);
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

static void pass_time(void *ctx, int64_t ms)
{
    *(int64_t *)ctx += ms;
}

static int64_t played_ms(void *ctx)
{
    return *(int64_t *)ctx;
}

static uint32_t greatest_below(void *ctx, uint32_t bound)
{
    (void)ctx;
    return bound - 1;
}

/* A writer that takes longer than the caller may is not waited for any longer than that. */
static void test_a_look_keeps_to_the_deadline(void **state)
{
    int64_t now = 0;
    struct clock clock = {
        .now_ms = played_ms, .sleep_ms = pass_time, .random_below = greatest_below, .ctx = &now};
    struct document document = DOCUMENT_INIT;
    struct error err = ERROR_INIT;
    int fd;

    (void)state;
    support_write_bytes("file", "\0x", 2);
    fd = open("file", O_RDONLY | O_CLOEXEC);
    support_must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
    assert_int_equal(look_into(&document, "file", &clock, 500, NULL, &err), -1);
    assert_error("at work", &err, CLASS_AUTHFILE, "is being written by another process");
    assert_in_range(now, 500, 520);
    support_must(close(fd) == 0, "close");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_a_look_makes_nothing),
        IN_DIRECTORY(test_what_is_malformed_is_named),
        IN_DIRECTORY(test_a_look_keeps_to_the_deadline),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * edit: rounds of read, change and replace, with a change that the test plays.
 */
#include "../support.h"

#include "store/file/locked_file.h"

#include "files.h"

/* Appends `tail` until it is there; somebody else writes for the first `intruders` readings. */
struct play {
    const char *tail;
    int intruders;
    int readings;
    bool has_failed;
};

static int append(void *ctx, struct secret *out, const struct secret *in, const char *name,
                  bool *changed, struct error *err)
{
    struct play *play = ctx;
    size_t len = strlen(play->tail);
    bool is_there = in->len >= len && memcmp(in->data + in->len - len, play->tail, len) == 0;
    char text[64];

    play->readings++;
    if (play->has_failed)
        return error_set(err, CLASS_USAGE, "no such change of %s", name);
    if (play->intruders > 0) {
        (void)snprintf(text, sizeof(text), "intruder %d\n", play->intruders--);
        support_replace("file", text);
    }
    *changed = !is_there;
    if (secret_append(out, in->data, in->len, SIZE_MAX - 1, err) < 0)
        return -1;
    return is_there ? 0 : secret_append_text(out, play->tail, err);
}

static struct edit edit_of(struct play *play, const char *path, int64_t ms)
{
    return (struct edit){
        .path = path,
        .max = 1000,
        .change = append,
        .ctx = play,
        .clock = clock_system(),
        .deadline_ms = support_in_ms(ms),
    };
}

static int apply(struct play *play, const char *path, int64_t ms, bool *changed, struct error *err)
{
    struct edit edit = edit_of(play, path, ms);
    struct warnings warnings = {.count = 0};

    *err = ERROR_INIT;
    return edit_apply(&edit, changed, &warnings, err);
}

static void test_changed_and_read_back(void **state)
{
    struct play play = {.tail = "tail"};
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 2000, &changed, &err), 0);
    assert_true(changed);
    assert_int_equal(play.readings, 2); /* to change it, and to see that it is there */
    assert_true(support_holds("file", "head tail"));
    assert_int_equal(apply(&play, "file", 2000, &changed, &err), 0);
    assert_false(changed);
}

static void test_somebody_comes_in_between(void **state)
{
    struct play play = {.tail = "tail", .intruders = 3};
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 5000, &changed, &err), 0);
    assert_true(changed);
    assert_true(support_holds("file", "intruder 1\ntail"));
    assert_int_equal(support_count("."), 1);
}

static void test_again_and_again(void **state)
{
    struct play play = {.tail = "tail", .intruders = 1 << 30};
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 100, &changed, &err), -1);
    assert_error("busy", &err, CLASS_AUTHFILE, "other processes keep changing 'file'");
    assert_int_equal(support_count("."), 1);
}

static void test_a_change_that_fails(void **state)
{
    struct play play = {.tail = "tail", .has_failed = true};
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 2000, &changed, &err), -1);
    assert_error("fails", &err, CLASS_USAGE, "no such change of 'file'");
    assert_false(changed);
    assert_true(support_holds("file", "head "));
}

/* In a directory that may not be locked, nor written to. */
static int apply_where_nothing_can_be_made(void)
{
    struct play play = {.tail = "tail"};
    struct error err;
    bool changed;
    int held = apply(&play, "closed/held", 2000, &changed, &err);
    int due = apply(&play, "closed/due", 2000, &changed, &err);

    return held == 0 && due == -1 && err.cls == CLASS_AUTHFILE && !changed ? 0 : 1;
}

static void test_what_is_there_needs_no_lock(void **state)
{
    (void)state;
    support_must(mkdir("closed", 0755) == 0 && chmod(".", 0755) == 0, "mkdir");
    support_write("closed/held", "a tail");
    support_write("closed/due", "a");
    support_must(chmod("closed/held", 0444) == 0 && chmod("closed/due", 0444) == 0 &&
                     chmod("closed", 0311) == 0,
                 "chmod");
    if (geteuid() == 0) /* a directory of root's that nobody else may read */
        assert_int_equal(support_in_child(true, apply_where_nothing_can_be_made), 0);
    support_must(chmod("closed", 0755) == 0, "chmod");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, support_setup, support_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_changed_and_read_back),
        IN_DIRECTORY(test_somebody_comes_in_between),
        IN_DIRECTORY(test_again_and_again),
        IN_DIRECTORY(test_a_change_that_fails),
        IN_DIRECTORY(test_what_is_there_needs_no_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * edit: rounds of read, change and replace, with a change that the test plays.
 */
#include "../support.h"

#include <sys/file.h>

#include "store/edit.h"

#include "support.h"

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

static int apply(struct play *play, const char *path, int64_t ms, bool *changed,
                 struct secret *text, struct error *err)
{
    struct edit edit = edit_of(play, path, ms);
    struct warnings warnings = {.count = 0};

    *err = ERROR_INIT;
    return edit_apply(&edit, text, changed, &warnings, err);
}

static void test_changed_and_read_back(void **state)
{
    struct play play = {.tail = "tail"};
    struct secret text = SECRET_INIT;
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 2000, &changed, &text, &err), 0);
    assert_true(changed);
    assert_int_equal(play.readings, 2); /* to change it, and to see that it is there */
    assert_true(support_holds("file", "head tail"));
    assert_string_equal(secret_text(&text), "head tail");
    assert_int_equal(apply(&play, "file", 2000, &changed, &text, &err), 0);
    assert_false(changed);
    secret_clear(&text);
}

static void test_somebody_comes_in_between(void **state)
{
    struct play play = {.tail = "tail", .intruders = 3};
    struct secret text = SECRET_INIT;
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 5000, &changed, &text, &err), 0);
    assert_true(changed);
    assert_true(support_holds("file", "intruder 1\ntail"));
    assert_int_equal(support_count("."), 1);
    secret_clear(&text);
}

static void test_again_and_again(void **state)
{
    struct play play = {.tail = "tail", .intruders = 1 << 30};
    struct secret text = SECRET_INIT;
    struct error err;
    bool changed;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 100, &changed, &text, &err), -1);
    assert_error("busy", &err, CLASS_AUTHFILE, "'file' is changed by others again and again");
    assert_int_equal(support_count("."), 1);
    secret_clear(&text);
}

static void test_a_change_that_fails(void **state)
{
    struct play play = {.tail = "tail", .has_failed = true};
    struct edit edit = edit_of(&play, "file", 2000);
    struct secret text = secret_of("untouched");
    struct error err;
    bool changed;
    bool is_due;

    (void)state;
    support_write("file", "head ");
    assert_int_equal(apply(&play, "file", 2000, &changed, &text, &err), -1);
    assert_error("fails", &err, CLASS_USAGE, "no such change of 'file'");
    assert_false(changed);
    err = ERROR_INIT;
    assert_int_equal(edit_look(&edit, &text, &is_due, &err), -1);
    assert_string_equal(secret_text(&text), "untouched");
    assert_true(support_holds("file", "head "));
    secret_clear(&text);
}

static void test_a_look_makes_nothing(void **state)
{
    struct play play = {.tail = "tail"};
    struct edit edit = edit_of(&play, "dir/file", 2000);
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    bool is_due = false;

    (void)state;
    assert_int_equal(edit_look(&edit, &text, &is_due, &err), 0);
    assert_true(is_due);
    assert_int_equal(support_count("."), 0);
    edit.path = "file";
    edit.max = 3;
    support_write("file", "head ");
    assert_int_equal(edit_look(&edit, &text, &is_due, &err), -1);
    assert_error("too long", &err, CLASS_AUTHFILE, "file");
    secret_clear(&text);
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
    struct play play = {.tail = "tail"};
    int64_t now = 0;
    struct clock clock = {
        .now_ms = played_ms, .sleep_ms = pass_time, .random_below = greatest_below, .ctx = &now};
    struct edit edit = edit_of(&play, "file", 0);
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    bool is_due;
    int fd;

    (void)state;
    edit.clock = &clock;
    edit.deadline_ms = 500;
    support_write_bytes("file", "\0x", 2);
    fd = open("file", O_RDONLY | O_CLOEXEC);
    support_must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
    assert_int_equal(edit_look(&edit, &text, &is_due, &err), -1);
    assert_error("at work", &err, CLASS_AUTHFILE, "is being written by another process");
    assert_in_range(now, 500, 520);
    support_must(close(fd) == 0, "close");
    secret_clear(&text);
}

/* In a directory that may not be locked, nor written to. */
static int apply_where_nothing_can_be_made(void)
{
    struct play play = {.tail = "tail"};
    struct secret text = SECRET_INIT;
    struct error err;
    bool changed;
    int held = apply(&play, "closed/held", 2000, &changed, &text, &err);
    int due = apply(&play, "closed/due", 2000, &changed, &text, &err);

    secret_clear(&text);
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
        IN_DIRECTORY(test_a_look_makes_nothing),
        IN_DIRECTORY(test_a_look_keeps_to_the_deadline),
        IN_DIRECTORY(test_what_is_there_needs_no_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * secret: holds bytes with a NUL behind them, within a limit, and wipes every block it gives up.
 */
#include "../support.h"

#include <stdalign.h>

/*
 * explicit_bzero(), played by this test: the program's calls come here, so that a wipe can be seen
 * before its block is gone.
 */
struct wipes {
    const void *last;
    size_t last_len;
    size_t count;
};

static struct wipes wipes;

void explicit_bzero(void *block, size_t len);
void __explicit_bzero_chk(void *block, size_t len, size_t room);

void explicit_bzero(void *block, size_t len)
{
    volatile unsigned char *p = (volatile unsigned char *)block;

    wipes = (struct wipes){.last = block, .last_len = len, .count = wipes.count + 1};
    while (len-- > 0)
        *p++ = 0;
}

/* What _FORTIFY_SOURCE makes of it. */
void __explicit_bzero_chk(void *block, size_t len, size_t room)
{
    assert_true(len <= room);
    explicit_bzero(block, len);
}

static void assert_sane(const struct secret *s)
{
    assert_true(s->data == NULL || s->len < s->cap);
    assert_true(s->data != NULL || (s->len == 0 && s->cap == 0));
    assert_int_equal(secret_text(s)[s->len], '\0');
}

static void test_append_grows_and_wipes(void **state)
{
    struct secret s = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    wipes = (struct wipes){.count = 0};
    for (size_t i = 0; i < 5000; i++) {
        char byte = (char)('a' + i % 26);
        struct secret before = s;
        size_t count = wipes.count;

        assert_int_equal(secret_append(&s, &byte, 1, 5000, &err), 0);
        assert_sane(&s);
        assert_int_equal(s.len, i + 1);
        if (s.cap == before.cap) {
            assert_ptr_equal(s.data, before.data); /* no new block without need */
        } else if (before.data != NULL) {
            assert_int_equal(wipes.count, count + 1); /* the old one was wiped whole */
            assert_ptr_equal(wipes.last, before.data);
            assert_int_equal(wipes.last_len, before.cap);
        }
    }
    for (size_t i = 0; i < s.len; i++)
        assert_int_equal(s.data[i], 'a' + (int)(i % 26));
    secret_clear(&s);
}

static void test_append_keeps_its_limit(void **state)
{
    static const struct {
        size_t held;
        size_t more;
        size_t max;
        int ret;
    } rows[] = {
        {0, 0, 0, 0},         {0, 1, 0, -1},
        {0, 5, 5, 0},         {0, 6, 5, -1},
        {3, 2, 5, 0},         {3, 3, 5, -1},
        {5, 0, 5, 0},         {5, 1, 5, -1},
        {6, 0, 5, -1},        {1, SIZE_MAX, SIZE_MAX, -1},
        {1, SIZE_MAX, 5, -1}, {0, SIZE_MAX, SIZE_MAX, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret s = SECRET_INIT;
        struct error err = ERROR_INIT;
        const char *source = "0123456789";
        char label[32];

        (void)snprintf(label, sizeof(label), "%zu", i);
        assert_row(label, secret_append(&s, source, rows[i].held, 99, &err) == 0);
        assert_row(label,
                   secret_append(&s, source, rows[i].more, rows[i].max, &err) == rows[i].ret);
        assert_sane(&s);
        if (rows[i].ret < 0) {
            assert_error(label, &err, CLASS_INTERNAL, NULL);
            assert_row(label, s.len == rows[i].held);
            assert_row(label, memcmp(secret_text(&s), source, s.len) == 0);
        } else {
            assert_row(label, s.len == rows[i].held + rows[i].more);
        }
        secret_clear(&s);
    }
}

/* 255, 256, 257: where the NUL needs the next block. */
static void test_room_for_the_nul(void **state)
{
    char bytes[1030];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t len = 250; len < sizeof(bytes); len++) {
        struct secret s = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_int_equal(secret_append(&s, bytes, len, len, &err), 0);
        assert_sane(&s);
        assert_int_equal(strlen(secret_text(&s)), len);
        secret_clear(&s);
    }
}

static void test_clear_wipes_the_whole_block(void **state)
{
    struct secret s = secret_of("secret");
    struct secret copy = s;

    (void)state;
    wipes = (struct wipes){.count = 0};
    secret_clear(&s);
    assert_int_equal(wipes.count, 1);
    assert_ptr_equal(wipes.last, copy.data);
    assert_int_equal(wipes.last_len, copy.cap);
    assert_null(s.data);
    assert_sane(&s);
    secret_clear(&s);
    secret_clear(NULL);
    assert_int_equal(wipes.count, 1);
}

static void test_move(void **state)
{
    struct secret to = secret_of("old");
    struct secret from = secret_of("new");
    const char *old = to.data;

    (void)state;
    secret_move(&to, &from);
    assert_ptr_equal(wipes.last, old);
    assert_string_equal(secret_text(&to), "new");
    assert_null(from.data);
    assert_sane(&from);
    secret_move(&to, &from); /* an empty one */
    assert_null(to.data);
    assert_string_equal(secret_text(&to), "");
}

static void test_equality(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool is_equal;
    } rows[] = {{"", "", true},        {"a", "a", true},        {"a", "b", false},
                {"a", "", false},      {"ab", "a", false},      {"xbc", "abc", false},
                {"abc", "abx", false}, {"\x80", "\x01", false}, {"\xff\xff", "\xff\xff", true}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct secret a = secret_of(rows[i].a);
        struct secret b = secret_of(rows[i].b);

        assert_row(rows[i].a, secret_is_equal(&a, &b) == rows[i].is_equal);
        assert_row(rows[i].a, secret_is_equal(&b, &a) == rows[i].is_equal);
        secret_clear(&a);
        secret_clear(&b);
    }
}

static void test_equality_of_the_never_filled(void **state)
{
    struct secret never = SECRET_INIT;
    struct secret empty = secret_of("");

    (void)state;
    assert_true(secret_is_equal(&never, &empty));
    assert_true(secret_is_equal(&never, &never));
    secret_clear(&empty);
}

static void assert_aligned(const void *block)
{
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % alignof(max_align_t), 0);
}

static void test_allocator_wipes_what_it_frees(void **state)
{
    char *block = wipe_malloc(100);
    char *grown;

    (void)state;
    assert_aligned(block);
    memset(block, 's', 100);
    wipes = (struct wipes){.count = 0};
    grown = wipe_realloc(block, 300);
    assert_aligned(grown);
    assert_int_equal(wipes.count, 1);
    assert_ptr_equal(wipes.last, block);
    assert_int_equal(wipes.last_len, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(grown[i], 's');
    block = wipe_realloc(grown, 10); /* smaller: the rest must go as well */
    assert_aligned(block);
    assert_int_equal(wipes.last_len, 300);
    assert_memory_equal(block, "ssssssssss", 10);
    wipe_free(block);
    assert_ptr_equal(wipes.last, block);
    assert_int_equal(wipes.last_len, 10);
    wipe_free(NULL);
    assert_int_equal(wipes.count, 3);
}

static void test_allocator_is_as_libc_says(void **state)
{
    unsigned char *zeroed = wipe_calloc(7, 9);
    char *copy = wipe_strdup("text");
    void *fresh = wipe_realloc(NULL, 8);
    void *none = wipe_calloc(0, 9);
    void *nothing = wipe_malloc(0);

    (void)state;
    assert_aligned(zeroed);
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(zeroed[i], 0);
    assert_string_equal(copy, "text");
    assert_aligned(fresh);
    assert_aligned(none);
    assert_aligned(nothing);
    wipe_free(zeroed);
    wipe_free(copy);
    wipe_free(fresh);
    wipe_free(none);
    wipe_free(nothing);
}

/* Sizes that overflow once the header is added, or in the product. */
static void test_allocator_refuses_what_overflows(void **state)
{
    void *block = wipe_malloc(4);

    (void)state;
    memcpy(block, "kept", 4);
    (void)wipe_was_starved();
    assert_null(wipe_malloc(SIZE_MAX));
    assert_true(wipe_was_starved());
    assert_false(wipe_was_starved());
    assert_null(wipe_malloc(SIZE_MAX - 1));
    assert_null(wipe_calloc(SIZE_MAX / 2, 3));
    assert_null(wipe_calloc(3, SIZE_MAX / 2));
    assert_true(wipe_was_starved());
    assert_null(wipe_calloc(SIZE_MAX, 1));
    assert_null(wipe_realloc(block, SIZE_MAX));
    assert_memory_equal(block, "kept", 4);
    wipe_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_grows_and_wipes),
        cmocka_unit_test(test_append_keeps_its_limit),
        cmocka_unit_test(test_room_for_the_nul),
        cmocka_unit_test(test_clear_wipes_the_whole_block),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_equality_of_the_never_filled),
        cmocka_unit_test(test_allocator_wipes_what_it_frees),
        cmocka_unit_test(test_allocator_is_as_libc_says),
        cmocka_unit_test(test_allocator_refuses_what_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * image_list: which images lines of text name, and what is said of a line that names none.
 */
#include "../store/files.h"
#include "../support.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/image_list.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_text(struct image_list *list, const char *text, size_t len, const char *option,
                     struct error *err)
{
    struct options options = {.images = {.count = 1, .items = {IMAGE_LIST_STDIN}}};
    char name[] = "/tmp/image_list.XXXXXX";
    int file = mkstemp(name);

    support_must(file >= 0 && unlink(name) == 0 && write(file, text, len) == (ssize_t)len &&
                     lseek(file, 0, SEEK_SET) == 0 && dup2(file, STDIN_FILENO) >= 0,
                 name);
    support_must(close(file) == 0, name);
    if (option != NULL)
        options.images.items[options.images.count++] = option;
    *list = (struct image_list){.count = 0};
    *err = ERROR_INIT;
    return image_list_read(list, &options, clock_system(), INT64_MAX, err);
}

static void test_images(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *host; /* of the first */
        const char *name;
        const char *version;
    } rows[] = {
        {"postgres", 1, "docker.io", "library/postgres", "latest"},
        {"postgres\nlibrary/postgres:latest\ndocker.io/postgres\n", 1, "docker.io",
         "library/postgres", "latest"},
        {"\xef\xbb\xbfpostgres:16\r\n", 1, "docker.io", "library/postgres", "16"},
        {"\n \t\r\n# ghcr.io/a/b\n  # c\nghcr.io/a/b:1", 1, "ghcr.io", "a/b", "1"},
        {"ghcr.io/a/b:1 # why\n\tghcr.io/a/b:1\t#\n", 1, "ghcr.io", "a/b", "1"},
        {"ghcr.io/a/b@" DIGEST "\nghcr.io/a/b:7@" DIGEST "\n", 1, "ghcr.io", "a/b", DIGEST},
        {"localhost:5000/x\nlocalhost:5000/x:2\n", 2, "localhost:5000", "x", "latest"},
        {"[::1]:5000/x:1", 1, "[::1]:5000", "x", "1"},
        {"ghcr.io", 1, "docker.io", "library/ghcr.io", "latest"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct image_list list;
        struct error err;
        int ret = read_text(&list, rows[i].text, strlen(rows[i].text), NULL, &err);

        assert_row(rows[i].text, ret == 0 && list.count == rows[i].count);
        assert_row_string(rows[i].text, list.items[0].registry.host, rows[i].host);
        assert_row_string(rows[i].text, list.items[0].image.name, rows[i].name);
        assert_row_string(rows[i].text, list.items[0].image.version, rows[i].version);
        image_list_clear(&list);
    }
}

static void test_what_is_none(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* 0: of the text */
        const char *words;
    } rows[] = {
        {"\xef\xbb\xbf", 0, "found no image name"},
        {"#", 0, "found no image name"},
        {"a#b", 0, "line 1 of standard input"},
        {"a\n\n# c\nb c\n", 0, "line 4 of standard input"},
        {"Postgres", 0, "capital letter"},
        {"image: postgres", 0, "line 1 of standard input"},
        {"https://ghcr.io/a/b", 0, "line 1 of standard input"},
        {"a@sha256:abc", 0, "digest"},
        {"\x1b[31ma", 0, "invalid name"},
        {"\xff\xfe\xff", 0, "line 1 of standard input"},
        {"a\0b", 3, "NUL"},
        {"a\n" TOKEN_CLASSIC "\n", 0, "line 2 of standard input looks like a GitHub token"},
        {TOKEN_CLASSIC " # mine", 0, "looks like a GitHub token"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct image_list list;
        struct error err;
        size_t len = rows[i].len > 0 ? rows[i].len : strlen(rows[i].text);

        assert_row(rows[i].text, read_text(&list, rows[i].text, len, NULL, &err) == -1);
        assert_error(rows[i].text, &err, CLASS_USAGE, rows[i].words);
        assert_not_shown(rows[i].text, &err, TOKEN_CLASSIC);
        image_list_clear(&list);
    }
}

/* Options and lines are one list, of no more than there is room for. */
static void test_beside_options(void **state)
{
    char text[OPTIONS_IMAGES_MAX * sizeof("i999\n")] = "";
    struct image_list list;
    struct error err;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < OPTIONS_IMAGES_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "i%d\n", i);
    assert_int_equal(read_text(&list, text, len, "library/i7:latest", &err), 0);
    assert_int_equal(list.count, OPTIONS_IMAGES_MAX);
    image_list_clear(&list);
    assert_int_equal(read_text(&list, text, len, "another", &err), -1);
    assert_error("too many", &err, CLASS_USAGE, "at most 256");
    image_list_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_beside_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

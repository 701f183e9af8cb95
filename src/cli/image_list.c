#include "cli/image_list.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "credential/github_token.h"

enum { TEXT_MAX = 256 * 1024 };

/* What editors and shells on Windows put first. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

bool image_list_is_wanted(const struct options *options)
{
    for (size_t i = 0; i < options->images.count; i++) {
        if (strcmp(options->images.items[i], IMAGE_LIST_STDIN) == 0)
            return true;
    }
    return false;
}

void image_list_clear(struct image_list *list)
{
    secret_clear(&list->text);
    free(list->items);
    *list = (struct image_list){.count = 0};
}

static bool is_listed(const struct image_list *list, const struct listed_image *wanted)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct listed_image *item = &list->items[i];

        if (strcmp(item->registry.host, wanted->registry.host) == 0 &&
            strcmp(item->image.name, wanted->image.name) == 0 &&
            strcmp(item->image.version, wanted->image.version) == 0)
            return true;
    }
    return false;
}

static int list_image(struct image_list *list, const char *text, struct error *err)
{
    struct listed_image added;

    if (image_registry(&added.registry, text, err) < 0 ||
        image_parse(&added.image, text, &added.registry, err) < 0)
        return -1;
    if (is_listed(list, &added))
        return 0;
    if (list->count == OPTIONS_IMAGES_MAX)
        return error_set(err, CLASS_USAGE, "--can-pull accepts at most %d images",
                         OPTIONS_IMAGES_MAX);
    if (list->items == NULL)
        list->items = calloc(OPTIONS_IMAGES_MAX, sizeof(*list->items));
    if (list->items == NULL)
        return error_no_memory(err);
    list->items[list->count++] = added;
    return 0;
}

/* The line without the space round it and without a comment: a '#' in a word starts none. */
static char *strip_line(char *line)
{
    static const char space[] = " \t\r\v\f";
    char *end;

    for (char *c = line; *c != '\0'; c++) {
        if (*c == '#' && (c == line || strchr(space, c[-1]) != NULL)) {
            *c = '\0';
            break;
        }
    }
    line += strspn(line, space);
    end = line + strlen(line);
    while (end > line && strchr(space, end[-1]) != NULL)
        *--end = '\0';
    return line;
}

/* Returns 1 with an image listed, 0 if the line names none, or -1. A token is not shown. */
static int list_line(struct image_list *list, char *line, size_t number, struct error *err)
{
    line = strip_line(line);
    if (line[0] == '\0')
        return 0;
    if (github_token_is_told(line))
        return error_set_hint(err, CLASS_USAGE,
                              "--can-pull - reads image names there: pass the token in another way",
                              "line %zu of standard input looks like a GitHub token", number);
    return list_image(list, line, err) < 0 ? error_wrap(err, "line %zu of standard input", number)
                                           : 1;
}

static int list_lines(struct image_list *list, struct error *err)
{
    char *next = list->text.data;
    bool has_image = false;
    size_t number = 1;

    if (next != NULL && strncmp(next, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        next += strlen(BYTE_ORDER_MARK);
    for (; next != NULL && *next != '\0'; number++) {
        char *line = next;
        int listed;

        next = line + strcspn(line, "\n");
        if (*next == '\n')
            *next++ = '\0';
        listed = list_line(list, line, number, err);
        if (listed < 0)
            return -1;
        has_image = has_image || listed > 0;
    }
    if (has_image)
        return 0;
    return error_set_hint(err, CLASS_USAGE, "check the command in front of the pipe",
                          "--can-pull - found no image name on standard input");
}

static int read_lines(struct image_list *list, const struct clock *clock, int64_t deadline_ms,
                      struct error *err)
{
    struct io_input input = {.name = "standard input",
                             .cls = CLASS_USAGE,
                             .max = TEXT_MAX,
                             .clock = clock,
                             .deadline_ms = deadline_ms};

    if (io_read_all(&list->text, STDIN_FILENO, &input, err) < 0)
        return -1;
    if (list->text.len > 0 && memchr(list->text.data, '\0', list->text.len) != NULL)
        return error_set(err, CLASS_USAGE, "standard input contains a NUL byte");
    return list_lines(list, err);
}

int image_list_read(struct image_list *list, const struct options *options,
                    const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    for (size_t i = 0; i < options->images.count; i++) {
        const char *item = options->images.items[i];

        if (strcmp(item, IMAGE_LIST_STDIN) != 0 && list_image(list, item, err) < 0)
            return -1;
    }
    return image_list_is_wanted(options) ? read_lines(list, clock, deadline_ms, err) : 0;
}

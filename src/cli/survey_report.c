#include "cli/survey_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "base/text.h"
#include "cli/process.h"

enum { WIDTH_MAX = 80, GAP = 2, CELL_SIZE = 300, COLUMNS = 6 };

/* In which order columns give way where a line would be too long, and what they keep. */
static const struct {
    const char *title;
    unsigned gives_way; /* 1 is first; 0: never */
    size_t least;
    bool has_paths; /* of which the end tells most, and of other words the beginning */
} columns[COLUMNS] = {
    {"REGISTRY", 3, 18, false}, {"USER", 2, 8, false},   {"TOKEN", 4, 7, false},
    {"SOURCE", 1, 12, true},    {"RESULT", 0, 0, false}, {"EXPIRES", 0, 0, false},
};

struct row {
    char cells[COLUMNS][CELL_SIZE];
};

/* Characters, as far as each takes one column. */
static size_t shown_len(const char *text)
{
    size_t len = 0;

    for (; *text != '\0'; text++)
        len += ((unsigned char)*text & 0xc0) != 0x80;
    return len;
}

/* Past `count` characters of a text that has as many. */
static const char *skip_shown(const char *text, size_t count)
{
    for (; count > 0; count--) {
        do
            text++;
        while (((unsigned char)*text & 0xc0) == 0x80);
    }
    return text;
}

static void put_cell(char *cell, const char *text)
{
    const char *shown = redact_finds(NULL, text, strlen(text)) ? "(hidden)" : text;

    (void)text_printable(cell, CELL_SIZE, shown, strlen(shown));
}

/* "~/.docker/config.json": a home that every row has says nothing. */
static const char *shorten(char *out, size_t size, const char *path)
{
    const char *home = environment("HOME");
    size_t len = home != NULL ? strlen(home) : 0;

    if (len > 1 && strncmp(path, home, len) == 0 && path[len] == '/')
        (void)snprintf(out, size, "~%s", path + len);
    else
        (void)snprintf(out, size, "%s", path);
    return out;
}

static void put_source(char *cell, const struct survey_item *item)
{
    const struct finding *finding = &item->finding;
    const struct record *record = &finding->record;
    char path[PATH_MAX + sizeof("file ~")];
    char text[PATH_MAX + READER_HELPER_MAX + sizeof("command  (helper )")];

    if (record->file[0] != '\0')
        (void)snprintf(text, sizeof(text), "at pull: %s",
                       shorten(path, sizeof(path), record->file));
    else if (record->command[0] != '\0')
        (void)snprintf(text, sizeof(text), "at pull: %s", record->command);
    else if (finding->found.helper[0] != '\0')
        (void)snprintf(text, sizeof(text), "helper %s", finding->found.helper);
    else if (finding->found.path[0] != '\0')
        (void)shorten(text, sizeof(text), finding->found.path);
    else if (finding->found.key[0] != '\0')
        (void)snprintf(text, sizeof(text), "%s", finding->by->variable);
    else /* that none of its files serves; nobody has anything for an image */
        (void)snprintf(text, sizeof(text), "%s",
                       finding->verdict == VERDICT_FAULT ? finding->by->name : "-");
    put_cell(cell, text);
}

/* In a word, if there is no room for paths: whose file it is tells more than half a path. */
static void put_short_source(char *cell, const struct survey_item *item)
{
    const struct finding *finding = &item->finding;
    const char *slash = strrchr(finding->record.file, '/');
    char text[PATH_MAX + sizeof("at pull: ")];

    if (slash != NULL) {
        (void)snprintf(text, sizeof(text), "at pull: %s", slash + 1);
        put_cell(cell, text);
    } else if (finding->record.command[0] == '\0' && finding->found.helper[0] == '\0' &&
               finding->found.path[0] != '\0') {
        put_cell(cell, (finding->found.owner != NULL ? finding->found.owner : finding->by)->name);
    } else if (finding->found.path[0] == '\0' && finding->found.key[0] != '\0') {
        put_cell(cell, "variable");
    } else {
        put_source(cell, item);
    }
}

/* In two words; the whole stands on standard error. */
static const char *result_of(const struct survey_item *item)
{
    static const char *const words[] = {
        [CLASS_NONE] = "accepted",       [CLASS_INTERNAL] = "failed",
        [CLASS_USAGE] = "failed",        [CLASS_CREDENTIAL] = "none stored",
        [CLASS_REJECTED] = "refused",    [CLASS_UNREACHABLE] = "unreachable",
        [CLASS_UNPROVED] = "not proved", [CLASS_FORBIDDEN] = "accepted",
        [CLASS_AUTHFILE] = "unreadable", [CLASS_HELPER] = "helper failed",
        [CLASS_EXPIRING] = "accepted",
    };
    enum verdict verdict = survey_verdict(item);

    if (verdict == VERDICT_ACCEPTED) /* whatever came of its images, or GitHub's API */
        return "accepted";
    if (verdict == VERDICT_OPEN)
        return "not checked";
    if (verdict == VERDICT_NONE && survey_error(item)->cls == CLASS_NONE)
        return "anonymous";
    return words[survey_error(item)->cls];
}

static void put_expiry(char *cell, const struct survey_item *item, const struct options *options)
{
    const struct survey_unit *unit = item->unit;

    if (!diagnosis_is_wanted(options) || unit == NULL || unit->held == NULL)
        put_cell(cell, "-");
    else if (!unit->is_diagnosed || unit->diagnosis.expiry == EXPIRY_UNKNOWN)
        put_cell(cell, "unknown");
    else if (unit->diagnosis.expiry == EXPIRY_NONE)
        put_cell(cell, "never");
    else if (unit->diagnosis.days_left < 1)
        put_cell(cell, unit->diagnosis.days_left < 0 ? "expired" : "today");
    else
        (void)snprintf(cell, CELL_SIZE, "in %lld day%s", (long long)unit->diagnosis.days_left,
                       unit->diagnosis.days_left > 1 ? "s" : "");
}

/* "an identity token", as a sentence has it, is "identity" below the word TOKEN. */
static void put_kind(char *cell, const char *kind)
{
    const char *words = kind != NULL ? kind : "-";
    const char *space = strchr(words, ' ');
    char text[CELL_SIZE];

    (void)snprintf(text, sizeof(text), "%s", space != NULL ? space + 1 : words);
    text[strcspn(text, " ")] = '\0';
    put_cell(cell, text);
}

static void make_row(struct row *row, const struct survey_item *item, const struct options *options,
                     bool is_crowded)
{
    const struct secret *username = &item->finding.found.held.username;
    char registry[sizeof(item->registry.host) + sizeof(item->registry.name_space) + 1];

    (void)snprintf(registry, sizeof(registry), "%s%s%s", item->registry.host,
                   item->registry.name_space[0] != '\0' ? "/" : "", item->registry.name_space);
    put_cell(row->cells[0], registry[0] != '\0' ? registry : "-");
    put_cell(row->cells[1], username->len > 0 ? secret_text(username) : "-");
    put_kind(row->cells[2], item->kind);
    if (is_crowded)
        put_short_source(row->cells[3], item);
    else
        put_source(row->cells[3], item);
    put_cell(row->cells[4], result_of(item));
    put_expiry(row->cells[5], item, options);
}

/* Each column as wide as its widest cell. Returns the width of a line. */
static size_t measure(size_t widths[COLUMNS], const struct survey *survey,
                      const struct options *options, bool is_crowded)
{
    struct row row = {.cells = {""}};
    size_t all = (size_t)(COLUMNS - 1) * GAP;

    for (size_t i = 0; i < COLUMNS; i++)
        widths[i] = strlen(columns[i].title);
    for (size_t i = 0; i < survey->count; i++) {
        make_row(&row, survey->items[i], options, is_crowded);
        for (size_t k = 0; k < COLUMNS; k++) {
            if (shown_len(row.cells[k]) > widths[k])
                widths[k] = shown_len(row.cells[k]);
        }
    }
    for (size_t i = 0; i < COLUMNS; i++)
        all += widths[i];
    return all;
}

/* Columns give way until a line of so many characters fits. */
static void fit(size_t widths[COLUMNS], size_t all)
{
    for (unsigned turn = 1; turn <= COLUMNS; turn++) {
        for (size_t i = 0; i < COLUMNS; i++) {
            size_t over = all > WIDTH_MAX ? all - WIDTH_MAX : 0;
            size_t before = widths[i];

            if (columns[i].gives_way != turn || widths[i] <= columns[i].least)
                continue;
            widths[i] = before - columns[i].least > over ? before - over : columns[i].least;
            all -= before - widths[i];
        }
    }
}

/* What is too long loses its middle. */
static void print_cell(const char *text, size_t width, bool has_paths, bool is_last)
{
    size_t len = shown_len(text);
    bool is_path = text[0] == '/' || text[0] == '~';
    size_t left = !has_paths ? (width - 2) / 2 : is_path ? 0 : width - 2;

    if (len <= width) {
        (void)printf("%s%*s", text, is_last ? 0 : (int)(width - len + GAP), "");
        return;
    }
    (void)printf("%.*s..%s%*s", (int)(skip_shown(text, left) - text), text,
                 skip_shown(text, len - (width - 2 - left)), is_last ? 0 : GAP, "");
}

static void print_row(const struct row *row, const size_t widths[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        print_cell(row->cells[i], widths[i], columns[i].has_paths, i == COLUMNS - 1);
    (void)putchar('\n');
}

static void print_images(const struct survey *survey)
{
    for (size_t i = 0; survey->count > 0 && i < survey->images.count; i++) {
        const struct image *image = &survey->images.items[i].image;
        struct text_shown shown = text_shown(image->given);

        if (image->can_pull)
            (void)printf("image '%s': can be pulled\n", shown.text);
        else if (image->status == 0)
            (void)printf("image '%s': not checked\n", shown.text);
        else
            (void)printf("image '%s': %s (HTTP %d)\n", shown.text,
                         image->status == 404 ? "was not found" : "cannot be pulled",
                         image->status);
    }
}

void survey_report_print(const struct survey *survey, const struct options *options)
{
    struct row row = {.cells = {""}};
    size_t widths[COLUMNS];
    bool is_crowded = measure(widths, survey, options, false) > WIDTH_MAX;

    fit(widths, measure(widths, survey, options, is_crowded));
    for (size_t i = 0; i < COLUMNS; i++)
        put_cell(row.cells[i], columns[i].title);
    if (survey->count > 0)
        print_row(&row, widths);
    for (size_t i = 0; i < survey->count; i++) {
        make_row(&row, survey->items[i], options, is_crowded);
        print_row(&row, widths);
    }
    print_images(survey);
}

void survey_report_warn(const struct survey *survey)
{
    char shown[sizeof(struct error)];

    for (size_t i = 0; i < survey->unit_count; i++) {
        const struct survey_unit *unit = &survey->units[i];

        for (size_t k = 0; k < unit->warnings.count; k++) {
            const char *text = unit->warnings.items[k];

            (void)fprintf(stderr, "warning: %s: %s\n", unit->registry.host,
                          text_printable(shown, sizeof(shown), text, strlen(text)));
        }
    }
    for (size_t i = 0; i < survey->count; i++) {
        const char *text = survey_error(survey->items[i])->message;

        if (survey_is_untold(survey, i))
            (void)fprintf(stderr, "warning: %s\n",
                          text_printable(shown, sizeof(shown), text, strlen(text)));
    }
}

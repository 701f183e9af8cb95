/*
 * Any words as a command line, one a line: refused without a value being shown, or understood, with
 * every text taken from the words and every number within what --help says.
 */
#include "fuzz.h"

#include "cli/command_line.h"
#include "cli/option_table.h"

#define HIDDEN "s3cret"

enum { WORDS_MAX = 24 };

static int count;
static char *words[WORDS_MAX + 1];

static void check_text(const char *text)
{
    bool is_in = text == NULL;

    for (int i = 0; i < count; i++)
        is_in = is_in || (text >= words[i] && text <= words[i] + strlen(words[i]));
    must(is_in);
}

static void check_list(const struct option_list *list)
{
    must(list->count <= OPTIONS_LIST_MAX);
    for (size_t i = 0; i < list->count; i++)
        check_text(list->items[i]);
}

/* Each option that the command does not know is as it is where nothing is given. */
static void check_option(const struct option_spec *spec, const struct options *o)
{
    const char *member = (const char *)o + spec->offset;
    bool is_known = (spec->commands & o->command) != 0;

    switch (spec->kind) {
    case OPTION_FLAG:
        must(is_known || !*(const bool *)(const void *)member);
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        check_text(*(const char *const *)(const void *)member);
        must(is_known || *(const char *const *)(const void *)member == NULL);
        must(spec->kind == OPTION_TEXT || *(const char *const *)(const void *)member == NULL ||
             **(const char *const *)(const void *)member != '\0');
        break;
    case OPTION_LIST:
        check_list((const struct option_list *)(const void *)member);
        break;
    case OPTION_NUMBER:
    case OPTION_POSITIVE:
        must(*(const unsigned *)(const void *)member <= spec->max);
        must(spec->kind == OPTION_NUMBER || *(const unsigned *)(const void *)member > 0 ||
             spec->offset == offsetof(struct options, expires_within_days)); /* 0: not given */
        break;
    case OPTION_REFUSED:
        break;
    }
}

static void check_options(const struct options *o)
{
    check_text(o->registry);
    for (size_t i = 0; i < option_table_len; i++)
        check_option(&option_table[i], o);
    must(!(o->quiet && o->verbose) && !(o->no_verify && o->diagnose));
    must((o->username != NULL) + (o->username_env != NULL) + (o->username_file != NULL) <= 1);
    must(o->password_stdin + (o->token_env != NULL) + (o->token_file != NULL) <= 1);
    must((o->run != NULL && o->run[0] != NULL) || o->command != COMMAND_EXEC || o->help ||
         o->version);
}

/* A word that cannot be a registry is quoted, and nothing else of the command line. */
static bool may_show_hidden(void)
{
    bool is_rest = false; /* after "--" nothing is an option */

    for (int i = 0; i < count; i++) {
        if ((is_rest || words[i][0] != '-') && strstr(words[i], HIDDEN) != NULL)
            return true;
        is_rest = is_rest || strcmp(words[i], "--") == 0;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    struct error err = ERROR_INIT;
    struct options options;

    for (count = 0; count < WORDS_MAX && (in.left > 0 || count == 0); count++)
        words[count] = take_line(&in);
    words[count] = NULL;
    if (command_line_parse(&options, count, words, &err) == 0) {
        check_options(&options);
    } else {
        check_error(&err, CLASS_USAGE);
        must(is_shown(err.message) && (strstr(err.message, HIDDEN) == NULL || may_show_hidden()));
        must(is_shown(err.hint) && strstr(err.hint, HIDDEN) == NULL);
    }
    while (count > 0)
        free(words[--count]);
    return 0;
}

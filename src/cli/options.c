#include "cli/options.h"

#include <stdint.h>
#include <string.h>

#include "base/scan.h"
#include "cli/contradiction.h"
#include "cli/option_table.h"

/* argv under the cursor, and which options were seen. */
struct parser {
    struct options *out;
    char *const *next;
    char *const *end;
    bool seen[OPTION_TABLE_MAX];
};

static const struct option_spec *find_long(struct span name)
{
    for (size_t i = 0; i < option_table_len; i++) {
        if (name.len == strlen(option_table[i].name) &&
            memcmp(name.data, option_table[i].name, name.len) == 0)
            return &option_table[i];
    }
    return NULL;
}

static const struct option_spec *find_short(char letter)
{
    for (size_t i = 0; i < option_table_len; i++) {
        if (option_table[i].letter == letter && letter != '\0')
            return &option_table[i];
    }
    return NULL;
}

static int set_number(unsigned *out, const struct option_spec *spec, const char *value,
                      struct error *err)
{
    struct scan s = scan_over(value, strlen(value));
    unsigned least = spec->kind == OPTION_SECONDS ? 1 : 0;
    uint64_t number;

    if (!scan_number(&s, spec->max, &number) || !scan_is_at_end(&s) || number < least)
        return error_set(err, CLASS_USAGE, "--%s takes a whole number from %u to %u", spec->name,
                         least, spec->max);
    *out = (unsigned)number;
    return 0;
}

static int append(struct option_list *list, const struct option_spec *spec, const char *value,
                  struct error *err)
{
    if (list->count == OPTIONS_LIST_MAX)
        return error_set(err, CLASS_USAGE, "--%s is given more than %d times", spec->name,
                         OPTIONS_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

static int refuse(const struct option_spec *spec, struct error *err)
{
    return error_set_hint(
        err, CLASS_USAGE,
        "use --password-stdin, --token-env VAR or --token-file FILE; and revoke a "
        "token that was given here",
        "--%s is not supported: %s", spec->name, spec->help);
}

static int set(struct parser *p, const struct option_spec *spec, const char *value,
               struct error *err)
{
    char *member = (char *)p->out + spec->offset;
    size_t index = (size_t)(spec - option_table);

    if ((spec->commands & p->out->command) == 0)
        return error_set(err, CLASS_USAGE, "--%s has no meaning for '%s'", spec->name,
                         option_table_command_name(p->out->command));
    if (p->seen[index] && spec->kind != OPTION_LIST)
        return error_set(err, CLASS_USAGE, "--%s is given twice", spec->name);
    p->seen[index] = true;
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)member = true;
        break;
    case OPTION_PATH:
        if (value[0] == '\0') {
            return error_set_hint(err, CLASS_USAGE, "a shell variable may not be set",
                                  "--%s is given an empty %s", spec->name, spec->argument);
        }
        *(const char **)(void *)member = value;
        return 0;
    case OPTION_TEXT:
        *(const char **)(void *)member = value;
        return 0;
    case OPTION_NUMBER:
    case OPTION_SECONDS:
        return set_number((unsigned *)(void *)member, spec, value, err);
    case OPTION_LIST:
        return append((struct option_list *)(void *)member, spec, value, err);
    case OPTION_REFUSED:
        return refuse(spec, err);
    }
    return 0;
}

/* The value of an option that takes one: behind '=' or glued to its letter, or the next word. */
static int take_value(struct parser *p, const struct option_spec *spec, const char *attached,
                      const char **value, struct error *err)
{
    *value = attached;
    if (attached != NULL || spec->kind == OPTION_REFUSED)
        return 0;
    if (p->next == p->end) {
        return error_set_hint(err, CLASS_USAGE,
                              "a shell variable without quotes vanishes when it is empty",
                              "--%s needs %s behind it", spec->name, spec->argument);
    }
    *value = *p->next++;
    return 0;
}

static int parse_long(struct parser *p, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    struct span name = {.data = word, .len = equals ? (size_t)(equals - word) : strlen(word)};
    const struct option_spec *spec = find_long(name);
    const char *value = "";

    if (spec == NULL) {
        /* What no option is made of may be a token that lost its way. */
        if (strspn(name.data, "abcdefghijklmnopqrstuvwxyz-") < name.len)
            return error_set(err, CLASS_USAGE, "unknown option");
        return error_set(err, CLASS_USAGE, "unknown option '--%.*s'", (int)name.len, name.data);
    }
    if (spec->argument == NULL && equals != NULL)
        return error_set(err, CLASS_USAGE, "--%s takes no value", spec->name);
    if (spec->argument != NULL &&
        take_value(p, spec, equals != NULL ? equals + 1 : NULL, &value, err) < 0)
        return -1;
    return set(p, spec, value, err);
}

static int parse_short(struct parser *p, const char *letters, struct error *err)
{
    for (; *letters != '\0'; letters++) {
        const struct option_spec *spec = find_short(*letters);
        const char *value = "";
        bool takes_value = spec != NULL && spec->argument != NULL;

        if (spec == NULL)
            return error_set(err, CLASS_USAGE, "unknown option '-%c'",
                             *letters > ' ' && *letters < 0x7f ? *letters : '?');
        if (takes_value &&
            take_value(p, spec, letters[1] != '\0' ? letters + 1 : NULL, &value, err) < 0)
            return -1;
        if (set(p, spec, value, err) < 0)
            return -1;
        if (takes_value)
            break;
    }
    return 0;
}

static int parse_registry(struct parser *p, const char *word, struct error *err)
{
    if (p->out->registry != NULL)
        return error_set(err, CLASS_USAGE, "more than one registry is named");
    p->out->registry = word;
    return 0;
}

bool options_name_podman(const struct options *options)
{
    return options->podman || options->persistent || options->authfile != NULL;
}

/* Behind "--": the command of `exec`, and for others no option any more. */
static int parse_rest(struct parser *p, struct error *err)
{
    if (p->out->command == COMMAND_EXEC) {
        p->out->run = p->next;
        return 0;
    }
    while (p->next < p->end) {
        if (parse_registry(p, *p->next++, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_word(struct parser *p, const char *word, struct error *err)
{
    if (strncmp(word, "--", 2) == 0)
        return parse_long(p, word + 2, err);
    if (word[0] == '-' && word[1] != '\0')
        return parse_short(p, word + 1, err);
    return parse_registry(p, word, err);
}

static int parse_words(struct parser *p, struct error *err)
{
    while (p->next < p->end) {
        const char *word = *p->next++;

        if (strcmp(word, "--") == 0)
            return parse_rest(p, err);
        if (parse_word(p, word, err) < 0)
            return -1;
    }
    return 0;
}

int options_parse(struct options *out, int argc, char *const argv[], struct error *err)
{
    struct parser p = {.out = out, .next = argv + (argc > 0), .end = argv + argc};

    *out = (struct options){
        .command = COMMAND_LOGIN, .timeout_s = 60, .connect_timeout_s = 10, .retries = 4};
    if (p.next < p.end && option_table_command(*p.next, &out->command))
        p.next++;
    if (parse_words(&p, err) == 0 && contradiction_check(out, err) == 0)
        return 0;
    /* Who reads JSON wants it of this error too, wherever --json stands. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        out->json = out->json || strcmp(argv[i], "--json") == 0;
    return -1;
}

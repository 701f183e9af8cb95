#include "cli/command_line.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scan.h"
#include "base/text.h"
#include "cli/option_table.h"
#include "credential/github_token.h"
#include "store/path.h"

/* argv under the cursor. */
struct parser {
    struct options *out;
    char *const *next;
    char *const *end;
    char *const *command; /* the word that names it, if it does not come first */
};

static const char revoke_hint[] =
    "revoke that token: every process can read command lines, and shells and logs keep them; then "
    "use --password-stdin, --token-env VAR or --token-file FILE";

/* The value of no option but those that credential/ reads, and refuses, itself. */
static int refuse_token(const char *option, const char *value, struct error *err)
{
    if (!github_token_is_told(value))
        return 0;
    return error_set_hint(err, CLASS_USAGE, revoke_hint, "%s%s looks like a GitHub token",
                          option != NULL ? "the value of --" : "an argument",
                          option != NULL ? option : "");
}

static int set_number(unsigned *out, const struct option_spec *spec, const char *value,
                      struct error *err)
{
    struct scan s = scan_over(value, strlen(value));
    unsigned least = spec->kind == OPTION_POSITIVE ? 1 : 0;
    uint64_t number;

    if (!scan_number(&s, spec->max, &number) || !scan_is_at_end(&s) || number < least)
        return error_set(err, CLASS_USAGE, "--%s must be a whole number from %u to %u", spec->name,
                         least, spec->max);
    *out = (unsigned)number;
    return 0;
}

static int line_append(struct option_list *list, const struct option_spec *spec, const char *value,
                       struct error *err)
{
    if (list->count == OPTIONS_LIST_MAX)
        return error_set(err, CLASS_USAGE, "--%s is given more than %d times", spec->name,
                         OPTIONS_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

/* "-p -" is how docker names standard input; anything else would be the token itself. */
static int set_password(struct options *out, const struct option_spec *spec, const char *value,
                        struct error *err)
{
    if (strcmp(value, "-") == 0) {
        out->password_stdin = true;
        return 0;
    }
    return error_set_hint(err, CLASS_USAGE,
                          "use --password-stdin, --token-env VAR or --token-file FILE; if a token "
                          "was given here, revoke it",
                          "--%s is not supported: %s", spec->name, spec->help);
}

/* The shell expands neither after '=' nor within single quotes, and no one else does. */
static int check_path(const struct option_spec *spec, const char *value, struct error *err)
{
    if (value[0] == '\0' && spec->kind == OPTION_PATH)
        return error_set_hint(err, CLASS_USAGE, "check that the shell variable is set",
                              "--%s was given an empty %s", spec->name, spec->argument);
    if (value[0] == '~')
        return error_set_hint(err, CLASS_USAGE,
                              "the shell expands '~' only at the start of a word, and not within "
                              "quotes: use \"$HOME/...\"",
                              "the %s of --%s starts with '~', which was not expanded",
                              spec->argument, spec->name);
    if (value[0] == '$')
        return error_set_hint(err, CLASS_USAGE,
                              "single quotes keep the shell from expanding a variable: use double "
                              "quotes",
                              "the %s of --%s starts with '$', which was not expanded",
                              spec->argument, spec->name);
    return 0;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* What a value of one option alone must not be. */
static int check_place(const struct option_spec *spec, const char *value, struct error *err)
{
    if (strcmp(spec->name, "config") == 0 &&
        (strcmp(path_base(value), "config.json") == 0 || is_file(value)))
        return error_set_hint(err, CLASS_USAGE,
                              "name the directory that contains the file, as for docker; or use "
                              "--authfile FILE for podman's format",
                              "--config requires a directory, and was given a file");
    if (strcmp(spec->name, "authfile") == 0 && strcmp(value, "-") == 0)
        return error_set_hint(err, CLASS_USAGE,
                              "name a file; nothing is written to standard output",
                              "--authfile does not accept '-'");
    return 0;
}

static int check_value(const struct option_spec *spec, const char *value, struct error *err)
{
    bool is_path = strcmp(spec->argument, "FILE") == 0 || strcmp(spec->argument, "DIR") == 0 ||
                   spec->kind == OPTION_PATH;

    if (spec->kind == OPTION_REFUSED)
        return 0;
    if (spec->kind != OPTION_TEXT && refuse_token(spec->name, value, err) < 0)
        return -1;
    return is_path && check_path(spec, value, err) < 0 ? -1 : check_place(spec, value, err);
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words != NULL && strcmp(value, *words) != 0)
        words++;
    return *words != NULL;
}

/* As docker takes one: --quiet, --quiet=true, --quiet=0 (Go's strconv.ParseBool). */
static int set_flag(bool *out, const struct option_spec *spec, const char *value, struct error *err)
{
    static const char *const yes[] = {"", "1", "t", "T", "true", "TRUE", "True", NULL};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False", NULL};

    *out = is_one_of(value, yes);
    return *out || is_one_of(value, no)
               ? 0
               : error_set(err, CLASS_USAGE, "--%s does not take a value other than true or false",
                           spec->name);
}

/*
 * The last one counts, as in docker. Which commands take it is in its row; a member is written by
 * its offset, whose type the row's kind has to match.
 */
static int set(struct parser *p, const struct option_spec *spec, const char *value,
               struct error *err)
{
    char *member = (char *)p->out + spec->offset;

    if ((spec->commands & p->out->command) == 0)
        return error_set(err, CLASS_USAGE, "--%s cannot be used with '%s'", spec->name,
                         option_table_command_name(p->out->command));
    if (spec->argument != NULL && check_value(spec, value, err) < 0)
        return -1;
    switch (spec->kind) {
    case OPTION_FLAG:
        return set_flag((bool *)(void *)member, spec, value, err);
    case OPTION_PATH:
    case OPTION_TEXT:
        *(const char **)(void *)member = value;
        break;
    case OPTION_NUMBER:
    case OPTION_POSITIVE:
        return set_number((unsigned *)(void *)member, spec, value, err);
    case OPTION_LIST:
        return line_append((struct option_list *)(void *)member, spec, value, err);
    case OPTION_REFUSED:
        return set_password(p->out, spec, value, err);
    }
    return 0;
}

/* The option that a word names, or NULL. */
static const struct option_spec *find_option(const char *word)
{
    if (strncmp(word, "--", 2) == 0)
        return option_table_long(word + 2, strcspn(word + 2, "="));
    return word[0] == '-' && word[1] != '\0' && word[2] == '\0' ? option_table_short(word[1])
                                                                : NULL;
}

/* The value of an option that takes one: after '=' or right after its letter, or the next word. */
static int take_value(struct parser *p, const struct option_spec *spec, const char *attached,
                      const char **value, struct error *err)
{
    const char *next = p->next < p->end ? *p->next : NULL;
    const char *given = attached != NULL ? attached : next;
    const struct option_spec *other = given != NULL ? find_option(given) : NULL;

    /* After '=' only a user name is looked at: it would be stored. */
    if (attached != NULL &&
        (strcmp(spec->name, "username") != 0 || strncmp(attached, "--", 2) != 0))
        other = NULL;
    *value = attached != NULL ? attached : "";
    if ((attached != NULL && other == NULL) ||
        (spec->kind == OPTION_REFUSED && (given == NULL || strcmp(given, "-") != 0)))
        return 0;
    if (given == NULL)
        return error_set_hint(err, CLASS_USAGE,
                              "an unquoted shell variable disappears when it is empty",
                              "--%s requires an argument (%s)", spec->name, spec->argument);
    if (other != NULL || strcmp(given, "--") == 0) {
        (void)error_set(err, CLASS_USAGE, "--%s was given '--%s' as its %s", spec->name,
                        other != NULL ? other->name : "", spec->argument);
        return error_hint(err,
                          "check that the variable after --%s is set: an unquoted variable "
                          "disappears when it is empty",
                          spec->name);
    }
    *value = next;
    p->next++;
    return 0;
}

static int refuse_unknown(const char *name, size_t len, struct error *err)
{
    const struct option_foreign *foreign = option_table_foreign(name, len);
    const char *meant = option_table_nearest(name, len);

    /* What no option is made of may be a token that lost its way. */
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz-") < len)
        return error_set(err, CLASS_USAGE, "unknown option");
    if (foreign != NULL)
        return error_set_hint(err, CLASS_USAGE, foreign->instead, "unknown option '--%s'",
                              foreign->name);
    (void)error_set(err, CLASS_USAGE, "unknown option '--%.*s'", (int)len, name);
    return meant != NULL ? error_hint(err, "did you mean --%s?", meant) : -1;
}

static int parse_long(struct parser *p, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct option_spec *spec = option_table_long(word, len);
    const char *value = "";

    if (spec == NULL)
        return refuse_unknown(word, len, err);
    if (spec->argument == NULL && equals != NULL)
        value = equals[1] != '\0' ? equals + 1 : "=";
    if (spec->argument != NULL &&
        take_value(p, spec, equals != NULL ? equals + 1 : NULL, &value, err) < 0)
        return -1;
    return set(p, spec, value, err);
}

static int refuse_letter(char letter, struct error *err)
{
    const struct option_foreign *foreign = option_table_foreign(&letter, 1);

    if (foreign != NULL)
        return error_set_hint(err, CLASS_USAGE, foreign->instead, "unknown option '-%s'",
                              foreign->name);
    return error_set(err, CLASS_USAGE, "unknown option '-%c'",
                     letter > ' ' && letter < 0x7f ? letter : '?');
}

static int parse_short(struct parser *p, const char *letters, struct error *err)
{
    for (; *letters != '\0'; letters++) {
        const struct option_spec *spec = option_table_short(*letters);
        const char *value = "";
        bool takes_value = spec != NULL && spec->argument != NULL;
        const char *attached = letters[1] == '=' ? letters + 2 : letters + 1; /* as docker has it */

        if (spec == NULL)
            return refuse_letter(*letters, err);
        if (takes_value &&
            take_value(p, spec, letters[1] != '\0' ? attached : NULL, &value, err) < 0)
            return -1;
        if (!takes_value && letters[1] == '=') {
            value = letters[2] != '\0' ? attached : "=";
            takes_value = true;
        }
        if (set(p, spec, value, err) < 0)
            return -1;
        if (takes_value)
            break;
    }
    return 0;
}

/* A word that no registry is called by: no image name could refer to it. */
static bool is_no_host(const char *word)
{
    return word[0] != '\0' && strpbrk(word, ".:/[") == NULL && strcmp(word, "localhost") != 0;
}

/* What a shell or a template was to replace, or what it left round the name. */
static int check_expanded(const char *word, struct error *err)
{
    if (word[0] == '$')
        return error_set_hint(
            err, CLASS_USAGE,
            "single quotes keep the shell from expanding a variable, and ${{ }} is "
            "expanded in workflow files only",
            "'%s' was not expanded", text_shown(word).text);
    if (word[strcspn(word, "\"'` \t\n")] != '\0')
        return error_set_hint(err, CLASS_USAGE,
                              "remove it, or correct the variable that the name comes from",
                              "'%s' contains a space or a quotation mark", text_shown(word).text);
    return 0;
}

static int refuse_word(const struct parser *p, const char *word, struct error *err)
{
    const char *meant = option_table_nearest_command(word);
    enum command command;

    if (p->out->command == COMMAND_EXEC)
        return error_set_hint(err, CLASS_USAGE,
                              "ghcr-login exec [OPTION...] [REGISTRY] -- COMMAND [ARG...]",
                              "'exec' requires '--' before the command that it runs");
    if (option_table_command(word, &command))
        return error_set_hint(err, CLASS_USAGE,
                              "put the command first: ghcr-login COMMAND [OPTION...]",
                              "the command '%s' comes after other arguments", word);
    if (strcmp(word, "docker") == 0 || strcmp(word, "podman") == 0)
        return error_set_hint(err, CLASS_USAGE, "omit it: ghcr-login COMMAND [OPTION...]",
                              "'%s' is neither a command nor a registry", word);
    (void)error_set(err, CLASS_USAGE, "'%s' is neither a command nor a registry",
                    text_shown(word).text);
    if (meant != NULL)
        return error_hint(err, "did you mean '%s'?", meant);
    return error_hint(err, "commands are login, logout, status, exec, help and version; a registry "
                           "is HOST[:PORT], like ghcr.io; name the account with -u");
}

/* Options may stand before these two, as before docker's commands. */
static bool take_late_command(struct options *out, const char *word)
{
    bool is_help = strcmp(word, "help") == 0;

    if (out->help_topic != NULL || out->registry != NULL ||
        (!is_help && strcmp(word, "version") != 0))
        return false;
    out->help = out->help || is_help;
    out->version = out->version || !is_help;
    return true;
}

static int parse_registry(struct parser *p, const char *word, struct error *err)
{
    if (refuse_token(NULL, word, err) < 0)
        return -1;
    if (p->out->help && option_table_is_topic(word)) {
        p->out->help_topic = word;
        return 0;
    }
    if (take_late_command(p->out, word))
        return 0;
    if (check_expanded(word, err) < 0)
        return -1;
    if (is_no_host(word) || (p->out->registry != NULL && p->out->command == COMMAND_EXEC))
        return refuse_word(p, word, err);
    if (p->out->registry != NULL)
        return error_set(err, CLASS_USAGE, "more than one registry was given: '%s' and '%s'",
                         text_shown(p->out->registry).text, text_shown(word).text);
    p->out->registry = word;
    return 0;
}

/* Behind "--": the command of `exec`, and for others no option any more. */
static int parse_rest(struct parser *p, struct error *err)
{
    if (p->out->command == COMMAND_EXEC) {
        p->out->run = p->next;
        return 0;
    }
    while (p->next < p->end && *p->next != NULL) {
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
    while (p->next < p->end && *p->next != NULL) {
        const char *word = *p->next++;

        if (p->next - 1 == p->command)
            continue;
        if (strcmp(word, "--") == 0)
            return parse_rest(p, err);
        if (parse_word(p, word, err) < 0)
            return -1;
    }
    return 0;
}

/* A script that was edited on Windows: the shell takes the CR of its line ends for text. */
static int check_line_ends(int argc, char *const argv[], struct error *err)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (text_has_suffix(argv[i], "\r"))
            return error_set_hint(
                err, CLASS_USAGE, "convert it: sed -i 's/\\r$//' SCRIPT",
                "argument %d ends in a carriage return (CR): the script has Windows line endings",
                i);
    }
    return 0;
}

/* Also after the letter of an option that does not exist. */
static bool tells_token(const char *word)
{
    bool is_letter = word[0] == '-' && word[1] != '-' && word[1] != '\0';

    return github_token_is_told(word) || (is_letter && github_token_is_told(word + 2));
}

/* Who reads JSON wants it of this error too, wherever --json stands; and a token is told of. */
static void amend_error(struct options *out, int argc, char *const argv[], struct error *err)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        out->json = out->json || strcmp(argv[i], "--json") == 0;
        if (tells_token(argv[i])) {
            err->hint[0] = '\0';
            (void)error_hint(err, "%s", revoke_hint);
        }
    }
}

/* docker takes --config DIR before its command alone. */
static bool find_command_behind_config(struct parser *p)
{
    char *const *at = p->next;

    while (at < p->end && *at != NULL && strncmp(*at, "--config", 8) == 0 &&
           ((*at)[8] == '\0' || (*at)[8] == '='))
        at += (*at)[8] == '\0' ? 2 : 1;
    if (at == p->next || at >= p->end || !option_table_command(*at, &p->out->command))
        return false;
    p->command = at;
    return true;
}

/* The word that may come first. */
static void parse_command(struct parser *p)
{
    const char *word = p->next < p->end ? *p->next : "";

    if (find_command_behind_config(p)) {
        p->out->help_topic = *p->command;
        return;
    }
    p->out->help = strcmp(word, "help") == 0;
    p->out->version = strcmp(word, "version") == 0;
    if (option_table_command(word, &p->out->command))
        p->out->help_topic = word;
    if (p->out->help || p->out->version || p->out->help_topic != NULL)
        p->next++;
}

int command_line_parse(struct options *out, int argc, char *const argv[], struct error *err)
{
    struct parser p = {.out = out, .next = argv + (argc > 0), .end = argv + argc};

    *out = (struct options){
        .command = COMMAND_LOGIN, .timeout_s = 60, .connect_timeout_s = 10, .retries = 4};
    parse_command(&p);
    if (check_line_ends(argc, argv, err) == 0 && parse_words(&p, err) == 0 &&
        option_table_check(out, err) == 0)
        return 0;
    amend_error(out, argc, argv, err);
    return -1;
}

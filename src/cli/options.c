#include "cli/options.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"

#define AT(member) offsetof(struct options, member)

enum { OPTIONS_SECONDS_MAX = 86400, OPTIONS_RETRIES_MAX = 100 };

static const struct option_spec table[] = {
    {"username", 'u', "NAME", OPTION_TEXT, AT(username), 0, "Who",
     "the account that owns the token"},
    {"username-env", 0, "VAR", OPTION_TEXT, AT(username_env), 0, "Who",
     "the name is in this environment variable"},
    {"username-file", 0, "FILE", OPTION_TEXT, AT(username_file), 0, "Who",
     "the name is in this file"},
    {"password-stdin", 0, NULL, OPTION_FLAG, AT(token_stdin), 0, "Token",
     "read the token from standard input"},
    {"token-stdin", 0, NULL, OPTION_FLAG, AT(token_stdin), 0, "Token", "the same"},
    {"token-env", 0, "VAR", OPTION_TEXT, AT(token_env), 0, "Token",
     "the token is in this environment variable"},
    {"token-file", 0, "FILE", OPTION_TEXT, AT(token_file), 0, "Token", "the token is in this file"},
    {"password", 'p', "VALUE", OPTION_REFUSED, 0, 0, NULL,
     "every process can read the arguments of every other, and shells keep them"},
    {"docker", 0, NULL, OPTION_FLAG, AT(docker), 0, "Where",
     "store in Docker's config.json (the default)"},
    {"podman", 0, NULL, OPTION_FLAG, AT(podman), 0, "Where",
     "store in Podman's auth.json; with --docker in both"},
    {"config", 0, "DIR", OPTION_PATH, AT(config_dir), 0, "Where",
     "the directory of Docker's config.json"},
    {"authfile", 0, "FILE", OPTION_PATH, AT(authfile), 0, "Where",
     "store in this file, in the format of auth.json"},
    {"persistent", 0, NULL, OPTION_FLAG, AT(persistent), 0, "Where",
     "Podman's file that outlasts a reboot: ~/.config/containers/auth.json"},
    {"in-place", 0, NULL, OPTION_FLAG, AT(in_place), 0, "Where",
     "write through a file that cannot be replaced: a bind mount"},
    {"can-pull", 0, "IMAGE", OPTION_LIST, AT(images), 0, "Proof",
     "succeed only if the credential can pull this image; repeatable"},
    {"timeout", 0, "SECONDS", OPTION_SECONDS, AT(timeout_s), OPTIONS_SECONDS_MAX, "Network",
     "limit of the whole run (60)"},
    {"connect-timeout", 0, "SECONDS", OPTION_SECONDS, AT(connect_timeout_s), OPTIONS_SECONDS_MAX,
     "Network", "limit of each connection attempt (10)"},
    {"retries", 0, "N", OPTION_NUMBER, AT(retries), OPTIONS_RETRIES_MAX, "Network",
     "ask again N times where waiting can help (4)"},
    {"cacert", 0, "FILE", OPTION_PATH, AT(ca_file), 0, "Network",
     "trust only the CA certificates in this file"},
    {"cert-dir", 0, "DIR", OPTION_PATH, AT(cert_dir), 0, "Network",
     "CA and client certificates (*.crt, *.cert, *.key) for this registry"},
    {"allow-realm", 0, "HOST", OPTION_LIST, AT(allowed_realms), 0, "Network",
     "the token may be sent to this host[:port] too; repeatable"},
    {"plain-http", 0, NULL, OPTION_FLAG, AT(plain_http), 0, "Network",
     "speak http without TLS: the token can be read on the way"},
    {"json", 0, NULL, OPTION_FLAG, AT(json), 0, "Output", "one JSON object on standard output"},
    {"quiet", 'q', NULL, OPTION_FLAG, AT(quiet), 0, "Output", "say nothing but errors"},
    {"verbose", 'v', NULL, OPTION_FLAG, AT(verbose), 0, "Output",
     "show each request and answer on standard error"},
    {"help", 'h', NULL, OPTION_FLAG, AT(help), 0, "Output", "show this help"},
    {"version", 0, NULL, OPTION_FLAG, AT(version), 0, "Output", "show the version"},
};

enum { TABLE_LEN = sizeof(table) / sizeof(table[0]) };

/* argv under the cursor, and which options were seen. */
struct parser {
    struct options *out;
    char *const *next;
    char *const *end;
    bool seen[TABLE_LEN];
};

const struct option_spec *options_table(size_t *count)
{
    *count = TABLE_LEN;
    return table;
}

static const struct option_spec *find_long(struct span name)
{
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (name.len == strlen(table[i].name) && memcmp(name.data, table[i].name, name.len) == 0)
            return &table[i];
    }
    return NULL;
}

static const struct option_spec *find_short(char letter)
{
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (table[i].letter == letter && letter != '\0')
            return &table[i];
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
    (void)error_set(err, CLASS_USAGE, "--%s is not supported: %s", spec->name, spec->help);
    return error_hint(err,
                      "use --password-stdin, --token-env VAR or --token-file FILE; and revoke a "
                      "token that was given here");
}

static int set(struct parser *p, const struct option_spec *spec, const char *value,
               struct error *err)
{
    char *member = (char *)p->out + spec->offset;
    size_t index = (size_t)(spec - table);

    if (spec->kind == OPTION_REFUSED)
        return refuse(spec, err);
    if (p->seen[index] && spec->kind != OPTION_LIST)
        return error_set(err, CLASS_USAGE, "--%s is given twice", spec->name);
    p->seen[index] = true;
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)member = true;
        return 0;
    case OPTION_PATH:
        if (value[0] == '\0') {
            (void)error_set(err, CLASS_USAGE, "--%s is given an empty %s", spec->name,
                            spec->argument);
            return error_hint(err, "a shell variable may not be set");
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
        break;
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
        (void)error_set(err, CLASS_USAGE, "--%s needs %s behind it", spec->name, spec->argument);
        return error_hint(err, "a shell variable without quotes vanishes when it is empty");
    }
    *value = *p->next++;
    return 0;
}

static int parse_long(struct parser *p, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    struct span name = {.data = word, .len = equals ? (size_t)(equals - word) : strlen(word)};
    const struct option_spec *spec = find_long(name);
    const char *value = NULL;

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
        const char *value = NULL;
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

static int check_contradictions(const struct options *o, struct error *err)
{
    if ((o->username != NULL) + (o->username_env != NULL) + (o->username_file != NULL) > 1)
        return error_set(err, CLASS_USAGE,
                         "the user name has more than one source: give one of --username, "
                         "--username-env and --username-file");
    if (o->token_stdin + (o->token_env != NULL) + (o->token_file != NULL) > 1)
        return error_set(err, CLASS_USAGE,
                         "the token has more than one source: give one of --password-stdin, "
                         "--token-env and --token-file");
    if (o->persistent && o->authfile != NULL)
        return error_set(err, CLASS_USAGE, "--persistent and --authfile name two files");
    if (o->config_dir != NULL && !o->docker && (o->podman || o->persistent || o->authfile != NULL))
        return error_set(err, CLASS_USAGE,
                         "--config names Docker's directory: add --docker to store there too");
    if (o->quiet && o->verbose)
        return error_set(err, CLASS_USAGE, "--quiet and --verbose contradict each other");
    return 0;
}

static int parse_words(struct parser *p, struct error *err)
{
    bool only_names = false;
    bool at_start = true;

    for (; p->next < p->end; at_start = false) {
        const char *word = *p->next++;
        int ret;

        if (at_start && strcmp(word, "login") == 0)
            continue;
        if (!only_names && strcmp(word, "--") == 0) {
            only_names = true;
            continue;
        }
        if (!only_names && strncmp(word, "--", 2) == 0)
            ret = parse_long(p, word + 2, err);
        else if (!only_names && word[0] == '-' && word[1] != '\0')
            ret = parse_short(p, word + 1, err);
        else
            ret = parse_registry(p, word, err);
        if (ret < 0)
            return -1;
    }
    return 0;
}

int options_parse(struct options *out, int argc, char *const argv[], struct error *err)
{
    struct parser p = {.out = out, .next = argv + (argc > 0), .end = argv + argc};

    *out = (struct options){.timeout_s = 60, .connect_timeout_s = 10, .retries = 4};
    if (parse_words(&p, err) == 0 && check_contradictions(out, err) == 0)
        return 0;
    /* Who reads JSON wants it of this error too, wherever --json stands. */
    for (int i = 1; i < argc; i++)
        out->json = out->json || strcmp(argv[i], "--json") == 0;
    return -1;
}

#include "cli/option_table.h"

#include <string.h>
#include <strings.h>

#include "cli/image_list.h"

#define AT(member) offsetof(struct options, member)

enum { OPTIONS_SECONDS_MAX = 86400, OPTIONS_RETRIES_MAX = 100, OPTIONS_DAYS_MAX = 3650 };

enum {
    COMMANDS_ALL = COMMAND_LOGIN | COMMAND_LOGOUT | COMMAND_STATUS | COMMAND_EXEC,
    COMMANDS_ASKING = COMMANDS_ALL, /* the registry: logout does with --if-refused */
    COMMANDS_STORED = COMMAND_LOGIN | COMMAND_LOGOUT | COMMAND_STATUS, /* what is in files */
    COMMANDS_PROVING = COMMAND_LOGIN | COMMAND_STATUS | COMMAND_EXEC,
    COMMANDS_CHANGING = COMMAND_LOGIN | COMMAND_LOGOUT,
    COMMANDS_GIVEN = COMMAND_LOGIN | COMMAND_EXEC,     /* a credential */
    COMMANDS_STORING = COMMAND_LOGIN | COMMAND_STATUS, /* what is to last */
};

static const struct {
    const char *name;
    enum command command;
} commands[] = {
    {"login", COMMAND_LOGIN},
    {"logout", COMMAND_LOGOUT},
    {"status", COMMAND_STATUS},
    {"exec", COMMAND_EXEC},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct option_spec option_table[] = {
    {"username", 'u', "NAME", OPTION_TEXT, AT(username), 0, COMMANDS_GIVEN, "User name",
     "the account that owns the token"},
    {"username-env", 0, "VAR", OPTION_TEXT, AT(username_env), 0, COMMANDS_GIVEN, "User name",
     "read the user name from this environment variable"},
    {"username-file", 0, "FILE", OPTION_TEXT, AT(username_file), 0, COMMANDS_GIVEN, "User name",
     "read the user name from this file"},
    {"password-stdin", 0, NULL, OPTION_FLAG, AT(password_stdin), 0, COMMANDS_GIVEN, "Token",
     "read the token from standard input"},
    {"token-env", 0, "VAR", OPTION_TEXT, AT(token_env), 0, COMMANDS_GIVEN, "Token",
     "read the token from this environment variable"},
    {"token-file", 0, "FILE", OPTION_TEXT, AT(token_file), 0, COMMANDS_GIVEN, "Token",
     "read the token from this file"},
    {"token-command", 0, "CMD", OPTION_TEXT, AT(token_command), 0, COMMANDS_GIVEN, "Token",
     "run this shell command, which prints the token"},
    {"password", 'p', "VALUE", OPTION_REFUSED, 0, 0, COMMANDS_ALL, NULL,
     "every process can read command lines, and shells keep them"},
    {"docker", 0, NULL, OPTION_FLAG, AT(docker), 0, COMMANDS_STORED, "Credential store",
     "use Docker's config.json (the default)"},
    {"podman", 0, NULL, OPTION_FLAG, AT(podman), 0, COMMANDS_STORED, "Credential store",
     "use Podman's auth.json; with --docker, both files"},
    {"config", 0, "DIR", OPTION_PATH, AT(config_dir), 0, COMMANDS_ALL, "Credential store",
     "the directory that holds Docker's config.json"},
    {"authfile", 0, "FILE", OPTION_PATH, AT(authfile), 0, COMMANDS_ALL, "Credential store",
     "use this file, in Podman's auth.json format"},
    {"persistent", 0, NULL, OPTION_FLAG, AT(persistent), 0, COMMANDS_STORED, "Credential store",
     "use Podman's permanent file, ~/.config/containers/auth.json"},
    {"no-helper", 0, NULL, OPTION_FLAG, AT(no_helper), 0, COMMANDS_CHANGING, "Credential store",
     "use the file even if a credential helper is configured"},
    {"for-user", 0, "NAME", OPTION_PATH, AT(for_user), 0, COMMANDS_STORED, "Credential store",
     "as root: act as this user, in their home directory"},
    {"at-pull", 0, NULL, OPTION_FLAG, AT(at_pull), 0, COMMAND_LOGIN, "Credential store",
     "store no token: docker fetches it from its source at each pull"},
    {"all", 0, NULL, OPTION_FLAG, AT(all), 0, COMMAND_LOGOUT | COMMAND_STATUS, "Which entries",
     "every entry: logout removes them, status checks them"},
    {"if-user", 0, "NAME", OPTION_PATH, AT(if_user), 0, COMMAND_LOGOUT, "Which entries",
     "logout: only if the entry is this user's"},
    {"if-refused", 0, NULL, OPTION_FLAG, AT(if_refused), 0, COMMAND_LOGOUT, "Which entries",
     "logout: only if the registry refuses the entry"},
    {"can-pull", 0, "IMAGE", OPTION_LIST, AT(images), 0, COMMANDS_PROVING, "Checks",
     "succeed only if this image may be pulled; repeatable; '-': stdin"},
    {"no-verify", 0, NULL, OPTION_FLAG, AT(no_verify), 0, COMMANDS_PROVING, "Checks",
     "do not check the credential with the registry"},
    {"dry-run", 0, NULL, OPTION_FLAG, AT(dry_run), 0, COMMANDS_CHANGING, "Checks",
     "change nothing, and say what would be changed"},
    {"diagnose", 0, NULL, OPTION_FLAG, AT(diagnose), 0, COMMANDS_PROVING, "Checks",
     "ask GitHub's API for the token's owner, scopes and expiry"},
    {"expires-within", 0, "DAYS", OPTION_POSITIVE, AT(expires_within_days), OPTIONS_DAYS_MAX,
     COMMANDS_STORING, "Checks", "fail if GitHub says that the token expires sooner"},
    {"timeout", 0, "SECONDS", OPTION_POSITIVE, AT(timeout_s), OPTIONS_SECONDS_MAX, COMMANDS_ALL,
     "Network", "time limit for the whole run (60)"},
    {"connect-timeout", 0, "SECONDS", OPTION_POSITIVE, AT(connect_timeout_s), OPTIONS_SECONDS_MAX,
     COMMANDS_ASKING, "Network", "time limit for each connection attempt (10)"},
    {"retries", 0, "N", OPTION_NUMBER, AT(retries), OPTIONS_RETRIES_MAX, COMMANDS_ASKING, "Network",
     "retry up to N times after transient failures (4)"},
    {"wait-for-token", 0, "SECONDS", OPTION_NUMBER, AT(wait_for_token_s), OPTIONS_SECONDS_MAX,
     COMMANDS_GIVEN, "Network", "retry a refused new token, slowly, for this long (0)"},
    {"cacert", 0, "FILE", OPTION_PATH, AT(ca_file), 0, COMMANDS_ASKING, "Network",
     "trust only the CA certificates in this file"},
    {"cert-dir", 0, "DIR", OPTION_PATH, AT(cert_dir), 0, COMMANDS_ASKING, "Network",
     "this registry's certificates: *.crt, *.cert and *.key files"},
    {"allow-realm", 0, "HOST", OPTION_LIST, AT(allowed_realms), 0, COMMANDS_ASKING, "Network",
     "allow the token to be sent to this host[:port] too; repeatable"},
    {"plain-http", 0, NULL, OPTION_FLAG, AT(plain_http), 0, COMMANDS_ASKING, "Network",
     "use HTTP without TLS: anyone on the network can read the token"},
    {"insecure", 0, NULL, OPTION_FLAG, AT(insecure), 0, COMMANDS_ASKING, "Network",
     "do not verify certificates: an attacker in between gets the token"},
    {"json", 0, NULL, OPTION_FLAG, AT(json), 0, COMMANDS_ALL, "Output",
     "print one JSON object on standard output"},
    {"quiet", 'q', NULL, OPTION_FLAG, AT(quiet), 0, COMMANDS_ALL, "Output",
     "print nothing but errors"},
    {"verbose", 'v', NULL, OPTION_FLAG, AT(verbose), 0, COMMANDS_ALL, "Output",
     "show each request and response status on standard error"},
    {"help", 'h', NULL, OPTION_FLAG, AT(help), 0, COMMANDS_ALL, "Output",
     "show help; '--help all' lists every option"},
    {"version", 0, NULL, OPTION_FLAG, AT(version), 0, COMMANDS_ALL, "Output", "show the version"},
};

const size_t option_table_len = sizeof(option_table) / sizeof(option_table[0]);

bool option_table_command(const char *name, enum command *command)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            *command = commands[i].command;
            return true;
        }
    }
    return false;
}

const char *option_table_command_name(enum command command)
{
    size_t i = 0;

    while (i < COMMAND_COUNT - 1 && commands[i].command != command)
        i++;
    return commands[i].name;
}

const struct option_spec *option_table_long(const char *name, size_t len)
{
    for (size_t i = 0; i < option_table_len; i++) {
        if (len == strlen(option_table[i].name) && memcmp(name, option_table[i].name, len) == 0)
            return &option_table[i];
    }
    return NULL;
}

const struct option_spec *option_table_short(char letter)
{
    for (size_t i = 0; i < option_table_len; i++) {
        if (option_table[i].letter == letter && letter != '\0')
            return &option_table[i];
    }
    return NULL;
}

/* Of docker, podman, skopeo, helm, oras and gh. */
static const struct option_foreign foreigners[] = {
    {"tls-verify", "certificates are verified by default; instead of --tls-verify=false use "
                   "--insecure, or --plain-http for a registry without TLS"},
    {"tls", "omit it: ghcr-login does not use the daemon; use --insecure for a certificate that "
            "does not verify, and --plain-http for a registry without TLS"},
    {"tlsverify",
     "omit it: ghcr-login does not use the daemon, and verifies the registry's certificate"},
    {"tlscacert", "use --cacert FILE"},
    {"tlscert", "use --cert-dir DIR"},
    {"tlskey", "use --cert-dir DIR"},
    {"get-login", "use 'ghcr-login status REGISTRY', which also asks the registry"},
    {"compat-auth-file", "use --config DIR, the directory of docker's config.json"},
    {"secret", "use --token-file FILE or --token-env VAR, wherever podman puts the secret"},
    {"token-stdin", "use --password-stdin"},
    {"password-env", "use --token-env VAR"},
    {"password-file", "use --token-file FILE"},
    {"registry", "give the registry without an option: ghcr-login [OPTION...] REGISTRY"},
    {"server", "give the registry without an option: ghcr-login [OPTION...] REGISTRY"},
    {"skip-tls-verify", "use --insecure, or --plain-http for a registry without TLS"},
    {"email", "omit it: no registry uses it"},
    {"e", "omit it: no registry uses it"},
    {"k", "use --insecure, or --plain-http for a registry without TLS"},
    {"pass-stdin", "use --password-stdin"},
    {"with-token", "use --password-stdin"},
    {"token", "use --password-stdin, --token-env VAR or --token-file FILE"},
    {"creds", "use -u NAME with --password-stdin, --token-env VAR or --token-file FILE"},
    {"user", "use -u, --username NAME"},
    {"registry-config", "use --config DIR, or --authfile FILE"},
    {"ca-file", "use --cacert FILE"},
    {"cert-file", "use --cert-dir DIR"},
    {"key-file", "use --cert-dir DIR"},
    {"insecure-registry", "use --insecure, or --plain-http for a registry without TLS"},
    {"in-place",
     "mount the directory of the file instead of the file, or use --config DIR or exec"},
    {"debug", "use -v, --verbose"},
    {"log-level", "use -v, --verbose"},
    {"context", "omit it: ghcr-login does not use the daemon"},
    {"host", "omit it: ghcr-login does not use the daemon"},
    {"a", "use --all"},
    {"c", "omit it: ghcr-login does not use the daemon"},
    {"D", "use -v, --verbose"},
    {"H", "omit it: ghcr-login does not use the daemon"},
    {"l", "use -v, --verbose"},
};

const struct option_foreign *option_table_foreign(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(foreigners) / sizeof(foreigners[0]); i++) {
        if (len == strlen(foreigners[i].name) && memcmp(name, foreigners[i].name, len) == 0)
            return &foreigners[i];
    }
    return NULL;
}

enum { WORD_MAX = 32, TYPOS_MAX = 2 };

/* Levenshtein's distance; more than TYPOS_MAX if a word is too long or too short for it. */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    size_t b_len = strlen(b);
    size_t row[WORD_MAX + 1];

    if (a_len > WORD_MAX || b_len > WORD_MAX || a_len < 3)
        return TYPOS_MAX + 1;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[b_len];
}

const char *option_table_nearest(const char *name, size_t len)
{
    const char *nearest = NULL;
    size_t least = TYPOS_MAX + 1;

    for (size_t i = 0; i < option_table_len; i++) {
        size_t typos = distance(name, len, option_table[i].name);

        if (typos < least && option_table[i].group != NULL) {
            nearest = option_table[i].name;
            least = typos;
        }
    }
    return nearest;
}

const char *option_table_nearest_command(const char *word)
{
    static const char *const names[] = {"login", "logout", "status", "exec", "help", "version"};
    const char *nearest = NULL;
    size_t least = TYPOS_MAX + 1;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t typos = strcasecmp(word, names[i]) == 0 ? 0 : distance(word, strlen(word), names[i]);

        if (typos < least) {
            nearest = names[i];
            least = typos;
        }
    }
    return nearest;
}

bool option_table_is_topic(const char *word)
{
    enum command ignored;

    return strcmp(word, "all") == 0 || strcmp(word, "help") == 0 || strcmp(word, "version") == 0 ||
           option_table_command(word, &ignored);
}

static bool has_two_names(const struct options *o)
{
    return (o->username != NULL) + (o->username_env != NULL) + (o->username_file != NULL) > 1;
}

static bool has_two_tokens(const struct options *o)
{
    return o->password_stdin + (o->token_env != NULL) + (o->token_file != NULL) +
               (o->token_command != NULL) >
           1;
}

static bool pulls_from_nowhere(const struct options *o)
{
    return o->at_pull && !o->help && !o->version && o->token_file == NULL &&
           o->token_command == NULL;
}

static bool pulls_past_helper(const struct options *o)
{
    return o->at_pull && o->no_helper;
}

static bool has_two_podman_files(const struct options *o)
{
    return o->persistent && o->authfile != NULL;
}

/* To `exec` it is the configuration that is shown. */
static bool has_unused_directory(const struct options *o)
{
    return o->command != COMMAND_EXEC && o->config_dir != NULL && !o->docker &&
           options_name_podman(o);
}

static bool asks_and_does_not(const struct options *o)
{
    return o->no_verify && (o->images.count > 0 || o->diagnose || o->expires_within_days > 0 ||
                            o->wait_for_token_s > 0);
}

static bool reads_two_things(const struct options *o)
{
    return o->password_stdin && image_list_is_wanted(o);
}

static bool trusts_more(const struct options *o)
{
    return o->command == COMMAND_STATUS &&
           (o->plain_http || o->insecure || o->allowed_realms.count > 0);
}

static bool trusts_all_alike(const struct options *o)
{
    return o->all && trusts_more(o);
}

static bool trusts_all_listed(const struct options *o)
{
    return o->registry == NULL && image_list_is_wanted(o) && trusts_more(o);
}

static bool chooses_among_all(const struct options *o)
{
    return o->all && (o->registry != NULL || o->if_user != NULL || o->if_refused);
}

static bool trusts_and_does_not(const struct options *o)
{
    return o->insecure && (o->plain_http || o->ca_file != NULL);
}

static bool runs_nothing(const struct options *o)
{
    return o->command == COMMAND_EXEC && !o->help && !o->version &&
           (o->run == NULL || o->run[0] == NULL);
}

static bool is_quiet_aloud(const struct options *o)
{
    return o->quiet && o->verbose;
}

/*
 * What the options of one command line cannot mean together. The first that is there is told: one
 * mistake at a time, before anything is read or asked.
 */
static const struct {
    bool (*is_there)(const struct options *o);
    const char *message;
    const char *hint;
} contradictions[] = {
    {has_two_names,
     "the user name has more than one source: use only one of --username, --username-env and "
     "--username-file",
     ""},
    {has_two_tokens,
     "the token has more than one source: use only one of --password-stdin, --token-env, "
     "--token-file and --token-command",
     ""},
    {pulls_from_nowhere, "--at-pull requires a token source that can be read at each pull",
     "add --token-file FILE or --token-command CMD"},
    {pulls_past_helper, "--at-pull uses a credential helper: it cannot be used with --no-helper",
     ""},
    {has_two_podman_files, "--persistent and --authfile name different files: use only one of them",
     ""},
    {has_unused_directory, "--config names Docker's directory: add --docker to store there too",
     ""},
    {asks_and_does_not,
     "--no-verify does not ask the registry: --can-pull, --diagnose, --expires-within and "
     "--wait-for-token cannot be used with it",
     ""},
    {chooses_among_all,
     "--all is for every entry: it cannot be used with a registry, --if-user or --if-refused", ""},
    {trusts_all_alike,
     "--plain-http, --insecure and --allow-realm cannot be used with 'status --all': they would "
     "apply to every stored credential",
     "check that registry alone: ghcr-login status REGISTRY"},
    {trusts_all_listed,
     "--plain-http, --insecure and --allow-realm require a registry with 'status --can-pull -': "
     "they would apply to every stored credential",
     "name the one that they are for: ghcr-login status --can-pull - REGISTRY"},
    {reads_two_things, "--can-pull - and the token cannot both be read from standard input",
     "pass the token with --token-env VAR or --token-file FILE"},
    {trusts_and_does_not,
     "--insecure does not verify certificates: it cannot be used with --cacert or --plain-http",
     ""},
    {runs_nothing, "'exec' requires a command to run",
     "put it after '--': ghcr-login exec -u NAME -- docker pull IMAGE"},
    {is_quiet_aloud, "--quiet and --verbose cannot be used together", ""},
};

int option_table_check(const struct options *options, struct error *err)
{
    for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
        if (!contradictions[i].is_there(options))
            continue;
        return error_set_hint(err, CLASS_USAGE, contradictions[i].hint, "%s",
                              contradictions[i].message);
    }
    return 0;
}

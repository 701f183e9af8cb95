#include "cli/option_table.h"

#include <string.h>

#define AT(member) offsetof(struct options, member)

enum { OPTIONS_SECONDS_MAX = 86400, OPTIONS_RETRIES_MAX = 100 };

enum {
    COMMANDS_ALL = COMMAND_LOGIN | COMMAND_LOGOUT | COMMAND_STATUS | COMMAND_EXEC,
    COMMANDS_ASKING = COMMANDS_ALL, /* the registry: logout does with --if-refused */
    COMMANDS_STORED = COMMAND_LOGIN | COMMAND_LOGOUT | COMMAND_STATUS, /* what is in files */
    COMMANDS_PROVING = COMMAND_LOGIN | COMMAND_STATUS | COMMAND_EXEC,
    COMMANDS_CHANGING = COMMAND_LOGIN | COMMAND_LOGOUT,
    COMMANDS_GIVEN = COMMAND_LOGIN | COMMAND_EXEC, /* a credential */
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
    {"username", 'u', "NAME", OPTION_TEXT, AT(username), 0, COMMANDS_GIVEN, "Who",
     "the account that owns the token"},
    {"username-env", 0, "VAR", OPTION_TEXT, AT(username_env), 0, COMMANDS_GIVEN, "Who",
     "the name is in this environment variable"},
    {"username-file", 0, "FILE", OPTION_TEXT, AT(username_file), 0, COMMANDS_GIVEN, "Who",
     "the name is in this file"},
    {"password-stdin", 0, NULL, OPTION_FLAG, AT(token_stdin), 0, COMMANDS_GIVEN, "Token",
     "read the token from standard input"},
    {"token-env", 0, "VAR", OPTION_TEXT, AT(token_env), 0, COMMANDS_GIVEN, "Token",
     "the token is in this environment variable"},
    {"token-file", 0, "FILE", OPTION_TEXT, AT(token_file), 0, COMMANDS_GIVEN, "Token",
     "the token is in this file"},
    {"password", 'p', "VALUE", OPTION_REFUSED, 0, 0, COMMANDS_ALL, NULL,
     "every process can read the arguments of every other, and shells keep them"},
    {"docker", 0, NULL, OPTION_FLAG, AT(docker), 0, COMMANDS_STORED, "Where",
     "store in Docker's config.json (the default)"},
    {"podman", 0, NULL, OPTION_FLAG, AT(podman), 0, COMMANDS_STORED, "Where",
     "store in Podman's auth.json; with --docker in both"},
    {"config", 0, "DIR", OPTION_PATH, AT(config_dir), 0, COMMANDS_ALL, "Where",
     "the directory of Docker's config.json"},
    {"authfile", 0, "FILE", OPTION_PATH, AT(authfile), 0, COMMANDS_ALL, "Where",
     "store in this file, in the format of auth.json"},
    {"persistent", 0, NULL, OPTION_FLAG, AT(persistent), 0, COMMANDS_STORED, "Where",
     "Podman's file that stays: ~/.config/containers/auth.json"},
    {"no-helper", 0, NULL, OPTION_FLAG, AT(no_helper), 0, COMMANDS_CHANGING, "Where",
     "store in the file, and have it read, where a helper is set"},
    {"for-user", 0, "NAME", OPTION_PATH, AT(for_user), 0, COMMANDS_STORED, "Where",
     "as root: act as this user, in their home"},
    {"all", 0, NULL, OPTION_FLAG, AT(all), 0, COMMAND_LOGOUT, "Which (logout)",
     "remove every entry of the file"},
    {"if-user", 0, "NAME", OPTION_PATH, AT(if_user), 0, COMMAND_LOGOUT, "Which (logout)",
     "remove the entry only if it is this user's"},
    {"if-refused", 0, NULL, OPTION_FLAG, AT(if_refused), 0, COMMAND_LOGOUT, "Which (logout)",
     "remove the entry only if the registry refuses it"},
    {"can-pull", 0, "IMAGE", OPTION_LIST, AT(images), 0, COMMANDS_PROVING, "Proof",
     "succeed only if the credential can pull this image; repeatable"},
    {"no-verify", 0, NULL, OPTION_FLAG, AT(no_verify), 0, COMMANDS_PROVING, "Proof",
     "do not ask the registry: nothing is proved"},
    {"dry-run", 0, NULL, OPTION_FLAG, AT(dry_run), 0, COMMANDS_CHANGING, "Proof",
     "do all but change files, and tell what would be changed"},
    {"diagnose", 0, NULL, OPTION_FLAG, AT(diagnose), 0, COMMANDS_PROVING, "Proof",
     "ask GitHub's API what it knows of the token: owner, scopes, expiry"},
    {"timeout", 0, "SECONDS", OPTION_SECONDS, AT(timeout_s), OPTIONS_SECONDS_MAX, COMMANDS_ALL,
     "Network", "limit of the whole run (60)"},
    {"connect-timeout", 0, "SECONDS", OPTION_SECONDS, AT(connect_timeout_s), OPTIONS_SECONDS_MAX,
     COMMANDS_ASKING, "Network", "limit of each connection attempt (10)"},
    {"retries", 0, "N", OPTION_NUMBER, AT(retries), OPTIONS_RETRIES_MAX, COMMANDS_ASKING, "Network",
     "ask again after N passing failures (4); a rate limit is waited out"},
    {"wait-for-token", 0, "SECONDS", OPTION_NUMBER, AT(wait_for_token_s), OPTIONS_SECONDS_MAX,
     COMMANDS_GIVEN, "Network", "a new token may be refused for so long: ask again, slowly (0)"},
    {"cacert", 0, "FILE", OPTION_PATH, AT(ca_file), 0, COMMANDS_ASKING, "Network",
     "trust only the CA certificates in this file"},
    {"cert-dir", 0, "DIR", OPTION_PATH, AT(cert_dir), 0, COMMANDS_ASKING, "Network",
     "CA and client certificates (*.crt, *.cert, *.key) for this registry"},
    {"allow-realm", 0, "HOST", OPTION_LIST, AT(allowed_realms), 0, COMMANDS_ASKING, "Network",
     "the token may be sent to this host[:port] too; repeatable"},
    {"plain-http", 0, NULL, OPTION_FLAG, AT(plain_http), 0, COMMANDS_ASKING, "Network",
     "speak http without TLS: the token can be read on the way"},
    {"insecure", 0, NULL, OPTION_FLAG, AT(insecure), 0, COMMANDS_ASKING, "Network",
     "check no certificate: whoever stands in between gets the token"},
    {"json", 0, NULL, OPTION_FLAG, AT(json), 0, COMMANDS_ALL, "Output",
     "one JSON object on standard output"},
    {"quiet", 'q', NULL, OPTION_FLAG, AT(quiet), 0, COMMANDS_ALL, "Output",
     "say nothing but errors"},
    {"verbose", 'v', NULL, OPTION_FLAG, AT(verbose), 0, COMMANDS_ALL, "Output",
     "show each request and answer on standard error"},
    {"help", 'h', NULL, OPTION_FLAG, AT(help), 0, COMMANDS_ALL, "Output", "show this help"},
    {"version", 0, NULL, OPTION_FLAG, AT(version), 0, COMMANDS_ALL, "Output", "show the version"},
};

const size_t option_table_len = sizeof(option_table) / sizeof(option_table[0]);

_Static_assert(sizeof(option_table) / sizeof(option_table[0]) <= OPTION_TABLE_MAX,
               "raise OPTION_TABLE_MAX");

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

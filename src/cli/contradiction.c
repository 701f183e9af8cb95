#include "cli/contradiction.h"

static bool has_two_names(const struct options *o)
{
    return (o->username != NULL) + (o->username_env != NULL) + (o->username_file != NULL) > 1;
}

static bool has_two_tokens(const struct options *o)
{
    return o->token_stdin + (o->token_env != NULL) + (o->token_file != NULL) > 1;
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
    return o->no_verify && (o->images.count > 0 || o->diagnose || o->wait_for_token_s > 0);
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

static const struct {
    bool (*is_there)(const struct options *o);
    const char *message;
    const char *hint;
} table[] = {
    {has_two_names,
     "the user name has more than one source: give one of --username, --username-env and "
     "--username-file",
     ""},
    {has_two_tokens,
     "the token has more than one source: give one of --password-stdin, --token-env and "
     "--token-file",
     ""},
    {has_two_podman_files, "--persistent and --authfile name two files", ""},
    {has_unused_directory, "--config names Docker's directory: add --docker to store there too",
     ""},
    {asks_and_does_not,
     "--no-verify asks nobody: --can-pull, --diagnose and --wait-for-token have no meaning with it",
     ""},
    {chooses_among_all,
     "--all removes every entry: no registry, --if-user or --if-refused can be named with it", ""},
    {trusts_and_does_not,
     "--insecure checks no certificate: it contradicts --cacert and --plain-http", ""},
    {runs_nothing, "'exec' is given no command to run",
     "write it behind '--': ghcr-login exec -u NAME -- docker pull IMAGE"},
    {is_quiet_aloud, "--quiet and --verbose contradict each other", ""},
};

int contradiction_check(const struct options *options, struct error *err)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!table[i].is_there(options))
            continue;
        return error_set_hint(err, CLASS_USAGE, table[i].hint, "%s", table[i].message);
    }
    return 0;
}

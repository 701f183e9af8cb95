/*
 * The parsed command line: data alone. option_table.h says what there can be, and command_line.h
 * reads it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_LIST_MAX = 16, OPTIONS_IMAGES_MAX = 256 /* from standard input, too */ };

/* An option that may be given several times. */
struct option_list {
    const char *items[OPTIONS_LIST_MAX];
    size_t count;
};

/* The word that may come first; bits, for the table says of each option where it applies. */
enum command {
    COMMAND_LOGIN = 1,
    COMMAND_LOGOUT = 2,
    COMMAND_STATUS = 4,
    COMMAND_EXEC = 8,
};

/* Strings point into argv. */
struct options {
    enum command command;
    const char *registry; /* NULL: the default */
    const char *username;
    const char *username_env;
    const char *username_file;
    bool password_stdin;
    const char *token_env;
    const char *token_file;
    const char *token_command;
    const char *config_dir;
    bool docker;
    bool podman;
    const char *authfile;
    bool persistent;
    bool no_helper;
    const char *for_user;
    bool at_pull;
    struct option_list images;
    bool diagnose;
    unsigned expires_within_days; /* 0: not asked for */
    bool no_verify;
    bool dry_run;
    bool all;
    const char *if_user;
    bool if_refused;
    unsigned timeout_s;
    unsigned connect_timeout_s;
    unsigned retries;
    unsigned wait_for_token_s;
    const char *ca_file;
    const char *cert_dir;
    struct option_list allowed_realms;
    bool plain_http;
    bool insecure;
    bool json;
    bool quiet;
    bool verbose;
    bool help;
    const char *help_topic; /* for --help: the command that is named, "all", or NULL */
    bool version;
    char *const *run; /* of `exec`: the command and its arguments, ends in NULL */
};

/* Whether they name podman's file, in one of the ways that there are. */
static inline bool options_name_podman(const struct options *options)
{
    return options->podman || options->persistent || options->authfile != NULL;
}

#endif

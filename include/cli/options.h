/*
 * What was asked for on the command line. One table drives parsing and --help.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { OPTIONS_LIST_MAX = 16 };

/* An option that may be given several times. */
struct option_list {
    const char *items[OPTIONS_LIST_MAX];
    size_t count;
};

/* Strings point into argv. */
struct options {
    const char *registry; /* NULL: the default */
    const char *username;
    const char *username_env;
    const char *username_file;
    bool token_stdin;
    const char *token_env;
    const char *token_file;
    const char *config_dir;
    bool docker;
    bool podman;
    const char *authfile;
    bool persistent;
    bool in_place;
    struct option_list images;
    unsigned timeout_s;
    unsigned connect_timeout_s;
    unsigned retries;
    const char *ca_file;
    const char *cert_dir;
    struct option_list allowed_realms;
    bool plain_http;
    bool json;
    bool quiet;
    bool verbose;
    bool help;
    bool version;
};

enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_PATH,    /* const char *, not empty */
    OPTION_LIST,    /* struct option_list */
    OPTION_NUMBER,  /* unsigned, 0 to `max` */
    OPTION_SECONDS, /* unsigned, 1 to `max` */
    OPTION_REFUSED, /* exists only to be refused; `help` is the reason */
};

struct option_spec {
    const char *name;     /* without "--" */
    char letter;          /* '\0': none */
    const char *argument; /* its name in --help; NULL: takes none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    unsigned max;
    const char *group; /* heading in --help; NULL: not shown there */
    const char *help;
};

/* The table, in the order of --help; `*count` says how long it is. */
const struct option_spec *options_table(size_t *count);

/*
 * Parse. Unknown, repeated and contradicting options are refused; values are not shown in errors.
 * Returns 0 and fills *out, or -1 with *err set (CLASS_USAGE); out->json is right in either case.
 */
int options_parse(struct options *out, int argc, char *const argv[], struct error *err)
    __attribute__((warn_unused_result));

#endif

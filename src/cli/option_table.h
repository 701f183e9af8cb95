/*
 * The table of options: one row drives parsing, --help and which commands accept it; the options
 * and commands of other tools that people type instead; and the options that cannot be combined.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/options.h"

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_PATH,     /* const char *, not empty */
    OPTION_LIST,     /* struct option_list */
    OPTION_NUMBER,   /* unsigned, 0 to `max` */
    OPTION_POSITIVE, /* unsigned, 1 to `max` */
    OPTION_REFUSED,  /* exists only to be refused; `help` is the reason */
};

struct option_spec {
    const char *name;     /* without "--" */
    char letter;          /* '\0': none */
    const char *argument; /* its name in --help; NULL: takes none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    unsigned max;
    unsigned commands; /* that it applies to */
    const char *group; /* heading in --help; NULL: not shown there */
    const char *help;
};

/* In the order of --help. */
extern const struct option_spec option_table[];
extern const size_t option_table_len;

/* The command of that name, into *command; false, and *command untouched, if there is none. */
bool option_table_command(const char *name, enum command *command);

/* The name of a command, a constant. */
const char *option_table_command_name(enum command command);

/* The option of that name or letter, or NULL. */
const struct option_spec *option_table_long(const char *name, size_t len);
const struct option_spec *option_table_short(char letter);

/* An option of docker, podman or the like that this program names differently, or lacks.
 */
struct option_foreign {
    const char *name;    /* without dashes; one letter: a short one */
    const char *instead; /* a hint */
};

const struct option_foreign *option_table_foreign(const char *name, size_t len);

/* The option, or command, that differs from a mistyped one by two letters at most, or NULL. */
const char *option_table_nearest(const char *name, size_t len);
const char *option_table_nearest_command(const char *word);

/* Whether `word` after --help is a topic: a command, or "all". */
bool option_table_is_topic(const char *word);

/* Refuse options that cannot be used together. Returns 0, or -1 with *err set (CLASS_USAGE). */
int option_table_check(const struct options *options, struct error *err)
    __attribute__((warn_unused_result));

#endif

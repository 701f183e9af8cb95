/*
 * Read a name or a token from one place (a variable, a file, a command, standard input), and check
 * its value.
 *
 * Each function that reads fills *where, also when it fails, and reads into *out. They return 0, or
 * -1 with *err set (CLASS_CREDENTIAL), unless it says otherwise there.
 */
#ifndef CREDENTIAL_INPUT_H
#define CREDENTIAL_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/place.h"
#include "base/secret.h"

/* In bytes; credential.h has the same limits for those who hold a credential. */
enum { INPUT_TOKEN_MAX = 16384, INPUT_NAME_MAX = 255, INPUT_TEXT_MAX = 511, INPUT_WORDS_MAX = 255 };

enum input_kind { INPUT_ARGUMENT, INPUT_VARIABLE, INPUT_FILE, INPUT_STDIN, INPUT_COMMAND };

enum { INPUT_COMMAND_MS = 30000 }; /* that a command may take */

/* Where a value came from, and how messages speak of it: "environment variable 'GHCR_TOKEN'". */
struct input {
    enum input_kind kind;
    bool is_named; /* by the user: what was not may be the rest of a script */
    char text[INPUT_TEXT_MAX + 1];
    char name[INPUT_TEXT_MAX + 1];   /* for programs: "env:GHCR_TOKEN" */
    char words[INPUT_WORDS_MAX + 1]; /* of a command's error output; "": it had none */
};

/* What all of them need; borrowed. */
struct input_context {
    const char *(*environment)(const char *name); /* as getenv() */
    int stdin_fd;
    const char *directory; /* that a command runs in; NULL: that of this process */
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock */
};

/* The value itself, given by `option`. */
int input_argument(struct secret *out, struct input *where, const char *option, const char *value,
                   struct error *err) __attribute__((warn_unused_result));

/* The variable that `option` names. A value in place of the name is not shown. */
int input_variable(struct secret *out, struct input *where, const char *option, const char *name,
                   const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* A variable that nobody named. Returns 1, 0 if it is not set, or -1 with *err set. */
int input_implicit(struct secret *out, struct input *where, const char *name,
                   const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* The file that `option` names. */
int input_file(struct secret *out, struct input *where, const char *option, const char *path,
               const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* The file "ghcr-token" of a systemd unit. Returns 1, 0 if it has no such credential, or -1. */
int input_systemd(struct secret *out, struct input *where, const struct input_context *context,
                  struct error *err) __attribute__((warn_unused_result));

/*
 * What the command that `option` gives prints: /bin/sh runs it in a session of its own, with
 * /dev/null as its standard input and without GHCR_TOKEN, until the deadline and for
 * INPUT_COMMAND_MS at most; nothing that it starts outlives it (base/child.h). What it prints is
 * never shown. Its error output is, in where->words or the error, unless it repeats what the
 * command printed, or contains a GitHub token or a header with a secret.
 */
int input_command(struct secret *out, struct input *where, const char *option, const char *command,
                  const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* Standard input, to its end. `wait_ms` < 0: until the deadline. */
int input_stdin(struct secret *out, struct input *where, int64_t wait_ms,
                const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* What a token may be. */
struct input_rules {
    const struct input *where;
    bool is_github;   /* refuse also what no GitHub token can be: see mistake.h */
    enum place place; /* whose hints to give */
};

/*
 * For GitHub's registries white space around *value is cut off, and all else that no token of
 * theirs can have is refused. For others all line ends at its end are cut off, as docker does;
 * inner ones are kept if the source was named, because a service account's key has them. *oddity
 * (may be NULL) becomes what is odd about one that is taken, a constant that follows "it": "ends
 * with a space"; NULL for nothing. A refused value is never shown. Returns 0, or -1 with *err set.
 */
int input_check_token(struct secret *value, const struct input_rules *rules, const char **oddity,
                      struct error *err) __attribute__((warn_unused_result));

/*
 * White space around a name is cut off, and anything else that no name has is refused. Otherwise as
 * for a token.
 */
int input_check_name(struct secret *value, const char *where, struct error *err)
    __attribute__((warn_unused_result));

#endif

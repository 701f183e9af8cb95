/*
 * One place that a name or a token is read from: a variable, a file, standard input. What its value
 * may be is for rules.h.
 *
 * Each function fills *where, also when it fails, and reads into *out. They return 0, or -1 with
 * *err set (CLASS_CREDENTIAL).
 */
#ifndef CREDENTIAL_INPUT_H
#define CREDENTIAL_INPUT_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

enum { CREDENTIAL_TOKEN_MAX = 16384, CREDENTIAL_NAME_MAX = 255 }; /* bytes */

enum input_kind { INPUT_ARGUMENT, INPUT_VARIABLE, INPUT_FILE, INPUT_STDIN };

/* Where a value came from, and how messages speak of it: "environment variable 'GHCR_TOKEN'". */
struct input {
    enum input_kind kind;
    char text[512];
};

/* What all of them need; borrowed. */
struct input_context {
    const char *(*environment)(const char *name); /* as getenv() */
    int stdin_fd;
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

/* A variable that nobody named. Returns 1, and reads nothing, where it is not set. */
int input_implicit(struct secret *out, struct input *where, const char *name,
                   const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* The file that `option` names. */
int input_file(struct secret *out, struct input *where, const char *option, const char *path,
               const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

/* The file "ghcr-token" of a systemd unit. Returns 1 where the unit has no such credential. */
int input_systemd(struct secret *out, struct input *where, const struct input_context *context,
                  struct error *err) __attribute__((warn_unused_result));

/* Standard input, to its end. `wait_ms` < 0: until the deadline. */
int input_stdin(struct secret *out, struct input *where, int64_t wait_ms,
                const struct input_context *context, struct error *err)
    __attribute__((warn_unused_result));

#endif

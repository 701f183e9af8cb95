/*
 * A user name and a token, and where they come from.
 *
 * Order of the token: the flag given; $GHCR_TOKEN; the file "ghcr-token" in $CREDENTIALS_DIRECTORY
 * (systemd.exec(5)); standard input. Order of the name: the flag given; $GHCR_USERNAME;
 * $GITHUB_ACTOR; for GitHub's registries, which ignore it, CREDENTIAL_ANY_NAME. Sources that the
 * user did not name count for the default registry only, so that a GitHub token never goes to
 * another host unasked. A source that is set but empty is an error; it is never skipped for the
 * next one. When another source serves, standard input is not touched.
 *
 * credential/input.c says what is trimmed from a value, and what is refused. A refused value is
 * never shown.
 */
#ifndef CREDENTIAL_CREDENTIAL_H
#define CREDENTIAL_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

enum {
    CREDENTIAL_STDIN_WAIT_MS = 30000,
    CREDENTIAL_TOKEN_MAX = 16384, /* bytes */
    CREDENTIAL_NAME_MAX = 255,
    CREDENTIAL_SOURCE_MAX = 511,
    CREDENTIAL_WORDS_MAX = 255,
};

/* The name if none is given for GitHub's registries, which look at the token alone. */
#define CREDENTIAL_ANY_NAME "x-access-token"

struct credential_request {
    const char *username; /* at most one of the three is set */
    const char *username_env;
    const char *username_file;
    bool token_stdin; /* at most one of the four is set */
    const char *token_env;
    const char *token_file;
    const char *token_command;
    const char *directory;    /* that the command runs in; NULL: that of this process */
    bool is_default_registry; /* the sources that nobody named count */
    bool is_github;           /* refuse what can be no GitHub token */
    int stdin_fd;             /* -1: it is read for something else, and is no source */
    const char *(*environment)(const char *name); /* as getenv() */
    const struct clock *clock;
    int64_t deadline_ms; /* of that clock, for everything that has to be waited for */
};

struct credential {
    char username[CREDENTIAL_NAME_MAX + 1];
    struct secret token;
    bool used_stdin;    /* standard input was read to its end */
    const char *oddity; /* of the token, follows "it": "ends with a space"; NULL: none */
    char source[CREDENTIAL_SOURCE_MAX + 1];      /* of the token: "standard input" */
    char source_name[CREDENTIAL_SOURCE_MAX + 1]; /* for programs: "stdin", "env:X", "file:X" */
    char words[CREDENTIAL_WORDS_MAX + 1]; /* of a command's error output, fit to be shown, or "" */
};

#define CREDENTIAL_INIT ((struct credential){.username = ""})

/*
 * Read both. Returns 0 and fills *out (release with credential_clear()), or -1 with *err set
 * (CLASS_CREDENTIAL) and *out untouched.
 */
int credential_read(struct credential *out, const struct credential_request *request,
                    struct error *err) __attribute__((warn_unused_result));

void credential_clear(struct credential *credential);

#endif

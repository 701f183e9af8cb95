/*
 * Rows of {environment, options, standard input} and the credential that comes of them, and what
 * holds for each: a refusal shows no value, and input that is not asked for is not touched.
 */
#ifndef TESTS_UNIT_CREDENTIAL_CREDENTIAL_ROWS_H
#define TESTS_UNIT_CREDENTIAL_CREDENTIAL_ROWS_H

#include "../support.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "credential/credential.h"

enum { VARIABLES_MAX = 6 };

static char dir[] = "/tmp/ghcr-login-test-source.XXXXXX";

/* A file of the test, and how systemd would tell of it as a directory. */
struct place {
    char path[256];
    char variable[300];
};

static inline struct place place_of(const char *name)
{
    struct place place;

    (void)snprintf(place.path, sizeof(place.path), "%s/%s", dir, name);
    (void)snprintf(place.variable, sizeof(place.variable), "CREDENTIALS_DIRECTORY=%s", place.path);
    return place;
}

/* The environment: NAME=VALUE each. */
static const char *const *variables;

static inline const char *environment(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < VARIABLES_MAX && variables[i] != NULL; i++) {
        if (strncmp(variables[i], name, len) == 0 && variables[i][len] == '=')
            return variables[i] + len + 1;
    }
    return NULL;
}

/* `user` is NULL where the credential is refused; then `part` is of the refusal. */
struct row {
    const char *label;
    const char *variables[VARIABLES_MAX];
    struct credential_request request; /* what is not set here is filled in */
    const char *input;                 /* on standard input; NULL: open and empty for ever */
    const char *user;
    const char *token;
    const char *part;
    bool used_stdin;
};

/* What no refusal may show: the values that the rows use. */
static const char *const secrets[] = {"t0k", "s3cret", "ghp_", "01234", "aaaa", "\x1b"};

static const char script[] = "echo the rest of a script\n";

#define ENV(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ASK(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ASK_U(...)                                                                                 \
    {                                                                                              \
        .username = "u", __VA_ARGS__                                                               \
    }

/* Read from standard input, or refused because of what is there. */
#define STDIN(label, env, ask, in, token)                                                          \
    {                                                                                              \
        label, env, ask, in, "u", token, NULL, true                                                \
    }
#define BAD_STDIN(label, env, ask, in, part)                                                       \
    {                                                                                              \
        label, env, ask, in, NULL, NULL, part, true                                                \
    }
/* Read from elsewhere, or refused; the script on standard input is untouched. */
#define FOUND(label, env, ask, user, token)                                                        \
    {                                                                                              \
        label, env, ask, script, user, token, NULL, false                                          \
    }
#define REFUSED(label, env, ask, part)                                                             \
    {                                                                                              \
        label, env, ask, script, NULL, NULL, part, false                                           \
    }

/* A pipe that holds `text`, closed behind it; or, for NULL, nothing and still open. */
static inline int pipe_with(const char *text, int *writer)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    *writer = fds[1];
    if (text == NULL)
        return fds[0];
    assert_int_equal(io_write_all(fds[1], text, strlen(text)), 0);
    (void)close(fds[1]);
    *writer = -1;
    return fds[0];
}

/* A script that comes in on standard input must still be there, byte for byte. */
static inline void assert_untouched(const char *label, int fd, const char *input)
{
    char rest[512] = "";
    ssize_t n = input != NULL ? read(fd, rest, sizeof(rest) - 1) : 0;

    assert_row(label, n == (input != NULL ? (ssize_t)strlen(input) : 0));
    assert_row_string(label, rest, input != NULL ? input : "");
}

static inline void check_row(const struct row *row)
{
    struct credential_request request = row->request;
    struct credential got = CREDENTIAL_INIT;
    struct error err = ERROR_INIT;
    int writer;
    int ret;

    variables = row->variables;
    request.environment = environment;
    request.clock = clock_system();
    request.deadline_ms = clock_now(request.clock) + 50;
    request.stdin_fd = pipe_with(row->input, &writer);
    ret = credential_read(&got, &request, &err);
    if (row->user != NULL && ret != 0)
        fail_msg("row '%s': %s", row->label, err.message);
    assert_row(row->label, ret == (row->user != NULL ? 0 : -1));
    assert_row_string(row->label, got.username, ret == 0 ? row->user : "");
    assert_row_string(row->label, secret_text(&got.token), ret == 0 ? row->token : "");
    assert_row(row->label, got.used_stdin == (ret == 0 && row->used_stdin));
    if (ret < 0)
        assert_error(row->label, &err, CLASS_CREDENTIAL, row->part);
    for (size_t i = 0; i < COUNT(secrets); i++)
        assert_not_shown(row->label, &err, secrets[i]);
    if (!row->used_stdin)
        assert_untouched(row->label, request.stdin_fd, row->input);
    credential_clear(&got);
    (void)close(request.stdin_fd);
    if (writer >= 0)
        (void)close(writer);
}

static inline void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}

static inline void write_file(const char *name, const char *text)
{
    int fd = open(place_of(name).path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
    (void)close(fd);
}

#define DEFAULT .is_default_registry = true
#define GITHUB  .is_github = true

#endif

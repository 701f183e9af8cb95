#include "credential/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/place.h"
#include "credential/github_token.h"

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

static void name_it(struct input *where, enum input_kind kind, const char *name)
{
    where->kind = kind;
    (void)snprintf(where->text, sizeof(where->text), "%s '%.480s'",
                   kind == INPUT_FILE ? "file" : "environment variable", name);
}

int input_argument(struct secret *out, struct input *where, const char *option, const char *value,
                   struct error *err)
{
    where->kind = INPUT_ARGUMENT;
    (void)snprintf(where->text, sizeof(where->text), "%s", option);
    return secret_append_text(out, value, err);
}

/* A value where its name belongs must not be shown. */
static int refuse_value_as_name(const char *option, const char *text, struct error *err)
{
    if (!github_token_is_inside(text))
        return 0;
    return error_set_hint(err, CLASS_CREDENTIAL,
                          "revoke it: arguments can be seen by every process and land in logs; "
                          "then give the name of a variable or file",
                          "%s was given what looks like the token itself", option);
}

/* Why a variable is not set, by where this runs. */
static const char *const unset_hints[PLACE_COUNT] = {
    [PLACE_HOST] = "export it: a variable that is only set does not reach the programs started",
    [PLACE_ACTIONS] = "give it to this step: 'env:' with NAME: ${{ secrets.NAME }}",
    [PLACE_SSH] = ("ssh hands no variables on: name it in the step's 'env:' and in ssh-action's "
                   "'envs:'"),
};

int input_implicit(struct secret *out, struct input *where, const char *name,
                   const struct input_context *context, struct error *err)
{
    const char *value = context->environment(name);

    name_it(where, INPUT_VARIABLE, name);
    return value != NULL ? secret_append_text(out, value, err) : 1;
}

int input_variable(struct secret *out, struct input *where, const char *option, const char *name,
                   const struct input_context *context, struct error *err)
{
    int ret;

    if (refuse_value_as_name(option, name, err) < 0)
        return -1;
    if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9') ||
        strspn(name, name_bytes) != strlen(name))
        return error_set(err, CLASS_CREDENTIAL, "%s does not name an environment variable", option);
    ret = input_implicit(out, where, name, context, err);
    if (ret <= 0)
        return ret;
    return error_set_hint(err, CLASS_CREDENTIAL, unset_hints[place_find(context->environment)],
                          "environment variable '%s' is not set", name);
}

static struct io_input io_input(const char *name, const struct input_context *context)
{
    return (struct io_input){
        .name = name,
        .cls = CLASS_CREDENTIAL,
        .max = CREDENTIAL_TOKEN_MAX,
        .line_end = 2,
        .clock = context->clock,
        .deadline_ms = context->deadline_ms,
    };
}

/* *errnum tells why it cannot be read. */
static int read_file(struct secret *out, struct input *where, const char *path, int *errnum,
                     const struct input_context *context, struct error *err)
{
    struct io_input input = io_input(where->text, context);
    int ret;

    name_it(where, INPUT_FILE, path);
    ret = io_read_path(out, path, &input, errnum, err);
    if (*errnum == ENXIO)
        (void)error_hint(err, "a socket, such as standard input over ssh, cannot be opened by a "
                              "name: --password-stdin reads that");
    else if (*errnum != 0)
        (void)error_hint(err, "is the secret mounted or written there, and may this user read it?");
    return ret;
}

int input_file(struct secret *out, struct input *where, const char *option, const char *path,
               const struct input_context *context, struct error *err)
{
    int errnum = 0;

    return refuse_value_as_name(option, path, err) < 0
               ? -1
               : read_file(out, where, path, &errnum, context, err);
}

int input_systemd(struct secret *out, struct input *where, const struct input_context *context,
                  struct error *err)
{
    const char *dir = context->environment("CREDENTIALS_DIRECTORY");
    struct error fault = ERROR_INIT;
    char path[4096];
    int errnum = 0;

    if (dir == NULL || dir[0] == '\0' ||
        (size_t)snprintf(path, sizeof(path), "%s/ghcr-token", dir) >= sizeof(path))
        return 1;
    if (read_file(out, where, path, &errnum, context, &fault) == 0)
        return 0;
    if (errnum == ENOENT)
        return 1;
    *err = fault;
    return -1;
}

int input_stdin(struct secret *out, struct input *where, int64_t wait_ms,
                const struct input_context *context, struct error *err)
{
    struct io_input input = io_input(where->text, context);
    int64_t limit = clock_now(context->clock) + wait_ms;

    *where = (struct input){INPUT_STDIN, "standard input"};
    if (wait_ms >= 0 && limit < input.deadline_ms)
        input.deadline_ms = limit;
    if (isatty(context->stdin_fd)) {
        return error_set_hint(
            err, CLASS_CREDENTIAL,
            "pipe the token in (echo \"$GHCR_TOKEN\" | ghcr-login -u NAME), or "
            "use --token-env or --token-file",
            "no token: standard input is a terminal, and this program never prompts");
    }
    if (io_read_all(out, context->stdin_fd, &input, err) < 0)
        return error_hint(err, "a token is one line, and the writer must close the pipe behind it; "
                               "--token-env and --token-file do not need standard input");
    return 0;
}

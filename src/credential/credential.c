#include "credential/credential.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/redact.h"
#include "credential/input.h"

_Static_assert((int)CREDENTIAL_TOKEN_MAX == (int)INPUT_TOKEN_MAX &&
                   (int)CREDENTIAL_NAME_MAX == (int)INPUT_NAME_MAX &&
                   (int)CREDENTIAL_SOURCE_MAX == (int)INPUT_TEXT_MAX,
               "what was read fits");

/*
 * What nothing can come from: a terminal, /dev/null, which also stands in for a closed one, an
 * empty file, a pipe that was closed with nothing in it.
 */
static bool is_mute(int fd)
{
    enum { PAUSE_MS = 1000 }; /* for who is at the other end to write or to close it */
    struct pollfd pipe = {.fd = fd, .events = POLLIN};
    struct stat st;

    if (isatty(fd))
        return true;
    if (fstat(fd, &st) != 0)
        return false;
    if (S_ISREG(st.st_mode))
        return st.st_size == 0;
    return S_ISCHR(st.st_mode) || (S_ISFIFO(st.st_mode) && poll(&pipe, 1, PAUSE_MS) == 1 &&
                                   (pipe.revents & (POLLHUP | POLLIN)) == POLLHUP);
}

/* If the token is missing, too, both are told at once. */
static int refuse_nameless(const struct credential_request *request, struct error *err)
{
    bool is_named = request->token_stdin || request->token_env != NULL ||
                    request->token_file != NULL || request->token_command != NULL;

    if (is_named || !is_mute(request->stdin_fd))
        return error_set_hint(err, CLASS_CREDENTIAL, "name the account with -u NAME",
                              "no user name");
    return error_set_hint(err, CLASS_CREDENTIAL,
                          "name the account with -u NAME, and pipe the token in, or use "
                          "--token-env or --token-file",
                          "no user name, and no token: standard input is %s, and this program "
                          "never prompts",
                          isatty(request->stdin_fd) ? "a terminal" : "empty");
}

static int read_name(struct secret *out, const struct credential_request *request,
                     const struct input_context *context, struct input *where, struct error *err)
{
    static const char *const implicit[] = {"GHCR_USERNAME", "GITHUB_ACTOR"};

    if (request->username != NULL)
        return input_argument(out, where, "--username", request->username, err);
    if (request->username_env != NULL)
        return input_variable(out, where, "--username-env", request->username_env, context, err);
    if (request->username_file != NULL)
        return input_file(out, where, "--username-file", request->username_file, context, err);
    for (size_t i = 0; i < 2 && request->is_default_registry; i++) {
        int found = input_implicit(out, where, implicit[i], context, err);

        if (found != 0)
            return found < 0 ? -1 : 0;
    }
    if (request->is_github)
        return input_argument(out, where, "nobody", CREDENTIAL_ANY_NAME, err);
    return refuse_nameless(request, err);
}

static int read_token(struct secret *out, const struct credential_request *request,
                      const struct input_context *context, struct input *where, struct error *err)
{
    int found = 0;

    if (request->token_stdin)
        return input_stdin(out, where, -1, context, err);
    if (request->token_env != NULL)
        return input_variable(out, where, "--token-env", request->token_env, context, err);
    if (request->token_file != NULL)
        return input_file(out, where, "--token-file", request->token_file, context, err);
    if (request->token_command != NULL)
        return input_command(out, where, "--token-command", request->token_command, context, err);
    if (request->is_default_registry) {
        found = input_implicit(out, where, "GHCR_TOKEN", context, err);
        if (found == 0)
            found = input_systemd(out, where, context, err);
    }
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (request->stdin_fd < 0)
        return error_set_hint(err, CLASS_CREDENTIAL,
                              "use --token-env VAR, --token-file FILE or --token-command CMD",
                              "no token: standard input is used for something else");
    return input_stdin(out, where, CREDENTIAL_STDIN_WAIT_MS, context, err);
}

/* Who set GHCR_TOKEN for another registry has to be told that it does not count there. */
static int check_not_passed_over(const struct credential *credential,
                                 const struct credential_request *request, struct error *err)
{
    if (!credential->used_stdin || credential->token.len > 0 || request->is_default_registry ||
        request->environment("GHCR_TOKEN") == NULL)
        return 0;
    return error_set_hint(
        err, CLASS_CREDENTIAL,
        "GHCR_TOKEN is used for ghcr.io only; for another registry, pass --token-env GHCR_TOKEN",
        "the token from standard input is empty");
}

/* Other users can read it in the list of processes. A short token may be in any word by chance. */
static int check_command(const struct credential *credential,
                         const struct credential_request *request, struct error *err)
{
    const char *command = request->token_command;
    struct redact redact = REDACT_INIT;
    bool is_told;

    if (command == NULL || credential->token.len < REDACT_RUN)
        return 0;
    if (redact_add(&redact, &credential->token, err) < 0)
        return -1;
    is_told = redact_finds(&redact, command, strlen(command));
    redact_clear(&redact);
    return !is_told ? 0
                    : error_set_hint(err, CLASS_CREDENTIAL,
                                     "change that token: every process can read command lines, "
                                     "and logs keep them; have the command read it from a file or "
                                     "a secret store",
                                     "the value of --token-command contains the token");
}

int credential_read(struct credential *out, const struct credential_request *request,
                    struct error *err)
{
    struct credential built = CREDENTIAL_INIT;
    struct secret name = SECRET_INIT;
    struct input where = {.text = ""};
    struct input_context context = {
        .environment = request->environment,
        .stdin_fd = request->stdin_fd,
        .directory = request->directory,
        .clock = request->clock,
        .deadline_ms = request->deadline_ms,
    };
    struct input_rules rules = {.where = &where,
                                .is_github = request->is_github,
                                .place = place_find(request->environment)};
    int ret = -1;

    if (read_name(&name, request, &context, &where, err) < 0 ||
        input_check_name(&name, where.text, err) < 0)
        goto out;
    memcpy(built.username, name.data, name.len + 1);
    if (read_token(&built.token, request, &context, &where, err) < 0)
        goto out;
    built.used_stdin = where.kind == INPUT_STDIN;
    if (check_not_passed_over(&built, request, err) < 0 ||
        input_check_token(&built.token, &rules, &built.oddity, err) < 0 ||
        check_command(&built, request, err) < 0)
        goto out;
    memcpy(built.source, where.text, sizeof(built.source));
    memcpy(built.source_name, where.name, sizeof(built.source_name));
    memcpy(built.words, where.words, sizeof(built.words));
    *out = built;
    built = CREDENTIAL_INIT; /* moved */
    ret = 0;
out:
    credential_clear(&built);
    secret_clear(&name);
    return ret;
}

void credential_clear(struct credential *credential)
{
    if (credential == NULL)
        return;
    secret_clear(&credential->token);
    *credential = CREDENTIAL_INIT;
}

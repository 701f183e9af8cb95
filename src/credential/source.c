#include "credential/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/io.h"
#include "credential/github_token.h"
#include "credential/rules.h"

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

/* A source, and how the messages speak of it: "environment variable 'GHCR_TOKEN'". */
struct source_name {
    enum source_kind kind;
    char text[512];
};

static struct source_name name_of(enum source_kind kind, const char *name)
{
    struct source_name out = {.kind = kind};

    (void)snprintf(out.text, sizeof(out.text), "%s '%.480s'",
                   kind == SOURCE_FILE ? "file" : "environment variable", name);
    return out;
}

/* A value where its name belongs must not be shown. */
static int refuse_value_as_name(const char *option, const char *text, struct error *err)
{
    if (!github_token_is_inside(text))
        return 0;
    (void)error_set(err, CLASS_CREDENTIAL, "%s was given what looks like the token itself", option);
    return error_hint(err, "revoke it: arguments can be seen by every process and land in logs; "
                           "then give the name of a variable or file");
}

/* Why a variable is not set, by where this runs. */
static const char *const unset_hints[PLACE_COUNT] = {
    [PLACE_HOST] = "export it: a variable that is only set does not reach the programs started",
    [PLACE_ACTIONS] = "give it to this step: 'env:' with NAME: ${{ secrets.NAME }}",
    [PLACE_SSH] = ("ssh hands no variables on: name it in the step's 'env:' and in ssh-action's "
                   "'envs:'"),
};

static int read_variable(struct secret *out, const char *name, const char *option,
                         const struct credential_request *request, struct error *err)
{
    const char *value;

    if (refuse_value_as_name(option, name, err) < 0)
        return -1;
    if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9') ||
        strspn(name, name_bytes) != strlen(name))
        return error_set(err, CLASS_CREDENTIAL, "%s does not name an environment variable", option);
    value = request->environment(name);
    if (value == NULL) {
        (void)error_set(err, CLASS_CREDENTIAL, "environment variable '%s' is not set", name);
        return error_hint(err, "%s", unset_hints[place_find(request->environment)]);
    }
    return secret_append(out, value, strlen(value), (size_t)-1, err);
}

static struct io_input input_of(const char *name, const struct credential_request *request)
{
    return (struct io_input){
        .name = name,
        .cls = CLASS_CREDENTIAL,
        .max = CREDENTIAL_TOKEN_MAX,
        .line_end = 2,
        .clock = request->clock,
        .deadline_ms = request->deadline_ms,
    };
}

static int read_file(struct secret *out, const char *path, int *errnum,
                     const struct credential_request *request, struct error *err)
{
    struct source_name name = name_of(SOURCE_FILE, path);
    struct io_input input = input_of(name.text, request);

    int fault = 0;
    int ret = io_read_path(out, path, &input, &fault, err);

    if (fault != 0)
        (void)error_hint(err, "is the secret mounted or written there, and may this user read it?");
    if (errnum != NULL)
        *errnum = fault;
    return ret;
}

/* `wait_ms` < 0: until the request's deadline. */
static int read_stdin(struct secret *out, int64_t wait_ms, const struct credential_request *request,
                      struct error *err)
{
    struct io_input input = input_of("standard input", request);
    int64_t limit = clock_now(request->clock) + wait_ms;

    if (wait_ms >= 0 && limit < input.deadline_ms)
        input.deadline_ms = limit;
    if (isatty(request->stdin_fd)) {
        (void)error_set(err, CLASS_CREDENTIAL,
                        "no token: standard input is a terminal, and this program never prompts");
        return error_hint(err, "pipe the token in (echo \"$GHCR_TOKEN\" | ghcr-login -u NAME), or "
                               "use --token-env or --token-file");
    }
    if (io_read_all(out, request->stdin_fd, &input, err) < 0)
        return error_hint(err, "a token is one line, and the writer must close the pipe behind it; "
                               "--token-env and --token-file do not need standard input");
    return 0;
}

static int read_name(struct secret *out, const struct credential_request *request,
                     struct source_name *where, struct error *err)
{
    static const char *const implicit[] = {"GHCR_USERNAME", "GITHUB_ACTOR"};

    if (request->username != NULL) {
        *where = (struct source_name){.text = "--username"};
        return secret_append_text(out, request->username, err);
    }
    if (request->username_env != NULL) {
        *where = name_of(SOURCE_VARIABLE, request->username_env);
        return read_variable(out, request->username_env, "--username-env", request, err);
    }
    if (request->username_file != NULL) {
        *where = name_of(SOURCE_FILE, request->username_file);
        if (refuse_value_as_name("--username-file", request->username_file, err) < 0)
            return -1;
        return read_file(out, request->username_file, NULL, request, err);
    }
    for (size_t i = 0; i < 2 && request->is_default_registry; i++) {
        const char *value = request->environment(implicit[i]);

        *where = name_of(SOURCE_VARIABLE, implicit[i]);
        if (value != NULL)
            return secret_append_text(out, value, err);
    }
    (void)error_set(err, CLASS_CREDENTIAL, "no user name");
    return error_hint(err, "name the account with -u NAME (for GitHub, the owner of the token)");
}

/* Returns 1 when the unit has no such credential, 0 when it was read, -1 with *err set. */
static int read_systemd(struct secret *out, const struct credential_request *request,
                        struct source_name *where, struct error *err)
{
    const char *dir = request->environment("CREDENTIALS_DIRECTORY");
    struct error ignored = ERROR_INIT;
    char path[4096];
    int errnum = 0;

    if (dir == NULL || dir[0] == '\0' ||
        (size_t)snprintf(path, sizeof(path), "%s/ghcr-token", dir) >= sizeof(path))
        return 1;
    *where = name_of(SOURCE_FILE, path);
    if (read_file(out, path, &errnum, request, &ignored) == 0)
        return 0;
    if (errnum == ENOENT)
        return 1;
    *err = ignored;
    return -1;
}

static int read_token(struct secret *out, const struct credential_request *request,
                      struct source_name *where, struct error *err)
{
    if (request->token_env != NULL) {
        *where = name_of(SOURCE_VARIABLE, request->token_env);
        return read_variable(out, request->token_env, "--token-env", request, err);
    }
    if (request->token_file != NULL) {
        *where = name_of(SOURCE_FILE, request->token_file);
        if (refuse_value_as_name("--token-file", request->token_file, err) < 0)
            return -1;
        return read_file(out, request->token_file, NULL, request, err);
    }
    if (!request->token_stdin && request->is_default_registry) {
        const char *value = request->environment("GHCR_TOKEN");
        int found;

        *where = name_of(SOURCE_VARIABLE, "GHCR_TOKEN");
        if (value != NULL)
            return secret_append_text(out, value, err);
        found = read_systemd(out, request, where, err);
        if (found <= 0)
            return found;
    }
    *where = (struct source_name){SOURCE_STDIN, "standard input"};
    return read_stdin(out, request->token_stdin ? -1 : CREDENTIAL_STDIN_WAIT_MS, request, err);
}

/* Who set GHCR_TOKEN for another registry has to be told that it does not count there. */
static int check_not_passed_over(const struct credential *credential,
                                 const struct credential_request *request, struct error *err)
{
    if (!credential->used_stdin || credential->token.len > 0 || request->is_default_registry ||
        request->environment("GHCR_TOKEN") == NULL)
        return 0;
    (void)error_set(err, CLASS_CREDENTIAL, "the token from standard input is empty");
    return error_hint(err, "GHCR_TOKEN counts for ghcr.io only; for another registry say "
                           "--token-env GHCR_TOKEN");
}

int credential_read(struct credential *out, const struct credential_request *request,
                    struct error *err)
{
    struct credential built = CREDENTIAL_INIT;
    struct secret name = SECRET_INIT;
    struct source_name where;
    struct rules rules = {.where = where.text,
                          .is_github = request->is_github,
                          .place = place_find(request->environment)};
    int ret = -1;

    if (read_name(&name, request, &where, err) < 0 || rules_check_name(&name, where.text, err) < 0)
        goto out;
    memcpy(built.username, name.data, name.len + 1);
    if (read_token(&built.token, request, &where, err) < 0)
        goto out;
    rules.source = where.kind;
    built.used_stdin = where.kind == SOURCE_STDIN;
    if (check_not_passed_over(&built, request, err) < 0 ||
        rules_check_token(&built.token, &rules, err) < 0)
        goto out;
    *out = built;
    built = CREDENTIAL_INIT; /* moved */
    ret = 0;
out:
    credential_clear(&built);
    secret_clear(&name);
    return ret;
}

int credential_auth(struct secret *out, const char *username, const struct secret *token,
                    struct error *err)
{
    struct secret plain = SECRET_INIT;
    int ret = -1;

    if (secret_append_text(&plain, username, err) == 0 &&
        secret_append_text(&plain, ":", err) == 0 &&
        secret_append(&plain, token->data, token->len, SIZE_MAX - 1, err) == 0)
        ret = base64_encode(out, &plain, err);
    secret_clear(&plain);
    return ret;
}

void credential_clear(struct credential *credential)
{
    if (credential == NULL)
        return;
    secret_clear(&credential->token);
    *credential = CREDENTIAL_INIT;
}

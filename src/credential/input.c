#include "credential/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/place.h"
#include "base/redact.h"
#include "base/scan.h"
#include "base/text.h"
#include "credential/github_token.h"
#include "credential/mistake.h"

enum { LINE_ENDS_MAX = 64 }; /* bytes that may come on top of the longest value */

static const char white_space[] = " \t\r\n\v\f";
static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

static void cut(struct secret *value, size_t len)
{
    while (value->len > len)
        value->data[--value->len] = '\0';
}

static void cut_at_end(struct secret *value, const char *set)
{
    size_t len = value->len;

    while (len > 0 && value->data[len - 1] != '\0' && strchr(set, value->data[len - 1]) != NULL)
        len--;
    cut(value, len);
}

/* White space at both ends. */
static void trim(struct secret *value)
{
    struct span rest = span_trim((struct span){.data = secret_text(value), .len = value->len});

    if (rest.len > 0)
        memmove(value->data, rest.data, rest.len);
    cut(value, rest.len);
}

static void name_it(struct input *where, enum input_kind kind, const char *name)
{
    static const char *const words[][2] = {
        [INPUT_VARIABLE] = {"environment variable", "env"},
        [INPUT_FILE] = {"file", "file"},
        [INPUT_COMMAND] = {"command", "command"},
    };

    where->kind = kind;
    where->is_named = true;
    where->words[0] = '\0';
    (void)snprintf(where->text, sizeof(where->text), "%s '%.480s'", words[kind][0], name);
    (void)snprintf(where->name, sizeof(where->name), "%s:%.480s", words[kind][1], name);
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
    if (!github_token_is_told(text))
        return 0;
    return error_set_hint(err, CLASS_CREDENTIAL,
                          "revoke the token: every process can read command lines, and logs keep "
                          "them; then pass the name of a variable or file",
                          "the value of %s looks like the token itself", option);
}

/* Why a variable is not set, by where this runs. */
static const char *const unset_hints[PLACE_COUNT] = {
    [PLACE_HOST] = "export it: programs do not see a shell variable that is not exported",
    [PLACE_ACTIONS] = "set it in this step's 'env:' (NAME: ${{ secrets.NAME }})",
    [PLACE_SSH] = ("ssh does not pass variables on: set it in the step's 'env:' and list it in "
                   "ssh-action's 'envs:'"),
};

int input_implicit(struct secret *out, struct input *where, const char *name,
                   const struct input_context *context, struct error *err)
{
    const char *value = context->environment(name);

    name_it(where, INPUT_VARIABLE, name);
    if (value == NULL)
        return 0;
    return secret_append_text(out, value, err) < 0 ? -1 : 1;
}

int input_variable(struct secret *out, struct input *where, const char *option, const char *name,
                   const struct input_context *context, struct error *err)
{
    int found;

    if (refuse_value_as_name(option, name, err) < 0)
        return -1;
    if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9') ||
        strspn(name, name_bytes) != strlen(name))
        return error_set(err, CLASS_CREDENTIAL, "the value of %s is not a valid variable name",
                         option);
    found = input_implicit(out, where, name, context, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    return error_set_hint(err, CLASS_CREDENTIAL, unset_hints[place_find(context->environment)],
                          "environment variable '%s' is not set", name);
}

static struct io_input io_input(const char *name, const struct input_context *context)
{
    return (struct io_input){
        .name = name,
        .cls = CLASS_CREDENTIAL,
        .max = INPUT_TOKEN_MAX,
        .line_end = LINE_ENDS_MAX,
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
    if (*errnum != 0)
        (void)error_hint(err, "%s",
                         *errnum == ENXIO ? "a socket, such as standard input over ssh, cannot be "
                                            "opened by name: use --password-stdin"
                                          : "check that the secret is mounted or written there, "
                                            "and that this user may read it");
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
        return 0;
    if (read_file(out, where, path, &errnum, context, &fault) == 0)
        return 1;
    if (errnum == ENOENT)
        return 0;
    *err = fault;
    return -1;
}

/* A line of `curl -v` and its like that has a secret, though another than what is printed. */
static bool has_header(const char *said)
{
    return strcasestr(said, "authorization:") != NULL ||
           strcasestr(said, "x-vault-token:") != NULL || strcasestr(said, "private-token:") != NULL;
}

/* Whether words may tell what was printed, or another secret. */
static bool may_tell(const struct secret *printed, const struct secret *said)
{
    struct span line = span_trim((struct span){.data = secret_text(printed), .len = printed->len});
    struct redact redact = REDACT_INIT;
    struct secret token = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool may = secret_append(&token, line.data, line.len, SIZE_MAX - 1, &ignored) < 0 ||
               redact_add(&redact, &token, &ignored) < 0 ||
               redact_finds(&redact, said->data, said->len) || github_token_is_told(said->data) ||
               has_header(said->data);

    redact_clear(&redact);
    secret_clear(&token);
    return may;
}

/* The lines of its error output as one; nothing if they may tell the secret. */
static void take_words(struct input *where, struct child_result *result)
{
    struct secret *said = &result->errors;

    cut_at_end(said, white_space);
    if (said->len == 0)
        return;
    for (size_t i = 0; i < said->len; i++) {
        if (said->data[i] == '\n' || said->data[i] == '\0')
            said->data[i] = ' ';
    }
    if (may_tell(&result->output, said))
        (void)snprintf(where->words, sizeof(where->words), "%s", REDACT_WORDS);
    else
        (void)text_printable(where->words, sizeof(where->words), said->data, said->len);
}

/* What it printed is nobody's business: only how it ended is told. */
static int command_fail(const struct input *where, const struct child_result *result,
                        struct error *err)
{
    const char *words = where->words;
    const char *before = words[0] != '\0' ? ": " : "";

    switch (result->end) {
    case CHILD_UNSTARTED:
        return error_set_errno(err, CLASS_CREDENTIAL, result->code,
                               "cannot start '/bin/sh' for the %s", where->text);
    case CHILD_LATE:
        return error_set_hint(
            err, CLASS_CREDENTIAL,
            "the command has no terminal and no standard input: make sure that it does not prompt",
            "the %s timed out and was killed%s%s", where->text, before, words);
    case CHILD_FLOODED:
        return error_set(err, CLASS_CREDENTIAL, "the %s printed more than %d bytes", where->text,
                         CHILD_OUTPUT_MAX);
    case CHILD_KILLED:
        (void)error_set(err, CLASS_CREDENTIAL, "the %s was killed by signal %d (%s)%s%s",
                        where->text, result->code, strsignal(result->code), before, words);
        break;
    case CHILD_EXITED:
        (void)error_set(err, CLASS_CREDENTIAL, "the %s failed with status %d%s%s", where->text,
                        result->code, before, words);
        break;
    }
    return error_hint(
        err, "run it by hand as this user: it must print the token and exit with status 0");
}

static int command_judge(struct secret *out, const struct input *where, struct child_result *result,
                         struct error *err)
{
    if (result->end != CHILD_EXITED || result->code != 0)
        return command_fail(where, result, err);
    if (result->output.len == 0)
        return error_set_hint(err, CLASS_CREDENTIAL,
                              "run it by hand as this user: it must print the token",
                              "the %s exited with status 0 and printed nothing%s%s", where->text,
                              where->words[0] != '\0' ? ": " : "", where->words);
    secret_move(out, &result->output);
    return 0;
}

static int command_run(struct child_result *result, const char *command,
                       const struct input_context *context, struct error *err)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    int64_t limit = clock_now(context->clock) + INPUT_COMMAND_MS;
    char **variables = child_environment("GHCR_TOKEN");
    struct child child = {
        .path = "/bin/sh",
        .argv = argv,
        .environment = variables,
        .directory = context->directory,
        .ends_all = true,
        .clock = context->clock,
        .deadline_ms = limit < context->deadline_ms ? limit : context->deadline_ms,
        .cls = CLASS_CREDENTIAL,
    };
    int ret;

    if (variables == NULL)
        return error_no_memory(err);
    ret = child_run(result, &child, err);
    free(variables);
    return ret;
}

int input_command(struct secret *out, struct input *where, const char *option, const char *command,
                  const struct input_context *context, struct error *err)
{
    struct child_result result = CHILD_RESULT_INIT;
    int ret;

    if (refuse_value_as_name(option, command, err) < 0)
        return -1;
    if (command[strspn(command, white_space)] == '\0')
        return error_set(err, CLASS_CREDENTIAL, "the value of %s is an empty command", option);
    name_it(where, INPUT_COMMAND, command);
    ret = command_run(&result, command, context, err);
    if (ret == 0) {
        take_words(where, &result);
        ret = command_judge(out, where, &result, err);
    }
    child_result_clear(&result);
    return ret;
}

int input_stdin(struct secret *out, struct input *where, int64_t wait_ms,
                const struct input_context *context, struct error *err)
{
    struct io_input input = io_input(where->text, context);
    int64_t limit = clock_now(context->clock) + wait_ms;

    *where = (struct input){
        .kind = INPUT_STDIN, .is_named = wait_ms < 0, .text = "standard input", .name = "stdin"};
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
        return error_hint(err, "the token must be one line, and the writer must close the pipe "
                               "after it; --token-env and --token-file do not use standard input");
    return 0;
}

static int input_refuse(const char *what, const char *where, const char *fault, const char *hint,
                        struct error *err)
{
    return error_set_hint(err, CLASS_CREDENTIAL, hint, "the %s from %s %s", what, where, fault);
}

/* Why a secret is empty, by where this runs. Under sudo a script of ssh-action has no mark. */
static const char *const empty_hints[PLACE_COUNT] = {
    [PLACE_HOST] = "the secret is not defined where this runs, or is missing from ssh-action's "
                   "'envs:'",
    [PLACE_ACTIONS] =
        "the secret is not defined for this repository, or this is a pull request from a fork, "
        "which gets no secrets: check the repository's secrets and the step's 'env:'",
    [PLACE_SSH] = "the secret is not defined, or is missing from the step's 'env:' or "
                  "ssh-action's 'envs:'",
};

static int refuse_empty(const struct input_rules *rules, bool has_line, struct error *err)
{
    const char *hint = empty_hints[rules->place];

    if (rules->where->kind == INPUT_FILE)
        hint = "nothing was written to the file: check that the secret that fills it is defined";
    if (rules->where->kind == INPUT_STDIN && !has_line)
        hint = "pipe the token in, or use --token-env or --token-file; if a variable is piped in, "
               "check that it is set";
    return input_refuse("token", rules->where->text, "is empty", hint, err);
}

static int refuse_bytes(const struct input_rules *rules, const struct secret *value,
                        const char *fault, struct error *err)
{
    const char *hint = "pass the token alone, on one line";

    if (rules->where->kind == INPUT_STDIN && memchr(value->data, '\n', value->len) != NULL)
        hint = rules->is_github
                   ? "pass the token alone, on one line; if standard input is a script (ssh HOST "
                     "bash -s), use --token-env or --token-file"
                   : "for a secret of several lines, such as a service account's key, add "
                     "--password-stdin; if standard input is a script (ssh HOST bash -s), use "
                     "--token-env or --token-file";
    return input_refuse("token", rules->where->text, fault, hint, err);
}

static int check_github_token(const struct secret *value, const struct input_rules *rules,
                              struct error *err)
{
    const char *fault = mistake_in_bytes(value);
    const struct mistake *mistake = fault != NULL ? mistake_encoded(value) : mistake_find(value);

    if (mistake != NULL)
        return input_refuse("token", rules->where->text, mistake->what, mistake->hint, err);
    return fault != NULL ? refuse_bytes(rules, value, fault, err) : 0;
}

/* More line ends than one, of whatever kind they are. */
static bool has_empty_last_line(const struct secret *value)
{
    size_t count[2] = {0, 0};

    for (size_t i = value->len; i > 0 && strchr("\r\n", value->data[i - 1]) != NULL; i--) {
        if (value->data[i - 1] == '\0')
            break;
        count[value->data[i - 1] == '\n']++;
    }
    return count[0] > 1 || count[1] > 1;
}

int input_check_token(struct secret *value, const struct input_rules *rules, const char **oddity,
                      struct error *err)
{
    size_t given_len = value->len;
    bool had_empty_line = has_empty_last_line(value);
    const char *fault;

    if (rules->is_github)
        trim(value);
    else
        cut_at_end(value, "\r\n");
    if (value->len == 0)
        return refuse_empty(rules, given_len > 0, err);
    if (value->len > INPUT_TOKEN_MAX)
        return error_set(err, CLASS_CREDENTIAL, "the token from %s is longer than %d bytes",
                         rules->where->text, INPUT_TOKEN_MAX);
    if (rules->is_github)
        return check_github_token(value, rules, err);
    fault = mistake_in_bytes_anywhere(value);
    if (fault == NULL && !rules->where->is_named && strpbrk(value->data, "\r\n") != NULL)
        fault = "has more than one line";
    if (fault != NULL)
        return refuse_bytes(rules, value, fault, err);
    if (oddity != NULL)
        *oddity = mistake_oddity(value, had_empty_line);
    return 0;
}

/*
 * White space at both ends of a name, as docker removes it (Go's strings.TrimSpace()): that of
 * Unicode, too, which web pages have between words.
 */
static void trim_name(struct secret *value)
{
    static const char *const spaces[] = {"\xc2\x85",     "\xc2\xa0",     "\xe3\x80\x80",
                                         "\xe2\x80\xaf", "\xe2\x80\x87", "\xe2\x80\x89"};
    size_t before;

    do {
        trim(value);
        before = value->len;
        for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
            size_t len = strlen(spaces[i]);

            if (text_has_suffix(secret_text(value), spaces[i]))
                cut(value, value->len - len);
            if (strncmp(secret_text(value), spaces[i], len) == 0) {
                memmove(value->data, value->data + len, value->len - len);
                cut(value, value->len - len);
            }
        }
    } while (value->len < before);
}

int input_check_name(struct secret *value, const char *where, struct error *err)
{
    const char *fault;

    trim_name(value);
    if (value->len == 0) {
        return error_set_hint(
            err, CLASS_CREDENTIAL,
            "name the account with -u NAME, and check that the variable after -u is set",
            "the user name from %s is empty", where);
    }
    if (github_token_kind(secret_text(value), value->len) != GITHUB_TOKEN_UNKNOWN ||
        github_token_is_told(secret_text(value))) {
        return input_refuse("user name", where,
                            github_token_is_whole(secret_text(value), value->len)
                                ? "looks like a token"
                                : "contains a token",
                            "check whether user name and token are swapped; if the token was an "
                            "argument, revoke it: every process can read command lines",
                            err);
    }
    fault = mistake_in_bytes(value);
    if (fault == NULL && memchr(value->data, ':', value->len) != NULL)
        fault = "contains a colon, which HTTP Basic authentication does not allow (RFC 7617)";
    if (fault == NULL && strcmp(secret_text(value), "<token>") == 0)
        fault = "is the name that docker and credential helpers reserve for identity tokens";
    if (fault == NULL && value->len > INPUT_NAME_MAX)
        fault = "is longer than 255 bytes";
    return fault != NULL
               ? input_refuse("user name", where, fault, "pass only the account's name", err)
               : 0;
}

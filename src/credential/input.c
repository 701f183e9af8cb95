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

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

static void cut(struct secret *value, size_t len)
{
    while (value->len > len)
        value->data[--value->len] = '\0';
}

/* Cut exactly one line end: CR LF, LF or CR. */
static void cut_line_end(struct secret *value)
{
    size_t len = value->len;

    if (len > 0 && value->data[len - 1] == '\n')
        len--;
    if (len > 0 && value->data[len - 1] == '\r')
        len--;
    cut(value, len);
}

static bool input_is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void cut_at_end(struct secret *value, const char *set)
{
    size_t len = value->len;

    while (len > 0 && input_is_among(value->data[len - 1], set))
        len--;
    cut(value, len);
}

static void cut_around(struct secret *value, const char *set)
{
    size_t begin = 0;
    size_t len;

    cut_at_end(value, set);
    while (begin < value->len && input_is_among(value->data[begin], set))
        begin++;
    len = value->len - begin;
    if (begin > 0)
        memmove(value->data, value->data + begin, len);
    cut(value, len);
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
    if (!github_token_is_inside(text))
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
        return error_set(err, CLASS_CREDENTIAL, "the value of %s is not a valid variable name",
                         option);
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
    if (*errnum == ENXIO)
        (void)error_hint(err, "a socket, such as standard input over ssh, cannot be opened by "
                              "name: use --password-stdin");
    else if (*errnum != 0)
        (void)error_hint(
            err,
            "check that the secret is mounted or written there, and that this user may read it");
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

/* A line of `curl -v` and its like that has a secret, though another than what is printed. */
static bool has_header(const char *said)
{
    static const char *const names[] = {"authorization:", "x-vault-token:", "private-token:"};
    bool has = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        has = has || strcasestr(said, names[i]) != NULL;
    return has;
}

/* Whether words may tell what was printed, or another secret. */
static bool may_tell(const struct secret *printed, const struct secret *said)
{
    struct span line = span_trim((struct span){.data = secret_text(printed), .len = printed->len});
    struct redact redact = REDACT_INIT;
    struct secret token = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool may = secret_append(&token, line.data, line.len, SIZE_MAX - 1, &ignored) < 0 ||
               redact_start(&redact, NULL, &token, NULL, &ignored) < 0 ||
               redact_finds(&redact, said->data, said->len) || github_token_is_inside(said->data) ||
               has_header(said->data);

    redact_clear(&redact);
    secret_clear(&token);
    return may;
}

/* The lines of its error output as one; none of them where one may tell the secret. */
static void take_words(struct input *where, struct child_result *result)
{
    struct secret *said = &result->errors;

    cut_at_end(said, " \t\r\n");
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
    struct secret printed = SECRET_INIT;
    int ret;

    if (refuse_value_as_name(option, command, err) < 0)
        return -1;
    if (command[strspn(command, " \t\r\n")] == '\0')
        return error_set(err, CLASS_CREDENTIAL, "the value of %s is an empty command", option);
    name_it(where, INPUT_COMMAND, command);
    ret = command_run(&result, command, context, err);
    if (ret == 0) {
        take_words(where, &result);
        ret = command_judge(&printed, where, &result, err);
    }
    child_result_clear(&result);
    if (ret == 0)
        secret_move(out, &printed);
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

/* What a value may be. */

static bool begins_with_mark(const struct secret *value)
{
    return value->len >= 3 && memcmp(value->data, "\xef\xbb\xbf", 3) == 0;
}

static bool is_utf16(const struct secret *value)
{
    return value->len >= 2 &&
           (memcmp(value->data, "\xff\xfe", 2) == 0 || memcmp(value->data, "\xfe\xff", 2) == 0);
}

static bool has_line_end(const struct secret *value)
{
    return memchr(secret_text(value), '\n', value->len) != NULL ||
           memchr(secret_text(value), '\r', value->len) != NULL;
}

static bool is_blank(const struct secret *value)
{
    return value->len > 0 && strspn(value->data, " \t\r\n") == value->len;
}

/* What no secret of any registry can be, or NULL. */
static const char *fault_anywhere(const struct secret *value)
{
    if (is_utf16(value))
        return "is UTF-16 text: it starts with a byte-order mark";
    if (memchr(secret_text(value), '\0', value->len) != NULL)
        return "contains a NUL byte";
    return is_blank(value) ? "is blank" : NULL;
}

/* What is wrong with the bytes of a name or of a GitHub token alike, or NULL. */
static const char *fault_in_bytes(const struct secret *value)
{
    const char *text = secret_text(value);
    const char *fault = fault_anywhere(value);

    if (begins_with_mark(value))
        return "starts with a byte-order mark";
    if (fault != NULL)
        return fault;
    if (has_line_end(value))
        return "has more than one line";
    for (size_t i = 0; i < value->len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return "contains a control character";
    }
    return NULL;
}

static int input_refuse(const char *what, const char *where, const char *fault, const char *hint,
                        struct error *err)
{
    return error_set_hint(err, CLASS_CREDENTIAL, hint, "the %s from %s %s", what, where, fault);
}

/* Why a secret is empty, by where this runs. Behind sudo a script of ssh-action's has no mark. */
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
    bool is_script =
        rules->where->kind == INPUT_STDIN && memchr(value->data, '\n', value->len) != NULL;

    return input_refuse("token", rules->where->text, fault,
                        is_script ? "pass the token alone, on one line; if standard input is a "
                                    "script (ssh HOST bash -s), use --token-env or --token-file"
                                  : "pass the token alone, on one line",
                        err);
}

static int check_form(const struct secret *token, const char *where, struct error *err)
{
    const struct mistake *mistake = mistake_find(token);

    return mistake != NULL ? input_refuse("token", where, mistake->what, mistake->hint, err) : 0;
}

static int check_github_token(const struct secret *value, const struct input_rules *rules,
                              struct error *err)
{
    const char *fault = fault_in_bytes(value);

    return fault != NULL ? refuse_bytes(rules, value, fault, err)
                         : check_form(value, rules->where->text, err);
}

/* What docker would send, though somebody may not have meant it. */
static const char *find_oddity(const struct secret *value, size_t line_ends)
{
    if (begins_with_mark(value))
        return "starts with a byte-order mark";
    if (line_ends > 2)
        return "had an empty last line, which was removed";
    if (input_is_among(value->data[0], " \t"))
        return "starts with a space";
    if (input_is_among(value->data[value->len - 1], " \t"))
        return "ends with a space";
    return has_line_end(value) ? "has more than one line" : NULL;
}

int input_check_token(struct secret *value, const struct input_rules *rules, const char **oddity,
                      struct error *err)
{
    size_t given_len = value->len;
    const char *fault;

    if (rules->is_github)
        cut_around(value, " \t\r\n\v\f");
    else
        cut_at_end(value, "\r\n");
    if (value->len == 0)
        return refuse_empty(rules, given_len > 0, err);
    if (value->len > INPUT_TOKEN_MAX)
        return error_set(err, CLASS_CREDENTIAL, "the token from %s is longer than %d bytes",
                         rules->where->text, INPUT_TOKEN_MAX);
    if (rules->is_github)
        return check_github_token(value, rules, err);
    fault = fault_anywhere(value);
    if (fault == NULL && !rules->where->is_named && has_line_end(value))
        fault = "has more than one line";
    if (fault != NULL)
        return refuse_bytes(rules, value, fault, err);
    if (oddity != NULL)
        *oddity = find_oddity(value, given_len - value->len);
    return 0;
}

int input_check_name(struct secret *value, const char *where, struct error *err)
{
    const char *fault;

    cut_line_end(value);
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
    fault = fault_in_bytes(value);
    if (fault == NULL && memchr(value->data, ':', value->len) != NULL)
        fault = "contains a colon, which HTTP Basic authentication does not allow (RFC 7617)";
    if (fault == NULL && strcmp(secret_text(value), "<token>") == 0)
        fault = "is the name that docker and credential helpers reserve for identity tokens";
    if (fault == NULL && (value->data[0] == ' ' || value->data[value->len - 1] == ' '))
        fault = "starts or ends with a space";
    if (fault == NULL && strncmp(value->data, "--", 2) == 0)
        fault = "looks like an option; is the variable after -u empty?";
    if (fault == NULL && value->len > INPUT_NAME_MAX)
        fault = "is longer than 255 bytes";
    return fault != NULL
               ? input_refuse("user name", where, fault, "pass only the account's name", err)
               : 0;
}

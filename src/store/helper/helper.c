#include "store/helper/helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/child.h"
#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"
#include "store/reader.h"
#include "store/record.h"

/* What this program takes its token from by itself; a helper has no use for it. */
static const char own_variable[] = "GHCR_TOKEN";

/* The wire. */

int helper_wire_request(struct secret *out, const char *server_url, const char *username,
                        const struct secret *token, struct error *err)
{
    struct secret built = SECRET_INIT;
    json_error_t why;
    json_t *json = json_pack_ex(&why, 0, "{s:s, s:s, s:s%}", "ServerURL", server_url, "Username",
                                username, "Secret", secret_text(token), token->len);
    int ret = -1;

    if (json == NULL && json_error_code(&why) == json_error_invalid_utf8)
        return error_set(
            err, CLASS_HELPER,
            "the user name or the token is not UTF-8 text, which credential helpers require");
    if (json == NULL)
        return error_no_memory(err);
    if (json_append(&built, json, err) < 0 || secret_append_text(&built, "\n", err) < 0)
        goto out;
    if (built.len > HELPER_REQUEST_MAX) {
        (void)error_set(err, CLASS_HELPER,
                        "the credential is longer than the %d bytes that credential helpers accept",
                        HELPER_REQUEST_MAX);
        goto out;
    }
    secret_move(out, &built);
    ret = 0;
out:
    secret_clear(&built);
    json_decref(json);
    return ret;
}

/*
 * The text of the member `key`, whatever its case; as in Go, the last one counts, and one that is
 * not there or null is empty. Returns false if it is anything else.
 */
static bool find_text(struct span *text, json_t *object, const char *key)
{
    const json_t *found = NULL;
    const char *each;
    json_t *value;

    json_object_foreach(object, each, value)
    {
        if (strcasecmp(each, key) == 0)
            found = value;
    }
    *text = (struct span){.data = json_string_value(found), .len = json_string_length(found)};
    return found == NULL || json_is_null(found) || json_is_string(found);
}

static int take_text(struct secret *out, struct span text, struct error *err)
{
    return secret_append(out, text.data, text.len, SIZE_MAX - 1, err);
}

static bool has_nul(struct span text)
{
    return text.len > 0 && memchr(text.data, '\0', text.len) != NULL;
}

int helper_wire_answer(struct secret *username, struct secret *token, const struct secret *answer,
                       struct error *err)
{
    struct secret found_name = SECRET_INIT;
    struct secret found_token = SECRET_INIT;
    struct span name;
    struct span text;
    json_t *json;
    int ret = -1;

    json = json_parse(secret_text(answer), answer->len, "its answer", CLASS_HELPER, err);
    if (json == NULL)
        return -1;
    if (!json_is_object(json) || !find_text(&name, json, "Username") ||
        !find_text(&text, json, "Secret") || (name.len == 0) != (text.len == 0))
        (void)error_set(err, CLASS_HELPER, "its answer lacks \"Username\" or \"Secret\"");
    else if (has_nul(name) || has_nul(text))
        (void)error_set(err, CLASS_HELPER, "its answer contains a NUL byte");
    else if (name.len == 0)
        ret = 0;
    else if (take_text(&found_name, name, err) == 0 && take_text(&found_token, text, err) == 0) {
        secret_move(username, &found_name);
        secret_move(token, &found_token);
        ret = 1;
    }
    secret_clear(&found_name);
    secret_clear(&found_token);
    json_decref(json);
    return ret;
}

static struct span helper_trim(const struct secret *text)
{
    return span_trim((struct span){.data = secret_text(text), .len = text->len});
}

/* As docker reads it, with the white space around it trimmed. */
bool helper_wire_is_not_found(const struct secret *output)
{
    static const char words[] = READER_NOT_FOUND;
    struct span said = helper_trim(output);

    return said.len == sizeof(words) - 1 && memcmp(said.data, words, said.len) == 0;
}

const char *helper_wire_words(char words[HELPER_WORDS_MAX], const struct secret *output,
                              const struct secret *errors, const struct redact *redact)
{
    struct span said = helper_trim(output);
    size_t len = 0;

    if (said.len == 0)
        said = helper_trim(errors);
    if (redact_finds(redact, said.data, said.len)) {
        (void)snprintf(words, HELPER_WORDS_MAX, "%s", REDACT_WORDS);
        return words;
    }
    while (len < said.len && strchr("\r\n{", said.data[len]) == NULL)
        len++;
    while (len > 0 && strchr(" \t.", said.data[len - 1]) != NULL)
        len--; /* our messages end without a full stop */
    return text_printable(words, HELPER_WORDS_MAX, said.data, len);
}

/* The program. */

/* What one call is: docker-credential-NAME ACTION. */
struct call {
    const struct helper *helper;
    const char *action;
    const struct secret *request;
    char program[NAME_MAX + 1];
    char path[PATH_MAX]; /* where the helper is */
};

/* The name comes from an auth file: it must not lead elsewhere than to a directory of PATH. */
static int helper_find(struct call *call, struct error *err)
{
    const char *name = call->helper->name;
    int len = snprintf(call->program, sizeof(call->program), "docker-credential-%s", name);
    enum child_found found;

    if (name[0] == '\0' || strchr(name, '/') != NULL || len >= (int)sizeof(call->program))
        return error_set_hint(err, CLASS_HELPER,
                              "correct \"credsStore\" or \"credHelpers\" in the auth file",
                              "'%.100s' is not a valid credential helper name", name);
    found = child_find(call->path, call->program, getenv("PATH"));
    if (found == CHILD_FOUND)
        return 0;
    if (found == CHILD_NOT_EXECUTABLE)
        return error_set_hint(err, CLASS_HELPER,
                              "make it executable (chmod +x), or reinstall the credential helper",
                              "'%s' is not executable", call->path);
    return error_set_hint(err, CLASS_HELPER,
                          "install it, remove it from \"credsStore\" or \"credHelpers\" in the "
                          "auth file, or log in with --no-helper",
                          "cannot find '%s' on PATH", call->program);
}

static int helper_run(struct child_result *result, struct call *call, struct error *err)
{
    const char *const argv[] = {call->program, call->action, NULL};
    struct child child = {
        .path = call->path,
        .argv = argv,
        .input = call->request,
        .clock = call->helper->clock,
        .deadline_ms = call->helper->deadline_ms,
        .cls = CLASS_HELPER,
    };
    char **environment;
    int ret;

    if (helper_find(call, err) < 0)
        return -1;
    environment = child_environment(own_variable);
    if (environment == NULL)
        return error_no_memory(err);
    child.environment = environment;
    ret = child_run(result, &child, err);
    free(environment);
    return ret;
}

/* What it says, into words[HELPER_WORDS_MAX]: nothing if it might repeat a secret. */
static void helper_take_words(char *words, const struct helper *helper,
                              const struct child_result *result)
{
    struct redact redact = REDACT_INIT;
    struct error ignored = ERROR_INIT;

    words[0] = '\0';
    if (helper->token == NULL || redact_add(&redact, helper->token, &ignored) == 0)
        (void)helper_wire_words(words, &result->output, &result->errors, &redact);
    redact_clear(&redact);
}

static int helper_fail_to_start(const struct call *call, int errnum, struct error *err)
{
    (void)error_set_errno(err, CLASS_HELPER, errnum, "cannot start '%s'", call->path);
    if (errnum == ENOEXEC)
        return error_hint(err,
                          "the program is built for another architecture, or is a script without a "
                          "'#!' line: install the right one, or log in with --no-helper");
    if (errnum == ENOENT)
        return error_hint(err, "the program's interpreter or loader is missing: install it, or log "
                               "in with --no-helper");
    return error_hint(err, "make sure that '%s' works for this user, or log in with --no-helper",
                      call->program);
}

static int helper_fail(const struct call *call, const struct child_result *result,
                       struct error *err)
{
    char words[HELPER_WORDS_MAX];

    switch (result->end) {
    case CHILD_UNSTARTED:
        return helper_fail_to_start(call, result->code, err);
    case CHILD_LATE:
        return error_set_hint(err, CLASS_HELPER,
                              "the helper may be waiting for its store to be unlocked: unlock the "
                              "store first, or log in with --no-helper",
                              "'%s %s' timed out and was killed", call->program, call->action);
    case CHILD_FLOODED:
        (void)error_set(err, CLASS_HELPER, "'%s %s' printed more than %d bytes", call->program,
                        call->action, CHILD_OUTPUT_MAX);
        break;
    case CHILD_KILLED:
        (void)error_set(err, CLASS_HELPER, "'%s %s' was killed by signal %d (%s)", call->program,
                        call->action, result->code, strsignal(result->code));
        break;
    case CHILD_EXITED:
        helper_take_words(words, call->helper, result);
        (void)error_set(err, CLASS_HELPER, "'%s %s' failed with status %d%s%s", call->program,
                        call->action, result->code, words[0] != '\0' ? ": " : "", words);
        break;
    }
    return error_hint(err, "make sure that '%s' works for this user, or log in with --no-helper",
                      call->program);
}

/* Returns 1 with *result filled when it succeeded, 0 when it knows no such credential, or -1. */
static int helper_ask(struct child_result *result, struct call *call, struct error *err)
{
    if (helper_run(result, call, err) < 0)
        return -1;
    if (result->end == CHILD_EXITED && result->code == 0)
        return 1;
    if (result->end == CHILD_EXITED && helper_wire_is_not_found(&result->output))
        return 0;
    return helper_fail(call, result, err);
}

/* A failure, with whose idea it was to run it. */
static int blame(const struct helper *helper, struct error *err)
{
    return helper->file == NULL
               ? -1
               : error_wrap(err, "'%s' names a credential helper for the registry", helper->file);
}

static bool helper_is_own(const struct helper *helper)
{
    return strcmp(helper->name, READER_OWN_HELPER) == 0;
}

int helper_store(const struct helper *helper, const char *server_url, const char *username,
                 const struct secret *token, struct error *err)
{
    struct child_result result = CHILD_RESULT_INIT;
    struct secret request = SECRET_INIT;
    struct helper teller = *helper;
    struct call call = {.helper = &teller, .action = "store", .request = &request};
    int ret;

    if (helper_is_own(helper))
        return error_set(err, CLASS_HELPER, "ghcr-login's own credential helper stores no tokens");
    ret = helper_wire_request(&request, server_url, username, token, err);
    teller.username = username;
    teller.token = token;
    if (ret == 0)
        ret = helper_ask(&result, &call, err);
    if (ret == 0)
        ret = helper_fail(&call, &result, err); /* that is no answer to "store" */
    child_result_clear(&result);
    secret_clear(&request);
    return ret < 0 ? blame(helper, err) : 0;
}

static int ask_program(const struct helper *helper, const char *server_url, struct secret *username,
                       struct secret *token, bool *has_refused, struct error *err)
{
    struct child_result result = CHILD_RESULT_INIT;
    struct secret request = SECRET_INIT;
    struct call call = {.helper = helper, .action = "get", .request = &request};
    int ret = secret_append_text(&request, server_url, err);

    if (ret == 0)
        ret = helper_ask(&result, &call, err);
    *has_refused = ret < 0 && result.end == CHILD_EXITED && result.code != 0;
    if (ret > 0 && (ret = helper_wire_answer(username, token, &result.output, err)) < 0) {
        (void)error_wrap(err, "'%s get'", call.program);
        (void)error_hint(err, "repair the helper, or log in with --no-helper");
    }
    child_result_clear(&result);
    secret_clear(&request);
    return ret < 0 ? blame(helper, err) : ret;
}

/* This program never runs itself. */
int helper_probe(const struct helper *helper, const char *server_url, struct secret *username,
                 struct secret *token, bool *has_refused, struct error *err)
{
    int ret;

    *has_refused = false;
    if (!helper_is_own(helper))
        return ask_program(helper, server_url, username, token, has_refused, err);
    ret = record_answer(server_url, username, token, helper->clock, helper->deadline_ms, err);
    return ret < 0 ? blame(helper, err) : ret;
}

int helper_get(const struct helper *helper, const char *server_url, struct secret *username,
               struct secret *token, struct error *err)
{
    bool ignored;

    return helper_probe(helper, server_url, username, token, &ignored, err);
}

static bool has_nothing(const struct helper *helper, const char *server_url)
{
    struct error ignored = ERROR_INIT;
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    int found = helper_get(helper, server_url, &username, &token, &ignored);

    secret_clear(&username);
    secret_clear(&token);
    return found == 0;
}

int helper_erase(const struct helper *helper, const char *server_url, struct error *err)
{
    struct child_result result = CHILD_RESULT_INIT;
    struct secret request = SECRET_INIT;
    struct call call = {.helper = helper, .action = "erase", .request = &request};
    struct error fault = ERROR_INIT;
    int ret;

    if (helper_is_own(helper))
        return 0;
    ret = secret_append_text(&request, server_url, &fault);
    if (ret == 0)
        ret = helper_ask(&result, &call, &fault);
    /* docker-credential-pass fails when there is nothing to erase. */
    if (ret < 0 && result.end == CHILD_EXITED && result.code != 0 &&
        has_nothing(helper, server_url))
        ret = 0;
    child_result_clear(&result);
    secret_clear(&request);
    if (ret >= 0)
        return 0;
    *err = fault;
    return blame(helper, err);
}

/* The names of an object's members, each with a NUL after it. */
static int take_servers(struct secret *out, const struct secret *answer, struct error *err)
{
    struct secret names = SECRET_INIT;
    const char *server;
    json_t *ignored;
    json_t *json = json_parse(secret_text(answer), answer->len, "its answer", CLASS_HELPER, err);
    int ret = json == NULL ? -1 : 0;

    if (json != NULL && !json_is_object(json) && !json_is_null(json))
        ret = error_set(err, CLASS_HELPER, "its answer is not a JSON object");
    json_object_foreach(json, server, ignored)
    {
        if (ret == 0)
            ret = secret_append(&names, server, strlen(server) + 1, SIZE_MAX - 1, err);
    }
    if (ret == 0)
        secret_move(out, &names);
    secret_clear(&names);
    json_decref(json);
    return ret;
}

/* The protocol has it read an empty standard input. */
int helper_list(const struct helper *helper, struct secret *out, struct error *err)
{
    struct child_result result = CHILD_RESULT_INIT;
    struct secret request = SECRET_INIT;
    struct call call = {.helper = helper, .action = "list", .request = &request};
    int ret = helper_ask(&result, &call, err);

    if (ret > 0 && (ret = take_servers(out, &result.output, err)) < 0) {
        (void)error_wrap(err, "'%s list'", call.program);
        (void)error_hint(err, "repair the helper, or log in with --no-helper");
    }
    child_result_clear(&result);
    return ret < 0 ? blame(helper, err) : 0;
}

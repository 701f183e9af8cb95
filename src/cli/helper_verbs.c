#include "cli/helper_verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"
#include "cli/at_pull.h"
#include "cli/process.h"
#include "registry/reference.h"
#include "store/reader.h"
#include "store/record.h"

#define PROGRAM "docker-credential-" READER_OWN_HELPER

enum {
    INPUT_MAX = 64 * 1024, /* bytes: more than any helper is given */
    WAIT_MS = 40000,       /* for standard input, and then a token command's half minute */
    SHOWN_MAX = 2000,
};

/* The protocol's own words, which callers look for. */
static const char not_found[] = READER_NOT_FOUND;
static const char no_server[] = "no credentials server URL";
static const char no_username[] = "no credentials username";

bool helper_verbs_are_meant(const char *program)
{
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;

    return program != NULL && strcmp(slash != NULL ? slash + 1 : program, PROGRAM) == 0;
}

/* An answer in words; the status of one. */
static int say(const char *words)
{
    (void)printf("%s\n", words);
    return 1;
}

/* Some callers show what comes first, some what comes second, and docker nothing of the output. */
static int say_error(const struct error *err)
{
    char shown[SHOWN_MAX];
    char hint[SHOWN_MAX];

    (void)text_printable(shown, sizeof(shown), err->message, strlen(err->message));
    (void)text_printable(hint, sizeof(hint), err->hint, strlen(err->hint));
    (void)printf("ghcr-login: %s%s%s%s\n", shown, hint[0] != '\0' ? " (" : "", hint,
                 hint[0] != '\0' ? ")" : "");
    (void)fprintf(stderr, "ghcr-login: %s\n", shown);
    if (hint[0] != '\0')
        (void)fprintf(stderr, "hint: %s\n", hint);
    return 1;
}

static int read_input(struct secret *out, int64_t deadline_ms, struct error *err)
{
    struct io_input input = {
        .name = "standard input",
        .cls = CLASS_HELPER,
        .max = INPUT_MAX,
        .clock = clock_system(),
        .deadline_ms = deadline_ms,
    };

    return io_read_all(out, STDIN_FILENO, &input, err);
}

/* Go trims it: what is asked of is echoed without white space at its ends, too. */
static struct span verbs_trim(const struct secret *input)
{
    return span_trim((struct span){.data = secret_text(input), .len = input->len});
}

/* What a caller asks about: "ghcr.io", "https://index.docker.io/v1/". */
static bool parse_server(struct reference *out, struct span server)
{
    char text[READER_KEY_MAX + 1];
    struct error no_registry = ERROR_INIT;

    return span_copy(server, text, sizeof(text)) && strlen(text) == server.len &&
           reference_parse(out, text, &no_registry) == 0;
}

static bool parse_url(struct reference *out, const char *url)
{
    return parse_server(out, span_trim((struct span){.data = url, .len = strlen(url)}));
}

/* Returns 1 and fills *out, 0 if there is no record for it, or -1 with *err set. */
static int read_source(struct credential *out, const struct reference *registry,
                       const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    struct record record;
    int found = at_pull_find(&record, registry->host, err);

    if (found <= 0)
        return found;
    return at_pull_read(out, &record, registry, clock, deadline_ms, err) < 0
               ? error_wrap(err, "no token for '%s'", registry->host)
               : 1;
}

/* What a command says beside its token, it says to people. */
static void pass_words_on(const struct credential *credential)
{
    if (credential->words[0] != '\0')
        (void)fprintf(stderr, "ghcr-login: the %s says: %s\n", credential->source,
                      credential->words);
}

static int put_credential(struct span server, const struct credential *credential,
                          struct error *err)
{
    json_t *json = json_pack("{s:s%, s:s, s:s%}", "ServerURL", server.data, server.len, "Username",
                             credential->username, "Secret", secret_text(&credential->token),
                             credential->token.len);
    struct secret text = SECRET_INIT;
    int ret = json == NULL ? error_set(err, CLASS_HELPER,
                                       "the token from %s is not UTF-8 text, which docker requires",
                                       credential->source)
                           : json_append(&text, json, err);

    if (ret == 0)
        ret = secret_append_text(&text, "\n", err);
    if (ret == 0 && io_write_all(STDOUT_FILENO, secret_text(&text), text.len) < 0)
        ret = error_set(err, CLASS_INTERNAL, "cannot write to standard output");
    secret_clear(&text);
    json_decref(json);
    return ret;
}

static int get(const struct secret *input, int64_t deadline_ms)
{
    struct credential credential = CREDENTIAL_INIT;
    struct error err = ERROR_INIT;
    struct reference registry;
    struct span server = verbs_trim(input);
    int found = 0;

    if (server.len == 0)
        return say(no_server);
    if (parse_server(&registry, server))
        found = read_source(&credential, &registry, clock_system(), deadline_ms, &err);
    if (found > 0)
        pass_words_on(&credential);
    if (found > 0 && put_credential(server, &credential, &err) < 0)
        found = -1;
    credential_clear(&credential);
    return found > 0 ? 0 : found == 0 ? say(not_found) : say_error(&err);
}

static int refuse_sourceless(const struct reference *registry, struct error *err)
{
    (void)error_set(err, CLASS_HELPER,
                    "ghcr-login stores no tokens, and has no token source for '%s'",
                    registry->host);
    return error_hint(err,
                      "run ghcr-login --at-pull -u NAME --token-file FILE %s, or remove '%s' from "
                      "\"credHelpers\"",
                      registry->host, registry->host);
}

static int refuse_other_token(const struct reference *registry, const struct credential *credential,
                              struct error *err)
{
    (void)error_set(err, CLASS_HELPER,
                    "the token for '%s' comes from %s at each pull, and this is a different token",
                    registry->host, credential->source);
    return error_hint(err, "write the new token there, or run 'ghcr-login logout %s' first",
                      registry->host);
}

/* What is stored is where the token comes from: the same token is there already. */
static int judge_store(const char *username, const char *secret, size_t len,
                       const struct reference *registry, int64_t deadline_ms, struct error *err)
{
    struct credential credential = CREDENTIAL_INIT;
    struct secret given = SECRET_INIT;
    int found = read_source(&credential, registry, clock_system(), deadline_ms, err);
    bool is_same = found > 0 && secret_append(&given, secret, len, len, err) == 0 &&
                   secret_is_equal(&given, &credential.token) &&
                   strcmp(username, credential.username) == 0;

    if (found == 0)
        (void)refuse_sourceless(registry, err);
    else if (found > 0 && !is_same)
        (void)refuse_other_token(registry, &credential, err);
    secret_clear(&given);
    credential_clear(&credential);
    return is_same ? 0 : -1;
}

/* What is wrong with a request, in words; NULL for nothing. */
static const char *fault_of_request(const char *server, const char *username,
                                    struct reference *registry)
{
    if (server == NULL || server[0] == '\0')
        return no_server;
    if (username == NULL || username[0] == '\0')
        return no_username;
    return parse_url(registry, server) ? NULL : "ghcr-login: the server is not a registry";
}

/* `docker login` stores what it has proved; that it fails is right where the token is another. */
static int store(const struct secret *input, int64_t deadline_ms)
{
    struct error err = ERROR_INIT;
    struct reference registry;
    json_t *json =
        json_parse_last(secret_text(input), input->len, "standard input", CLASS_HELPER, &err);
    const char *username = json_member_text(json, "Username");
    const json_t *secret = json_object_get(json, "Secret");
    const char *fault = fault_of_request(json_member_text(json, "ServerURL"), username, &registry);
    bool is_refused =
        json == NULL || (fault == NULL &&
                         judge_store(username, json_string_value(secret),
                                     json_string_length(secret), &registry, deadline_ms, &err) < 0);
    int status = is_refused ? say_error(&err) : fault != NULL ? say(fault) : 0;

    json_decref(json);
    return status;
}

/* `docker logout` at the end of every job of login-action must not undo what was set up. */
static int erase(const struct secret *input)
{
    struct error ignored = ERROR_INIT;
    struct reference registry;
    struct record record;

    if (parse_server(&registry, verbs_trim(input)) &&
        at_pull_find(&record, registry.host, &ignored) > 0)
        (void)fprintf(stderr,
                      "ghcr-login: the login for '%s' is kept, because its token is fetched at "
                      "each pull: run 'ghcr-login logout %s' to remove it\n",
                      registry.host, registry.host);
    return 0;
}

/* Docker asks it for things that have nothing to do with this registry. */
static int list(void)
{
    struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;
    char path[PATH_MAX];

    if (at_pull_path(path, &err) < 0 || record_list(&text, path, &err) < 0) {
        (void)fprintf(stderr, "ghcr-login: %s\n", err.message);
        secret_clear(&text);
        (void)puts("{}");
        return 0;
    }
    (void)puts(secret_text(&text));
    secret_clear(&text);
    return 0;
}

static int take_verb(const char *verb, const struct secret *input, int64_t deadline_ms)
{
    if (strcmp(verb, "get") == 0)
        return get(input, deadline_ms);
    return strcmp(verb, "store") == 0 ? store(input, deadline_ms) : erase(input);
}

/* A caller that gets half an answer must be told that it is incomplete. */
static int end_output(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    (void)fputs("ghcr-login: cannot write to standard output\n", stderr);
    return 1;
}

static bool is_among(const char *verb, const char *first, const char *second, const char *third)
{
    return strcmp(verb, first) == 0 || strcmp(verb, second) == 0 || strcmp(verb, third) == 0;
}

int helper_verbs_run(int argc, char *const argv[])
{
    int64_t deadline_ms = clock_now(clock_system()) + WAIT_MS;
    struct secret input = SECRET_INIT;
    struct error err = ERROR_INIT;
    const char *verb = argc == 2 ? argv[1] : "";
    int status;

    if (is_among(verb, "version", "--version", "-v")) {
        (void)puts(PROGRAM " (ghcr-login) " GHCR_LOGIN_VERSION);
        return end_output(0);
    }
    if (strcmp(verb, "list") == 0) {
        status = list();
    } else if (!is_among(verb, "get", "store", "erase")) {
        (void)puts("usage: " PROGRAM " get|store|erase|list|version");
        status = 1;
    } else {
        status = read_input(&input, deadline_ms, &err) < 0 ? say_error(&err)
                                                           : take_verb(verb, &input, deadline_ms);
        secret_clear(&input);
    }
    return end_output(status);
}

static int answer(const char *server_url, struct secret *username, struct secret *token,
                  const struct clock *clock, int64_t deadline_ms, struct error *err)
{
    struct credential credential = CREDENTIAL_INIT;
    struct secret name = SECRET_INIT;
    struct reference registry;
    int found = 0;

    if (parse_url(&registry, server_url))
        found = read_source(&credential, &registry, clock, deadline_ms, err);
    if (found > 0 && secret_append_text(&name, credential.username, err) < 0)
        found = -1;
    if (found > 0) {
        secret_move(username, &name);
        secret_move(token, &credential.token);
    }
    secret_clear(&name);
    credential_clear(&credential);
    return found;
}

void helper_verbs_serve(void)
{
    record_answer_with(answer);
}

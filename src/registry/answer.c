#include "registry/answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

/* RFC 6750 section 2.1 says less; RFC 9110 section 5.5 says what a field can carry at all. */
static int check_bearer(const char *text, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return error_set(err, CLASS_UNPROVED, "the token has a byte that no header can carry");
    }
    return 0;
}

int answer_token(struct secret *bearer, const struct http_response *response, struct error *err)
{
    struct secret built = SECRET_INIT;
    const json_t *token;
    json_t *json;
    int ret = -1;

    if (response->is_body_cut)
        return error_set(err, CLASS_UNPROVED, "it is longer than %d bytes", HTTP_BODY_MAX);
    json = json_parse(secret_text(&response->body), response->body.len, "it", CLASS_UNPROVED, err);
    if (json == NULL)
        return -1;
    token = json_object_get(json, "token");
    if (json_string_length(token) == 0)
        token = json_object_get(json, "access_token");
    if (json_string_length(token) == 0) {
        (void)error_set(err, CLASS_UNPROVED, "it holds no token");
        goto out;
    }
    if (check_bearer(json_string_value(token), json_string_length(token), err) < 0 ||
        secret_append(&built, json_string_value(token), json_string_length(token), HTTP_BODY_MAX,
                      err) < 0)
        goto out;
    secret_move(bearer, &built);
    ret = 0;
out:
    secret_clear(&built);
    json_decref(json);
    return ret;
}

/* As docker does: the code in lower case, then the message. */
static void words_of_error(char words[ANSWER_WORDS_MAX], const json_t *error)
{
    const char *code = json_member_text(error, "code");
    const char *message = json_member_text(error, "message");
    char lower[64] = "";

    for (size_t i = 0; code != NULL && code[i] != '\0' && i + 1 < sizeof(lower); i++)
        lower[i] = (char)tolower((unsigned char)code[i]);
    (void)snprintf(words, ANSWER_WORDS_MAX, "%s%s%s", lower,
                   lower[0] != '\0' && message != NULL ? ": " : "", message != NULL ? message : "");
}

static void words_of_json(char words[ANSWER_WORDS_MAX], const json_t *json)
{
    static const char *const members[] = {"details", "detail", "message", "error_description",
                                          "error"};
    const json_t *errors = json_object_get(json, "errors");

    if (json_array_size(errors) > 0) {
        words_of_error(words, json_array_get(errors, 0));
        return;
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && words[0] == '\0'; i++) {
        const char *text = json_member_text(json, members[i]);

        if (text != NULL)
            (void)snprintf(words, ANSWER_WORDS_MAX, "%s", text);
    }
}

/* A body that is a sentence, not a document: its first line. */
static void words_of_text(char words[ANSWER_WORDS_MAX], const struct secret *body)
{
    const char *text = secret_text(body);
    size_t len = strcspn(text, "\r\n");

    if (body->len < ANSWER_WORDS_MAX && text[0] != '<' && text[0] != '{')
        (void)snprintf(words, ANSWER_WORDS_MAX, "%.*s", (int)len, text);
}

const char *answer_words(char words[ANSWER_WORDS_MAX], const struct http_response *response,
                         const struct secret *const *hidden, size_t hidden_count)
{
    struct error ignored = ERROR_INIT;
    char raw[ANSWER_WORDS_MAX] = "";
    json_t *json = json_parse(secret_text(&response->body), response->body.len, "it",
                              CLASS_UNPROVED, &ignored);

    if (json != NULL)
        words_of_json(raw, json);
    else
        words_of_text(raw, &response->body);
    json_decref(json);
    (void)text_printable(words, ANSWER_WORDS_MAX, raw, strlen(raw));
    for (size_t i = 0; i < hidden_count; i++) {
        if (secret_is_inside(hidden[i], raw, strlen(raw)))
            (void)snprintf(words, ANSWER_WORDS_MAX, "%s",
                           "its words repeat the credential and are not shown");
    }
    explicit_bzero(raw, sizeof(raw));
    return words;
}

#include "store/helper/helper_wire.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"

enum { FORM_PLAIN, FORM_JSON, FORM_BASE64, FORM_AUTH };

int helper_wire_request(struct secret *out, const char *server_url, const char *username,
                        const struct secret *token, struct error *err)
{
    struct secret built = SECRET_INIT;
    json_error_t why;
    json_t *json = json_pack_ex(&why, 0, "{s:s, s:s, s:s%}", "ServerURL", server_url, "Username",
                                username, "Secret", secret_text(token), token->len);
    int ret = -1;

    if (json == NULL && json_error_code(&why) == json_error_invalid_utf8)
        return error_set(err, CLASS_HELPER,
                         "the user name or the token is not UTF-8 text, and nothing else can be "
                         "given to a credential helper");
    if (json == NULL)
        return error_no_memory(err);
    if (json_append(&built, json, err) < 0 || secret_append_text(&built, "\n", err) < 0)
        goto out;
    if (built.len > HELPER_REQUEST_MAX) {
        (void)error_set(err, CLASS_HELPER, "a credential helper takes no more than %d bytes",
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

/* As it stands between the quotes of a JSON text. */
static int spell_in_json(struct secret *out, const struct secret *token, struct error *err)
{
    json_t *json = json_stringn(secret_text(token), token->len);
    struct secret quoted = SECRET_INIT;
    int ret = json != NULL ? json_append(&quoted, json, err) : error_no_memory(err);

    if (ret == 0)
        ret = secret_append(out, quoted.data + 1, quoted.len - 2, SIZE_MAX - 1, err);
    secret_clear(&quoted);
    json_decref(json);
    return ret;
}

/* As it stands in an auth file and in an Authorization header. */
static int spell_as_auth(struct secret *out, const char *username, const struct secret *token,
                         struct error *err)
{
    struct secret joined = SECRET_INIT;
    int ret = -1;

    if (secret_append_text(&joined, username, err) == 0 &&
        secret_append_text(&joined, ":", err) == 0 &&
        secret_append(&joined, token->data, token->len, SIZE_MAX - 1, err) == 0)
        ret = base64_encode(out, &joined, err);
    secret_clear(&joined);
    return ret;
}

int helper_wire_forms(struct helper_forms *out, const char *username, const struct secret *token,
                      struct error *err)
{
    if (secret_append(&out->items[FORM_PLAIN], token->data, token->len, SIZE_MAX - 1, err) == 0 &&
        spell_in_json(&out->items[FORM_JSON], token, err) == 0 &&
        base64_encode(&out->items[FORM_BASE64], token, err) == 0 &&
        spell_as_auth(&out->items[FORM_AUTH], username, token, err) == 0)
        return 0;
    helper_forms_clear(out);
    return -1;
}

void helper_forms_clear(struct helper_forms *forms)
{
    for (size_t i = 0; i < HELPER_FORMS; i++)
        secret_clear(&forms->items[i]);
}

/* The string member `key`, whatever its case; as in Go, the last one counts. */
static const json_t *find_text(json_t *object, const char *key)
{
    const json_t *found = NULL;
    const char *each;
    json_t *value;

    json_object_foreach(object, each, value)
    {
        if (strcasecmp(each, key) == 0)
            found = value;
    }
    return json_is_string(found) ? found : NULL;
}

static int take_text(struct secret *out, const json_t *text, struct error *err)
{
    return secret_append(out, json_string_value(text), json_string_length(text), SIZE_MAX - 1, err);
}

static bool has_nul(const json_t *text)
{
    return strlen(json_string_value(text)) != json_string_length(text);
}

int helper_wire_answer(struct secret *username, struct secret *token, const struct secret *answer,
                       struct error *err)
{
    struct secret found_name = SECRET_INIT;
    struct secret found_token = SECRET_INIT;
    const json_t *name_text;
    const json_t *token_text;
    json_t *json;
    int ret = -1;

    json = json_parse(secret_text(answer), answer->len, "its answer", CLASS_HELPER, err);
    if (json == NULL)
        return -1;
    name_text = find_text(json, "Username");
    token_text = find_text(json, "Secret");
    if (name_text == NULL || token_text == NULL ||
        (json_string_length(name_text) == 0) != (json_string_length(token_text) == 0))
        (void)error_set(err, CLASS_HELPER, "its answer lacks \"Username\" or \"Secret\"");
    else if (has_nul(name_text) || has_nul(token_text))
        (void)error_set(err, CLASS_HELPER, "its answer has a NUL byte");
    else if (json_string_length(name_text) == 0)
        ret = 0;
    else if (take_text(&found_name, name_text, err) == 0 &&
             take_text(&found_token, token_text, err) == 0) {
        secret_move(username, &found_name);
        secret_move(token, &found_token);
        ret = 1;
    }
    secret_clear(&found_name);
    secret_clear(&found_token);
    json_decref(json);
    return ret;
}

/* Without the white space at both ends. */
static struct span trim(const struct secret *text)
{
    static const char space[] = " \t\r\n\v\f";
    struct scan s = scan_over(secret_text(text), text->len);
    struct span ignored;

    (void)scan_run(&s, space, &ignored);
    while (s.end > s.p && s.end[-1] != '\0' && strchr(space, s.end[-1]) != NULL)
        s.end--;
    return (struct span){.data = s.p, .len = (size_t)(s.end - s.p)};
}

bool helper_wire_is_not_found(const struct secret *output)
{
    static const char words[] = "credentials not found in native keychain";
    struct span said = trim(output);

    return said.len == sizeof(words) - 1 && memcmp(said.data, words, said.len) == 0;
}

const char *helper_wire_words(char words[HELPER_WORDS_MAX], const struct secret *output,
                              const struct secret *errors, const struct helper_forms *forms)
{
    struct span said = trim(output);
    size_t len = 0;

    if (said.len == 0)
        said = trim(errors);
    for (size_t i = 0; i < HELPER_FORMS; i++) {
        if (secret_is_inside(&forms->items[i], said.data, said.len)) {
            (void)snprintf(words, HELPER_WORDS_MAX, "%s",
                           "its words repeat the credential and are not shown");
            return words;
        }
    }
    while (len < said.len && strchr("\r\n{", said.data[len]) == NULL)
        len++;
    while (len > 0 && strchr(" \t.", said.data[len - 1]) != NULL)
        len--; /* our messages end without a full stop */
    return text_printable(words, HELPER_WORDS_MAX, said.data, len);
}

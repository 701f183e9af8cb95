/*
 * Any bytes as a token and as a user name. What is accepted is text that HTTP Basic can carry, is
 * accepted again as it is, and comes back out of an "auth" value; for GitHub it has no byte that
 * its tokens lack. What is refused is not shown.
 */
#include "fuzz.h"

#include "base/base64.h"
#include "credential/credential.h"
#include "credential/github_token.h"
#include "credential/mistake.h"
#include "credential/input.h"

static void check_refusal(const struct error *err)
{
    check_error(err, CLASS_CREDENTIAL);
    must(is_shown(err->message) && !github_token_is_told(err->message));
    must(is_shown(err->hint) && !github_token_is_told(err->hint));
}

static void check_text(const struct secret *value, size_t max)
{
    must(value->len > 0 && value->len <= max && strlen(value->data) == value->len);
    for (const char *p = value->data; *p != '\0'; p++)
        must((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* "user:token" encoded and decoded. */
static void check_auth(const char *username, const struct secret *token)
{
    struct secret auth = SECRET_INIT;
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;

    must(base64_encode_login(&auth, username, token, &err) == 0);
    must(base64_decode(&plain, auth.data, auth.len, &err) == 0);
    must(plain.len == strlen(username) + 1 + token->len);
    must(strncmp(plain.data, username, strlen(username)) == 0);
    must(strcmp(plain.data + strlen(username) + 1, token->data) == 0);
    secret_clear(&auth);
    secret_clear(&plain);
}

static bool check_token(const struct secret *given, const struct input_rules *rules)
{
    struct secret value = secret_of(given->data, given->len);
    struct secret again = SECRET_INIT;
    struct error err = ERROR_INIT;
    bool is_taken = input_check_token(&value, rules, NULL, &err) == 0;

    if (!is_taken) {
        check_refusal(&err);
    } else {
        must(value.len > 0 && value.len <= CREDENTIAL_TOKEN_MAX);
        must(strlen(value.data) == value.len);
        must(memmem(given->data, given->len, value.data, value.len) != NULL);
        must(rules->where->is_named || strpbrk(value.data, "\r\n") == NULL);
        again = secret_of(value.data, value.len);
        must(input_check_token(&again, rules, NULL, &err) == 0 && secret_is_equal(&value, &again));
        for (size_t i = 0; i < value.len && rules->is_github; i++)
            must(github_token_is_byte(value.data[i]));
        check_auth("octocat", &value);
    }
    secret_clear(&value);
    secret_clear(&again);
    return is_taken;
}

static void check_name(const struct secret *given)
{
    struct secret value = secret_of(given->data, given->len);
    struct secret token = secret_of("t:o", 3);
    struct error err = ERROR_INIT;

    if (input_check_name(&value, "option '-u'", &err) < 0) {
        check_refusal(&err);
    } else {
        check_text(&value, CREDENTIAL_NAME_MAX);
        must(strchr(value.data, ':') == NULL);
        must(github_token_kind(value.data, value.len) == GITHUB_TOKEN_UNKNOWN);
        must(input_check_name(&value, "option '-u'", &err) == 0);
        check_auth(value.data, &token);
    }
    secret_clear(&value);
    secret_clear(&token);
}

/* What is decoded is what the text that it encodes to stands for. */
static void check_base64(const struct secret *given)
{
    struct secret plain = SECRET_INIT;
    struct secret encoded = SECRET_INIT;
    struct secret again = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (base64_decode(&plain, secret_text(given), given->len, &err) < 0)
        check_error(&err, CLASS_AUTHFILE);
    else
        must(base64_encode(&encoded, &plain, &err) == 0 &&
             base64_decode(&again, encoded.data, encoded.len, &err) == 0 &&
             secret_is_equal(&plain, &again));
    secret_clear(&plain);
    secret_clear(&encoded);
    secret_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret given = secret_of(data, size);
    const char *oddity = size > 0 ? github_token_oddity(given.data, size) : NULL;
    struct input where = {.kind = INPUT_STDIN, .text = "standard input"};
    struct input_rules rules = {.where = &where};

    for (int place = 0; place < PLACE_COUNT; place++) {
        rules.place = (enum place)place;
        where.is_named = place % 2 == 0;
        rules.is_github = false;
        (void)check_token(&given, &rules);
        rules.is_github = true;
        (void)check_token(&given, &rules);
    }
    must(oddity == NULL || is_shown(oddity));
    check_name(&given);
    check_base64(&given);
    secret_clear(&given);
    return 0;
}

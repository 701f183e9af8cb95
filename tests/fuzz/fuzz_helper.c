/*
 * Any bytes as what a credential helper writes. As an answer: refused, none, or a user name and a
 * token that make the same pair again when they are stored and asked for. As words: fit to be
 * shown, without the token.
 */
#include "fuzz.h"

#include "store/helper/helper.h"

static void check_pair(const struct secret *username, const struct secret *token)
{
    struct secret request = SECRET_INIT;
    struct secret username_again = SECRET_INIT;
    struct secret token_again = SECRET_INIT;
    struct error err = ERROR_INIT;

    must(username->len > 0 && strlen(username->data) == username->len);
    must(token->len > 0 && strlen(token->data) == token->len);
    if (helper_wire_request(&request, "ghcr.io", username->data, token, &err) < 0) {
        must(err.cls == CLASS_HELPER && username->len + token->len > HELPER_REQUEST_MAX / 8);
        return; /* too long for a line of its own */
    }
    must(strchr(request.data, '\n') == request.data + request.len - 1);
    must(helper_wire_answer(&username_again, &token_again, &request, &err) == 1);
    must(secret_is_equal(username, &username_again) && secret_is_equal(token, &token_again));
    secret_clear(&request);
    secret_clear(&username_again);
    secret_clear(&token_again);
}

static void check_answer(const struct secret *text)
{
    struct secret username = SECRET_INIT;
    struct secret token = SECRET_INIT;
    struct error err = ERROR_INIT;
    int ret = helper_wire_answer(&username, &token, text, &err);

    if (ret > 0)
        check_pair(&username, &token);
    else
        must(username.data == NULL && token.data == NULL);
    must(ret < 0 ? err.cls == CLASS_HELPER : err.cls == CLASS_NONE);
    secret_clear(&username);
    secret_clear(&token);
}

static void check_words(const struct secret *text)
{
    struct secret token = secret_of("to\"ken", 6);
    struct secret nothing = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    char words[HELPER_WORDS_MAX];

    must(redact_add(&redact, &token, &err) == 0);
    (void)helper_wire_words(words, text, &nothing, &redact);
    must(strlen(words) < sizeof(words) && strchr(words, '{') == NULL && is_shown(words));
    must(!redact_finds(&redact, words, strlen(words)));
    (void)helper_wire_is_not_found(text);
    redact_clear(&redact);
    secret_clear(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret text = secret_of(data, size);

    check_answer(&text);
    check_words(&text);
    secret_clear(&text);
    return 0;
}

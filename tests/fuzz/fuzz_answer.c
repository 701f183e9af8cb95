/*
 * Any bytes as an answer: its token can be carried by a header, its words by a terminal, and they
 * never hold the secret.
 */
#include "wire.h"

#include "registry/answer.h"

#define HIDDEN "s3cret-token"

static void check_words(const struct http_response *response)
{
    struct secret hidden = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;
    char words[ANSWER_WORDS_MAX];

    must(secret_append_text(&hidden, HIDDEN, &err) == 0);
    must(redact_add(&redact, &hidden, &err) == 0);
    (void)answer_words(words, response, &redact);
    must(memchr(words, '\0', sizeof(words)) != NULL);
    must(strcasestr(words, HIDDEN) == NULL);
    must(is_shown(words));
    redact_clear(&redact);
    secret_clear(&hidden);
}

static void check_token(const struct http_response *response)
{
    struct secret bearer = SECRET_INIT;
    struct redact redact = REDACT_INIT;
    struct error err = ERROR_INIT;

    if (answer_token(&bearer, &redact, response, &err) < 0) {
        check_error(&err, CLASS_UNPROVED);
        must(bearer.len == 0);
    } else {
        must(bearer.len > 0);
        for (size_t i = 0; i < bearer.len; i++)
            must(bearer.data[i] > 0x20 && bearer.data[i] < 0x7f);
    }
    redact_clear(&redact);
    secret_clear(&bearer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = feed_of(data, size);
    struct http_response response = response_of(&in);

    check_words(&response);
    check_token(&response);
    (void)answer_is_web_page(&response);
    http_response_clear(&response);
    return 0;
}

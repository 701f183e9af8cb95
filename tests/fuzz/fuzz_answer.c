/*
 * Any bytes as an answer, "Name: value" lines, an empty line and a body: its token can be carried
 * by a header, its words by a terminal, they never hold the secret, and no wait is absurd.
 */
#include "registry/answer.h"
#include "registry/http.h"
#include "registry/retry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN "s3cret-token"

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_words(const struct http_response *response)
{
    struct secret hidden = SECRET_INIT;
    const struct secret *const all[] = {&hidden};
    struct error err = ERROR_INIT;
    char words[ANSWER_WORDS_MAX];

    must(secret_append_text(&hidden, HIDDEN, &err) == 0);
    (void)answer_words(words, response, all, 1);
    must(memchr(words, '\0', sizeof(words)) != NULL);
    must(strcasestr(words, HIDDEN) == NULL);
    for (const char *p = words; *p != '\0'; p++)
        must((unsigned char)*p >= 0x20 && *p != 0x7f);
    secret_clear(&hidden);
}

static void check_token(const struct http_response *response)
{
    struct secret bearer = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (answer_token(&bearer, response, &err) < 0) {
        must(err.cls == CLASS_UNPROVED && bearer.len == 0);
    } else {
        must(bearer.len > 0);
        for (size_t i = 0; i < bearer.len; i++)
            must(bearer.data[i] > 0x20 && bearer.data[i] < 0x7f);
    }
    secret_clear(&bearer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response response = HTTP_RESPONSE_INIT;
    const uint8_t *empty = size > 0 ? memmem(data, size, "\n\n", 2) : NULL;
    size_t head = empty != NULL ? (size_t)(empty - data) + 2 : 0;
    struct error err = ERROR_INIT;
    int64_t wait_ms;

    if (size > HTTP_BODY_MAX)
        return 0;
    must(secret_append(&response.headers, data, head, HTTP_HEADER_MAX, &err) == 0);
    must(secret_append(&response.body, data + head, size - head, HTTP_BODY_MAX, &err) == 0);
    response.status = 429;
    check_words(&response);
    check_token(&response);
    (void)answer_is_web_page(&response);
    wait_ms = retry_after_ms(&response, 1700000000);
    must(wait_ms >= 0 && wait_ms <= INT64_C(366) * 10000 * 86400000);
    http_response_clear(&response);
    return 0;
}

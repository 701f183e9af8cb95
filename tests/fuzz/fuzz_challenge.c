/*
 * Any bytes as WWW-Authenticate fields, one a line: they are refused, or give a challenge whose
 * values are bounded and have no control bytes but tabs.
 */
#include "fuzz.h"

#include "registry/challenge.h"

static void check_value(const char *value)
{
    must(memchr(value, '\0', CHALLENGE_VALUE_MAX) != NULL);
    for (; *value != '\0'; value++)
        must((unsigned char)*value >= 0x20 || *value == '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct challenge challenge = {.scheme = CHALLENGE_NONE};
    struct error err = ERROR_INIT;

    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t len = end != NULL ? (size_t)(end - text) : size;

        if (challenge_add_field(&challenge, text, len, &err) < 0) {
            check_error(&err, CLASS_UNPROVED);
            return 0;
        }
        text += len + (end != NULL);
        size -= len + (end != NULL);
    }
    check_value(challenge.realm);
    check_value(challenge.service);
    return 0;
}

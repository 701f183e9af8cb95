/*
 * An answer of a registry, as a value.
 */
#ifndef TESTS_UNIT_REGISTRY_ANSWERS_H
#define TESTS_UNIT_REGISTRY_ANSWERS_H

#include "../support.h"

#include "registry/http/response.h"

/* To be released with http_response_clear(). */
static inline struct http_response answer_of(int status, const char *headers, const char *body)
{
    struct http_response response = HTTP_RESPONSE_INIT;

    response.status = status;
    response.headers = secret_of(headers);
    response.body = secret_of(body);
    return response;
}

#endif

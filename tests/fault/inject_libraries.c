/*
 * The wrappers round the calls of libcurl and jansson. What these two ask of libc themselves is
 * their own, but for memory: that comes through src/base/secret.c, and so through malloc() here.
 */
#include "inject.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#include <curl/curl.h>
#include <jansson.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

INJECT_WRAP(CURLcode, (CURLcode)errno, curl_global_init_mem,
            (long flags, curl_malloc_callback m, curl_free_callback f, curl_realloc_callback r,
             curl_strdup_callback s, curl_calloc_callback c),
            (flags, m, f, r, s, c))
INJECT_WRAP(CURL *, NULL, curl_easy_init, (void), ())
INJECT_WRAP(CURL *, NULL, curl_easy_duphandle, (CURL * easy), (easy))
INJECT_WRAP(CURLcode, (CURLcode)errno, curl_easy_perform, (CURL * easy), (easy))
INJECT_WRAP(char *, NULL, curl_easy_unescape, (CURL * easy, const char *text, int len, int *undone),
            (easy, text, len, undone))
INJECT_WRAP(struct curl_slist *, NULL, curl_slist_append,
            (struct curl_slist * list, const char *text), (list, text))
INJECT_WRAP(CURLU *, NULL, curl_url, (void), ())
INJECT_WRAP(CURLUcode, (CURLUcode)errno, curl_url_get,
            (const CURLU *url, CURLUPart part, char **text, unsigned flags),
            (url, part, text, flags))
INJECT_WRAP(CURLUcode, (CURLUcode)errno, curl_url_set,
            (CURLU * url, CURLUPart part, const char *text, unsigned flags),
            (url, part, text, flags))

/* All that is set is as wide as a pointer. */
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list rest;
    void *value;

    va_start(rest, option);
    value = va_arg(rest, void *);
    va_end(rest);
    if (inject_judge(INJECT_curl_easy_setopt) == INJECT_FAIL)
        return (CURLcode)errno;
    if (option == CURLOPT_URL && inject_url != NULL)
        return __real_curl_easy_setopt(easy, option, inject_url(value));
    return __real_curl_easy_setopt(easy, option, value);
}

CURLcode __real_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list rest;
    void *value;

    va_start(rest, info);
    value = va_arg(rest, void *);
    va_end(rest);
    if (inject_judge(INJECT_curl_easy_getinfo) == INJECT_FAIL)
        return (CURLcode)errno;
    return __real_curl_easy_getinfo(easy, info, value);
}

INJECT_WRAP(json_t *, NULL, json_array, (void), ())
INJECT_WRAP(json_t *, NULL, json_object, (void), ())
INJECT_WRAP(json_t *, NULL, json_string, (const char *text), (text))
INJECT_WRAP(json_t *, NULL, json_stringn, (const char *text, size_t len), (text, len))
INJECT_WRAP(int, -1, json_string_set, (json_t * json, const char *text), (json, text))
INJECT_WRAP(int, -1, json_array_remove, (json_t * array, size_t i), (array, i))
INJECT_WRAP(json_t *, NULL, json_copy, (json_t * json), (json))
INJECT_WRAP(int, -1, json_object_del, (json_t * object, const char *key), (object, key))
INJECT_WRAP(int, -1, json_dump_callback,
            (const json_t *json, json_dump_callback_t callback, void *ctx, size_t flags),
            (json, callback, ctx, flags))

json_t *__real_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error)
{
    if (inject_judge(INJECT_json_loadb) != INJECT_FAIL)
        return __real_json_loadb(text, len, flags, error);
    *error = (json_error_t){.text = ""};
    error->text[JSON_ERROR_TEXT_LENGTH - 1] = (char)json_error_out_of_memory;
    return NULL;
}

/* What was given away is given away, even if in vain. */

int __real_json_array_append_new(json_t *array, json_t *value);
int __wrap_json_array_append_new(json_t *array, json_t *value);
int __wrap_json_array_append_new(json_t *array, json_t *value)
{
    if (inject_judge(INJECT_json_array_append_new) != INJECT_FAIL)
        return __real_json_array_append_new(array, value);
    json_decref(value);
    return -1;
}

int __real_json_object_set_new(json_t *object, const char *key, json_t *value);
int __wrap_json_object_set_new(json_t *object, const char *key, json_t *value);
int __wrap_json_object_set_new(json_t *object, const char *key, json_t *value)
{
    if (inject_judge(INJECT_json_object_set_new) != INJECT_FAIL)
        return __real_json_object_set_new(object, key, value);
    json_decref(value);
    return -1;
}

static json_t *pack(enum inject_call call, json_error_t *error, size_t flags, const char *format,
                    va_list *values)
{
    json_t *packed = json_vpack_ex(error, flags, format, *values);

    if (inject_judge(call) != INJECT_FAIL)
        return packed;
    json_decref(packed);
    return NULL;
}

json_t *__wrap_json_pack(const char *format, ...);
json_t *__wrap_json_pack(const char *format, ...)
{
    va_list values;
    json_t *packed;

    va_start(values, format);
    packed = pack(INJECT_json_pack, NULL, 0, format, &values);
    va_end(values);
    return packed;
}

json_t *__wrap_json_pack_ex(json_error_t *error, size_t flags, const char *format, ...);
json_t *__wrap_json_pack_ex(json_error_t *error, size_t flags, const char *format, ...)
{
    va_list values;
    json_t *packed;

    va_start(values, format);
    packed = pack(INJECT_json_pack_ex, error, flags, format, &values);
    va_end(values);
    return packed;
}

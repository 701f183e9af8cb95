#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/secret.h"

/* A parsed auth file holds credentials: what jansson frees is wiped. */
void json_init(void)
{
    json_set_alloc_funcs(wipe_malloc, wipe_free);
}

/* jansson's own texts quote what they complain of. */
static const char *words(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "has the same key twice in one object";
    case json_error_numeric_overflow:
        return "has a number beyond the range of a double, which is not supported";
    case json_error_null_byte_in_key:
        return "has a key with a NUL character, which is not supported";
    case json_error_stack_overflow:
        return "is nested deeper than 2048 levels, which is not supported";
    default:
        return "is not valid JSON";
    }
}

static json_t *load(const char *text, size_t len, size_t more, const char *name,
                    enum exit_class cls, struct error *err)
{
    /*
     * JSON_DECODE_INT_AS_REAL: an integer past 64 bits is no error to Go. JSON_ALLOW_NUL: nor is
     * "\u0000" in a value that nobody here reads.
     */
    size_t flags = more | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    bool is_starved;
    json_error_t at;
    json_t *json;

    /* jansson ignores a NUL byte after a number. */
    if (memchr(text, '\0', len) != NULL) {
        (void)error_set(err, cls, "%s is not valid JSON (it contains a NUL byte)", name);
        return NULL;
    }
    (void)wipe_was_starved();
    json = json_loadb(text, len, flags, &at);
    /* jansson does not notice every failed allocation: a long string may come out a byte short. */
    is_starved = wipe_was_starved();
    if (json != NULL && !is_starved)
        return json;
    if (is_starved) {
        json_decref(json);
        (void)error_no_memory(err);
        return NULL;
    }
    /* The place alone: a person finds it, and nothing of the text is shown. */
    (void)error_set(err, cls, "%s %s (line %d, column %d)", name, words(json_error_code(&at)),
                    at.line, at.column);
    return NULL;
}

json_t *json_parse(const char *text, size_t len, const char *name, enum exit_class cls,
                   struct error *err)
{
    return load(text, len, JSON_REJECT_DUPLICATES, name, cls, err);
}

json_t *json_parse_last(const char *text, size_t len, const char *name, enum exit_class cls,
                        struct error *err)
{
    size_t more = len > 0 && text[strspn(text, " \t\r\n")] == '{' ? JSON_DISABLE_EOF_CHECK : 0;

    return load(text, len, more, name, cls, err);
}

/* Where a JSON text goes while it is made. jansson goes on when there is no room for a key. */
struct sink {
    struct secret *text;
    struct error *err;
    bool is_full;
};

static int take(const char *part, size_t len, void *ctx)
{
    struct sink *sink = (struct sink *)ctx;

    sink->is_full =
        sink->is_full || secret_append(sink->text, part, len, SIZE_MAX - 1, sink->err) < 0;
    return sink->is_full ? -1 : 0;
}

int json_append(struct secret *out, const json_t *json, struct error *err)
{
    struct sink sink = {.text = out, .err = err};

    if (json_dump_callback(json, take, &sink, JSON_COMPACT | JSON_ENCODE_ANY) == 0 && !sink.is_full)
        return 0;
    return error_no_memory(err);
}

const char *json_member_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

#include "store/auth_variable.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "store/text/document.h"
#include "store/text/decode.h"

static const char name[] = "DOCKER_AUTH_CONFIG";

/* The one member of an object, where it has that name: Go does not mind the case. */
static json_t *only_member(json_t *object, const char *wanted)
{
    void *first = json_object_size(object) == 1 ? json_object_iter(object) : NULL;

    return first != NULL && strcasecmp(json_object_iter_key(first), wanted) == 0
               ? json_object_iter_value(first)
               : NULL;
}

static bool has_entry(json_t *auths, const char *key)
{
    for (void *i = json_object_iter(auths); i != NULL; i = json_object_iter_next(auths, i)) {
        if (json_string_length(only_member(json_object_iter_value(i), "auth")) == 0)
            return false;
    }
    return json_object_get(auths, key) != NULL;
}

/* Whether docker can decode them all, or it passes the variable over. */
static bool is_readable(const char *text)
{
    struct document document = DOCUMENT_INIT;
    struct secret copy = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool is_read = secret_append_text(&copy, text, &ignored) == 0 &&
                   document_parse(&document, &copy, name, &ignored) == 0 &&
                   holding_check_all(&document, AUTH_FORMAT_DOCKER, &ignored) == 0;

    document_clear(&document);
    secret_clear(&copy);
    return is_read;
}

bool auth_variable_has(const char *text, const char *key)
{
    struct error ignored = ERROR_INIT;
    json_t *root = json_parse(text, strlen(text), name, CLASS_AUTHFILE, &ignored);
    bool has = has_entry(only_member(root, "auths"), key);

    json_decref(root);
    return has && is_readable(text);
}

#include "store/auth_variable.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

/* The one member of an object, where it has that name: Go does not mind the case. */
static json_t *only_member(json_t *object, const char *name)
{
    void *first = json_object_size(object) == 1 ? json_object_iter(object) : NULL;

    return first != NULL && strcasecmp(json_object_iter_key(first), name) == 0
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

bool auth_variable_has(const char *text, const char *key)
{
    struct error ignored = ERROR_INIT;
    json_t *root = json_parse(text, strlen(text), "DOCKER_AUTH_CONFIG", CLASS_AUTHFILE, &ignored);
    bool has = has_entry(only_member(root, "auths"), key);

    json_decref(root);
    return has;
}

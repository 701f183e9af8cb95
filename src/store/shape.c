#include "store/shape.h"

#include <strings.h>

#include "base/json.h"

enum shape {
    TEXT,
    LIST,   /* an array of texts */
    TEXTS,  /* an object of texts */
    GROUPS, /* an object of such objects */
};

struct member {
    const char *name;
    enum shape shape;
    const char *const *looked_at; /* of an inner object's members; NULL: all of them */
};

static const char *const of_dockers_entry[] = {"auth",          "username", "password",
                                               "identitytoken", "email",    "serveraddress",
                                               "registrytoken", NULL};
static const char *const of_podmans_entry[] = {"auth", "identitytoken", NULL};
static const char *const of_proxy[] = {"httpProxy", "httpsProxy", "noProxy",
                                       "ftpProxy",  "allProxy",   NULL};

static const struct member dockers[] = {
    {"auths", GROUPS, of_dockers_entry},
    {"credHelpers", TEXTS, NULL},
    {"credsStore", TEXT, NULL},
    {"HttpHeaders", TEXTS, NULL},
    {"aliases", TEXTS, NULL},
    {"cliPluginsExtraDirs", LIST, NULL},
    {"configFormat", TEXT, NULL},
    {"currentContext", TEXT, NULL},
    {"detachKeys", TEXT, NULL},
    {"experimental", TEXT, NULL},
    {"features", TEXTS, NULL},
    {"imagesFormat", TEXT, NULL},
    {"networksFormat", TEXT, NULL},
    {"nodesFormat", TEXT, NULL},
    {"plugins", GROUPS, NULL},
    {"pluginsFormat", TEXT, NULL},
    {"proxies", GROUPS, of_proxy},
    {"pruneFilters", LIST, NULL},
    {"psFormat", TEXT, NULL},
    {"secretFormat", TEXT, NULL},
    {"serviceInspectFormat", TEXT, NULL},
    {"servicesFormat", TEXT, NULL},
    {"statsFormat", TEXT, NULL},
    {"tasksFormat", TEXT, NULL},
    {"volumesFormat", TEXT, NULL},
    {NULL, TEXT, NULL},
};

static const struct member podmans[] = {
    {"auths", GROUPS, of_podmans_entry},
    {"credHelpers", TEXTS, NULL},
    {NULL, TEXT, NULL},
};

static bool is_looked_at(const char *name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcasecmp(name, *names) == 0)
            return true;
    }
    return names == NULL;
}

/* null is nothing, whatever is wanted. */
static bool is_text(const json_t *value)
{
    return json_is_string(value) || json_is_null(value);
}

static bool is_list(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!is_text(json_array_get(value, i)))
            return false;
    }
    return json_is_array(value) || json_is_null(value);
}

static bool are_texts(json_t *object, const char *const *looked_at)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (is_looked_at(name, looked_at) && !is_text(value))
            return false;
    }
    return json_is_object(object) || json_is_null(object);
}

static bool are_groups(json_t *object, const char *const *looked_at)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!are_texts(value, looked_at))
            return false;
    }
    return json_is_object(object) || json_is_null(object);
}

static bool fits(json_t *value, const struct member *member)
{
    switch (member->shape) {
    case TEXT:
        return is_text(value);
    case LIST:
        return is_list(value);
    case TEXTS:
        return are_texts(value, member->looked_at);
    case GROUPS:
        break;
    }
    return are_groups(value, member->looked_at);
}

const char *shape_misfit(const struct document *document, enum auth_format reader)
{
    const struct member *members = reader == AUTH_FORMAT_DOCKER ? dockers : podmans;
    const char *name;
    json_t *value;

    json_object_foreach(document->root, name, value)
    {
        const struct member *member = members;

        while (member->name != NULL && strcasecmp(name, member->name) != 0)
            member++;
        if (member->name != NULL && !fits(value, member))
            return name;
    }
    return NULL;
}

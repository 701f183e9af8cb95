#include "store/document_tree.h"

#include <string.h>
#include <strings.h>

#include "base/scan.h"

static bool is_blank(const struct secret *text)
{
    struct scan s = scan_over(secret_text(text), text->len);
    struct span ignored;

    (void)scan_run(&s, " \t\r\n", &ignored);
    return scan_is_at_end(&s);
}

int document_tree_member(json_t *object, const char *key, const char *name, const char **spelling,
                         json_t **value, struct error *err)
{
    const char *each;
    json_t *each_value;

    *spelling = key;
    *value = NULL;
    json_object_foreach(object, each, each_value)
    {
        if (strcasecmp(each, key) != 0)
            continue;
        if (*value != NULL)
            return error_set(err, CLASS_AUTHFILE, "%s has '%s' twice, in different case", name,
                             key);
        *spelling = each;
        *value = each_value;
    }
    return 0;
}

int document_tree_parse(json_t **root, const struct secret *in, const char *name, struct error *err)
{
    json_t *json;

    *root = NULL;
    if (is_blank(in))
        return 0;
    json = json_parse(secret_text(in), in->len, name, CLASS_AUTHFILE, err);
    if (json == NULL)
        return error_hint(err, "nothing was changed; repair the file or move it away");
    if (!json_is_object(json)) {
        json_decref(json);
        return error_set(err, CLASS_AUTHFILE, "%s is not a JSON object", name);
    }
    *root = json;
    return 0;
}

int document_tree_object(json_t *root, const char *wanted, const char *name, const char **spelling,
                         json_t **object, struct error *err)
{
    if (document_tree_member(root, wanted, name, spelling, object, err) < 0)
        return -1;
    if (*object != NULL && !json_is_object(*object) && !json_is_null(*object))
        return error_set(err, CLASS_AUTHFILE, "'%s' in %s is not an object", wanted, name);
    return 0;
}

/*
 * An auth file's text as jansson's tree. For document.c, which reads it, and document_edit.c, which
 * changes it. Errors are CLASS_AUTHFILE and speak of the text as `name`.
 */
#ifndef STORE_DOCUMENT_TREE_H
#define STORE_DOCUMENT_TREE_H

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"

/*
 * Parse to an object, a new reference; *root is NULL for a blank text. Returns 0, or -1 with *err
 * set.
 */
int document_tree_parse(json_t **root, const struct secret *in, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/*
 * The member that docker takes for `key`, borrowed, and as the text spells it; *value is NULL where
 * there is none. Docker ignores case and merges members that differ in nothing else; which of them
 * would win cannot be told, so that two are refused. Returns 0, or -1 with *err set.
 */
int document_tree_member(json_t *object, const char *key, const char *name, const char **spelling,
                         json_t **value, struct error *err) __attribute__((warn_unused_result));

/* The same of a member of the whole document (`root` may be NULL) that is an object or null. */
int document_tree_object(json_t *root, const char *wanted, const char *name, const char **spelling,
                         json_t **object, struct error *err) __attribute__((warn_unused_result));

#endif

/*
 * JSON texts through jansson, with errors that do not quote the text: jansson's own do, and the
 * text may be a credential.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/secret.h"

/* Make jansson wipe what it frees. Once, before any other use of jansson. */
void json_init(void);

/*
 * Parse one JSON text with nothing after it; a key that occurs twice in one object is refused.
 * Numbers are read as reals, so that integers past 64 bits are valid. Returns a new reference, or
 * NULL with *err set: class `cls`, "NAME is not valid JSON (line 3, column 7)".
 */
json_t *json_parse(const char *text, size_t len, const char *name, enum exit_class cls,
                   struct error *err) __attribute__((warn_unused_result));

/*
 * The same as Go's encoding/json decodes a stream: the last of two equal keys counts, and text
 * after an object is ignored.
 */
json_t *json_parse_last(const char *text, size_t len, const char *name, enum exit_class cls,
                        struct error *err) __attribute__((warn_unused_result));

/*
 * Append the text of a value, without a copy anywhere else. Returns 0, or -1 with *err set if
 * there is no memory, and then with a part of it in *out.
 */
int json_append(struct secret *out, const json_t *json, struct error *err)
    __attribute__((warn_unused_result));

/* The string member `key` of an object: NULL if `object` is no object or has no such string. */
const char *json_member_text(const json_t *object, const char *key);

#endif

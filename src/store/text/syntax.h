/*
 * Check that a text is JSON (RFC 8259), and decode its strings. Pure.
 *
 * No tree is built: a tree of jansson's takes 85 bytes for each of a text of small objects, and an
 * auth file is kept as the text that it is. This takes 16 bytes for each key of the objects that
 * are open. It takes and refuses what json_parse() does, which the tests hold it against.
 */
#ifndef STORE_TEXT_SYNTAX_H
#define STORE_TEXT_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/scan.h"
#include "base/secret.h"

enum { SYNTAX_DEPTH_MAX = 2048 }; /* levels of objects and arrays */

/*
 * Whether `text` is one JSON text with nothing after it, in which no object has a key twice,
 * whatever its escapes. Returns 0, or -1 with *err set: CLASS_AUTHFILE, "NAME is not valid JSON
 * (line 3, column 7)", which quotes nothing of the text, with a hint where the cause is plain, or
 * CLASS_INTERNAL.
 */
int syntax_check(const struct secret *text, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Append what a string of a valid text says; `inner` is what is between its quotes.
 * Returns 0, or -1 with *err set (CLASS_INTERNAL).
 */
int syntax_append(struct secret *out, struct span inner, struct error *err)
    __attribute__((warn_unused_result));

/* The same into dst[size] as a C string, cut to it. Returns dst. */
const char *syntax_copy(char *dst, size_t size, struct span inner);

/* Whether it says `text[len]`. */
bool syntax_is(struct span inner, const char *text, size_t len);

/* The same without regard to the case of ASCII letters. */
bool syntax_is_name(struct span inner, const char *name);

#endif

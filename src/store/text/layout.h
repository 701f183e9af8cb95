/*
 * Find where the members of an object are in a JSON text, byte by byte. Pure.
 *
 * Not a parser: syntax_check() has already judged that the text is valid, and this only finds the
 * places of the members of one object, and how the text around them is laid out, so that an edit
 * can be spliced in and every other byte kept. On a text that is not valid JSON the results mean
 * nothing, but no byte outside the text is read.
 */
#ifndef STORE_TEXT_LAYOUT_H
#define STORE_TEXT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scan.h"

/* One member; all of it points into the text. */
struct layout_member {
    struct span lead;   /* the white space between '{' or ',' and the key */
    struct span key;    /* with its quotes */
    struct span middle; /* the colon and the white space around it */
    struct span value;
};

/* A walk through the members of an object. */
struct layout_walk {
    const char *open;            /* '{' */
    struct layout_member member; /* where it is */
    const char *close;           /* '}', once it has ended; NULL if there is none */
    struct scan rest;
};

/* Begin with the object that `object` begins with (white space aside). False if there is none.
 */
bool layout_enter(struct layout_walk *out, struct span object);

/* To the next member; false if there is no more. */
bool layout_next(struct layout_walk *walk);

/* The same for what an array holds. */
struct layout_items {
    struct span item;
    struct scan rest;
};

bool layout_enter_array(struct layout_items *out, struct span array);
bool layout_next_item(struct layout_items *items);

/* What is between the quotes of a key or of a text. */
struct span layout_inner(struct span quoted);

struct layout_object {
    const char *open;  /* '{' */
    const char *close; /* '}' */
    size_t count;
    struct layout_member first;
    struct layout_member last;
    struct layout_member found; /* the member asked for, where has_found */
    bool has_found;
};

/*
 * Walk through all members for the one named `key`, whatever its escapes. Returns false if there
 * is no object.
 */
bool layout_find(struct layout_object *out, struct span object, const char *key);

/* How a text is indented, as far as an edit has to follow it. */
struct layout_style {
    const char *newline; /* "\n" or "\r\n"; "" if all stands on one line */
    struct span unit;    /* one level: "\t" if nothing can be told */
};

struct layout_style layout_style_of(const struct layout_object *root);

/* The indentation of the line that a member begins: what follows the last line end of its lead. */
struct span layout_indent(struct span lead);

#endif

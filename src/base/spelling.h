/*
 * The ways in which servers, helpers and logs spell a text: base64, base32 and hex, escapes of
 * URLs, forms, JSON, C, HTML and mail, lists of numbers, in pieces, backwards. Pure.
 */
#ifndef BASE_SPELLING_H
#define BASE_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scan.h"

/* How many spellings there are: their numbers begin with 0. */
size_t spelling_count(void);

/*
 * What `text` stands for if it is in spelling number `which`, into dst[text.len]. What is not in
 * that spelling stays as it is among escapes, and is left out of the others. Returns its length,
 * 0 if that would be the same text.
 */
size_t spelling_undo(char *dst, struct span text, size_t which);

/* Whether a short text may come out by chance: of pieces that only together are one, for example.
 */
bool spelling_is_loose(size_t which);

/* Letters, digits and "+/_" alone: what is left of a text in pieces, without what parts them. */
size_t spelling_pack(char *dst, struct span text);

#endif
